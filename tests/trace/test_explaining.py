"""Explain, after a run, in a damaged trace, and with states of other names."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from statefocus import events
from statefocus.cli.app import app
from statefocus.testing import SimulatedRig, failed
from statefocus.trace.explaining import explain
from statefocus.trace.reading import TraceReader
from statefocus.trace.times import show, zone_of
from statefocus.trace.trigger_sentences import trigger_sentence
from statefocus.what_if.recorded import read
from tests.core.rigs import between, late_hold_rig, quiet_rig
from tests.generate import TRACES

from .tapes import changed, lines_of, put, rechained, record, write

NIGHT = TRACES / "cooling_tube.jsonl"
ZONE = zone_of(str(next(iter(TraceReader(NIGHT))).body["time_zone"]))


def end_of(number: int) -> float:
    return next(line.t for line in TraceReader(NIGHT) if line.kind == "run" and line.body["number"] == number)


def renamed(path: Path) -> Path:
    text = NIGHT.read_text("utf-8")
    for old, new in (("Refocusing", "Focusing"), ("Validating", "Checking"), ("Concluding", "Closing")):
        text = text.replace(f'":"{old}', f'":"{new}')
    return put(path, rechained(text.splitlines()))


def test_a_moment_after_a_run_tells_that_it_restarted_the_triggers() -> None:
    t = end_of(2)
    text = explain(NIGHT, show(t + 1, ZONE)).text
    assert f"The run of {show(t, ZONE)} restarted every trigger, and none was looked at since." in text
    assert "Triggers were last looked at" not in text


def test_the_next_look_after_a_run_is_told_again() -> None:
    end = end_of(2)
    t = next(line.t for line in TraceReader(NIGHT) if line.t > end and line.body.get("triggers"))
    text = explain(NIGHT, show(t + 1, ZONE)).text
    assert "Triggers were last looked at" in text
    assert "restarted every trigger" not in text


def test_a_second_stands_for_its_end() -> None:
    moves = [line for line in TraceReader(NIGHT) if line.body.get("machine") == "session"]
    t, leaf = next(
        (one.t, one.body["after"])
        for one, after in pairwise(moves)
        if one.t % 1 > 0.002 and int(after.t) > int(one.t) and one.body["before"] != one.body["after"]
    )
    there = f"the session was in {leaf}."
    assert there in explain(NIGHT, show(t, ZONE)).text
    assert there in explain(NIGHT, f"{show(t, ZONE)}.{round(t % 1 * 1000):03d}").text
    assert there not in explain(NIGHT, f"{show(t, ZONE)}.{round(t % 1 * 1000) - 1:03d}").text


def test_what_lies_behind_the_end_of_the_trace_is_not_told_as_fact() -> None:
    last = max(line.t for line in TraceReader(NIGHT))
    behind = explain(NIGHT, show(last + 30, ZONE)).sentences
    assert behind[0] == f"The trace ends at {show(last, ZONE)}, and tells nothing of what came later."
    assert behind[1].startswith(f"At {show(last, ZONE)} ")
    assert behind[1:] == explain(NIGHT, show(last, ZONE)).sentences


def garbled(lines: list[str]) -> list[str]:
    return [*lines[:30], "rain", *lines[31:]]


def reordered(lines: list[str]) -> list[str]:
    return [*lines[:30], lines[31], lines[30], *lines[32:]]


def ahead_of_its_time(lines: list[str]) -> list[str]:
    return [*lines[:30], changed(lines[30], t=json.loads(lines[30])["t"] + 7200), *lines[31:]]


DAMAGES: dict[str, tuple[Callable[[list[str]], list[str]], int, str]] = {
    "removed": (lambda lines: [*lines[:30], *lines[31:]], 31, "1 line before it was removed."),
    "edited": (lambda lines: [*lines[:30], lines[30].replace('"v":1', '"v":1 '), *lines[31:]], 31, "its text is not"),
    "garbage": (garbled, 31, "it is not JSON"),
    "moved": (reordered, 31, "1 line before it was removed."),
    "another time": (ahead_of_its_time, 31, "its text is not"),
    "another version": (lambda lines: [*lines[:30], changed(lines[30], v=2), *lines[31:]], 31, "it has version 2"),
}


@pytest.mark.parametrize("command", [["log"], ["log", "--json"], ["explain", "--at", show(end_of(2) + 1, ZONE)]])
@pytest.mark.parametrize(("harm", "line", "said"), DAMAGES.values(), ids=DAMAGES)
def test_damage_is_named_on_standard_error_and_the_rest_is_shown(
    tmp_path: Path, command: list[str], harm: Callable[[list[str]], list[str]], line: int, said: str
) -> None:
    whole = CliRunner().invoke(app, [*command, str(NIGHT)])
    assert (whole.exit_code, whole.stderr) == (0, "")
    path = put(tmp_path / "damaged.jsonl", harm(lines_of(NIGHT)))
    shown = CliRunner().invoke(app, [*command, str(path)])
    assert shown.exit_code == 1
    assert shown.stdout == whole.stdout
    assert f"{path}:{line}: {said}" in shown.stderr
    assert shown.stderr.count("the trace is damaged") == 1


def test_a_torn_end_is_a_note(tmp_path: Path) -> None:
    path = put(tmp_path / "torn.jsonl", lines_of(NIGHT))
    path.write_bytes(path.read_bytes()[:-30])
    shown = CliRunner().invoke(app, ["log", str(path)])
    assert shown.exit_code == 0
    assert f"{path}:{len(lines_of(NIGHT))}: note: the last line was cut off" in shown.stderr


def test_of_many_damaged_lines_the_first_are_told(tmp_path: Path) -> None:
    lines = lines_of(NIGHT)
    shown = CliRunner().invoke(app, ["log", str(put(tmp_path / "rain.jsonl", [lines[0], *["rain"] * 100]))])
    assert shown.stderr.count("it is not JSON") == 20
    assert "80 more lines are damaged." in shown.stderr


def test_renamed_states_change_nothing_of_what_is_told(tmp_path: Path) -> None:
    path = renamed(tmp_path / "renamed.jsonl")
    begun = json.loads(next(line for line in lines_of(NIGHT) if '"row":"temperature-due","tried"' in line))
    text = explain(path, show(begun["t"] + 5, ZONE)).text
    assert "begun by row `temperature-due`" in text
    assert "a run began, due to temperature" in text
    told = read(path)
    assert (told.runs, told.holds) == (read(NIGHT).runs, read(NIGHT).holds)


# --- why not ---


def told(path: Path, rig: SimulatedRig, after_s: float = 0.0) -> str:
    """What explain says of a rig's night, a while before its end."""
    t = rig.t - after_s
    rig.tell(events.SessionEnded())
    return explain(write(path, rig), show(t, zone_of(rig.profile.site.time_zone))).text


