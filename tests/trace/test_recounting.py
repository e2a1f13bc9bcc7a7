"""What was derived must follow from the events: forged guards, moves, readings, corrections and records are found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings

from statefocus import events
from statefocus.effects import Effect
from statefocus.testing import SimulatedRig, failed
from statefocus.trace.auditing import Finding, audit
from tests.core.nights import ACTS, PROFILES, play
from tests.core.rigs import OFF

from .tapes import changed_all, edited, find, golden, lines_of, put, record

Tree = dict[str, Any]


@pytest.fixture
def forged(tmp_path: Path) -> Path:
    return tmp_path / "forged.jsonl"


def told(path: Path, rule: str) -> list[tuple[int, str]]:
    return [(one.line, one.sentence) for one in audit(path).findings if one.rule == rule]


def forge(night: str, path: Path, change: Callable[[Tree], None], **wanted: Any) -> int:
    """Change the first line of a golden night with these values; gives its number."""
    lines = golden(night, path)
    index = find(lines, **wanted)
    put(path, edited(lines, index, change))
    return index + 1


# --- no false alarms ---


@settings(deadline=None, derandomize=True, max_examples=15)
@given(profile=PROFILES, acts=ACTS)
def test_a_random_night_is_recounted_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, profile: Tree, acts: list[Any]
) -> None:
    assume("nan" not in repr(acts))  # no trace can hold a reading that is no number
    rig = play(profile, acts)
    rig.until("")
    path = tmp_path_factory.mktemp("nights") / "night.jsonl"
    record(path, rig, rig.log)
    recounted = ("record", "person", "move", "reading", "compensation", "guards", "run")
    assert [one for one in audit(path).findings if one.rule in recounted] == []


def test_a_run_while_the_plan_was_handed_over_paused_needs_no_fresh_word_of_its_frames(forged: Path) -> None:
    rig = SimulatedRig({"failure": {"policy": "pause", "retry_after_min": 0.0}})
    rig.read_facts()
    rig.script("measure_frame", failed)
    rig.start_plan()
    rig.t += 1000.0
    rig.read_facts()
    rig.tell(events.RefocusRequested())
    record(forged, rig, rig.log)
    assert [run.outcome for run in rig.runs] == ["restored", "validated"]
    assert audit(forged).findings == []


@pytest.mark.parametrize("night", ["offsets_between_filters", "focuser_jams", "compensation_in_real_time"])
def test_a_trace_that_was_cut_off_anywhere_accuses_nobody(forged: Path, night: str) -> None:
    lines = golden(night, forged)
    for length in range(1, len(lines), 97):
        assert audit(put(forged, lines[:length])).findings == []


def test_after_lines_that_are_missing_nothing_is_recounted_and_that_is_told(forged: Path) -> None:
    lines = golden("cooling_tube", forged)
    first, last = find(lines, kind="event", run=2), find(lines, kind="run", number=2)
    found = audit(put(forged, [*lines[: first + 30], *lines[last - 3 :]]))
    assert {one.rule for one in found.findings}.isdisjoint({"record", "move", "person"})
    assert found.notes == [
        f"From line {first + 31} on, moves and runs were not recounted: what missing lines told is not known."
    ]


# --- guards, as the header's profile has them ---


@pytest.mark.parametrize("guard", ["tracking", "unparked", "light_plan", "safe", "flip_not_imminent"])
def test_a_guard_that_is_called_not_used_though_the_profile_uses_it_is_found(forged: Path, guard: str) -> None:
    def leave_out(tree: Tree) -> None:
        for one in tree.get("tried", ()):
            one["guards"] |= {guard: "not_used"} if guard in one["guards"] else {}

    changed_all(golden("cooling_tube", forged), leave_out, forged)
    found = told(forged, "guards")
    number = find(lines_of(forged), kind="step", row="temperature-due") + 1
    assert f"guard `{guard}` is not_used, and the header's profile says {guard} = " in dict(found)[number]


def test_a_guard_that_ruled_though_the_profile_leaves_it_out_is_found(forged: Path) -> None:
    forge("cooling_tube", forged, lambda tree: tree["profile"]["guards"].update(tracking="not_used"), kind="header")
    assert all("`tracking` is passed" in sentence for _, sentence in told(forged, "guards"))
    assert told(forged, "guards")


def test_a_guard_that_no_profile_can_leave_out_is_never_not_used(forged: Path) -> None:
    def leave_out(tree: Tree) -> None:
        tree["tried"][-1]["guards"]["no_flip"] = "not_used"

    number = forge("cooling_tube", forged, leave_out, kind="step", row="temperature-due")
    assert told(forged, "guards") == [(number, "guard `no_flip` is not_used, and no profile can leave it unused.")]


# --- readings of the triggers ---

READINGS: dict[str, tuple[Callable[[Tree], None], str]] = {
    "not due": (
        lambda tree: tree["triggers"]["temperature"].update(due=False, reading=-0.01, text="[0.0 #02*]"),
        "guard `temperature_due` is passed, and its trigger's reading [0.0 #02*] says not due.",
    ),
    "due": (
        lambda tree: tree["triggers"]["asap"].update(due=True),
        "trigger `asap` has due = true, and its own reading is false.",
    ),
    "short of its limit": (lambda tree: tree["triggers"]["temperature"].update(reading=-0.01), "is told as due; its"),
    "beyond its limit": (lambda tree: tree["triggers"]["count"].update(reading=1000), "is told as not due; its"),
    "another limit": (lambda tree: tree["triggers"]["temperature"].update(limit=0.1), "has the limit 0.1, and the"),
    "none": (lambda tree: tree.pop("triggers"), "the step holds no reading of its trigger."),
}


@pytest.mark.parametrize(("change", "sentence"), READINGS.values(), ids=READINGS)
def test_a_reading_that_contradicts_its_guard_or_itself_is_found(
    forged: Path, change: Callable[[Tree], None], sentence: str
) -> None:
    number = forge("cooling_tube", forged, change, kind="step", row="temperature-due")
    assert any(line == number and sentence in said for line, said in told(forged, "reading"))


def test_a_guard_that_failed_though_its_reading_was_due_is_found(forged: Path) -> None:
    lines = golden("dusk", forged)
    index = find(lines, kind="step", outcome="inhibited", row="between-frames")
    due = next(name for name, one in json.loads(lines[index])["triggers"].items() if one["due"])

    def deny(tree: Tree) -> None:
        for one in tree["tried"]:
            one["guards"] |= {f"{due}_due": "failed"} if f"{due}_due" in one["guards"] else {}

    put(forged, edited(lines, index, deny))
    assert any(f"`{due}_due` is failed" in said and said.endswith("says due.") for _, said in told(forged, "reading"))


# --- moves ---


def test_a_move_that_ended_elsewhere_than_it_was_sent_is_found(forged: Path) -> None:
    number = forge("cooling_tube", forged, lambda tree: tree.update(position=1), event="focuser_moved")
    ((line, sentence),) = told(forged, "move")
    assert line == number
    assert sentence.startswith("the focuser is told to have arrived at 1, and line ")


@pytest.mark.parametrize(("off", "found"), [(1, 0), (2, 1)])
def test_a_move_may_end_as_far_off_as_the_profile_tolerates(forged: Path, off: int, found: int) -> None:
    forge("cooling_tube", forged, lambda tree: tree.update(position=tree["position"] + off), event="focuser_moved")
    assert len(told(forged, "move")) == found


def test_a_validated_run_that_never_went_to_its_position_is_found(forged: Path) -> None:
    lines = golden("cooling_tube", forged)

    def elsewhere(tree: Tree) -> None:
        tree["position"] += 20

    lines = edited(lines, find(lines, effect="move_focuser", purpose="best"), elsewhere)
    effect = json.loads(lines[find(lines, effect="move_focuser", purpose="best")])["id"]
    put(forged, edited(lines, find(lines, event="focuser_moved", effect=effect), elsewhere))
    number = find(lines, kind="run", number=1) + 1
    said = [sentence for line, sentence in told(forged, "record") if line == number]
    assert "its chosen position is recorded as" in said[0]
    assert "its last position is recorded as" in said[1]


# --- corrections ---

CORRECTED = "compensation_in_real_time"
RULE = {"enabled": True, "steps_per_degree": 10.0, "average_readings": 1, "mode": "real_time"}


def test_a_correction_beyond_the_largest_one_is_found(forged: Path) -> None:
    wanted = {"effect": "move_focuser", "purpose": "compensation"}
    number = forge(CORRECTED, forged, lambda tree: tree.update(position=tree["position"] + 3000), **wanted)
    ((line, sentence),) = told(forged, "compensation")
    assert line == number
    assert "allows 100 at once (max_correction_steps)" in sentence


def test_corrections_that_add_up_beyond_their_limit_are_found(forged: Path) -> None:
    limits = {"max_total_steps": 2}
    forge(CORRECTED, forged, lambda tree: tree["profile"]["compensation"].update(limits), kind="header")
    assert all("(max_total_steps)" in sentence for _, sentence in told(forged, "compensation"))
    assert told(forged, "compensation")


def test_a_correction_with_compensation_off_is_found(forged: Path) -> None:
    forge(CORRECTED, forged, lambda tree: tree["profile"]["compensation"].update(enabled=False), kind="header")
    assert "the header's profile has compensation off" in told(forged, "compensation")[0][1]


def corrected_after_a_failure(path: Path, *, aid: bool = False) -> list[str]:
    """A night whose correction fails far from where it began, is seen there, and is made again; its lines."""
    rig = SimulatedRig({"triggers": OFF, "compensation": {**RULE, "max_correction_steps": 15}})

    def slipped(effect: Effect) -> events.Event:
        rig.position = 9_800
        return failed(effect)

    rig.script("move_focuser", slipped)
    rig.read_temperature(10.0, 9.0)
    if aid:
        rig.tell(events.AidOpened(aid="Bahtinov Aid"))
        rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    rig.t += 60.0 * rig.profile.failure.retry_after_min
    rig.read_temperature(9.0)
    assert (rig.state.context.verified_position, rig.position) == (9_990, 9_990)
    record(path, rig, rig.log)
    return lines_of(path)


@pytest.mark.parametrize("aid", [False, True])
def test_a_correction_after_one_that_failed_is_not_reckoned_from_where_that_has_left_the_focuser(
    forged: Path, aid: bool
) -> None:
    corrected_after_a_failure(forged, aid=aid)
    assert audit(forged).findings == []


def test_a_correction_after_one_that_failed_has_the_same_limit(forged: Path) -> None:
    lines = corrected_after_a_failure(forged)
    moves = [index for index, line in enumerate(lines) if '"effect":"move_focuser"' in line]
    put(forged, edited(lines, moves[-1], lambda tree: tree.update(position=9_810)))
    ((line, sentence),) = told(forged, "compensation")
    assert (line, "by -190 steps, from 10000 to 9810" in sentence) == (moves[-1] + 1, True)


# --- records of runs ---


def shifted(tree: Tree) -> None:
    tree["ended_t"] -= 9999


RECORDS: dict[str, tuple[Callable[[Tree], None], str]] = {
    "causes": (lambda tree: tree.update(causes=["count"]), "its causes are recorded as count; due at line "),
    "filter": (lambda tree: tree.update(filter="Ha"), "its filter is recorded as Ha, and the run was made in "),
    "temperature": (lambda tree: tree.update(temperature_c=99.0), "its temperature_c is recorded as 99, and the"),
    "start's temperature": (lambda tree: tree.update(temperature_start_c=99.0), "its temperature_start_c is"),
    "start": (lambda tree: tree.update(started_t=tree["started_t"] + 5), "its start is recorded +5.000 s off line "),
    "end": (shifted, "its end is recorded -9999.000 s off this line's own time."),
    "duration": (lambda tree: tree.update(duration_s=3.0), "its duration is recorded as 3.000 s, and it took "),
    "validation": (
        lambda tree: tree.update(validation_measures=[tree["predicted_measure"]]),
        "its validation measures are recorded as",
    ),
    "no validation": (lambda tree: tree.update(validation_measures=[]), "measures are recorded as none, and the"),
    "tolerance": (lambda tree: tree.update(validation_tolerance_percent=90.0), "recorded as 90, and the header's"),
    "metric": (lambda tree: tree.update(metric="fwhm"), "its metric is recorded as fwhm, and the header's profile"),
    "prediction": (
        lambda tree: tree.update(predicted_measure=1.5),
        "its predicted measure is recorded as 1.5, and its",
    ),
    "curve": (lambda tree: tree["fit"].update(best_position=7.5), "its curve's best_position is recorded as 7.5, and"),
    "position": (lambda tree: tree.update(best_position=7), "its chosen position is recorded as 7, and the focuser"),
    "last position": (lambda tree: tree.update(end_position=7), "its last position is recorded as 7, and the focuser"),
}


@pytest.mark.parametrize(("change", "sentence"), RECORDS.values(), ids=RECORDS)
def test_a_record_that_says_otherwise_than_the_events_is_found(
    forged: Path, change: Callable[[Tree], None], sentence: str
) -> None:
    number = forge("cooling_tube", forged, change, kind="run", number=2)
    assert any(line == number and sentence in said for line, said in told(forged, "record"))


def test_what_needs_no_profile_of_a_record_is_checked_without_one(forged: Path) -> None:
    lines = golden("cooling_tube", forged)
    lines = edited(lines, 0, lambda tree: tree.update(profile=None))
    put(forged, edited(lines, find(lines, kind="run"), lambda tree: tree.update(duration_s=3.0, metric="fwhm")))
    ((_, sentence),) = told(forged, "record")
    assert sentence.startswith("its duration")


def test_a_number_that_was_left_out_is_found(forged: Path) -> None:
    def later(tree: Tree) -> None:
        if tree.get("run") == 2:
            tree["run"] = 3
            if tree["kind"] == "run":
                tree["number"] = 3

    changed_all(golden("cooling_tube", forged), later, forged)
    assert told(forged, "run")[0][1] == "run 3 comes after run 1: runs are numbered 1, 2, 3, without a gap."


# --- a person's runs ---


def test_a_run_of_a_trigger_that_is_told_as_a_persons_wish_is_found_by_its_causes(forged: Path) -> None:
    lines = golden("cooling_tube", forged)
    step = find(lines, kind="step", row="temperature-due")
    event = next(i for i in range(step, 0, -1) if json.loads(lines[i])["kind"] == "event")

    def disguise(tree: Tree) -> None:
        kept = {key: tree[key] for key in ("v", "seq", "t", "kind")}
        tree.clear()
        tree.update(kept, event="run_requested")

    def spare(tree: Tree) -> None:
        for guard in ("tracking", "light_plan", "triggers_armed", "flip_not_imminent", "astro_night"):
            tree["tried"][-1]["guards"].pop(guard)
        tree["tried"][-1]["guards"]["focuser_free"] = "passed"

    put(forged, edited(edited(lines, event, disguise), step, spare))
    run = json.loads(lines[step + 1])["run"]
    number = find(lines, kind="run", number=run) + 1
    assert Finding(number, "person", told(forged, "person")[0][1]) in audit(forged).findings
    assert f"run {run} began at line {step + 1} by a person's run_requested, " in told(forged, "person")[0][1]
    assert "its causes are recorded as temperature, and a person's are not." in told(forged, "person")[0][1]


def test_a_row_that_does_not_heed_the_event_or_leaves_guards_out_is_found(forged: Path) -> None:
    lines = golden("cooling_tube", forged)
    step = find(lines, kind="step", row="temperature-due")
    event = next(i for i in range(step, 0, -1) if json.loads(lines[i])["kind"] == "event")

    def wish(tree: Tree) -> None:
        for key in set(tree) - {"v", "seq", "t", "kind"}:
            del tree[key]
        tree["event"] = "run_requested"

    put(forged, edited(lines, event, wish))
    sentence = "row `temperature-due` is told of, and in the header's session machine it does not heed run_requested."
    assert (step + 1, sentence) in told(forged, "guards")
    put(forged, edited(lines, step, lambda tree: tree["tried"][-1]["guards"].pop("backoff_over")))
    sentence = "row `temperature-due` asks backoff_over in the header's machine, and no ruling is recorded."
    assert told(forged, "guards") == [(step + 1, sentence)]
    put(forged, edited(lines, step, lambda tree: tree["tried"][0].update(row="rain-due")))
    sentence = "row `rain-due` is told of, and the session machine in the header has none of that name."
    assert (step + 1, sentence) in told(forged, "guards")


@pytest.mark.parametrize("cause", ["manual", "undo"])
def test_a_run_of_a_trigger_that_is_recorded_as_a_persons_is_found(forged: Path, cause: str) -> None:
    number = forge("cooling_tube", forged, lambda tree: tree.update(causes=[cause]), kind="run", number=2)
    ((line, sentence),) = told(forged, "person")
    assert line == number
    assert f"its causes are recorded as {cause}, and no person asked for it at line " in sentence


# --- another hand on the focuser ---


def test_a_hand_that_nobody_took_the_focuser_back_from_is_held_against_the_next_run(forged: Path) -> None:
    lines = golden("another_hand_on_the_focuser", forged)
    resumed = find(lines, kind="event", event="triggers_resumed")

    def disguise(tree: Tree) -> None:
        kept = {key: tree[key] for key in ("v", "seq", "t", "kind")}
        tree.clear()
        tree.update(kept, event="centering_finished", automatic=False)

    put(forged, edited(lines, resumed, disguise))
    assert any("that the focuser stood at 25051 instead of 25011" in sentence for _, sentence in told(forged, "guards"))


def test_a_reading_that_was_made_up_is_held_against_the_run_after_it(forged: Path) -> None:
    lines = golden("another_hand_on_the_focuser", forged)
    resumed = find(lines, kind="event", event="triggers_resumed")
    read = next(i for i in range(resumed, len(lines)) if json.loads(lines[i]).get("event") == "temperature_read")

    def make_up(tree: Tree) -> None:
        kept = {key: tree[key] for key in ("v", "seq", "t", "kind")}
        tree.clear()
        tree.update(kept, event="focuser_read", position=17_000, driver_compensation=False)

    put(forged, edited(lines, read, make_up))
    assert any("stood at 17000" in sentence for _, sentence in told(forged, "guards"))


def test_a_night_with_another_hand_that_a_person_ended_is_in_order(forged: Path) -> None:
    put(forged, golden("another_hand_on_the_focuser", forged))
    assert audit(forged).findings == []
