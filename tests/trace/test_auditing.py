"""Audit: every golden trace is clean, and every way of tampering with one is found and named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statefocus import events
from statefocus.errors import TraceError
from statefocus.session import MAY_BY_HAND, MAY_REFOCUS
from statefocus.testing import SimulatedRig
from statefocus.trace.auditing import Finding, audit
from statefocus.trace.replaying import replay
from tests.core.rigs import OFF
from tests.generate import TRACES

from .tapes import PROFILE, Lines, changed, changed_all, edited, find, golden, lines_of, put, rechained, record, write


def broken(path: Path) -> set[str]:
    return {finding.rule for finding in audit(path).findings}


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
    assert Finding(21, "missing", "1 line before it was removed.") in audit(trace).findings


def test_an_edited_line_is_named(trace: Path) -> None:
    lines = lines_of(trace)
    index = find(lines, event="safety_read")
    put(trace, [*lines[:index], lines[index].replace("true", "null"), *lines[index + 1 :]])
    assert Finding(index + 1, "edited", "its text is not what was written.") in audit(trace).findings


def test_reordered_lines_are_named(trace: Path) -> None:
    lines = lines_of(trace)
    put(trace, [*lines[:20], lines[21], lines[20], *lines[22:]])
    assert {(one.line, one.rule) for one in audit(trace).findings} >= {(21, "missing"), (22, "missing")}


def test_that_the_very_last_line_was_removed_is_noted(trace: Path) -> None:
    lines = trace.read_bytes().splitlines(keepends=True)
    trace.write_bytes(b"".join(lines[:-1]))
    assert "stops before the session ended" in audit(trace).notes[0]
    assert not replay(trace).ended


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
    past = [one.sentence for one in found if "was taken past" in one.sentence]
    assert len(past) == 2  # as the run begins, and once its plan is held
    assert all("told that the mount does not track" in sentence for sentence in past)
    others = [one.sentence for one in found if "was taken past" not in one.sentence]
    assert others
    assert all("guard `tracking` of row" in sentence and sentence.endswith("makes it failed.") for sentence in others)


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
    assert broken(trace) == {"restore", "move"}  # and its answer is not where it was sent


# --- golden nights, forged ---


def ruled(row: str, guard: str, said: str) -> Callable[[dict[str, Any]], None]:
    def rule(tree: dict[str, Any]) -> None:
        next(one for one in reversed(tree["tried"]) if one["row"] == row)["guards"][guard] = said

    return rule


@pytest.mark.parametrize("guard", ["temperature_due", "backoff_over", "nothing_ahead", "session_goes_on"])
def test_any_guard_of_a_row_that_was_taken_must_have_passed(tmp_path: Path, guard: str) -> None:
    lines = golden("cooling_tube", tmp_path / "forged.jsonl")
    index = find(lines, kind="step", row="temperature-due")
    put(tmp_path / "forged.jsonl", edited(lines, index, ruled("temperature-due", guard, "failed")))
    found = [one for one in audit(tmp_path / "forged.jsonl").findings if one.rule != "reading"]
    assert [(one.line, one.rule) for one in found] == [(index + 1, "guards")]
    assert f"`{guard}` is failed" in found[0].sentence


def test_a_guard_of_another_machine_must_have_passed_too(tmp_path: Path) -> None:
    path = tmp_path / "forged.jsonl"
    lines = golden("compensation_in_real_time", path)
    index = find(lines, kind="step", machine="compensation", row="correct-in-real-time")
    put(path, edited(lines, index, ruled("correct-in-real-time", "correction_due", "unknown")))
    assert (index + 1, "guards") in {(one.line, one.rule) for one in audit(path).findings}


def all_pass(tree: dict[str, Any]) -> None:
    tree["tried"][0]["guards"] = dict.fromkeys(tree["tried"][0]["guards"], "passed")


def none_due(tree: dict[str, Any]) -> None:
    for one in tree["tried"][:-1]:
        one["guards"] |= {name: "failed" for name in one["guards"] if name.endswith("_due")}


TRIED: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "passed over": (all_pass, "passed over, and none of its guards blocked it"),
    "not due": (none_due, "its outcome is inhibited, and no row's trigger was due"),
    "not told": (lambda tree: tree.update(outcome="taken"), "its outcome is taken, and a row's trigger was due"),
    "no row": (lambda tree: tree.update(outcome="taken", row=None), "it names no row"),
    "another row": (lambda tree: tree.update(row="pause-begins"), "none of its guards is recorded"),
}


@pytest.mark.parametrize(("change", "sentence"), TRIED.values(), ids=TRIED)
def test_rows_that_were_tried_must_agree_with_the_outcome(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    path = tmp_path / "forged.jsonl"
    lines = golden("dusk", path)
    index = find(lines, kind="step", outcome="inhibited", row="between-frames")
    put(path, edited(lines, index, change))
    found = audit(path).findings
    assert sentence in " ".join(one.sentence for one in found if (one.line, one.rule) == (index + 1, "guards"))


@pytest.mark.parametrize("number", [1, 4])
def test_a_run_without_its_line_is_found(tmp_path: Path, number: int) -> None:
    path = tmp_path / "forged.jsonl"
    lines = golden("cooling_tube", path)
    index = find(lines, kind="run", number=number)
    put(path, renumbered_after(lines, index))
    found = audit(path).findings
    assert [one.rule for one in found if "no `run` line" in one.sentence] == ["run"]


def test_a_session_that_was_cut_off_in_a_run_is_told_in_one_sentence(tmp_path: Path) -> None:
    rig = SimulatedRig(PROFILE)
    rig.send(events.PlanStarted(frame_type="Light"))
    rig.until("Refocusing.Measuring")
    rig.send(events.SessionEnding(reason="Ctrl-C"))
    rig.send(events.SessionEnded(reason="Ctrl-C"))
    (found,) = audit(write(tmp_path / "cut.jsonl", rig)).findings
    assert found.rule == "run"
    assert found.sentence.startswith("the session was cut off in the middle of run 1, which began at line ")
    assert "; the plan was held at line " in found.sentence


def test_where_no_plan_ran_none_is_still_held(tmp_path: Path) -> None:
    rig = SimulatedRig(PROFILE)
    rig.send(events.RefocusRequested())
    rig.until("Refocusing.Measuring")
    rig.send(events.SessionEnding(reason="Ctrl-C"))
    rig.send(events.SessionEnded(reason="Ctrl-C"))
    (found,) = audit(write(tmp_path / "cut.jsonl", rig)).findings
    assert "held" not in found.sentence


def after_a_cut_off(**profile: Any) -> SimulatedRig:
    """A session that begins with the focuser at 10200, where one that was cut off had left it; it stood at 10000."""
    rig = SimulatedRig({**PROFILE, **profile}, position=10_200)
    rig.log.clear()
    rig.state = rig.session.begin(rig.t)
    rig.send(events.SessionStarted(position=10_200, max_step=50_000, unfinished=10_000))
    rig.until("")
    return rig


def test_a_correction_after_a_run_that_was_cut_off_begins_where_that_had_begun(tmp_path: Path) -> None:
    rig = after_a_cut_off(compensation={**PROFILE["compensation"], "max_correction_steps": 30, "max_total_steps": 100})
    rig.tell(events.TriggersPaused())
    rig.read_temperature(*[10.0] * 3, *[9.0] * 3)
    assert rig.moves == [9_988]
    assert audit(write(tmp_path / "night.jsonl", rig)).findings == []


@pytest.mark.parametrize("kind", ["embedded", "gate"])
def test_a_run_that_is_made_again_is_clean(tmp_path: Path, kind: str) -> None:
    rig = after_a_cut_off(host={"kind": kind})
    rig.read_facts()
    assert len(rig.runs) == (kind == "embedded"), "a host that calls the gate may be taking a frame"
    rig.start_plan()
    rig.take_frames(1)
    assert "asap" in rig.runs[0].causes
    path = write(tmp_path / "night.jsonl", rig)
    assert audit(path).findings == []
    assert replay(path).same


def test_a_run_that_is_made_again_into_a_frame_that_nobody_has_told_of_is_found(tmp_path: Path) -> None:
    rig = after_a_cut_off(host={"kind": "gate"})
    rig.read_facts()
    path = write(tmp_path / "night.jsonl", rig)
    lines = lines_of(path)
    index, row = passed_over(lines, "between_frames", "failed")
    put(path, edited(lines, index, ruled(row, "between_frames", "passed")))
    assert any("the host had not told yet what it did" in one.sentence for one in audit(path).findings)


def renumbered_after(lines: Lines, index: int) -> Lines:
    """Lines without one of them, with every number and digest made right again."""
    left = [json.loads(line) for line in (*lines[:index], *lines[index + 1 :])]
    moved = {tree["seq"]: seq for seq, tree in enumerate(left)}
    for seq, tree in enumerate(left):
        tree["seq"] = seq
        if "of" in tree:
            tree["of"] = moved[tree["of"]]
    return rechained([json.dumps(tree, ensure_ascii=False, separators=(",", ":")) for tree in left])


def test_a_line_of_a_run_that_is_not_under_way_is_found(tmp_path: Path) -> None:
    path = tmp_path / "forged.jsonl"
    lines = golden("cooling_tube", path)
    index = find(lines, kind="run", number=2)
    put(path, edited(lines, index, lambda tree: tree.update(number=9)))
    assert (index + 1, "run") in {(one.line, one.rule) for one in audit(path).findings}


def test_a_run_that_is_hidden_in_the_envelopes_is_found_by_what_it_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "forged.jsonl"
    left = [json.loads(line) for line in golden("cooling_tube", path)]
    for tree in left:
        tree.pop("run", None)
    put(path, rechained([json.dumps(tree, ensure_ascii=False, separators=(",", ":")) for tree in left]))
    assert "run" in broken(path)


def silenced(name: str, **said: Any) -> Callable[[dict[str, Any]], None]:
    def silence(tree: dict[str, Any]) -> None:
        if tree.get("event") == name:
            tree.update(said)

    return silence


FACTS: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "tracking": ("could not tell", silenced("mount_read", tracking=None)),
    "unparked": ("could not tell", silenced("mount_read", parked=None)),
    "safe": ("could not tell", silenced("safety_read", safe=None)),
    "flip_not_imminent": ("no time for a run", silenced("mount_read", flip_in_s=5.0)),
    "light_plan": ("no Light frame", silenced("plan_started", frame_type="Dark")),
}


@pytest.mark.parametrize("guard", FACTS)
def test_a_guard_that_passed_on_a_fact_that_does_not_hold_is_found(tmp_path: Path, guard: str) -> None:
    path = tmp_path / "forged.jsonl"
    sentence, change = FACTS[guard]
    changed_all(golden("cooling_tube", path), change, path)
    said = [one.sentence for one in audit(path).findings if one.rule == "guards"]
    assert any(f"guard `{guard}`, and " in one and sentence in one for one in said)


def test_a_guard_that_passed_on_what_nobody_told_is_found(tmp_path: Path) -> None:
    path = tmp_path / "forged.jsonl"

    def untold(tree: dict[str, Any]) -> None:
        if tree.get("event") == "safety_read":
            del tree["safe"]
            tree["event"] = "triggers_resumed"

    changed_all(golden("cooling_tube", path), untold, path)
    assert any("`safe`, and no event before had ever told it" in one.sentence for one in audit(path).findings)


def test_a_fact_that_was_stale_is_found_by_the_profiles_limit(tmp_path: Path) -> None:
    path = tmp_path / "forged.jsonl"
    lines = golden("cooling_tube", path)
    begun = json.loads(lines[find(lines, kind="step", row="temperature-due")])

    def hush(tree: dict[str, Any]) -> None:
        if tree.get("event") == "safety_read" and begun["t"] - 200 < tree["t"] <= begun["t"]:
            del tree["safe"]
            tree["event"] = "triggers_resumed"

    changed_all(lines, hush, path)
    assert any("`safe`, and the last event about it was" in one.sentence for one in audit(path).findings)


def test_a_night_that_was_not_dark_is_found(tmp_path: Path) -> None:
    path = tmp_path / "forged.jsonl"
    changed_all(golden("dusk", path), silenced("sun_read", altitude_deg=-3.0), path)
    assert any("`astro_night`, and the last event" in one.sentence for one in audit(path).findings)


INVIOLABLE = sorted({*MAY_REFOCUS, *MAY_BY_HAND, "no_flip", "between_frames", "session_goes_on"} - {"astro_night"})


def passed_over(lines: Lines, guard: str, ruling: str) -> tuple[int, str]:
    """Index of the first step that has tried a row in vain in which a guard said so, and the row's name."""
    for index, line in enumerate(lines):
        tree = json.loads(line)
        for one in tree.get("tried", ()):
            if one["row"] != tree["row"] and one["guards"].get(guard) == ruling and "failed" in one["guards"].values():
                return index, one["row"]
    raise LookupError(guard)