def failing_rig(**failure: Any) -> SimulatedRig:
    return SimulatedRig({"triggers": {"count": {"frames": 1}}, "failure": {"retry_after_min": 10, **failure}})


def test_the_end_of_a_back_off_is_told_as_the_session_keeps_it(tmp_path: Path) -> None:
    rig = failing_rig()
    rig.script("measure_frame", *[failed] * 40)
    rig.start_plan()
    rig.take_frames(1)
    retry_t = rig.state.context.triggers.retry_t
    assert retry_t is not None
    end = show(retry_t, zone_of(rig.profile.site.time_zone))
    text = told(tmp_path / "night.jsonl", rig)
    assert f"Run 1 failed, and automatic runs wait until {end} (failure.retry_after_min = 10)." in text
    assert "`backoff_over` failed since" in text
    assert text.count(f"run 1 failed, and automatic runs wait until {end}") >= 1


def test_a_run_that_a_person_cancelled_is_not_told_as_failed(tmp_path: Path) -> None:
    rig = failing_rig()
    rig.start_plan()
    rig.read_facts()
    rig.send(events.RefocusRequested())
    rig.until("Refocusing.Measuring")
    rig.tell(events.CancelRequested())
    assert rig.state.context.triggers.retry_t is not None
    text = told(tmp_path / "night.jsonl", rig)
    assert "was cancelled by a person, and automatic runs wait until" in text
    assert "failed, and automatic" not in text


def test_no_wait_is_told_after_a_run_that_was_taken_from_under_it(tmp_path: Path) -> None:
    rig = failing_rig()
    rig.start_plan()
    rig.read_facts()
    rig.send(events.RefocusRequested())
    rig.until("Refocusing.Measuring")
    rig.facts["safe"] = False
    rig.tell(events.SafetyRead(safe=False))
    assert rig.state.context.triggers.retry_t is None
    assert "automatic runs wait" not in told(tmp_path / "night.jsonl", rig)


def test_what_is_ahead_of_a_run_is_named() -> None:
    night = TRACES / "filters_across_the_meridian.jsonl"
    held = next(
        json.loads(line) for line in lines_of(night) if '"nothing_ahead":"failed"' in line and '"inhibited"' in line
    )
    saved = next(line.body for line in TraceReader(night) if line.seq == held["of"])
    text = explain(night, show(held["t"] + 1, ZONE)).text
    assert "`nothing_ahead` failed since" in text
    assert ("a meridian flip comes before the next frame" in text) is bool(saved["flip_next"])
    assert ("the next frame is in filter" in text) is not saved["flip_next"]


def test_a_wish_that_was_not_served_is_told_with_its_reason() -> None:
    night = TRACES / "asap_and_a_pause.jsonl"
    refused = next(json.loads(line) for line in lines_of(night) if '"row":"run-not-now"' in line and '"step"' in line)
    text = explain(night, show(refused["t"] + 1, ZONE)).text
    assert f"A person asked for a run at {show(refused['t'], ZONE)}, and not then: the session was in Imaging" in text


