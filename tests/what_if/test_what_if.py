"""What if: the same profile changes nothing, another one changes what it must, and what cannot be known is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from statefocus.context import Run
from statefocus.effects import Effect
from statefocus.errors import TraceError, UsageError
from statefocus.events import Event
from statefocus.focus import FocusPoint, find_focus
from statefocus.importing import import_log
from statefocus.profile import Profile
from statefocus.testing import SimulatedRig, failed
from statefocus.trace.reading import read_header
from statefocus.what_if import WhatIf, what_if
from statefocus.what_if.answer import match
from statefocus.what_if.drifting import drifts
from statefocus.what_if.oracle import Curve, Truth
from statefocus.what_if.reaching import why_missed
from statefocus.what_if.supposing import Inhibited
from statefocus.what_if.telling import sentences
from statefocus.what_if.told import LightFrame, RunTold
from tests.core.rigs import OFF
from tests.focus.realdata import data_path
from tests.generate import TRACES
from tests.importing.logs import ASIAIR, EKOS
from tests.trace.tapes import changed, lines_of, put, rechained, record

NIGHTS = sorted(TRACES.glob("*.jsonl"))
TUBE = TRACES / "cooling_tube.jsonl"
TICKS = TRACES / "counts_minutes_and_darks.jsonl"


def own_profile(trace: Path) -> dict[str, Any]:
    profile: dict[str, Any] = read_header(trace).body["profile"]
    return profile


def asked(trace: Path, **changes: dict[str, Any]) -> WhatIf:
    """Ask with the trace's own profile, and what differs."""
    profile = own_profile(trace)
    for section, values in changes.items():
        for key, value in values.items():
            old = profile[section].get(key)
            profile[section][key] = {**old, **value} if isinstance(old, dict) else value
    return what_if(trace, Profile.model_validate(profile))


def text_of(answer: WhatIf) -> str:
    return "\n".join(sentences(answer))


# --- the same profile ---


@pytest.mark.parametrize("night", NIGHTS, ids=lambda path: path.stem)
def test_the_profile_of_the_night_itself_changes_nothing(night: Path) -> None:
    """Also where runs failed or were cancelled: what was asked as recorded is answered as recorded."""
    answer = asked(night)
    assert answer.unchanged
    assert answer.minutes[0] == pytest.approx(answer.minutes[1])
    assert answer.drift[0] == answer.drift[1]
    assert answer.pairs
    for pair in answer.pairs:
        assert pair.before is not None
        assert pair.after is not None
        assert pair.after.position == pair.before.position


def test_the_answer_is_the_same_each_time() -> None:
    first, second = (json.dumps(asked(TICKS, triggers={"count": {"frames": 3}}).as_json()) for _ in "ab")
    assert first == second


# --- another profile ---


def test_fewer_triggers_remove_runs_and_save_minutes() -> None:
    off = {"enabled": False}
    answer = asked(TUBE, triggers={"temperature": off, "count": off, "time": off})
    assert [pair.change for pair in answer.pairs] == ["kept", "removed", "removed", "removed"]
    assert answer.minutes[1] < answer.minutes[0] / 3
    assert answer.drift[1].mean_steps is not None
    assert answer.drift[0].mean_steps is not None
    assert answer.drift[1].mean_steps > answer.drift[0].mean_steps
    assert "removed" in text_of(answer)


def test_more_runs_make_later_frames_later_and_keep_them_all() -> None:
    answer = asked(TUBE, triggers={"count": {"enabled": True, "frames": 5}})
    assert len(answer.of("added")) >= 2
    assert answer.drift[0].frames == answer.drift[1].frames
    for pair in answer.of("added"):
        assert pair.after is not None
        assert pair.after.outcome == "validated"
        assert "count [5]" in pair.after.why


def test_a_trigger_that_comes_a_little_later_moves_its_run() -> None:
    answer = asked(TUBE, triggers={"temperature": {"limit_c": 0.6}})
    moved = answer.of("moved")
    assert moved
    for pair in moved:
        assert pair.before is not None
        assert pair.after is not None
        assert pair.after.plan_t > pair.before.plan_t
    assert "min later" in text_of(answer)


def test_other_steps_are_measured_on_the_learned_curve() -> None:
    answer = asked(TUBE, autofocus={"points": 7, "step_size_steps": 20})
    assert answer.unchanged
    for pair in answer.pairs:
        assert pair.before is not None
        assert pair.after is not None
        assert abs((pair.after.position or 0) - (pair.before.position or 0)) <= 10


