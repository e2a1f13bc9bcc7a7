"""Several frames of one position (A16): the point is robust, and its error is neither too small nor too large."""

from __future__ import annotations

import numpy as np
import pytest

from statefocus.focus.points import FocusPoint
from statefocus.focus.repeats import point_of


def frames(*measures: float | None, error: float | None = 0.02) -> list[FocusPoint]:
    return [
        FocusPoint(500.0, value, None if value is None else error, 0 if value is None else 30) for value in measures
    ]


def test_a16_one_frame_is_its_own_point() -> None:
    (only,) = frames(2.0)
    assert point_of([only]) is only


@pytest.mark.parametrize("measures", [(None, None), (float("nan"), None, -1.0)])
def test_a16_without_any_frame_with_stars_there_is_no_measurement(measures: tuple[float | None, ...]) -> None:
    assert point_of(frames(*measures)) == FocusPoint(500.0, None, None, 0)


def test_a16_a_single_frame_with_stars_among_others_keeps_its_own_error() -> None:
    found = point_of(frames(None, 2.0, None))
    assert (found.measure, found.stars) == (2.0, 30)
    assert found.error == pytest.approx(0.02)


def test_a16_frames_that_agree_are_known_better_than_one() -> None:
    assert point_of(frames(2.0, 2.0, 2.0, 2.0)).error == pytest.approx(0.02 * (np.pi / (6 + np.pi)) ** 0.5)


def test_a16_no_error_is_told_where_nobody_knows_one() -> None:
    assert point_of(frames(2.0, 2.0, error=None)).error is None


@pytest.mark.parametrize("count", range(2, 10))
def test_a16_the_told_error_is_what_the_points_scatter_by(count: int) -> None:
    """Frames scatter by 0.2 px, ten times what their stars say of them."""
    chance = np.random.default_rng(count)
    points = [point_of(frames(*(2.5 + 0.2 * chance.standard_normal(count)))) for _ in range(4000)]
    scatter = np.std([point.measure or 0.0 for point in points])
    told = np.sqrt(np.mean([(point.error or 0.0) ** 2 for point in points]))
    assert 0.9 < told / scatter < 1.45


def test_a16_a_spoilt_frame_of_five_costs_less_than_the_scatter_of_one() -> None:
    found = point_of(frames(2.0, 2.1, 2.2, 2.1, 40.0))
    assert found.measure == 2.1
    assert found.error is not None
    assert found.error < 0.2
