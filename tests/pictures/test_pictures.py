"""A19: what is drawn of a run, asked of the axes; and that the file is a PNG, whole or not there at all."""

from __future__ import annotations

import builtins
import math
import struct
import warnings
from collections.abc import Callable, Sequence
from errno import ENOSPC
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from statefocus.cli.drawing import sheet_of_answer, sheets_of
from statefocus.errors import StatefocusError, UsageError
from statefocus.focus import FocusPoint, find_focus
from statefocus.package import answer_of
from statefocus.pictures import Sheet, draw, drawable, save_picture, sheet_of_fit, sheet_of_run
from statefocus.pictures.colours import GREEN, RED
from statefocus.pictures.drawing import HEIGHT_PX, WIDTH_PX
from statefocus.scales import SCALES
from statefocus.trace.records import fit_record, run_record
from tests.core.rigs import measured, run_now
from tests.core.test_learned import SLOPE, learned_rig
from tests.focus.realdata import data_path
from tests.generate import TRACES

HFR = SCALES["hfr"]


def axes_of(sheet: Sheet) -> Any:  # its artists are loosely typed
    (axes,) = draw(sheet).axes
    return axes


def labelled(axes: Axes, begin: str) -> Any:
    """The one line whose entry in the legend begins so."""
    (line,) = [one for one in axes.lines if str(one.get_label()).startswith(begin)]
    return line


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    return [text.get_text() for text in found.get_texts()] if found else []


def points_drawn(axes: Axes) -> list[tuple[float, float]]:
    bars: Any
    (bars,) = [one for one in axes.containers if str(one.get_label()).startswith("points")]
    return [tuple(pair) for pair in bars.lines[0].get_xydata()]


def words(sheet: Sheet) -> list[str]:
    return [text.get_text() for text in draw(sheet).texts]


def curve(x: float, best: float = 1090.0) -> float:
    return math.hypot(1.5, 0.03 * (x - best))


def sweep(**other: float | None) -> list[FocusPoint]:
    """Nine exact points but for those that are told by `at<position>`."""
    return [FocusPoint(float(x), other.get(f"at{x}", curve(x)), 0.05) for x in range(1010, 1180, 20)]


def fitted(points: Sequence[FocusPoint], model: str = "hyperbola", metric: str = "hfr") -> Sheet:
    fit = find_focus(points, model=model, cfz_steps=16.0)
    return sheet_of_fit(fit_record(fit), points, ("a test",), SCALES[metric], 16.0)


# --- what is drawn ---


def test_a19_points_curve_sides_best_position_and_critical_focus_zone() -> None:
    axes = axes_of(fitted(sweep()))
    assert points_drawn(axes) == [(p.position, p.measure) for p in sweep()]
    x, y = labelled(axes, "hyperbola").get_data()
    assert y == pytest.approx([curve(one) for one in x], rel=1e-6)
    sides = [line for line in axes.lines if to_hex(line.get_color()) == GREEN]
    assert [float(line.get_xdata()[1]) for line in sides] == pytest.approx([1090, 1090], abs=1)
    assert sides[0].get_ydata()[0] > sides[0].get_ydata()[1] < sides[1].get_ydata()[0]
    assert labelled(axes, "best position 1090.0").get_xdata() == pytest.approx([1090, 1090])
    (zone,) = [patch for patch in axes.patches if str(patch.get_label()).startswith("critical focus zone")]
    assert (zone.get_x(), zone.get_width()) == pytest.approx((1082, 16))
    assert axes.get_ylabel() == "HFR (px)"
    assert axes.get_xlabel() == "focuser position (steps)"


def test_a19_rejected_points_are_red_crosses_with_their_reasons() -> None:
    sheet = fitted(sweep(at1050=6.0, at1130=None, at1150=None))
    axes = axes_of(sheet)
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert {to_hex(line.get_color()) for line in crosses} == {RED}
    where = sorted(tuple(pair) for line in crosses for pair in line.get_xydata())
    assert where == [(1050.0, 6.0), (1130.0, 0.0), (1150.0, 0.0)]
    told = [text for text in legend(axes) if text.startswith("left out")]
    assert told[0].startswith("left out 1050: it lies")
    assert told[1] == "left out 1130, 1150: no star was measured there"
    assert [x for x, _ in points_drawn(axes)] == [1010, 1030, 1070, 1090, 1110, 1170]


def test_a19_the_fallback_is_red_and_no_focus_is_told() -> None:
    points = [FocusPoint(float(x), 5 - curve(x) + (0.9 if x == 1110 else 0), 0.05) for x in range(1010, 1180, 20)]
    sheet = fitted(points)
    assert sheet.fit is not None
    assert sheet.fit.model == "fallback"
    axes = axes_of(sheet)
    line = labelled(axes, "fallback: lowest average of three")
    assert (to_hex(line.get_color()), line.get_ydata()[0]) == (RED, sheet.fit.coefficients[1])
    assert list(axes.patches) == []
    assert not any("hyperbola" in text or "side" in text for text in legend(axes))
    assert words(sheet)[0].startswith("REJECTED   no curve   (lowest near")
    assert words(sheet)[2].replace("\n", " ") == sheet.fit.reasons[0]


