"""Two frames and a V-curve that earlier runs have taught."""

from dataclasses import replace

import numpy as np
import pytest

from statefocus.focus import FocusPoint, PastFocus, find_focus
from statefocus.focus.learned import LEAST_RUNS, REMEMBERED, LearnedCurve, find_learned_focus

SLOPE, FLOOR = 0.03, 2.0
TAUGHT = LearnedCurve((0.0299, 0.0301, 0.03, 0.0302, 0.0298))


def pair(best: float, *, at: tuple[float, float] = (2050.0, 1750.0), floor: float = FLOOR) -> list[FocusPoint]:
    return [FocusPoint(x, float(np.hypot(floor, SLOPE * (x - best))), 0.02, 30) for x in at]


@pytest.mark.parametrize("best", [1830.0, 1880.0, 1900.0, 1970.0])
def test_two_exact_frames_tell_where_the_focus_is_with_its_sign(best: float) -> None:
    fit = find_learned_focus(pair(best), TAUGHT)
    assert (fit.model, fit.accepted) == ("learned", True), fit.reasons
    assert fit.best_position == pytest.approx(best, abs=1e-6)
    assert fit.predicted_measure == pytest.approx(FLOOR)
    assert fit.predict(best + 100) == pytest.approx(np.hypot(FLOOR, 3.0))


def test_seeing_that_is_the_same_in_both_frames_does_not_move_it() -> None:
    for floor in (1.2, 2.5, 3.0):
        assert find_learned_focus(pair(1907.0, floor=floor), TAUGHT).best_position == pytest.approx(1907.0)


def test_the_order_of_the_two_does_not_matter() -> None:
    there, back = find_learned_focus(pair(1907.0), TAUGHT), find_learned_focus(pair(1907.0)[::-1], TAUGHT)
    assert there.best_position == pytest.approx(back.best_position)


@pytest.mark.parametrize(("best", "accepted"), [(1824.0, False), (1826.0, True), (1974.0, True), (1976.0, False)])
def test_a_frame_that_is_near_focus_tells_little_and_asks_for_the_whole_sweep(best: float, accepted: bool) -> None:
    fit = find_learned_focus(pair(best), TAUGHT)
    assert fit.accepted is accepted
    assert ("centred" in [verdict.name for verdict in fit.verdicts if not verdict.passed]) is not accepted


@pytest.mark.parametrize("best", [1500.0, 2300.0])
def test_a_focus_outside_of_the_two_is_extrapolated_and_refused(best: float) -> None:
    fit = find_learned_focus(pair(best), TAUGHT)
    assert not fit.accepted
    assert "inside_range" in [verdict.name for verdict in fit.verdicts if not verdict.passed]
    assert not fit.needs_validation


def test_a_frame_without_stars_is_no_focus() -> None:
    points = pair(1907.0)
    points[1] = replace(points[1], measure=None)
    fit = find_learned_focus(points, TAUGHT)
    assert (fit.best_position, fit.accepted, fit.needs_validation) == (None, False, False)
    assert [one.index for one in fit.rejected] == [1]


def test_frames_that_are_sharper_than_the_curve_allows_are_refused() -> None:
    sharp = [FocusPoint(2050.0, 2.5, 0.02), FocusPoint(1750.0, 2.5, 0.02)]
    fit = find_learned_focus(sharp, TAUGHT)
    assert not fit.accepted
    assert "has the rig changed" in " ".join(fit.reasons)


def test_frames_that_are_equally_bad_far_from_focus_are_refused_as_flat() -> None:
    flat = [FocusPoint(2050.0, 14.0, 0.1), FocusPoint(1750.0, 14.0, 0.1)]
    fit = find_learned_focus(flat, TAUGHT, history=[PastFocus(1900.0, 2.0)])
    assert {verdict.name for verdict in fit.verdicts if not verdict.passed} == {"contrast", "plausible_measure"}


@pytest.mark.parametrize("slopes", [(), (0.03,), (0.03, 0.03), (0.02, 0.03, 0.04)])
def test_a_curve_of_few_runs_or_of_runs_that_disagree_is_not_trusted(slopes: tuple[float, ...]) -> None:
    learned = LearnedCurve(slopes)
    assert not learned.trusted
    if slopes:
        assert not find_learned_focus(pair(1907.0), learned).accepted


def test_a_whole_sweep_teaches_its_slope_and_a_pair_teaches_nothing() -> None:
    sweep = [point for x in range(1700, 2101, 50) for point in pair(1907.0, at=(float(x), float(x)))[:1]]
    learned = LearnedCurve()
    for _ in range(REMEMBERED + 5):
        learned = learned.taught(find_focus(sweep))
    assert len(learned.slopes) == REMEMBERED
    assert learned.slope == pytest.approx(SLOPE, rel=1e-3)
    assert learned.taught(find_learned_focus(pair(1907.0), learned)) is learned
    assert learned.taught(find_focus(sweep, model="parabola")) is learned
    assert LEAST_RUNS == 3


def test_its_uncertainty_is_what_the_position_scatters_by() -> None:
    rng = np.random.default_rng(8)
    pulls = []
    for _ in range(300):
        best = 1900.0 + rng.uniform(-75, 75)
        floors = FLOOR * np.exp(0.075 * rng.standard_normal(2))
        points = [
            FocusPoint(x, float(np.hypot(floor, SLOPE * (x - best)) + 0.02 * rng.standard_normal()), 0.02)
            for x, floor in zip((2050.0, 1750.0), floors, strict=True)
        ]
        fit = find_learned_focus(points, TAUGHT)
        assert fit.best_position is not None
        assert fit.sigma_position is not None
        pulls.append((fit.best_position - best) / fit.sigma_position)
    assert 0.6 < float(np.std(pulls)) < 1.3