def test_a_wish_that_a_guard_forbade_names_the_guard(tmp_path: Path) -> None:
    rig = failing_rig()
    rig.facts["safe"] = False
    rig.read_facts()
    rig.send(events.RunRequested())
    text = told(tmp_path / "night.jsonl", rig)
    assert "and not then: `safe` failed: the safety_read at" in text


HISTORY = {"metric": "hfr_or_stars", "hfr_percent": 15.0, "stars_percent": 30.0, "frames": 3, "enabled": True}
DECLINED = {"due": True, "reading": 3.0, "limit": 15.0, "text": "[HFR +3 %, stars -35 %]"}
UNCOMPARED = {"due": True, "reading": None, "limit": 15.0, "text": "[-]"}


@pytest.mark.parametrize(
    ("reading", "changed", "said"),
    [
        (DECLINED, {}, "HFR up 3 of 15 %, stars down 35 of 30 %; either is enough, and it was the stars"),
        (DECLINED | {"reading": 18.0}, {}, "HFR up 18 of 15 %, stars down 35 of 30 %; either is enough)"),
        (DECLINED, {"metric": "hfr_and_stars"}, "both are needed)"),
        (DECLINED, {"metric": "hfr"}, "(3 of 15 %)"),
        (UNCOMPARED, {}, "3 frames in a filter and binning without a baseline, and no_baseline = refocus"),
        (UNCOMPARED | {"due": False}, {}, "no baseline in this filter and binning"),
    ],
)
def test_the_decline_of_frames_is_told_against_what_decided(
    reading: dict[str, Any], changed: dict[str, Any], said: str
) -> None:
    profile = {"triggers": {"image_history": HISTORY | changed}}
    since = "21:00:00" if reading["due"] else None
    assert said in trigger_sentence("image_history", reading, since, profile)


def test_a_trigger_that_the_profile_disables_is_told_as_disabled() -> None:
    text = explain(NIGHT, show(end_of(2) + 600, ZONE)).text
    header = next(iter(TraceReader(NIGHT))).body["profile"]["triggers"]
    assert header["image_history"]["enabled"] is False
    assert "image_history: disabled by the profile (triggers.image_history.enabled = false)." in text
    assert ("count: disabled" in text) is not header["count"]["enabled"]
    assert ("resume: disabled by the profile (triggers.on_resume = false)." in text) is not header["on_resume"]
    assert "asap: not due." in text


def test_a_run_that_was_overtaken_by_another_frame_names_what_it_lacked_then(tmp_path: Path) -> None:
    rig, held = late_hold_rig()
    rig.read_facts()
    between(rig, next_frame_type="Dark")
    rig.send(held)
    rig.until("")
    record(tmp_path / "trace.jsonl", rig, rig.log)
    text = explain(tmp_path / "trace.jsonl", show(rig.t, ZONE)).text
    assert "`light_plan` failed: the plan takes Dark frames" in text
    assert "asked_by_person" not in text


@pytest.mark.parametrize(
    ("tracking", "later_s", "said"), [(None, 10.0, "could not tell"), (True, 200.0, "is 200 s old")]
)
def test_a_fact_that_is_unknown_is_told_as_unread_or_as_old(
    tmp_path: Path, tracking: bool | None, later_s: float, said: str
) -> None:
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}})
    rig.start_plan()
    rig.open_shutter()
    rig.read_facts(tracking=tracking)
    rig.t += later_s
    rig.tell(events.SafetyRead(safe=True))
    rig.tell(events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light"))
    record(tmp_path / "trace.jsonl", rig, rig.log)
    text = explain(tmp_path / "trace.jsonl", show(rig.t, ZONE)).text
    (line,) = (line for line in text.splitlines() if "`tracking` unknown" in line)
    assert said in line


def test_a_run_that_makes_one_again_that_was_cut_off_is_told_so(tmp_path: Path) -> None:
    rig = quiet_rig(position=10_200, host={"kind": "gate"})
    rig.log.clear()
    rig.state = rig.session.begin(rig.t)
    rig.tell(events.SessionStarted(position=10_200, unfinished=10_000))
    rig.read_facts()
    waits = write(tmp_path / "waits.jsonl", rig)
    said = "the focuser stood at 10200, and at 10000 before it. The trigger asap makes that run again."
    text = explain(waits, show(rig.t, zone_of("Europe/Vienna"))).text
    assert said in text
    assert "the host had not told yet whether it was taking a frame" in text
    shown = CliRunner().invoke(app, ["log", str(waits)])
    assert said in " ".join(shown.output.split())
    rig.start_plan()
    rig.t += 60.0
    rig.read_facts()
    done = write(tmp_path / "done.jsonl", rig)
    assert said not in explain(done, show(rig.t, zone_of("Europe/Vienna"))).text