def test_a_sweep_that_cannot_reach_the_focus_is_told_with_its_run_and_its_numbers() -> None:
    answer = asked(TUBE, autofocus={"step_size_steps": 2, "smart_focus": False})
    first, second = answer.missed
    failed = [pair.after for pair in answer.pairs if pair.after and pair.after.outcome == "restored"]
    assert [one.started_t for one in answer.missed] == [run.started_t for run in failed]
    assert first.why == (
        "its sweep went from 24992 to 25008 (it began at 25000), and best focus was at 25015, 7 steps beyond"
    )
    assert second.why.startswith("its sweep spans 16 steps, in which the curve rises 1.")
    assert f"No focus: the supposed run of 20:30:00 failed, since {first.why}." in text_of(answer)
    assert answer.as_json()["missed"][0]["why"] == first.why


def test_a_run_that_clouds_failed_is_not_blamed_on_its_sweep() -> None:
    answer = asked(TRACES / "clouds_over_a_run.jsonl")
    assert any(pair.after and pair.after.outcome == "restored" for pair in answer.pairs)
    assert answer.missed == []


def swept(*positions: float) -> Run:
    """A concluded run over these positions, whose fit was rejected."""
    points = tuple(FocusPoint(position, 3.0, 0.1, 50) for position in positions)
    return Run(1, ("count",), 0.0, start_position=0, points=points, fit=find_focus(points), outcome="restored")


CURVE = Curve(sharpest=2.0, slope=0.05)


@pytest.mark.parametrize(
    ("run", "best", "said"),
    [
        (swept(0, 10, 20, 30, 40), 100.0, "best focus was at 100, 60 steps beyond"),
        (swept(0, 10, 20, 30, 40), -5.0, "best focus was at -5, 5 steps beyond"),
        (swept(0, 5, 10, 15, 20), 10.0, "spans 20 steps, in which the curve rises 1.03-fold, and 1.3 are needed"),
        (swept(0, 200, 400, 600, 800), 400.0, "steps of 200 are too coarse for a curve that doubles within 69 steps"),
        (swept(0, 20, 40, 60, 80), 75.0, "with 1 of its points on one side of best focus at 75, and 2 are needed"),
        (swept(0, 20, 40, 60, 80), 40.0, ""),
        (swept(0, 20, 40, 60, 80), None, ""),
    ],
)
def test_why_a_sweep_missed(run: Run, best: float | None, said: str) -> None:
    why = why_missed(run, best, CURVE)
    assert said in why
    assert bool(said) is bool(why)


def test_a_guard_holds_the_supposed_runs_back_and_is_told() -> None:
    answer = asked(TRACES / "dusk.jsonl", guards={"astro_night": "forbid"})
    assert not answer.unchanged
    assert any("astro_night failed" in told.by for told in answer.inhibited.values())
    assert "held back" in text_of(answer)


def test_a_failure_policy_is_followed_and_what_is_left_is_told() -> None:
    answer = asked(TRACES / "clouds_over_a_run.jsonl", failure={"policy": "abort"})
    assert any("gives the plan up" in note for note in answer.notes)
    assert answer.drift[1].frames < answer.drift[0].frames


# --- another rig ---


OTHERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "focal ratio": ("optics", {"f_ratio": 7.0}, "`optics.f_ratio` was 5.5, and the profile says 7"),
    "obstruction": (
        "optics",
        {"obstruction_percent": 30.0},
        "`optics.obstruction_percent` was 0, and the profile says",
    ),
    "step": ("focuser", {"um_per_step": 1.5}, "`focuser.um_per_step` was 4, and the profile says 1.5"),
    "travel": ("observatory", {"focuser": {"max_steps": 60_000}}, "`observatory.focuser.max_steps` was 50000, and"),
    "pixel": ("observatory", {"camera": {"pixel_um": 2.4}}, "`observatory.camera.pixel_um` was 3.76, and the profile"),
    "aperture": ("observatory", {"optics": {"aperture_mm": 80.0}}, "`observatory.optics.aperture_mm` was 100, and the"),
    "sweep": (
        "autofocus",
        {"step_size_steps": 9000},
        "the focuser had 50000 steps, and the profile's sweep spans 72000",
    ),
}


