"""Machine files: every check has a file that fails it, in `bad/<code>/`; the line it tells is marked.

`# <- here` marks the line that it stands on, `# here:` the line after it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from statefocus import toml_text
from statefocus.errors import DefinitionError, Problem
from statefocus.machine import checking, reading
from statefocus.machine.checking import check, load
from statefocus.machine.definition import Source
from statefocus.session import VOCABULARY
from statefocus.testing import machines

BAD = Path(__file__).parent / "bad"
REPORTERS = {"Problem", "problem", "complain", "_unknown"}


GENERATED = {"too-large"}
"""Codes whose bad file would be too large to keep: a test of their own makes one."""


def problems_of(text: str, file: str = "machine.toml", parts: Sequence[Source] = ()) -> tuple[Problem, ...]:
    with pytest.raises(DefinitionError) as raised:
        load([Source(file, text), *parts], VOCABULARY)
    return raised.value.problems


def marked(source: Source) -> list[tuple[str, int]]:
    """Lines of a bad file that a problem is to be told of."""
    lines = source.text.splitlines()
    numbered = enumerate(lines, 1)
    return [(source.file, n) for n, line in numbered if "# <- here" in line or lines[n - 2] == "# here:"]


@pytest.mark.parametrize("path", sorted(BAD.glob("*/*.toml")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_each_bad_file_is_told_by_its_code_and_its_lines_and_nothing_else(path: Path) -> None:
    parts = [Source(str(part), part.read_text("utf-8")) for part in sorted(path.with_suffix(".parts").glob("*.toml"))]
    main = Source(str(path), path.read_text("utf-8"))
    found = problems_of(main.text, main.file, parts)
    assert {problem.code for problem in found} == {path.parent.name}
    told = sorted({(problem.file, problem.line) for problem in found})
    assert told == sorted(place for source in (main, *parts) for place in marked(source))
    assert all(problem.sentence.endswith(".") for problem in found)


def _codes_in(module: object) -> set[str]:
    """The string that stands first or second in each call that reports a problem."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))  # type: ignore[attr-defined]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [(getattr(call.func, "id", getattr(call.func, "attr", "")), call.args[:2]) for call in calls]
    said = [arg.value for name, args in named if name in REPORTERS for arg in args if isinstance(arg, ast.Constant)]
    return {code for code in said if isinstance(code, str) and re.fullmatch(r"[a-z]+(-[a-z]+)*", code)}


def test_every_code_in_the_source_has_a_bad_file() -> None:
    codes = _codes_in(checking) | _codes_in(reading) | _codes_in(toml_text)
    assert len(codes) >= 20
    assert codes == {path.parent.name for path in BAD.glob("*/machine.toml")} | GENERATED


def test_the_machines_that_come_with_statefocus_have_no_problem() -> None:
    assert [problem for machine in machines() for problem in check(machine, VOCABULARY)] == []


def test_every_guard_and_action_of_the_vocabulary_is_named_by_a_machine() -> None:
    guards = {guard for machine in machines() for row in machine.rows for guard in machine.guards_of(row)}
    states = [state for machine in machines() for state in machine.states.values()]
    rows = [row for machine in machines() for row in machine.rows]
    actions = {name for state in states for name in (*state.enter, *state.exit)} | {
        name for row in rows for name in row.do
    }
    assert guards == set(VOCABULARY.guards)
    assert actions == set(VOCABULARY.actions)


def test_a_problem_is_told_with_file_line_sentence_hint_and_code() -> None:
    (problem,) = problems_of((BAD / "unknown-event" / "machine.toml").read_text("utf-8"), "mine.toml")
    assert str(problem) == (
        "mine.toml:9: row `saved` names event `frame_safed`, which does not exist. "
        "Did you mean `frame_saved`? [unknown-event]"
    )


@pytest.mark.parametrize(
    ("code", "file", "meant"),
    [
        ("unknown-key", "machine", "when"),
        ("unknown-key", "state", "enter"),
        ("unknown-state", "machine", "Imaging"),
        ("unknown-state", "initial", "Imaging"),
        ("unknown-guard", "in_conjunction", "tracking"),
        ("unknown-action", "in_row", "tell_not_now"),
    ],
)
def test_a_slip_of_the_finger_is_answered_with_the_nearest_name(code: str, file: str, meant: str) -> None:
    (problem,) = problems_of((BAD / code / f"{file}.toml").read_text("utf-8"))
    assert problem.hint == f"Did you mean `{meant}`?"