def test_a19_fitted_lines_are_the_sides_themselves() -> None:
    axes = axes_of(fitted(sweep(), "lines"))
    assert len([line for line in axes.lines if to_hex(line.get_color()) == GREEN]) == 2
    assert "lines" not in legend(axes)


def test_a19_a_metric_that_is_better_when_larger_is_drawn_as_its_reciprocal() -> None:
    points = [FocusPoint(float(x), 1e-15 * curve(x) ** 2, 1e-17) for x in range(1010, 1180, 20)]
    axes = axes_of(fitted(points, "parabola", "inverse-power"))
    assert axes.get_ylabel() == "1 / inverse power"
    assert labelled(axes, "parabola").get_ydata().min() == pytest.approx(2.25e-15, rel=0.01)


def test_a19_points_of_nobody_knows_what_and_no_point_at_all() -> None:
    points = sweep()
    sheet = sheet_of_fit(fit_record(find_focus(points)), points, ("points.csv",))
    assert axes_of(sheet).get_ylabel() == "measure (smaller is better)"
    nothing = fitted([FocusPoint(float(x), None) for x in range(5)])
    assert [text.get_text() for text in axes_of(nothing).texts] == ["No star was measured at any position."]


def test_a19_one_side_alone_has_no_side_lines() -> None:
    points = [FocusPoint(float(x), max(curve(x), 1.6) if x < 1090 else 1.55, 0.05) for x in range(1010, 1180, 20)]
    sheet = fitted(points)
    assert sheet.fit is not None
    assert sheet.fit.model == "hyperbola"
    axes = axes_of(sheet)
    assert not any("side" in text for text in legend(axes))
    assert [line for line in axes.lines if to_hex(line.get_color()) == GREEN] == []


def refined(*, used: bool) -> Sheet:
    """The exact sweep, its record as if the forward model had been asked."""
    check = {"name": "disks", "passed": used, "value": 1.0, "limit": 2.0, "sentence": "The disks are odd."}
    fit = fit_record(find_focus(sweep(), cfz_steps=16.0, model="hyperbola"))
    fit |= {"refinement": {"used": used, "checks": [check], "seeing_px": [], "disk_px": 0.1}}
    fit |= {"best_position": 1087.5} if used else {}
    return sheet_of_fit(fit, sweep(), ("a test",), HFR, 16.0)


def test_a19_a_best_position_by_the_forward_model_is_told_as_such() -> None:
    head = words(refined(used=True))
    assert head[0].endswith("(hyperbola + forward model)")
    assert head[2] == (
        "refined by the forward model, from the shape of the stars; the curve's own minimum is at 1090.00"
    )
    told = legend(axes_of(refined(used=True)))
    assert "best position 1087.5, by the forward model (curve: 1090.0)" in told


def test_a19_why_the_forward_model_was_not_used_is_told() -> None:
    head = words(refined(used=False))
    assert head[0].endswith("(hyperbola)")
    assert head[2] == "forward model not used: The disks are odd."
    assert "best position 1090.0" in legend(axes_of(refined(used=False)))


@pytest.mark.parametrize("shape", ["flat", "all over", "many left out"])
def test_a19_the_legend_hides_no_point(shape: str) -> None:
    height: dict[str, Callable[[float], float]] = {
        "flat": lambda x: 3.0 + 0.001 * (x % 7),
        "all over": lambda x: 1.0 + x * 7919 % 97 / 20,
        "many left out": curve,
    }
    points = [FocusPoint(float(x), height[shape](x), 0.05) for x in range(1010, 1180, 2)]
    body = fit_record(find_focus(points, model="hyperbola", cfz_steps=16.0))
    if shape == "many left out":
        why = "it lies so far off the curve through all the others that"
        body["rejected"] = [{"index": i, "why": f"{why} {i}"} for i in range(0, 80, 10)]
    (axes,) = (figure := draw(sheet_of_fit(body, points, ("a test",), HFR, 16.0))).axes
    figure.canvas.draw()
    found = axes.get_legend()
    assert found is not None
    box = found.get_window_extent()
    seen = axes.transData.transform([(point.position, point.measure or 0.0) for point in points])
    assert [tuple(place) for place in seen if box.contains(*place)] == []
    assert all(axes.bbox.contains(*place) for place in seen)


# --- runs ---


def test_a19_a_learned_run_shows_its_two_frames_and_the_v_that_was_taught() -> None:
    rig = learned_rig(best=10_012)
    run_now(rig)
    run = rig.runs[0]
    sheet = sheet_of_run(run_record(run, rig.state.context), HFR, "20:30", run.points)
    axes = axes_of(sheet)
    assert [x for x, _ in points_drawn(axes)] == [10_045, 9_955]
    sides = [line for line in axes.lines if to_hex(line.get_color()) == GREEN]
    slopes = [float(np.diff(line.get_ydata())[0] / np.diff(line.get_xdata())[0]) for line in sides]
    assert slopes == pytest.approx([-SLOPE, SLOPE], rel=0.01)
    (star,) = [line for line in axes.lines if line.get_marker() == "*"]
    assert tuple(star.get_xydata()[0]) == (10_012, run.validations[0])
    assert legend(axes)[-1] == "validation: 2.00 px"
    assert words(sheet)[0].startswith("VALIDATED   best focus 10012.0")