@pytest.mark.parametrize("said", ["failed", "unknown"])
@pytest.mark.parametrize("guard", INVIOLABLE)
def test_a_guard_that_blocked_though_the_facts_let_it_pass_is_found(tmp_path: Path, guard: str, said: str) -> None:
    path = tmp_path / "forged.jsonl"
    lines = golden("asap_and_a_pause", path)
    index, row = passed_over(lines, guard, "passed")
    put(path, edited(lines, index, ruled(row, guard, said)))
    found = audit(path).findings
    assert [(one.line, one.rule) for one in found] == [(index + 1, "guards")]
    assert f"guard `{guard}` of row `{row}` is {said}, and " in found[0].sentence


BLOCKED: dict[str, tuple[str, str, str]] = {
    "safe": ("unsafe_at_the_start_and_at_the_flip", "failed", "makes it failed"),
    "triggers_armed": ("asap_and_a_pause", "failed", "the triggers were paused"),
    "astro_night": ("dusk", "failed", "makes it failed"),
}


@pytest.mark.parametrize("said", ["passed", "unknown"])
@pytest.mark.parametrize("guard", BLOCKED)
def test_a_guard_of_a_row_that_was_not_taken_is_held_against_the_facts_too(
    tmp_path: Path, guard: str, said: str
) -> None:
    path = tmp_path / "forged.jsonl"
    night, ruling, why = BLOCKED[guard]
    lines = golden(night, path)
    index, row = passed_over(lines, guard, ruling)
    put(path, edited(lines, index, ruled(row, guard, said)))
    assert any(
        one.line == index + 1
        and f"guard `{guard}` of row `{row}` is {said}, and " in one.sentence
        and why in one.sentence
        for one in audit(path).findings
    )


