"""A camera that gives the same frame again: it counts once, and a sweep of such frames is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest

from statefocus.focus import MODELS, FocusPoint, find_focus
from statefocus.focus.learned import LearnedCurve, find_learned_focus
from statefocus.focus.repeats import point_of

POSITIONS = [float(x) for x in range(1060, 939, -15)]


def frame(position: float, seed: int = 0, stars: int = 20) -> FocusPoint:
    """Measured stars, rounded as they are recorded."""
    rng = np.random.default_rng([int(position), seed])
    places = np.random.default_rng(9).uniform(50, 950, (stars, 2)) + rng.normal(0.0, 0.1, (stars, 2))
    sizes = np.hypot(1.5, 0.09 * (position - 1000.0)) + rng.normal(0.0, 0.02, stars)
    table = tuple(
        (round(float(x), 1), round(float(y), 1), round(float(r), 3), 0.02)
        for (x, y), r in zip(places, sizes, strict=True)
    )
    return FocusPoint(position, float(np.median(sizes)), 0.01, stars, table)


def stale(points: list[FocusPoint], *copied: int) -> list[FocusPoint]:
    """Each named frame repeats the one before it."""
    out = list(points)
    for index in copied:
        out[index] = replace(out[index - 1], position=points[index].position)
    return out


SWEEP = [frame(x) for x in POSITIONS]


@pytest.mark.parametrize("model", MODELS)
def test_a_camera_that_hangs_on_its_last_image_is_not_believed(model: str) -> None:
    fit = find_focus(stale(SWEEP, 5, 6, 7, 8), model=model)
    assert not fit.accepted
    assert not fit.needs_validation
    verdict = {one.name: one for one in fit.verdicts}["own_frames"]
    assert (verdict.passed, verdict.value, verdict.limit) == (False, 4, 2)
    assert fit.reasons[0] == (
        "4 of 9 frames are copies of a frame at another position, more than 2: the camera, or its driver, repeats an "
        "image; restart it."
    )
    assert [one.index for one in fit.rejected if "the same frame again as that at 1000" in one.why] == [5, 6, 7, 8]
    assert all(one.measure == SWEEP[4].measure for one in fit.rejected if "same frame" in one.why)


@pytest.mark.parametrize("index", range(1, 9))
def test_one_frame_that_comes_twice_is_left_out_and_told(index: int) -> None:
    fit = find_focus(stale(SWEEP, index), model="joint")
    assert [one.index for one in fit.rejected] == [index]
    assert "to the last digit" in fit.rejected[0].why
    assert fit.accepted, fit.reasons
    assert fit.best_position == pytest.approx(1000.0, abs=1.5)


@pytest.mark.parametrize("model", MODELS)
def test_every_frame_twice_at_its_position_is_known_no_better(model: str) -> None:
    once, twice = find_focus(SWEEP, model=model), find_focus([p for p in SWEEP for _ in range(2)], model=model)
    assert (twice.best_position, twice.sigma_position) == (once.best_position, once.sigma_position)
    assert twice.accepted == once.accepted
    assert len(twice.rejected) == 9 + len(once.rejected)


def test_frames_that_only_look_alike_are_not_copies() -> None:
    again = [frame(x, seed) for x in POSITIONS for seed in (0, 1)]
    assert not [one for one in find_focus(again).rejected if "same frame" in one.why]
    known, single = find_focus(again, model="joint").sigma_position, find_focus(SWEEP, model="joint").sigma_position
    assert known is not None
    assert single is not None
    assert known < single


@pytest.mark.parametrize("stars", [1, 2])
def test_fewer_than_three_stars_may_agree_by_chance(stars: int) -> None:
    few = [frame(x, stars=stars) for x in POSITIONS]
    assert not [one for one in find_focus(stale(few, 3)).rejected if "same frame" in one.why]


def test_two_frames_of_a_learned_sweep_are_not_one() -> None:
    fit = find_learned_focus(stale([frame(1045.0), frame(955.0)], 1), LearnedCurve((0.09,) * 5))
    assert not fit.accepted
    assert "same image" in fit.reasons[0]


def test_a_short_sweep_of_copies_asks_for_no_validation() -> None:
    fit = find_focus(stale([frame(x) for x in (1030.0, 1000.0, 970.0)], 1))
    assert (fit.accepted, fit.needs_validation) == (False, False)


def test_a16_a_copy_among_the_frames_of_a_position_counts_once() -> None:
    one, other = frame(1000.0), frame(1000.0, seed=1)
    assert point_of([one, one, other]) == point_of([one, other])


def without_stars(repeated: int, digits: int) -> list[FocusPoint]:
    """A sweep by a metric that tells no stars, each frame given so many times, its measure with so many digits."""
    best = 2.0 / 7.0
    clean = [math.hypot(2.0, 0.8 * (index - 4 - best)) for index in range(9)]
    scattered = [measure * (1.0 + 0.02 * math.sin(7.0 * index)) for index, measure in enumerate(clean)]
    given = [float(f"{scattered[index - index % repeated]:.{digits}g}") for index in range(9)]
    return [FocusPoint(5000.0 + 50.0 * index, measure, 0.02 * measure) for index, measure in enumerate(given)]


@pytest.mark.parametrize("repeated", [2, 3])
def test_a_measure_that_comes_again_to_the_last_digit_is_the_same_frame(repeated: int) -> None:
    fit = find_focus(without_stars(repeated, 16))
    assert (fit.accepted, "own_frames" in {verdict.name for verdict in fit.verdicts if not verdict.passed}) == (
        False,
        True,
    )
    assert all("to the last digit" in one.why for one in fit.rejected if one.index % repeated)


def test_measures_that_were_rounded_may_be_equal() -> None:
    assert not any("same frame" in one.why for one in find_focus(without_stars(2, 6)).rejected)
    single = [replace(one, measure=float(np.float32(one.measure or 0.0))) for one in without_stars(2, 16)]
    assert not any("same frame" in one.why for one in find_focus(single).rejected)
    assert find_focus(without_stars(1, 16)).accepted


def test_a_short_sweep_around_the_very_middle_holds_no_copies() -> None:
    sweep = [FocusPoint(5000.0 + 30.0 * index, math.hypot(2.0, 0.9 * (index - 0.5)), 0.02) for index in range(3)]
    assert not any("same frame" in one.why for one in find_focus(sweep).rejected)