def test_a19_a_sweep_that_was_given_up_stands_apart_and_why_is_told() -> None:
    rig = learned_rig()
    rig.script("measure_frame", rig.ideal, rig.ideal, measured(4.0), measured(4.1))
    run_now(rig)
    run = rig.runs[0]
    sheet = sheet_of_run(run_record(run, rig.state.context), HFR, "20:30", run.points)
    axes = axes_of(sheet)
    (earlier,) = [one for one in axes.collections if one.get_label() == "earlier sweep, given up"]
    assert [x for x, _ in earlier.get_offsets()] == [10_045, 9_955]
    assert words(sheet)[2].startswith("Two frames did not suffice")


def test_a19_every_run_of_a_trace_is_drawn_from_the_trace_alone() -> None:
    runs = dict(sheets_of(TRACES / "clouds_over_a_run.jsonl"))
    assert list(runs)[:2] == ["2026-03-14_20-30-00_run-01", "2026-03-14_20-36-09_run-02"]
    first, second = [sheet for sheet in runs.values() if sheet is not None][:2]
    assert words(first)[1].startswith("run 1   ·   2026-03-14 20:30:00   ·   first_frame   ·   filter L   ·   13.3 °C")
    assert words(second)[0].startswith("RESTORED")
    assert words(second)[2].startswith("No star was measured at any position")


def test_a19_the_joint_curve_goes_through_what_it_was_fitted_to() -> None:
    (sheet, *_) = [sheet for _, sheet in sheets_of(TRACES / "cooling_tube.jsonl") if sheet is not None]
    assert sheet.fit is not None
    assert sheet.fit.model == "joint"
    assert [p.measure for p in sheet.fitted] != [p.measure for p in sheet.points]
    axes = axes_of(sheet)
    assert points_drawn(axes) == [(p.position, p.measure) for p in sheet.fitted]
    x, y = labelled(axes, "hyperbola (joint fit)").get_data()
    off = [abs(measure - np.interp(place, x, y)) for place, measure in points_drawn(axes)]
    assert max(off) < 0.15


def test_a19_the_real_sweep_of_a_newtonian() -> None:
    sheet = sheet_of_answer(answer_of(data_path("sweeps", "newtonian_62")))
    axes = axes_of(sheet)
    assert len(points_drawn(axes)) + len([1 for line in axes.lines if line.get_marker() == "x"]) == 62
    best = float(labelled(axes, "best position").get_xdata()[0])
    assert best == pytest.approx(603.5, abs=1)
    cross = [float(line.get_xdata()[1]) for line in axes.lines if to_hex(line.get_color()) == GREEN]
    assert cross == pytest.approx([604.2, 604.2], abs=1.5)


# --- the file ---


def test_a19_the_file_is_a_png_of_one_size(tmp_path: Path) -> None:
    save_picture(fitted(sweep()), tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (WIDTH_PX, HEIGHT_PX)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a19_a_full_disk_leaves_the_picture_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_text("mine")

    def full(_file: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StatefocusError, match=r"a.png could not be written: No space left on device\."):
        save_picture(fitted(sweep()), tmp_path / "a.png")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.png", "mine")]


def test_a19_what_stands_in_the_way_of_a_picture_is_told_before_a_run(tmp_path: Path) -> None:
    drawable(tmp_path / "a.png")
    with pytest.raises(UsageError, match="There is no folder"):
        drawable(tmp_path / "nowhere" / "a.png")
    with pytest.raises(UsageError, match="is a folder: give the picture a name"):
        drawable(tmp_path)


def test_a19_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return usual(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(StatefocusError, match=r"statefocus\[plot\]"):
        draw(fitted(sweep()))


@pytest.mark.parametrize("body", [{}, {"fit": 3}, {"number": "x"}])
def test_a19_a_record_that_is_none_is_one_sentence(body: dict[str, Any]) -> None:
    with pytest.raises(StatefocusError, match="This run cannot be drawn: its record does not hold what it must"):
        sheet_of_run(body, HFR, "20:30")


NUMBERS = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.integers(-10, 60_000).map(float))
POINTS = st.builds(FocusPoint, NUMBERS, st.one_of(st.none(), NUMBERS), st.one_of(st.none(), NUMBERS))


@settings(max_examples=60, deadline=None)
@given(st.lists(POINTS, max_size=12), st.sampled_from(["joint", "hyperbola", "parabola", "lines", "auto"]))
def test_a19_whatever_was_measured_is_drawn(points: list[FocusPoint], model: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numbers that no telescope gives
        fit = find_focus(points, model=model, cfz_steps=16.0)
        draw(sheet_of_fit(fit_record(fit), points, ("rubbish",), HFR, 16.0)).canvas.draw()