def test_a_fact_that_nobody_told_leaves_its_guard_unknown(tmp_path: Path) -> None:
    path = tmp_path / "forged.jsonl"
    changed_all(golden("unsafe_at_the_start_and_at_the_flip", path), silenced("safety_read", safe=None), path)
    said = {one.sentence for one in audit(path).findings if "guard `safe` of row" in one.sentence}
    assert said
    assert all("is failed, and the last event about it could not tell" in one or "is passed" in one for one in said)


def test_where_lines_are_missing_no_guard_is_held_against_what_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "forged.jsonl"
    lines = golden("asap_and_a_pause", path)
    index = find(lines, event="triggers_paused")
    put(path, renumbered([line for line in lines if json.loads(line).get("event") != "triggers_paused"]))
    assert any("triggers were not paused" in one.sentence for one in audit(path).findings)
    put(path, [*lines[:index], *lines[index + 1 :]])
    assert not any("triggers were not paused" in one.sentence for one in audit(path).findings)


def test_an_answer_that_came_too_late_tells_nothing_of_the_plan(tmp_path: Path) -> None:
    rig = SimulatedRig({"triggers": {**OFF, "count": {"frames": 1}}})
    rig.start_plan()
    (step,) = rig.send(events.PlanAborted(effect=1))
    assert step.outcome == "stale"
    rig.open_shutter()
    rig.close_shutter(next_frame_type="Dark")
    record(tmp_path / "night.jsonl", rig, rig.log)
    assert {one.rule for one in audit(tmp_path / "night.jsonl").findings} <= {"answer"}


