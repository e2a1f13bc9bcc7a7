"""Audit: every golden trace is clean, and every way of tampering with one is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statefocus.errors import TraceError
from statefocus.trace.auditing import Finding, audit
from tests.generate import TRACES

from .tapes import changed, find, lines_of, put, rechained

Lines = list[str]


def broken(path: Path) -> set[str]:
    return {finding.rule for finding in audit(path).findings}


def edited(lines: Lines, index: int, change: Callable[[dict[str, Any]], None]) -> Lines:
    """Lines in which one says something else, with every digest made right again."""
    tree = json.loads(lines[index])
    change(tree)
    return rechained([*lines[:index], json.dumps(tree, ensure_ascii=False, separators=(",", ":")), *lines[index + 1 :]])


def renumbered(lines: Lines) -> Lines:
    return rechained([changed(line, seq=seq) for seq, line in enumerate(lines)])


@pytest.mark.parametrize("night", sorted(TRACES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_a_golden_night_is_clean(night: Path) -> None:
    found = audit(night)
    assert found.findings == []
    assert found.notes == []
    assert found.runs > 0


def test_the_scripted_night_is_clean_without_a_readable_profile(trace: Path) -> None:
    for profile in (None, 5, {"schema": 99}):
        put(trace, edited(lines_of(trace), 0, lambda tree, value=profile: tree.update(profile=value)))  # type: ignore[misc]
        assert audit(trace).clean


# --- digests ---


def test_a_removed_line_is_named(trace: Path) -> None:
    lines = lines_of(trace)
    put(trace, [*lines[:20], *lines[21:]])
    assert Finding(21, "missing", "1 lines before it were removed.") in audit(trace).findings


def test_an_edited_line_is_named(trace: Path) -> None:
    lines = lines_of(trace)
    index = find(lines, event="safety_read")
    put(trace, [*lines[:index], lines[index].replace("true", "null"), *lines[index + 1 :]])
    assert Finding(index + 1, "edited", "its text is not what was written.") in audit(trace).findings


def test_reordered_lines_are_named(trace: Path) -> None:
    lines = lines_of(trace)
    put(trace, [*lines[:20], lines[21], lines[20], *lines[22:]])
    assert {(one.line, one.rule) for one in audit(trace).findings} >= {(21, "missing"), (22, "missing")}


def test_lines_cut_off_at_the_end_are_noted(trace: Path) -> None:
    lines = lines_of(trace)
    put(trace, lines[:40])
    found = audit(trace)
    assert found.clean
    assert "stops before the session ended" in found.notes[0]


# --- what a hand leaves that makes the digests right again ---


def test_a_removed_step_is_missed_by_its_event(trace: Path) -> None:
    lines = lines_of(trace)
    index = find(lines, kind="step", outcome="ignored")
    put(trace, renumbered([*lines[:index], *lines[index + 1 :]]))
    assert "step" in broken(trace)


def test_a_time_that_goes_back_is_told(trace: Path) -> None:
    put(trace, edited(lines_of(trace), 30, lambda tree: tree.update(t=tree["t"] - 3600)))
    assert "time" in broken(trace)


FIELDS: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], None]]] = {
    "event kind": ({"event": "mount_read"}, lambda tree: tree.update(event="omen")),
    "event field": ({"event": "mount_read"}, lambda tree: tree.update(mood="good")),
    "event type": ({"event": "mount_read"}, lambda tree: tree.update(tracking="yes")),
    "outcome": ({"kind": "step"}, lambda tree: tree.update(outcome="wished")),
    "ruling": ({"kind": "step", "row": "first-frame-due"}, lambda tree: tree["tried"][0]["guards"].update(safe="well")),
    "effect kind": ({"effect": "take_frame"}, lambda tree: tree.update(effect="take_cake")),
    "effect type": ({"effect": "move_focuser"}, lambda tree: tree.update(position="far")),
    "effect field": ({"effect": "move_focuser"}, lambda tree: tree.update(speed=3)),
    "run outcome": ({"kind": "run"}, lambda tree: tree.update(outcome="glorious")),
    "run type": ({"kind": "run"}, lambda tree: tree.update(best_position="there")),
    "second header": ({"kind": "event"}, lambda tree: tree.update(kind="header")),
}


@pytest.mark.parametrize(("wanted", "change"), FIELDS.values(), ids=FIELDS)
def test_a_field_that_cannot_be_is_told_with_its_line(
    trace: Path, wanted: dict[str, Any], change: Callable[[dict[str, Any]], None]
) -> None:
    lines = lines_of(trace)
    index = find(lines, **wanted)
    put(trace, edited(lines, index, change))
    assert (index + 1, "schema") in {(one.line, one.rule) for one in audit(trace).findings}


ORDER: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], None], str]] = {
    "step of another event": ({"kind": "step"}, lambda tree: tree.update(of=tree["of"] + 50), "step"),
    "state out of nowhere": ({"kind": "step", "row": "preparing"}, lambda tree: tree.update(before="Paused"), "state"),
    "effect number twice": ({"effect": "prepare_focuser"}, lambda tree: tree.update(id=1), "effect"),
    "answer to nothing": ({"event": "frame_taken"}, lambda tree: tree.update(effect=9999), "answer"),
    "answer of another kind": ({"event": "frame_taken"}, lambda tree: tree.update(effect=1), "answer"),
}


@pytest.mark.parametrize(("wanted", "change", "rule"), ORDER.values(), ids=ORDER)
def test_what_does_not_follow_is_told(
    trace: Path, wanted: dict[str, Any], change: Callable[[dict[str, Any]], None], rule: str
) -> None:
    lines = lines_of(trace)
    put(trace, edited(lines, find(lines, **wanted), change))
    assert rule in broken(trace)


# --- the inviolable rules ---


@pytest.mark.parametrize("said", ["failed", "unknown"])
@pytest.mark.parametrize("guard", ["tracking", "unparked", "safe", "light_plan", "aids_closed", "triggers_armed"])
def test_a_run_past_a_guard_is_found(trace: Path, guard: str, said: str) -> None:
    lines = lines_of(trace)
    index = find(lines, kind="step", row="first-frame-due")

    def lie(tree: dict[str, Any]) -> None:
        taken = next(one for one in tree["tried"] if one["row"] == "first-frame-due")
        taken["guards"][guard] = said

    put(trace, edited(lines, index, lie))
    found = audit(trace).findings
    assert [(one.line, one.rule) for one in found] == [(index + 1, "guards")]
    assert f"`{guard}` is {said}" in found[0].sentence


def test_a_run_without_a_guard_is_found(trace: Path) -> None:
    lines = lines_of(trace)

    def forget(tree: dict[str, Any]) -> None:
        for tried in tree["tried"]:
            tried["guards"].pop("flip_not_imminent", None)

    put(trace, edited(lines, find(lines, kind="step", row="first-frame-due"), forget))
    assert broken(trace) == {"guards"}


def test_a_guard_that_the_last_event_contradicts_is_found(trace: Path) -> None:
    lines = lines_of(trace)
    put(trace, edited(lines, find(lines, event="mount_read"), lambda tree: tree.update(tracking=False)))
    found = audit(trace).findings
    assert [one.rule for one in found] == ["guards"]
    assert "told that the mount does not track" in found[0].sentence


def test_a_correction_in_a_run_is_found(trace: Path) -> None:
    lines = lines_of(trace)
    index = find(lines, effect="move_focuser", purpose="sweep")
    put(trace, edited(lines, index, lambda tree: tree.update(purpose="compensation")))
    assert "compensation" in broken(trace)


def test_a_plan_left_held_is_found(trace: Path) -> None:
    lines = lines_of(trace)
    last = max(index for index, line in enumerate(lines) if '"effect":"resume_plan"' in line)
    left = [line for index, line in enumerate(lines) if index != last]
    put(trace, renumbered(left))
    assert "plan" in broken(trace)


OUTCOMES: dict[str, Callable[[dict[str, Any]], None]] = {
    "measure": lambda tree: tree.update(validation_measures=[tree["predicted_measure"] * 1.2]),
    "no measure": lambda tree: tree.update(validation_measures=[]),
    "no star": lambda tree: tree.update(validation_measures=[None]),
    "no fit": lambda tree: tree.update(fit=None),
    "position": lambda tree: tree.update(best_position=tree["best_position"] + 40),
    "verdict": lambda tree: tree["fit"].update(accepted=False, model="none", best_position=None),
}


@pytest.mark.parametrize("change", OUTCOMES.values(), ids=OUTCOMES)
def test_a_run_that_was_not_validated_is_found(trace: Path, change: Callable[[dict[str, Any]], None]) -> None:
    lines = lines_of(trace)
    index = find(lines, kind="run", outcome="validated")
    put(trace, edited(lines, index, change))
    assert (index + 1, "outcome") in {(one.line, one.rule) for one in audit(trace).findings}


def test_a_failed_run_that_did_not_go_back_is_found(trace: Path) -> None:
    lines = lines_of(trace)
    index = find(lines, effect="move_focuser", purpose="restore")
    put(trace, edited(lines, index, lambda tree: tree.update(position=tree["position"] + 25)))
    assert broken(trace) == {"restore"}


def test_what_is_no_trace_exits_two(trace: Path) -> None:
    put(trace, ["{}"])
    with pytest.raises(TraceError) as raised:
        audit(trace)
    assert raised.value.exit_code == 2