@pytest.mark.parametrize(("section", "values", "said"), OTHERS.values(), ids=OTHERS)
def test_a_profile_of_another_rig_is_refused_with_the_fact_that_differs(
    section: str, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as raised:
        asked(TUBE, **{section: values})
    assert said in str(raised.value)
    assert raised.value.exit_code == 2


def test_every_fact_that_differs_is_named() -> None:
    with pytest.raises(UsageError, match=r"`optics\.f_ratio` was .*; `focuser\.um_per_step` was "):
        asked(TUBE, focuser={"um_per_step": 1.5}, optics={"f_ratio": 4.0})


def test_the_simulated_observatory_of_a_real_rig_is_none_of_its_facts() -> None:
    at = {"host": "10.0.0.2"}
    devices = {"kind": "alpaca", **dict.fromkeys(("camera", "focuser", "telescope", "safety", "conditions"), at)}
    answer = asked(TUBE, devices=devices, observatory={"focuser": {"max_steps": 60_000}})
    assert answer.misfits == []


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    answer = asked(TUBE)
    assert "(+0.0 min)" in text_of(replace(answer, minutes=(3.0, 2.99)))
    assert "(-0.1 min)" in text_of(replace(answer, minutes=(3.0, 2.9)))


def test_a_sweep_of_another_size_is_told() -> None:
    assert any("another focuser" in one for one in asked(TUBE, autofocus={"step_size_steps": 900}).misfits)


def test_filters_that_the_profile_does_not_know_are_told() -> None:
    answer = asked(TRACES / "filters_across_the_meridian.jsonl", autofocus={"filters": {"Ha": {"exposure_s": 9.0}}})
    assert any("knows no filter" in one for one in answer.misfits)


def test_a_sensor_that_the_trace_lacks_is_told(tmp_path: Path) -> None:
    answer = what_if(_asiair(tmp_path), Profile.model_validate({"triggers": {"temperature": {"source": "external"}}}))
    assert any("wants the sensor `external`" in one for one in answer.misfits)


# --- imported nights ---


def _asiair(tmp_path: Path) -> Path:
    log = tmp_path / "night.txt"
    log.write_text(ASIAIR, "utf-8")
    import_log("asiair", log, tmp_path / "night.jsonl")
    return tmp_path / "night.jsonl"


def test_an_imported_night_tells_what_is_assumed_and_invents_no_drift(tmp_path: Path) -> None:
    answer = what_if(_asiair(tmp_path), Profile())
    text = text_of(answer)
    assert "`safe`" in text
    assert "fewer than two successful runs" in text
    assert answer.drift[0].mean_steps is None
    assert "the trace cannot tell it" in text
    assert "A run is taken to last 41 s" in text


def test_the_real_asiair_night_under_a_profile_of_its_own_rhythm(tmp_path: Path) -> None:
    trace = tmp_path / "night.jsonl"
    import_log("asiair", data_path("session_logs", "Autorun_Log_2022-03-18_211302.txt"), trace)
    profile = {
        "triggers": {"time": {"minutes_min": 60}, "count": {"enabled": False}, "temperature": {"enabled": False}},
        "autofocus": {"points": 11, "step_size_steps": 30, "exposure_s": 1.0},
    }
    answer = what_if(trace, Profile.model_validate(profile))
    assert [pair.change for pair in answer.pairs] == ["kept"] * 4
    found = [pair.after.position for pair in answer.pairs if pair.after]
    assert all(abs((one or 0) - other) <= 3 for one, other in zip(found, (9762, 9757, 9763, 9763), strict=True))
    assert answer.drift[0].frames == answer.drift[1].frames == 101
    assert abs(answer.minutes[0] - 11.8) < 0.1


def ekos(tmp_path: Path, *left_out: str) -> Path:
    """The Ekos night, without the messages of these kinds."""
    log = tmp_path / "night.analyze"
    log.write_text("\n".join(line for line in EKOS.splitlines() if not line.startswith(left_out or "-")), "utf-8")
    import_log("ekos", log, tmp_path / "night.jsonl")
    return tmp_path / "night.jsonl"


def test_a_focuser_that_nobody_has_read_is_taken_to_be_in_focus_and_that_is_told(tmp_path: Path) -> None:
    said = "does not tell where the focuser stood at first"
    answer = what_if(ekos(tmp_path), Profile())
    assert sum(said in one for one in answer.assumptions) == 1
    assert answer.notes == []
    assert any(pair.after and pair.after.position for pair in answer.pairs)
    assert said not in text_of(asked(TUBE, triggers={"count": {"enabled": True, "frames": 5}}))


def test_runs_of_known_length_are_counted_and_compared(tmp_path: Path) -> None:
    answer = what_if(ekos(tmp_path), Profile())
    assert answer.minutes[0] == pytest.approx((75.5 + 40.0) / 60)
    assert "Focusing: 1.9 min as recorded, " in text_of(answer)
    assert " min)." in text_of(answer)
    assert answer.as_json()["runs_of_unknown_length"] == 0


def test_a_run_without_beginning_is_not_counted_as_none_at_all(tmp_path: Path) -> None:
    answer = what_if(ekos(tmp_path, "AutofocusStarting"), Profile())
    text = text_of(answer)
    assert "Focusing: 0.0 min as recorded, without 2 runs whose length nobody can tell; " in text
    assert "(0 s)" not in text
    assert "The log does not tell when the run that ended at 22:01:35 had begun." in text
    told = answer.as_json()
    assert told["runs_of_unknown_length"] == 2
    assert [run["before"]["seconds"] for run in told["runs"] if run["before"]] == [None, None]
    was = "ended 22:01:35 temperature: host at 30001 (of unknown length)"
    became = "22:03:20 first_frame [due]: validated at 30001 (180 s)"
    assert f"  moved   {was}, to {became}.\n" in text  # by how much cannot be told either


def test_a_run_without_end_is_not_counted_to_the_end_of_the_log(tmp_path: Path) -> None:
    answer = what_if(ekos(tmp_path, "AutofocusAborted"), Profile())
    text = text_of(answer)
    assert "Focusing: 1.3 min as recorded, without 1 run whose length nobody can tell; " in text
    assert "how the run of 22:05:10 ended; the log ends, or tells of another run, 3.5 min later." in text


def lights_and(last: str, tmp_path: Path) -> WhatIf:
    """Two Light frames and what follows, under a profile that wants a run after each."""
    log = tmp_path / "night.txt"
    log.write_text(
        "2024/10/05 20:00:10 Shooting 2 light frames, exposure 60.0s Bin1\n"
        "2024/10/05 20:01:00 Exposure 60.0s image 1#\n"
        "2024/10/05 20:02:05 Exposure 60.0s image 2#\n" + last,
        "utf-8",
    )
    import_log("asiair", log, tmp_path / "night.jsonl")
    return what_if(tmp_path / "night.jsonl", Profile.model_validate({"triggers": {"count": {"frames": 1}}}))


def test_nothing_is_held_back_behind_the_last_frame_of_a_plan(tmp_path: Path) -> None:
    answer = lights_and("2024/10/05 20:04:00 [Autorun|End] Finish Autorun\n", tmp_path)
    assert answer.of("added")
    assert answer.inhibited == {}


def test_what_is_held_back_while_the_plan_takes_flats_is_told(tmp_path: Path) -> None:
    flats = "".join(f"2024/10/05 20:04:{10 * number} Exposure 1.0s image {number}#\n" for number in (1, 2, 3))
    end = "2024/10/05 20:05:00 [Autorun|End] Finish Autorun\n"
    answer = lights_and(f"2024/10/05 20:04:00 Shooting 3 flat frames, exposure 1.0s Bin1\n{flats}{end}", tmp_path)
    assert "light_plan failed" in answer.inhibited["count"].by


def test_how_often_something_was_held_back_is_told_in_words() -> None:
    by = {"safe failed": 1, "tracking unknown": 2}
    answer = replace(asked(TUBE), inhibited={"count": Inhibited(0.0, 60.0, 2, by)})
    assert text_of(answer).endswith("safe failed (once), tracking unknown (2 times).")


# --- bad traces ---


def test_a_changed_trace_is_refused_with_its_line(tmp_path: Path) -> None:
    lines = TUBE.read_text("utf-8").splitlines()
    del lines[40]
    with pytest.raises(TraceError, match=r"^line 41: 1 line before it was removed"):
        what_if(put(tmp_path / "night.jsonl", lines), Profile())


def test_a_trace_that_goes_back_in_time_is_refused_with_its_line(tmp_path: Path) -> None:
    lines = lines_of(TUBE)
    lines[50] = changed(lines[50], t=1.0)
    with pytest.raises(TraceError, match=r"^line 51: its time lies before"):
        what_if(put(tmp_path / "night.jsonl", rechained(lines)), Profile())


@pytest.mark.parametrize("kept", [3, 30, 60, 300, 700])
def test_a_trace_that_stops_anywhere_is_played_to_there(tmp_path: Path, kept: int) -> None:
    answer = what_if(put(tmp_path / "night.jsonl", lines_of(TUBE)[:kept]), Profile.model_validate(own_profile(TUBE)))
    assert text_of(answer)


# --- parts ---


def run(plan_t: float, outcome: str = "validated") -> RunTold:
    return RunTold(plan_t, plan_t + 60, plan_t, ("count",), outcome, 5, None, "")


def test_runs_are_matched_in_their_order_with_the_least_moves() -> None:
    pairs = match([run(0), run(4000), run(8000)], [run(100), run(3900), run(5000), run(8000)])
    assert [pair.change for pair in pairs] == ["moved", "moved", "added", "kept"]


def test_another_outcome_is_a_change() -> None:
    assert [pair.change for pair in match([run(0, "restored")], [run(0)])] == ["changed"]


def test_many_runs_are_matched_in_bounded_time() -> None:
    assert len(match([run(60.0 * i) for i in range(300)], [run(90.0 * i) for i in range(300)])) >= 300


def test_drift_is_compared_over_the_frames_that_can_be_judged_in_both_nights() -> None:
    truth = Truth([(100.0, 500.0, None), (200.0, 500.0, None)])
    recorded = [LightFrame(t, None, 500 + off) for t, off in ((50.0, 90), (110.0, 2), (150.0, 4), (190.0, 6))]
    supposed = [LightFrame(t, None, 500) for t in (60.0, 120.0, 160.0, 210.0)]
    before, after = drifts(recorded, supposed, truth, cfz_steps=7.0)
    assert (before.frames, before.judged, before.compared) == (4, 3, 2)
    assert (after.frames, after.judged, after.compared) == (4, 2, 2)
    assert (before.mean_steps, before.worst_steps, before.outside) == (3.0, 4.0, 1)
    assert (after.mean_steps, after.worst_steps, after.outside) == (0.0, 0.0, 0)
    text = text_of(replace(asked(TUBE), drift=(before, after)))
    assert "at the 2 Light frames that can be judged in both nights (recorded 3 of 4, supposed 2 of 4):" in text
    assert "recorded: mean 3.0 steps" in text


def test_drift_of_nights_without_a_common_frame_is_not_compared() -> None:
    truth = Truth([(100.0, 500.0, None), (200.0, 500.0, None)])
    before, after = drifts([LightFrame(110.0, None, 502)], [], truth, cfz_steps=7.0)
    assert (before.judged, before.mean_steps, after.mean_steps) == (1, None, None)
    text = text_of(replace(asked(TUBE), drift=(before, after)))
    assert "no Light frame can be judged in both nights (recorded 1 of 1, supposed 0 of 0)." in text


def test_best_focus_is_linear_between_runs_of_the_filter() -> None:
    truth = Truth([(0.0, 100.0, "L"), (50.0, 500.0, "R"), (100.0, 200.0, "L")])
    assert truth.at(50.0, "L") == 150.0
    assert truth.at(-5.0, "L") == 100.0
    assert truth.at(105.0, "L") == 200.0
    assert truth.at(5.0, "R") == 500.0
    assert truth.known_at(50.0, "L")
    assert not truth.known_at(50.0, "R")
    assert not truth.known_at(150.0, "L")
    assert Truth().at(0.0, None) is None


def test_where_a_failed_correction_was_seen_to_have_left_the_focuser_is_no_hand_in_the_supposed_night(
    tmp_path: Path,
) -> None:
    compensation = {"enabled": True, "steps_per_degree": 10.0, "average_readings": 1, "mode": "real_time"}
    rig = SimulatedRig({"triggers": {**OFF, "count": {"frames": 2}}, "compensation": compensation})
    rig.start_plan()

    def slipped(effect: Effect) -> Event:
        rig.position = 9_800
        return failed(effect)

    rig.script("move_focuser", slipped)
    rig.read_temperature(10.0, 9.0)
    rig.take_frames(3)
    record(tmp_path / "night.jsonl", rig, rig.log)
    answer = asked(tmp_path / "night.jsonl", compensation={"enabled": False})
    assert not any("focuser_ours" in guard for told in answer.inhibited.values() for guard in told.by)
    assert answer.pairs