def test_a_flip_whose_end_is_untold_is_over_with_the_next_exposure(tmp_path: Path) -> None:
    rule = {"enabled": True, "steps_per_degree": 10.0, "average_readings": 1, "mode": "real_time"}
    rig = SimulatedRig({"triggers": OFF, "compensation": rule})
    rig.start_plan()
    rig.tell(events.FlipStarted())
    rig.open_shutter()
    rig.read_temperature(10.0, 9.0)
    assert rig.position == 9_990
    record(tmp_path / "night.jsonl", rig, rig.log)
    assert audit(tmp_path / "night.jsonl").findings == []


@pytest.mark.parametrize("position", [10_200, None])
def test_a_focus_of_the_hosts_own_takes_the_focuser_back_from_another_hand(
    tmp_path: Path, position: int | None
) -> None:
    rig = SimulatedRig({"triggers": {**OFF, "count": {"frames": 1}}})
    rig.start_plan()
    for event in (events.FocuserRead(position=10_060), events.HostFocusing(), events.HostRefocused(position=position)):
        rig.tell(event)
    rig.take_frames(1)
    assert len(rig.runs) == (position is not None)
    record(tmp_path / "night.jsonl", rig, rig.log)
    assert audit(tmp_path / "night.jsonl").findings == []


def test_a_reading_while_our_own_move_is_under_way_is_nobodys_hand(tmp_path: Path) -> None:
    rule = {"enabled": True, "steps_per_degree": 10.0, "average_readings": 1, "mode": "real_time"}
    rig = SimulatedRig({"triggers": {**OFF, "count": {"frames": 1}}, "compensation": rule})
    rig.start_plan()
    rig.read_temperature(10.0)
    rig.t += 10.0
    rig.send(events.TemperatureRead(focuser_c=9.0, external_c=9.0))
    rig.send(events.FocuserRead(position=9_995))
    rig.until("")
    rig.take_frames(1)
    assert [run.outcome for run in rig.runs] == ["validated"]
    record(tmp_path / "night.jsonl", rig, rig.log)
    assert audit(tmp_path / "night.jsonl").findings == []


