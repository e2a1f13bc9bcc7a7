"""The table engine against the one of `transitions`: random machines, random events, the same answers in every part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statefocus.context import Context, begin
from statefocus.effects import Effect, Notify
from statefocus.machine.definition import SEPARATOR, Definition, Place, Row, State
from statefocus.machine.engine import TransitionsEngine
from statefocus.machine.fired import Fired
from statefocus.machine.table import TableEngine
from statefocus.machine.vocabulary import Action, Guard, Ruling, Vocabulary
from statefocus.profile import Profile
from statefocus.session import Session
from statefocus.testing import machines
from statefocus.trace.replaying import replay
from tests.core.nights import ACTS, PROFILES, play
from tests.generate import TRACES

NAMES = ("A", "B", "C")
EVENTS = ("go", "back", "turn")
GUARDS = tuple(f"{name}{tail}" for name in ("north", "south", "east") for tail in ("", "_due"))
ACTIONS = ("ring", "wave", "call", "sing")
NOWHERE = Place("random.toml", 0)


def _guard(name: str) -> Callable[[Context], Ruling]:
    """Rulings that differ from guard to guard, and change with every effect that was emitted before."""
    order = list(Ruling)
    return lambda context: order[hash((GUARDS.index(name), context.next_effect, int(context.now))) % 4]


def _action(name: str) -> Callable[[Context], tuple[Context, tuple[Effect, ...]]]:
    def call(context: Context) -> tuple[Context, tuple[Effect, ...]]:
        number = context.next_effect
        tree: dict[str, Any] = {field: getattr(context, field) for field in context.__struct_fields__}
        return Context(**tree | {"next_effect": number + 1}), (Notify(number, "info", name),)

    return call


VOCABULARY = Vocabulary(
    events=frozenset(EVENTS),
    guards={name: Guard(name, name, _guard(name)) for name in GUARDS},
    actions={name: Action(name, name, _action(name), ("notify",)) for name in ACTIONS},
    answers={"notify": None},
    guarded={},
    by_person={},
)
_SOME_ACTIONS = st.lists(st.sampled_from(ACTIONS), max_size=2).map(tuple)


@st.composite
def _states(draw: st.DrawFn) -> dict[str, State]:
    """A tree of states, up to three deep."""
    states: dict[str, State] = {}

    def grow(around: str, depth: int) -> None:
        for name in NAMES[: draw(st.integers(1, 3))]:
            full = f"{around}{name}"
            states[full] = State(full, None, draw(_SOME_ACTIONS), draw(_SOME_ACTIONS), "", NOWHERE)
            if depth < 3 and draw(st.booleans()):
                grow(f"{full}{SEPARATOR}", depth + 1)
                inside = [state for state in states if state.rpartition(SEPARATOR)[0] == full]
                initial = draw(st.sampled_from(inside)).rpartition(SEPARATOR)[2]
                states[full] = State(full, initial, states[full].enter, states[full].exit, "", NOWHERE)

    grow("", 1)
    return states


@st.composite
def _definitions(draw: st.DrawFn) -> Definition:
    states = draw(_states())
    some = st.lists(st.sampled_from(sorted(states)), min_size=1, max_size=3, unique=True).map(tuple)
    rows = draw(
        st.lists(
            st.tuples(
                st.lists(st.sampled_from(EVENTS), min_size=1, max_size=3, unique=True).map(tuple),
                some,
                st.none() | st.sampled_from(sorted(states)),
                st.lists(st.sampled_from((*GUARDS, "both")), max_size=3).map(tuple),
                _SOME_ACTIONS,
            ),
            min_size=1,
            max_size=8,
        )
    )
    told = tuple(Row(f"row-{i}", *row, why="a test", place=NOWHERE) for i, row in enumerate(rows))
    first = draw(st.sampled_from([name for name in states if SEPARATOR not in name]))
    return Definition("random", "", (), first, {"both": ("north", "south_due")}, states, told, {})


@settings(deadline=None, derandomize=True, max_examples=300)
@given(definition=_definitions(), heard=st.lists(st.sampled_from((*EVENTS, "unheard")), min_size=1, max_size=12))
def test_random_machines_do_the_same_with_random_events(definition: Definition, heard: list[str]) -> None:
    one, other = TransitionsEngine(definition, VOCABULARY), TableEngine(definition, VOCABULARY)
    assert one.initial == other.initial
    fired = Fired(one.initial, None, (), begin(Profile(), 0.0), ())
    for event in heard:
        leaf, context = fired.after, fired.context
        fired = one.fire(leaf, event, context)
        assert other.fire(leaf, event, context) == fired
        assert other.listens(leaf, event) == one.listens(leaf, event)


@settings(deadline=None, derandomize=True, max_examples=20)
@given(profile=PROFILES, acts=ACTS)
def test_random_nights_are_the_same_with_both(profile: dict[str, Any], acts: list[Any]) -> None:
    rig = play(profile, acts)
    by_table = Session(machines(), rig.profile, TableEngine)
    state = by_table.begin(rig.log[0].t)
    for happening in rig.log:
        state, steps = by_table.step(state, happening.event, happening.t)
        assert str((steps, state)) == str((happening.steps, happening.state))  # NaN is told, yet equals nothing


@pytest.mark.parametrize("night", sorted(TRACES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_golden_night_has_the_same_verdict_with_both(night: Path) -> None:
    verdict = replay(night, TableEngine)
    assert verdict == replay(night, TransitionsEngine)
    assert verdict.same


@pytest.mark.parametrize("answer", [True, None, "yes", 1])
def test_a_guard_that_gives_no_ruling_is_an_error_never_a_pass(answer: object) -> None:
    states = {"A": State("A", None, (), (), "", NOWHERE)}
    row = Row("sly", ("go",), ("A",), None, ("north",), (), "a test", NOWHERE)
    sly = Guard("north", "north", lambda _context: answer)  # type: ignore[arg-type,return-value]
    words = Vocabulary(frozenset(EVENTS), {"north": sly}, {}, {}, {}, {})
    engine = TableEngine(Definition("sly", "", (), "A", {}, states, (row,), {}), words)
    with pytest.raises(ValueError, match="not a valid Ruling"):
        engine.fire("A", "go", begin(Profile(), 0.0))
