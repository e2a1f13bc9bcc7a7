"""Replay, diff, explain and the focusing log, over scripted nights."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from statefocus.cli.app import app
from statefocus.errors import StatefocusError, TraceError, UsageError
from statefocus.trace.diffing import diff
from statefocus.trace.explaining import explain
from statefocus.trace.focus_log import focus_log
from statefocus.trace.reading import read_header
from statefocus.trace.replaying import difference, replay

from .tapes import changed, find, lines_of, put, rechained, scripted_night, write

# --- replay ---


def test_a_scripted_night_replays_the_same(trace: Path) -> None:
    verdict = replay(trace)
    assert (verdict.same, verdict.mismatch, verdict.damage) == (True, None, ())
    assert verdict.runs == 3
    assert verdict.events > 100
    assert verdict.decisions >= verdict.events


def test_two_nights_from_the_same_script_are_the_same_to_the_last_byte(trace: Path, tmp_path: Path) -> None:
    again = write(tmp_path / "again.jsonl", scripted_night())
    assert again.read_bytes() == trace.read_bytes()


def test_a_torn_last_line_is_no_difference(trace: Path) -> None:
    trace.write_bytes(trace.read_bytes()[:-5])
    assert replay(trace).same


def test_an_edited_line_is_no_longer_the_same_even_where_no_decision_differs(trace: Path) -> None:
    lines = lines_of(trace)
    at = find(lines, event="session_ending")
    lines[at] = lines[at].replace("the plan is finished", "the plan was finished")
    verdict = replay(put(trace, lines))
    assert (verdict.same, verdict.mismatch) == (False, None)
    assert [damage.line for damage in verdict.damage] == [at + 1]


def test_an_edited_event_names_the_line_and_the_first_decision_that_differs(trace: Path) -> None:
    lines = lines_of(trace)
    at = find(lines, event="mount_read")
    lines[at] = changed(lines[at], parked=True)
    mismatch = replay(put(trace, rechained(lines))).mismatch
    assert mismatch is not None
    assert mismatch.line > at + 1
    assert mismatch.key.startswith(("outcome", "after", "row", "tried"))
    assert json.loads(lines[mismatch.line - 1])["kind"] == "step"
    assert (mismatch.recorded, mismatch.replayed) != (None, None)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("step", "after", "Paused"),
        ("step", "row", "count-due"),
        ("effect", "seconds", 99.0),
        ("run", "outcome", "unvalidated"),
        ("run", "best_position", 10_021),
    ],
)
def test_an_edited_decision_is_named_by_its_line_and_key(trace: Path, kind: str, key: str, value: Any) -> None:
    lines = lines_of(trace)
    wanted = {"kind": kind} | ({"effect": "start_timer"} if kind == "effect" else {})
    at = find(lines, **wanted)
    recorded = json.loads(lines[at])[key]
    lines[at] = changed(lines[at], **{key: value})
    mismatch = replay(put(trace, rechained(lines))).mismatch
    assert mismatch is not None
    assert (mismatch.line, mismatch.key, mismatch.recorded, mismatch.replayed) == (at + 1, key, value, recorded)


def test_a_derived_line_that_is_missing_is_named(trace: Path) -> None:
    lines = lines_of(trace)
    at = find(lines, kind="effect")
    tree = [json.loads(line) for line in lines[:at] + lines[at + 1 :]]
    renumbered = [json.dumps(line | {"seq": seq}) for seq, line in enumerate(tree)]
    mismatch = replay(put(trace, rechained(renumbered))).mismatch
    assert mismatch is not None
    assert mismatch.line == at + 1


def test_a_derived_line_that_nobody_would_have_written_is_named(trace: Path) -> None:
    lines = lines_of(trace)
    at = find(lines, kind="effect")
    doubled = [json.loads(line) for line in (*lines[: at + 1], *lines[at:])]
    renumbered = [json.dumps(line | {"seq": seq}) for seq, line in enumerate(doubled)]
    mismatch = replay(put(trace, rechained(renumbered))).mismatch
    assert mismatch is not None
    assert mismatch.line == at + 2


def test_numbers_may_differ_in_their_last_digits_and_no_more() -> None:
    assert difference({"a": [1.0]}, {"a": [1.0 + 1e-12]}) is None
    assert difference({"a": [1.0]}, {"a": [1.0 + 1e-6]}) == ("a[0]", 1.0, 1.0 + 1e-6)


@pytest.mark.parametrize(
    ("one", "other", "key"),
    [
        ({"a": None}, {"a": 0}, "a"),
        ({"a": [1]}, {"a": [1, 2]}, "a"),
        ({"a": {"b": "x"}}, {"a": {"b": "y"}}, "a.b"),
        ({"a": 1}, {}, "a"),
        ({}, {"a": 1}, "a"),
    ],
)
def test_any_other_difference_is_told_by_its_key(one: Any, other: Any, key: str) -> None:
    found = difference(one, other)
    assert found is not None
    assert found[0] == key


@pytest.mark.parametrize(
    "body",
    [
        {"profile": {"points": 3}},
        {"profile": None},
        {"machines": None},
        {"machines": [{"name": "session", "file": "x", "text": "nonsense = ["}]},
        {"machines": [{"name": "session", "file": "x", "text": 5}]},
    ],
    ids=str,
)
def test_a_header_that_cannot_be_used_is_an_error_not_a_traceback(trace: Path, body: dict[str, Any]) -> None:
    lines = lines_of(trace)
    lines[0] = changed(lines[0], **body)
    with pytest.raises(StatefocusError):
        replay(put(trace, rechained(lines)))


def test_an_event_of_the_wrong_type_is_an_error_with_its_line(trace: Path) -> None:
    lines = lines_of(trace)
    at = find(lines, event="focuser_moved")
    lines[at] = changed(lines[at], position="far")
    with pytest.raises(TraceError, match="position is 'far'") as raised:
        replay(put(trace, rechained(lines)))
    assert raised.value.line == at + 1


def test_the_header_holds_all_that_replay_needs(trace: Path) -> None:
    body = read_header(trace).body
    names = [machine["name"] for machine in body["machines"]]
    assert names == ["session", "session", "session", "confirmation", "offsets", "compensation"]
    assert body["profile"]["triggers"]["count"]["frames"] == 2
    assert body["origins"] == {"triggers.count.frames": "rig.toml:3"}
    assert (body["seed"], body["time_zone"]) == (1, "Europe/Vienna")


# --- diff ---


def test_a_trace_does_not_differ_from_itself(trace: Path) -> None:
    assert diff(trace, trace) is None


def test_two_nights_part_where_their_decisions_part(trace: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.jsonl", scripted_night(best=10_000))
    found = diff(trace, other)
    assert found is not None
    assert found.left is not None
    assert found.right is not None
    assert (found.left.line, found.key) == (found.right.line, "best_position")


def test_a_night_that_ends_early_differs_where_it_ends(trace: Path, tmp_path: Path) -> None:
    lines = lines_of(trace)
    short = put(tmp_path / "short.jsonl", lines[: len(lines) // 2])
    found = diff(short, trace)
    assert found is not None
    assert (found.key, found.left) == ("one trace ends", None)


def test_the_first_divergence_knows_its_event(trace: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.jsonl", scripted_night(best=10_000))
    found = diff(trace, other)
    assert found is not None
    for path, side in ((trace, found.left), (other, found.right)):
        assert side is not None
        assert side.event is not None
        line = json.loads(lines_of(path)[side.event.number - 1])
        assert (line["kind"], line["event"]) == ("event", side.event.body["event"])
        assert side.event.number < side.line


def compared(left: Path, right: Path) -> tuple[int, str]:
    shown = CliRunner().invoke(app, ["diff", str(left), str(right)])
    return shown.exit_code, shown.output


def test_diff_shows_the_event_that_led_to_the_first_divergence(trace: Path, tmp_path: Path) -> None:
    code, shown = compared(trace, write(tmp_path / "other.jsonl", scripted_night(best=10_000)))
    assert code == 1
    assert len(re.findall(r"    it follows from line \d+: \w+", shown)) == 2


@pytest.mark.parametrize("forged", [False, True])
def test_diff_names_the_place_of_a_derived_line_that_was_removed(trace: Path, tmp_path: Path, forged: bool) -> None:
    lines = lines_of(trace)
    index = find(lines, event="safety_read") + 1
    assert [json.loads(line)["kind"] for line in lines[index - 1 : index + 2]] == ["event", "step", "event"]
    cut = [*lines[:index], *lines[index + 1 :]]
    if forged:
        cut = rechained([changed(line, seq=seq) for seq, line in enumerate(cut)])
    other = put(tmp_path / "cut.jsonl", cut)
    code, shown = compared(trace, other)
    assert f"B {other}:{index + 1}: " in shown
    assert "removed" in shown
    assert "Same decisions" not in shown
    assert code == 1


def test_diff_of_a_trace_with_itself_exits_zero(trace: Path) -> None:
    assert compared(trace, trace) == (0, "Same decisions.\n")


# --- explain ---


def said(trace: Path, at: str) -> str:
    return explain(trace, at).text


def test_explain_tells_of_a_run_under_way_and_what_began_it(trace: Path) -> None:
    text = said(trace, "20:30:40")
    assert "At 20:30:40 (Europe/Vienna) the session was in " in text
    assert "the session was in Refocusing." in text
    assert "begun by row `first-frame-due`" in text


def test_explain_tells_how_the_last_run_ended_and_why(trace: Path) -> None:
    text = said(trace, "20:34:00")
    assert "number 2 (due to temperature)" in text
    assert "ended restored" in text
    assert "measure_frame failed on purpose." in text


def test_explain_names_the_guard_that_said_no_and_since_when(trace: Path) -> None:
    text = said(trace, "20:35:30")
    assert "were due, and a guard said no" in text
    assert "`safe` failed since 20:35:18: the safety_read at 20:35:18 said safe false." in text
    assert "has been due and inhibited since 20:35:18" in text


def test_explain_lists_every_trigger_with_its_reading_and_limit(trace: Path) -> None:
    text = said(trace, "20:35")
    for name in ("temperature [", "count [", "time [", "filter: ", "flip: ", "asap: ", "first_frame: "):
        assert f"  {name}" in text


def test_explain_refuses_a_time_outside_the_night(trace: Path) -> None:
    with pytest.raises(UsageError, match="lies outside this trace"):
        explain(trace, "04:00")


def test_explain_reads_utc_with_z(trace: Path) -> None:
    assert said(trace, "19:31Z") == said(trace, "20:31")


def test_a_minute_stands_for_its_end(trace: Path) -> None:
    assert "At 20:30:59 (" in said(trace, "20:30")
    assert said(trace, "20:30") == said(trace, "20:30:59")


# --- the focusing log ---


def test_the_focusing_log_has_one_entry_a_run_failed_ones_too(trace: Path) -> None:
    found = focus_log(trace)
    header, entries = found.header, found.entries
    assert found.damage == []
    assert header.kind == "header"
    assert [(entry.number, entry.outcome, entry.position) for entry in entries] == [
        (1, "validated", 10_020),
        (2, "restored", entries[1].position),
        (3, "cancelled", entries[2].position),
    ]
    good, failed, cancelled = entries
    assert good.causes == ("first_frame",)
    assert good.measure == pytest.approx(2.0)
    assert (failed.measure, failed.reason) == (None, "measure_frame failed on purpose.")
    assert cancelled.reason == "The safety monitor says that it is not safe."
    assert cancelled.temperature_c == pytest.approx(9.0)
    assert all((entry.seconds or 0.0) > 0 and entry.as_json()["t"] == entry.t for entry in entries)