GROUND: dict[str, tuple[str, dict[str, Any]]] = {
    "unsafe": ("safety_read", {"safe": False}),
    "parked": ("mount_read", {"parked": True}),
    "not tracking": ("mount_read", {"tracking": False}),
}


@pytest.mark.parametrize(("name", "said"), GROUND.values(), ids=GROUND)
@pytest.mark.parametrize("outcome", ["validated", "unvalidated"])
def test_a_run_that_went_on_without_its_ground_is_found(
    tmp_path: Path, name: str, said: dict[str, Any], outcome: str
) -> None:
    path = tmp_path / "forged.jsonl"
    lines = golden("cooling_tube", path)
    lines = edited(lines, find(lines, event=name, run=2), lambda tree: tree.update(said))
    index = find(lines, kind="run", number=2)
    put(path, edited(lines, index, lambda tree: tree.update(outcome=outcome)))
    assert (index + 1, "ground") in {(one.line, one.rule) for one in audit(path).findings}


def test_a_guard_that_was_not_used_takes_no_ground_away(tmp_path: Path) -> None:
    path = tmp_path / "forged.jsonl"
    lines = golden("cooling_tube", path)
    lines = edited(lines, find(lines, event="mount_read", run=2), lambda tree: tree.update(tracking=False))
    index = find(lines, kind="step", row="temperature-due")
    put(path, edited(lines, index, ruled("temperature-due", "tracking", "not_used")))
    assert "ground" not in broken(path)


def test_renamed_states_change_nothing_of_what_is_found(tmp_path: Path) -> None:
    path = tmp_path / "forged.jsonl"
    names = {"Refocusing": "Focusing", "Validating": "Checking", "Restoring": "GoingBack", "Concluding": "Closing"}

    def rename(tree: dict[str, Any]) -> None:
        for key in ("before", "after"):
            first, dot, rest = str(tree.get(key)).partition(".")
            if tree["kind"] == "step" and first in names:
                tree[key] = names[first] + dot + rest

    changed_all(golden("unsafe_in_the_middle_of_a_run", path), rename, path)
    assert audit(path).clean
    lines = lines_of(path)
    index = find(lines, effect="move_focuser", purpose="sweep")
    put(path, edited(lines, index, lambda tree: tree.update(purpose="compensation")))
    assert broken(path) == {"compensation"}


# --- lines that cannot be read ---


def test_every_line_that_cannot_be_read_is_named_and_the_others_are_still_checked(trace: Path) -> None:
    lines = lines_of(trace)
    lines[20], lines[30] = "rain", lines[30].replace('"t":', '"x":NaN,"t":')
    index = next(index for index, line in enumerate(lines) if index > 40 and '"safe":true' in line)
    lines[index] = lines[index].replace("true", "null")
    found = audit(put(trace, lines))
    assert [(one.line, one.rule) for one in found.findings if one.rule == "unreadable"] == [
        (21, "unreadable"),
        (31, "unreadable"),
    ]
    assert "NaN and Infinity are not allowed" in found.findings[1].sentence
    assert [(one.line, one.rule) for one in found.findings[2:]] == [(index + 1, "edited")]
    assert found.lines == len(lines)
    assert any(note.startswith("From line 21 on, only digests") for note in found.notes)
    assert not any("stops before the session ended" in note for note in found.notes)


def test_a_line_that_cannot_be_read_is_not_told_as_removed_and_one_removed_after_it_is(trace: Path) -> None:
    lines = lines_of(trace)
    lines[20] = "rain"
    put(trace, lines)
    assert [(one.line, one.rule) for one in audit(trace).findings] == [(21, "unreadable")]
    put(trace, [*lines[:21], *lines[22:]])
    assert [(one.line, one.rule) for one in audit(trace).findings] == [(21, "unreadable"), (22, "missing")]


def test_of_many_lines_that_cannot_be_read_the_first_are_named_and_the_others_counted(trace: Path) -> None:
    lines = lines_of(trace)
    put(trace, [*lines[:5], *["rain"] * 50, *lines[55:]])
    found = [one for one in audit(trace).findings if one.rule == "unreadable"]
    assert [one.line for one in found] == [*range(6, 26), 55]
    assert found[-1].sentence == "30 more lines cannot be read; this is the last."


def test_what_is_no_trace_exits_two(trace: Path) -> None:
    put(trace, ["{}"])
    with pytest.raises(TraceError) as raised:
        audit(trace)
    assert raised.value.exit_code == 2
