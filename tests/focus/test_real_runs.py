"""Sweeps that other people took, with what is known of their focus."""

import pytest

from statefocus.focus import find_focus

from .realdata import read_runs

NINA = {
    "nina-tianwen-2025-12-17T23-06-56": 24270.750,
    "nina-tianwen-2025-12-17T23-27-02": 24267.872,
    "nina-tianwen-2025-12-18T01-36-05": 24187.700,
    "nina-tianwen-2025-12-18T02-26-57": 24175.488,
}
NINA_TRENDLINES = dict(zip(NINA, (24272, 24239, 24177, 24154), strict=True))
LCO = {"lco-02": 0.0, "lco-05": -2.17, "lco-09": 0.0}


@pytest.mark.parametrize("run", NINA)
@pytest.mark.parametrize("model", ["hyperbola", "auto"])
def test_nina_agrees(run: str, model: str) -> None:
    fit = find_focus(read_runs()[run], model=model)
    assert fit.accepted, fit.reasons
    assert fit.best_position == pytest.approx(NINA[run], abs=0.3)
    assert not fit.rejected


@pytest.mark.parametrize("run", NINA)
def test_the_side_lines_are_those_of_nina(run: str) -> None:
    assert find_focus(read_runs()[run], model="lines").best_position == pytest.approx(NINA_TRENDLINES[run], abs=0.6)


@pytest.mark.parametrize("run", LCO)
def test_las_cumbres_agrees(run: str) -> None:
    fit = find_focus(read_runs()[run])
    assert fit.accepted, fit.reasons
    assert fit.best_position == pytest.approx(LCO[run], abs=0.15)


def test_one_point_on_a_side_gives_a_position_but_is_not_believed() -> None:
    fit = find_focus(read_runs()["lco-01"])
    assert fit.best_position == pytest.approx(-1.6, abs=0.15)
    assert [v.name for v in fit.verdicts if not v.passed] == ["both_sides", "rises"]
    assert "sweep further inward" in fit.reasons[0]


@pytest.mark.parametrize("model", ["hyperbola", "parabola", "lines", "auto"])
def test_thick_clouds_are_rejected(model: str) -> None:
    assert not find_focus(read_runs()["lco-08"], model=model).accepted


@pytest.mark.parametrize("number", range(1, 6))
def test_the_runs_of_apts_own_library_are_accepted(number: int) -> None:
    assert find_focus(read_runs()[f"bschulz81-hfdm-0{number}"]).accepted


@pytest.mark.parametrize("model", ["hyperbola", "auto"])
@pytest.mark.parametrize(
    "fault",
    ["warning-low-r2", "warning-both-low-r2-and-high-hfr", "warning-nan-r2", "graph-preview-flat-curve-sample",
     "graph-preview-zigzag-sample"],
)  # fmt: skip
def test_labelled_faults_are_refused(fault: str, model: str) -> None:
    fit = find_focus(read_runs()[f"afg-{fault}"], model=model)
    assert not fit.accepted
    assert fit.reasons


@pytest.mark.parametrize(
    ("sample", "position"), [("outlier", 5620.0), ("measurement-cliff", 8200.0), ("backlash", 5050.0)]
)
def test_labelled_outliers_are_rejected_and_the_rest_is_accepted(sample: str, position: float) -> None:
    fit = find_focus(read_runs()[f"afg-graph-preview-{sample}-sample"])
    assert [point.position for point in fit.rejected] == [position]
    assert "errors off the curve" in fit.rejected[0].why
    assert fit.accepted


def test_a_high_minimum_is_seen_by_history_only() -> None:
    from statefocus.focus import PastFocus

    sweep = read_runs()["afg-warning-high-hfr"]
    assert find_focus(sweep).accepted
    fit = find_focus(sweep, history=[PastFocus(11240, 1.6), PastFocus(11235, 1.7)])
    assert [v.name for v in fit.verdicts if not v.passed] == ["plausible_measure"]


def test_trimmed_runs_are_not_enough() -> None:
    runs = read_runs()
    for name in ("ekos-wayfinding-aborted", "ekos-wayfinding-complete", "nina-deepskylog"):
        fit = find_focus(runs[name])
        assert not fit.accepted
        assert "enough_points" in {v.name for v in fit.verdicts if not v.passed}
