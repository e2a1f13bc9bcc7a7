"""The proof: what comes with statefocus is proved; a machine that breaks a duty is told by code, line and way."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from statefocus.errors import Problem
from statefocus.machine import acting, endings, exploring, proving
from statefocus.machine.definition import Definition, Row
from statefocus.machine.proving import Proof, prove
from statefocus.session import VOCABULARY
from statefocus.testing import machines

Edit = Callable[[Definition], Definition]


def with_row(name: str, change: Callable[[Row], Row | None]) -> Edit:
    """Change one row, or take it away."""

    def edit(machine: Definition) -> Definition:
        assert any(row.id == name for row in machine.rows)
        changed = [change(row) if row.id == name else row for row in machine.rows]
        return replace(machine, rows=tuple(row for row in changed if row is not None))

    return edit


def without(name: str) -> Edit:
    return with_row(name, lambda _row: None)


def unguarded(name: str, guard: str) -> Edit:
    return with_row(name, lambda row: replace(row, when=tuple(each for each in row.when if each != guard)))


def leading(name: str, to: str | None) -> Edit:
    return with_row(name, lambda row: replace(row, to=to))


def doing(name: str, *actions: str) -> Edit:
    return with_row(name, lambda row: replace(row, do=actions))


def entering(state: str, *actions: str) -> Edit:
    """Let a state enter with other actions."""

    def edit(machine: Definition) -> Definition:
        return replace(machine, states={**machine.states, state: replace(machine.states[state], enter=actions)})

    return edit


def from_state(state: str, guard: str) -> Edit:
    """Let no row out of a state while a guard blocks."""

    def edit(machine: Definition) -> Definition:
        rows = [replace(row, when=(*row.when, guard)) if state in row.sources else row for row in machine.rows]
        return replace(machine, rows=tuple(rows))

    return edit


def without_part_of(conjunction: str, guard: str) -> Edit:
    def edit(machine: Definition) -> Definition:
        kept = tuple(name for name in machine.conjunctions[conjunction] if name != guard)
        return replace(machine, conjunctions={**machine.conjunctions, conjunction: kept})

    return edit


def proof_of(edit: Edit, machine: str = "session") -> Proof:
    """Prove an edited session by itself, or the session with an edited machine beside it."""
    session, *beside = machines()
    if machine == session.name:
        return prove([edit(session)], VOCABULARY)
    return prove([session, *(edit(each) for each in beside if each.name == machine)], VOCABULARY)


BAD: Sequence[tuple[str, str, str, Edit]] = (
    # no run past a guard, no compensation during run, flip or aid
    *(
        ("unproved-guard", "session", f"no {guard}", without_part_of("may_refocus", guard))
        for guard in machines()[0].conjunctions["may_refocus"]
    ),
    ("unproved-guard", "session", "undo past nothing", unguarded("undo", "may_by_hand")),
    ("unproved-guard", "session", "validated without a look", unguarded("validated", "validation_passed")),
    ("unproved-guard", "compensation", "corrects at any time", unguarded("correct-in-real-time", "may_compensate")),
    ("unproved-exclusion", "compensation", "corrects in a run", without_part_of("may_compensate", "no_run")),
    ("unproved-exclusion", "compensation", "corrects in a flip", without_part_of("may_compensate", "no_flip")),
    ("unproved-exclusion", "compensation", "corrects with an aid", without_part_of("may_compensate", "aids_closed")),
    ("unproved-exclusion", "session", "begins at the end", without_part_of("may_start", "session_goes_on")),
    ("unproved-exclusion", "session", "leaves the focuser", leading("fit-rejected", "Concluding")),
    ("unproved-exclusion", "session", "lost, and not told", doing("lost")),
    ("unproved-exclusion", "session", "driver not released", leading("refused", "Concluding.Resuming")),
    ("unproved-guard", "session", "pauses at will", unguarded("policy-pauses", "policy_pauses")),
    ("unproved-guard", "session", "stuck at will", doing("back-to-plan", "tell_plan_stuck")),
    ("unproved-exclusion", "session", "sweeps on after a cancel", leading("cancelled", None)),
    ("unproved-exclusion", "session", "validates no curve", leading("ready", "Validating.Exposing")),
    ("unproved-exclusion", "session", "sweeps from nowhere", leading("held", "Refocusing.Moving")),
    ("unproved-exclusion", "session", "sweeps all the same", without("refused")),
    ("unproved-exclusion", "compensation", "given back in a run", unguarded("taken-over-too-late", "no_run")),
    ("unproved-exclusion", "compensation", "not booked", doing("corrected")),
    ("unproved-guard", "session", "a run in a flip", without_part_of("may_start", "no_flip")),
    ("unproved-guard", "compensation", "not wanted", unguarded("take-over", "compensation_enabled")),
    ("unproved-guard", "compensation", "from nowhere", without_part_of("may_compensate", "focuser_known")),
    ("unproved-answer", "session", "driver forgotten", without("cancelled-while-readying")),
    # the run, from its beginning to its end
    ("unproved-run", "session", "a run in a run", leading("asap-later", "Refocusing")),
    (
        "unproved-exclusion",
        "session",
        "validates at a point of the sweep",
        entering("Validating.Moving", "move_to_point"),
    ),
    ("unproved-run", "session", "ends without a word", doing("run-failed")),
    (
        "unproved-run",
        "session",
        "measures without a run",
        with_row("exposing", lambda row: replace(row, do=("measure",))),
    ),
    (
        "unproved-hold",
        "session",
        "does not wait for the plan",
        with_row("asap-now", lambda row: replace(row, to="Refocusing.Readying", do=("begin_run",))),
    ),
    ("unproved-hold", "session", "moves back before that", leading("undo", "Restoring.Moving")),
    # everything comes to an end
    ("unproved-resume", "session", "does not resume", leading("released", "Imaging")),
    ("unproved-resume", "session", "the policy says nothing", doing("policy-pauses")),
    ("unproved-resume", "session", "stuck, and nobody told", doing("plan-stuck")),
    ("unproved-end", "session", "retries for ever", unguarded("restore-again", "put_back_retry_left")),
    ("unproved-end", "session", "retries uncounted", doing("exposure-again")),
    ("unproved-end", "session", "sweeps for ever", unguarded("next-point", "points_left")),
    ("unproved-end", "session", "repeats a point for ever", unguarded("frame-of-point", "frames_left")),
    ("unproved-guard", "session", "extends at will", unguarded("sweep-extended", "sweep_to_extend")),
    ("unproved-exclusion", "session", "extends, and forgets it", doing("sweep-extended")),
    ("unproved-exclusion", "session", "sweeps again for ever", doing("sweep-recentred")),
    ("unproved-end", "session", "goes nowhere", leading("swept", None)),
    ("unproved-end", "compensation", "is not given back", without("give-back")),
    ("unproved-home", "session", "no flip ends", from_state("MeridianFlip", "flip_under_way")),
    # every answer and every cancel is heard
    ("unproved-answer", "session", "no failure heard", without("run-failed")),
    ("unproved-answer", "compensation", "no answer heard", without("taken-over")),
    ("unproved-cancel", "session", "no cancel heard", without("already-ending")),
    ("unproved-answer", "session", "shown for ever", without("shown")),
    ("unproved-cancel", "session", "cancel stays", doing("cancelled-while-readying")),
    ("unproved-cancel", "session", "cancel kept", with_row("cancelled", lambda row: replace(row, to=None, do=()))),
    ("unproved-interrupt", "session", "a flip is no reason", without("flip-interrupts")),
    ("unproved-interrupt", "session", "ground is no reason", without("ground-lost")),
    ("unproved-interrupt", "session", "nor while readying", doing("ground-lost-while-readying")),
    # rows that wait for what cannot happen
    (
        "never-fires",
        "session",
        "no answer is awaited there",
        with_row("released", lambda row: replace(row, on=(*row.on, "frame_taken"))),
    ),
    (
        "never-fires",
        "compensation",
        "no run ends there",
        with_row("given-back", lambda row: replace(row, on=(*row.on, "focuser_moved"))),
    ),
)


def test_the_machines_that_come_with_statefocus_are_proved(record_property: Callable[[str, object], None]) -> None:
    proof = prove(machines(), VOCABULARY)
    assert proof.problems == ()
    assert proof.combinations > 10_000_000
    record_property("proved", str(proof))  # a value that another process can be told


@pytest.mark.parametrize(("code", "machine", "story", "edit"), BAD, ids=[f"{bad[0]}: {bad[2]}" for bad in BAD])
def test_each_duty_that_is_broken_is_told_by_its_code_and_place(
    code: str, machine: str, story: str, edit: Edit
) -> None:
    problems = proof_of(edit, machine).problems
    assert code in {problem.code for problem in problems}
    files = {source.file for each in machines() for source in each.sources}
    assert all(problem.file in files and problem.line and problem.sentence.endswith(".") for problem in problems)


def test_every_code_of_the_proof_has_a_bad_machine() -> None:
    modules = [acting, endings, proving]
    sources = "".join(Path(str(module.__file__)).read_text("utf-8") for module in modules)
    codes = set(re.findall(r'"(unproved-[a-z]+|never-fires)"', sources))
    assert {bad[0] for bad in BAD} == codes - {"unproved-size"}  # a test of its own


def test_a_broken_duty_is_told_as_the_shortest_way_to_it() -> None:
    (problem,) = proof_of(leading("released", "Imaging")).problems
    (row,) = [row for row in machines()[0].rows if row.id == "released"]
    assert problem == Problem(
        "unproved-resume",
        row.place.file,
        row.place.line,
        "the plan stays held in Imaging.Idle, and nothing is under way.",
        "The shortest way there, where guards that are not named block: "
        "1. undo_requested: `undo` past between_frames, focuser_free, safe, undo_known, unparked to Restoring.Holding; "
        "2. effect_failed (to `pause_plan`): `undo-failed` to Concluding.Releasing; "
        "3. focuser_released (to `release_focuser`): `released` to Imaging.Idle.",
    )


def test_a_system_too_large_to_be_explored_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exploring, "MOST_CONDITIONS", 20)
    (problem,) = prove(machines(), VOCABULARY).problems
    assert problem.code == "unproved-size"
