"""The joint fit: one measure a frame from the stars that the frames share."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from statefocus.focus import FocusPoint, find_focus
from statefocus.focus.shared_stars import share_stars
from statefocus.focus.star_matching import follow_stars
from statefocus.stars import StarSize

BEST, SLOPE = 1907.0, 0.03
POSITIONS = [float(x) for x in range(2100, 1699, -50)]


def field(stars: int = 30, seed: int = 3) -> list[tuple[float, float, float]]:
    """Place and own part of HFR^2 of each star; the last ones have the largest, as galaxies would."""
    rng = np.random.default_rng(seed)
    own = np.sort(rng.uniform(3.5, 5.0, stars))
    return [(float(x), float(y), float(a)) for (x, y), a in zip(rng.uniform(50, 950, (stars, 2)), own, strict=True)]


def table(position: float, shown: list[tuple[float, float, float]], drift: tuple[float, float] = (0.0, 0.0),
          seeing: float = 0.0) -> tuple[StarSize, ...]:  # fmt: skip
    away = (SLOPE * (position - BEST)) ** 2 + seeing
    return tuple((x + drift[0], y + drift[1], float(np.sqrt(a + away)), 0.02) for x, y, a in shown)


def point(position: float, stars: tuple[StarSize, ...]) -> FocusPoint:
    measure = float(np.median([star[2] for star in stars])) if stars else None
    return FocusPoint(position, measure, 0.02, len(stars), stars)


def sweep(shown: Callable[[int], slice] = lambda _: slice(None), **changes: float) -> list[FocusPoint]:
    all_stars = field()
    drift = changes.get("drift_px", 0.0)
    return [point(x, table(x, all_stars[shown(k)], (drift * k, -0.5 * drift * k))) for k, x in enumerate(POSITIONS)]


def test_a_field_that_is_whole_in_every_frame_gives_the_hyperbola() -> None:
    fit = find_focus(sweep(), model="joint")
    assert (fit.model, fit.accepted) == ("joint", True)
    assert fit.best_position == pytest.approx(BEST, abs=0.01)


def test_that_not_all_frames_show_the_same_stars_does_not_move_the_focus() -> None:
    """The outward half shows only the small ones, the inward half only the large."""
    chosen = sweep(lambda k: slice(None, 20) if k < 4 else slice(10, None))
    assert abs((find_focus(chosen, model="hyperbola").best_position or 0) - BEST) > 1.0
    fit = find_focus(chosen, model="joint")
    assert fit.accepted
    assert fit.best_position == pytest.approx(BEST, abs=0.05)


def test_a_field_that_drifts_is_followed() -> None:
    fit = find_focus(sweep(lambda k: slice(None, 20) if k < 4 else slice(10, None), drift_px=9.0), model="joint")
    assert fit.model == "joint"
    assert fit.best_position == pytest.approx(BEST, abs=0.05)


def test_a_star_that_is_none_of_the_others_kind_does_not_count() -> None:
    """One that stays small in every frame: a hot pixel that was taken for a star."""
    hot = (500.0, 500.0, 0.8, 0.02)
    honest = sweep()
    disturbed = [replace(one, table=(hot, *one.table)) for one in honest]
    assert find_focus(disturbed, model="joint").best_position == pytest.approx(BEST, abs=0.05)


def test_a_frame_that_seeing_has_blurred_is_rejected_by_the_outlier_test() -> None:
    blurred = sweep()
    blurred[3] = point(POSITIONS[3], table(POSITIONS[3], field(), seeing=9.0))
    fit = find_focus(blurred, model="joint")
    assert [one.index for one in fit.rejected] == [3]
    assert fit.rejected[0].measure == blurred[3].measure
    assert fit.best_position == pytest.approx(BEST, abs=0.5)


def test_a_frame_that_shares_no_star_is_left_out_and_told() -> None:
    lonely = sweep()
    lonely[8] = point(POSITIONS[8], ((990.0, 5.0, 9.0, 0.02),))
    fit = find_focus(lonely, model="joint")
    assert [(one.index, one.why) for one in fit.rejected] == [(8, "it shares no star with the other frames")]
    assert fit.best_position == pytest.approx(BEST, abs=0.05)


def test_without_tables_or_with_too_few_frames_it_is_the_hyperbola_of_the_frames_and_says_so() -> None:
    bare = [replace(one, table=()) for one in sweep()]
    assert find_focus(bare, model="joint") == find_focus(bare, model="hyperbola")
    assert share_stars(sweep()[:4]) is None
    assert find_focus(sweep()[:4], model="joint").model == "hyperbola"


def test_the_measures_are_on_the_scale_of_the_frames_near_focus() -> None:
    """Else the validation frame, which is measured as a whole, could not be held against the curve."""
    shared = share_stars(sweep(lambda k: slice(None, 20) if k < 4 else slice(10, None)))
    assert shared is not None
    nearest = min(range(9), key=lambda k: abs(POSITIONS[k] - BEST))
    own = sweep(lambda k: slice(None, 20) if k < 4 else slice(10, None))[nearest].measure
    assert shared.points[nearest].measure == pytest.approx(own, rel=0.03)


def test_the_order_in_which_stars_are_listed_does_not_matter() -> None:
    backwards = [replace(one, table=one.table[::-1]) for one in sweep()]
    first, second = find_focus(sweep(), model="joint"), find_focus(backwards, model="joint")
    assert second.best_position == pytest.approx(first.best_position, abs=1e-6)


def test_a_star_is_followed_by_its_place_not_by_its_size() -> None:
    tables = [table(x, field(12), (3.0 * k, 0.0)) for k, x in enumerate(POSITIONS)]
    hfr, error = follow_stars(tables)
    assert hfr.shape == error.shape == (12, 9)
    assert np.isfinite(hfr).all()
    own = hfr**2 - np.array([(SLOPE * (x - BEST)) ** 2 for x in POSITIONS])
    assert np.ptp(own, axis=1).max() < 1e-9
