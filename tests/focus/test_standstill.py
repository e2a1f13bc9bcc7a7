"""Focusers whose tube stands still while their position goes on: no such sweep is believed with a wrong focus."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statefocus.focus import MODELS, FocusFit, FocusPoint, Limits, find_focus
from statefocus.focus.points import FloatArray

from .sweeps import STEP, good_sweep

FLOOR, MIDDLE = 1.5, 5000.0


def swept(tube: FloatArray, best: float, jitter: float = 0.03, seed: int = 0) -> list[FocusPoint]:
    """Points at whole steps, about `MIDDLE`; `tube` is where the tube was at each, and `best` the focus, in steps."""
    rng, n = np.random.default_rng([seed, 4]), len(tube)
    seeing = FLOOR * np.exp(jitter * rng.standard_normal(n))
    slope = 2.5 * FLOOR / (n // 2)
    measures = np.hypot(seeing, slope * (tube - best)) * (1 + 0.01 * rng.standard_normal(n))
    return [FocusPoint(MIDDLE + STEP * (i - n // 2), float(y), 0.02 * float(y)) for i, y in enumerate(measures)]


def steps(n: int) -> FloatArray:
    return np.arange(n, dtype=np.float64) - n // 2


def failed(fit: FocusFit) -> set[str]:
    return {verdict.name for verdict in fit.verdicts if not verdict.passed}


def off(fit: FocusFit, best: float) -> float:
    """How far a believed position is from the focus, in steps of the sweep."""
    return abs((fit.best_position or 0.0) - MIDDLE - STEP * best) / STEP if fit.accepted else 0.0


@pytest.mark.parametrize("model", ["hyperbola", "parabola", "lines", "auto"])
@pytest.mark.parametrize("sticks_at", [1.0, 1.3])
def test_a_focuser_that_sticks_before_the_focus_is_told(sticks_at: float, model: str) -> None:
    fit = find_focus(swept(np.maximum(steps(9), sticks_at), 0.0), model=model)
    assert not fit.accepted
    assert "rises" in failed(fit)
    assert "did the focuser stick, or is the step too small" in " ".join(fit.reasons)


def test_what_the_reviewer_saw() -> None:
    measures = (2.12, 2.12, 2.12, 2.11, 2.12, 2.12, 3.23, 4.50, 5.85)
    fit = find_focus([FocusPoint(940.0 + 15 * i, y, 0.01) for i, y in enumerate(measures)])
    assert {"rises", "moved"} <= failed(fit)
    values = {verdict.name: (verdict.value or 0.0, verdict.limit) for verdict in fit.verdicts}
    assert (values["rises"][0] < -5.0, values["rises"][1]) == (True, 0.0)
    assert (values["moved"][0] < 0.001, values["moved"][1]) == (True, 0.02)
    assert (values["seen_minimum"][0] > 1.25, values["seen_minimum"][1]) == (True, 1.4)


@pytest.mark.parametrize("most", [1.25, 1.4])
def test_a_curve_that_is_sharper_than_every_frame_is_told(most: float) -> None:
    measures = (2.12, 2.12, 2.12, 2.11, 2.12, 2.12, 3.23, 4.50, 5.85)
    fit = find_focus(
        [FocusPoint(940.0 + 15 * i, y, 0.01) for i, y in enumerate(measures)], limits=Limits(above_minimum=most)
    )
    assert ("seen_minimum" in failed(fit)) is (most < 1.3)


def test_moves_that_backlash_swallows_are_told() -> None:
    fit = find_focus(swept(np.minimum(steps(9), 1.4), 0.0))
    assert not fit.accepted
    assert failed(fit) & {"rises", "moved"}


KINDS = ("sticks", "swallows", "jumps")


def tube_of(kind: str, n: int, at: float, length: float) -> FloatArray:
    x = steps(n)
    if kind == "sticks":
        return np.maximum(x, at)
    if kind == "swallows":
        return np.minimum(x, n // 2 - length)
    return np.where((x < at) & (x > at - length), at, x)


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(5, 15),
    st.floats(-1.0, 1.0),
    st.floats(0.5, 5.0),
    st.floats(-1.5, 1.5),
    st.booleans(),
    st.integers(0, 99),
)
def test_no_standstill_is_believed_far_from_the_focus(
    kind: str, n: int, where: float, length: float, best: float, mirrored: bool, seed: int
) -> None:
    tube = tube_of(kind, n, where * (n // 2), length)
    points, truth = swept(tube, best, seed=seed), best
    if mirrored:
        points = [FocusPoint(2 * MIDDLE - p.position, p.measure, p.error) for p in points]
        truth = -best
    assert off(find_focus(points), truth) <= 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_many_standstills_are_hardly_ever_believed_a_step_off(kind: str) -> None:
    """With the air of a bad night, which may hide any of them."""
    wrong = 0
    for seed in range(120):
        rng = np.random.default_rng([seed, 5])
        n, best = int(rng.integers(5, 16)), float(rng.uniform(-1.5, 1.5))
        tube = tube_of(kind, n, rng.uniform(-1.0, 1.0) * (n // 2), rng.uniform(0.5, 5.0))
        wrong += off(find_focus(swept(tube, best, 0.1, seed)), best) > 1.0
    assert wrong <= 2


@pytest.mark.parametrize("n", [5, 7, 9, 11, 15, 25])
@pytest.mark.parametrize("jitter", [0.0, 0.07, 0.1])
def test_a_tube_that_moves_is_not_doubted(n: int, jitter: float) -> None:
    doubted = 0
    for seed in range(20):
        sweep, _ = good_sweep(np.random.default_rng([seed, 6]), n=n, jitter=jitter, error=0.02)
        doubted += bool(failed(find_focus(sweep)) & {"rises", "moved", "seen_minimum"})
    assert doubted == 0


@pytest.mark.parametrize("model", MODELS)
def test_an_exact_curve_is_not_doubted(model: str) -> None:
    sweep = [FocusPoint(x, float(np.hypot(2.0, 0.03 * (x - 1907)))) for x in np.arange(1700.0, 2101.0, 50.0)]
    assert not failed(find_focus(sweep, model=model))


def test_a_long_sweep_that_sticks_is_told_too() -> None:
    assert "rises" in failed(find_focus(swept(np.maximum(steps(61), 3.0), 0.0)))
