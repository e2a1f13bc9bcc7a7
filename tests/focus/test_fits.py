"""The curves themselves, and what find_focus tells about them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statefocus.focus import MODELS, FocusPoint, Limits, PastFocus, find_focus
from statefocus.focus.points import FloatArray

from .sweeps import good_sweep

X = np.arange(1700.0, 2101.0, 50.0)


def hyperbola(x: FloatArray, best: float = 1907.0, floor: float = 2.0, slope: float = 0.03) -> FloatArray:
    y: FloatArray = np.hypot(floor, slope * (x - best))
    return y


def points(x: FloatArray, y: FloatArray, error: float | None = None) -> list[FocusPoint]:
    return [FocusPoint(float(a), float(b), error) for a, b in zip(x, y, strict=True)]


def test_an_exact_hyperbola_is_recovered() -> None:
    fit = find_focus(points(X, hyperbola(X)))
    assert fit.accepted
    assert fit.coefficients == pytest.approx((1907.0, 2.0, 0.03), rel=1e-9)
    assert fit.predict(1700.0) == pytest.approx(math.hypot(2.0, 0.03 * 207.0))
    assert fit.used == tuple(range(len(X)))


def test_an_exact_parabola_is_recovered_and_chosen_by_auto() -> None:
    fit = find_focus(points(X, 3 + 1e-4 * (X - 1880) ** 2), model="auto")
    assert (fit.model, fit.accepted) == ("parabola", True)
    assert fit.coefficients == pytest.approx((1880.0, 3.0, 1e-4))


def test_exact_lines_meet() -> None:
    fit = find_focus(points(X, 0.02 * np.abs(X - 1893) + 1), model="lines")
    assert fit.best_position == pytest.approx(1893.0)
    assert fit.predict(1893.0) == fit.predicted_measure


def test_the_scale_of_positions_and_measures_does_not_matter() -> None:
    sweep, _ = good_sweep(np.random.default_rng(5))
    fit = find_focus(sweep)
    scaled = [FocusPoint(p.position * 1e-3 - 7, (p.measure or 0.0) * 1e-14) for p in sweep]
    other = find_focus(scaled)
    assert other.accepted
    assert fit.best_position
    assert other.best_position == pytest.approx(fit.best_position * 1e-3 - 7, rel=1e-9)


def test_order_does_not_matter_and_indices_are_the_callers() -> None:
    sweep, _ = good_sweep(np.random.default_rng(6))
    backwards = find_focus(sweep[::-1])
    assert backwards.best_position == pytest.approx(find_focus(sweep).best_position, rel=1e-12)
    holed = [FocusPoint(4000.0, None), *sweep]
    fit = find_focus(holed)
    assert [r.index for r in fit.rejected][:1] == [0]
    assert fit.rejected[0].why == "no star was measured there"
    assert 0 not in fit.used


def test_an_outlier_is_named_but_never_below_five_points() -> None:
    y = hyperbola(X, best=1900)
    y[2] *= 1.8
    fit = find_focus(points(X, y))
    assert [r.index for r in fit.rejected] == [2]
    assert fit.accepted
    few = find_focus(points(X[2:7], y[2:7]))
    assert not few.rejected


@pytest.mark.parametrize("n", [3, 4])
def test_a_short_sweep_rejects_nothing_and_asks_for_validation(n: int) -> None:
    x: FloatArray = np.linspace(1800.0, 2000.0, n, dtype=np.float64)
    fit = find_focus(points(x, hyperbola(x, best=1890)))
    assert fit.best_position == pytest.approx(1890.0)
    assert not fit.accepted
    assert fit.needs_validation
    assert "validation frame" in fit.reasons[0]


def test_a_monotone_sweep_points_the_way() -> None:
    x: FloatArray = np.arange(0.0, 450.0, 50.0)
    fit = find_focus(points(x, hyperbola(x, best=-600, floor=1.5)))
    assert not fit.accepted
    assert not fit.needs_validation
    assert "focus is far inward of the sampled range" in fit.reasons[0]


def test_without_a_curve_the_lowest_three_neighbours_are_shown() -> None:
    y = np.array([5, 6, 7, 8, 9, 8, 7, 6, 5.5])
    fit = find_focus(points(X, y), model="parabola")
    assert fit.model == "fallback"
    assert not fit.accepted
    assert fit.predicted_measure == pytest.approx(6.0)
    assert fit.best_position == X[1]


@pytest.mark.parametrize(
    ("sweep", "word"),
    [
        ([], "No star"),
        ([FocusPoint(1.0, None)] * 9, "No star"),
        ([FocusPoint(1.0, 2.0)], "1 of at least 5 positions"),
        ([FocusPoint(7.0, 2.0), FocusPoint(7.0, 2.1)] * 4, "1 of at least 5 positions"),
        ([FocusPoint(float(x), 2.0) for x in range(9)], "too flat"),
        ([FocusPoint(math.nan, 2.0), FocusPoint(3.0, math.nan), FocusPoint(4.0, -1.0)], "No star"),
    ],
)
def test_when_nothing_can_be_said_it_says_so(sweep: list[FocusPoint], word: str) -> None:
    for model in MODELS:
        fit = find_focus(sweep, model=model)
        assert fit.best_position is None
        assert fit.predict(1.0) is None
        assert not fit.accepted
        assert word in " ".join(fit.reasons)


def test_the_critical_focus_zone_rules_where_it_is_known() -> None:
    sweep, _ = good_sweep(np.random.default_rng(7), jitter=0.15)
    sigma = find_focus(sweep).sigma_position
    assert sigma
    assert find_focus(sweep, cfz_steps=2 * sigma).accepted
    strict = find_focus(sweep, cfz_steps=0.5 * sigma)
    assert not strict.accepted
    assert "critical focus zone" in strict.reasons[0]


def test_history_and_limits_are_recorded_as_verdicts() -> None:
    fit = find_focus(points(X, hyperbola(X)), history=[PastFocus(5000.0, 1.9)], limits=Limits(contrast=9.0))
    failed = {v.name: v for v in fit.verdicts if not v.passed}
    assert set(failed) == {"contrast", "plausible_position"}
    assert failed["contrast"].limit == 9.0
    assert failed["plausible_position"].value == pytest.approx(3093.0)


def test_larger_errors_weigh_less() -> None:
    y = hyperbola(X)
    y[0] *= 1.03
    even, doubted = points(X, y, 0.1), points(X, y, 0.1)
    doubted[0] = FocusPoint(X[0], y[0], 5.0)
    trusting, doubting = find_focus(even).best_position, find_focus(doubted).best_position
    assert trusting
    assert doubting
    assert abs(doubting - 1907) < 0.1 * abs(trusting - 1907)


def test_an_unknown_model_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="model must be one of joint, hyperbola"):
        find_focus([], model="gauss")


NUMBERS = st.one_of(st.floats(), st.floats(0.1, 50), st.integers(-5, 5).map(float))
WILD = st.builds(FocusPoint, NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS)
TAME = st.builds(
    FocusPoint, st.integers(0, 12).map(lambda i: 50.0 * i), st.floats(0.5, 20), st.none() | st.floats(0, 2)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WILD, max_size=14) | st.lists(TAME, max_size=14), st.sampled_from(MODELS), st.none() | NUMBERS)
def test_nothing_raises_and_nothing_one_sided_is_accepted(
    sweep: list[FocusPoint], model: str, cfz: float | None
) -> None:
    fit = find_focus(sweep, model=model, cfz_steps=cfz)
    assert sorted([*fit.used, *(r.index for r in fit.rejected)]) == list(range(len(sweep)))
    assert bool(fit.reasons) == (not fit.accepted)
    if fit.accepted:
        assert fit.best_position is not None
        x = {sweep[i].position for i in fit.used}
        assert len(x) >= 5
        assert sum(a < fit.best_position for a in x) >= 2 <= sum(a > fit.best_position for a in x)