def test_several_problems_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = """schema = 1
machine = "bad"
initial = "Imaging"
[states.Imaging]
enter = ["no_action"]
[[transition]]
id = "saved"
on = "no_event"
from = "Nowhere"
when = ["no_guard"]
"""
    found = problems_of(text)
    assert [problem.line for problem in found] == [4, 6, 6, 6, 6]
    assert {problem.code for problem in found} == {
        "unknown-action",
        "unknown-event",
        "unknown-state",
        "unknown-guard",
        "incomplete-row",
    }


def test_problems_of_form_are_told_at_once_too() -> None:
    found = problems_of('schema = 3\nmachine = 4\ninitial = "Imaging"\ncolour = "red"\n[states.Imaging]\n')
    assert {(problem.code, problem.line) for problem in found} == {("schema", 1), ("wrong-type", 2), ("unknown-key", 4)}


@pytest.mark.parametrize("text", ["", "schema = 1", "states = 3", "states = {A = 3}", "transition = 1", "guards = 1"])
def test_a_file_that_is_no_machine_at_all_is_a_problem_not_a_traceback(text: str) -> None:
    assert problems_of(text)


def test_the_line_of_a_row_is_found_behind_a_comment_too() -> None:
    text = (
        (BAD / "unknown-event" / "machine.toml").read_text("utf-8").replace("[[transition]]", "[[transition]]  # 1st")
    )
    (problem,) = problems_of(text)
    assert problem.line == 9


def test_a_conjunction_that_lost_a_guard_is_told_once_with_the_rows_that_it_opens() -> None:
    (problem,) = problems_of((BAD / "inviolable-rule" / "of_a_conjunction.toml").read_text("utf-8"))
    assert problem.sentence == (
        "conjunction `may_refocus` opens 2 rows, which call `begin_run` without the guards "
        "between_frames, focuser_ours, no_flip, safe: `count-due`, `time-due`."
    )


@pytest.mark.parametrize(
    ("name", "guard"), [("may_refocus", "safe"), ("may_by_hand", "unparked"), ("may_start", "no_flip")]
)
def test_a_guard_that_a_conjunction_of_the_session_loses_is_told_once(name: str, guard: str) -> None:
    session = machines()[0]
    left = tuple(one for one in session.conjunctions[name] if one != guard)
    found = check(replace(session, conjunctions={**session.conjunctions, name: left}), VOCABULARY)
    (problem,) = [problem for problem in found if problem.code == "inviolable-rule"]
    assert problem.line in {session.places[f"guards.{one}"].line for one in session.conjunctions}
    assert f"without the guards {guard}: " in problem.sentence


def test_a_row_that_lacks_a_guard_is_told_once_for_all_of_its_events() -> None:
    text = (BAD / "inviolable-rule" / "machine.toml").read_text("utf-8")
    (problem,) = problems_of(text.replace('on   = "frame_saved"', 'on   = ["frame_saved", "plan_started"]'))
    assert "on frame_saved, plan_started without the guards" in problem.sentence


def test_a_guard_is_never_taken_from_the_vocabularys_conjunctions_of_the_same_name() -> None:
    """`may_refocus` is only what the file says it is; the rule asks for the guards themselves."""
    text = (BAD / "inviolable-rule" / "machine.toml").read_text("utf-8")
    whole = text.replace('"aids_closed", ', '"aids_closed", "focuser_ours", "safe", "no_flip", "between_frames", ')
    assert load([Source("good.toml", whole)], VOCABULARY).name == "bad"


@pytest.mark.parametrize(("rows", "line"), [(1_001, 7_006), (5_000, 7_006), (10_000, 0)])
def test_a_file_that_is_too_large_is_refused_before_anything_is_looked_for_in_it(rows: int, line: int) -> None:
    row = '[[transition]]\nid = "x"\non = "nothing"\nfrom = "A"\nto = "A"\nwhy = ""\ncolour = "red"\n'
    (problem,) = problems_of(f'schema = 1\nmachine = "x"\ninitial = "A"\n[states.A]\n\n{row * rows}')
    assert (problem.code, problem.line) == ("too-large", line)


def test_a_thousand_rows_each_with_a_slip_are_told_in_a_moment() -> None:
    row = '[[transition]]\nid = "x"\non = "nothing"\nfrom = "A"\nto = "A"\nwhy = ""\ncolour = "red"\n'
    found = problems_of(f'schema = 1\nmachine = "x"\ninitial = "A"\n[states.A]\n\n{row * 1_000}')
    assert [problem.line for problem in found] == [12 + 7 * index for index in range(1_000)]


def test_states_may_not_lie_in_each_other_without_end() -> None:
    deep = ".".join("ABCDEFGH")
    (problem,) = problems_of(f'schema = 1\nmachine = "x"\ninitial = "A"\n[states.{deep}]\n')
    assert (problem.code, problem.line) == ("too-large", 4)
