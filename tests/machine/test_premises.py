"""What the proof takes for granted, held against the real guards, folds, actions and engine."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from statefocus.context import Context, begin
from statefocus.machine.deciding import Decider, called
from statefocus.machine.definition import Definition, Row
from statefocus.machine.duties import RUN, SETTLED
from statefocus.machine.engine import TransitionsEngine
from statefocus.machine.exploring import Exploration, Explorer
from statefocus.machine.vocabulary import Action, Guard, Ruling, Vocabulary
from statefocus.profile import Profile
from statefocus.session import VOCABULARY, State
from statefocus.testing import SimulatedRig, machines
from tests.core.nights import ACTS, PROFILES, Act, play

DUTIES = VOCABULARY.duties
NAMES = [machine.name for machine in machines()]
CONTEXT = begin(Profile(), 0.0)

nights = given(profile=PROFILES, acts=ACTS)
some = settings(
    deadline=None, derandomize=True, max_examples=25, suppress_health_check=[HealthCheck.too_slow], print_blob=False
)


@pytest.fixture(scope="module")
def explored() -> Exploration:
    return Explorer(machines(), VOCABULARY).explore()


# --- nothing happens in a night that the proof has not seen ---


def facts_of(context: Context) -> dict[str, bool]:
    """Which facts hold, by the real guards."""
    said = {name: guard.call(context).passes for name, guard in VOCABULARY.guards.items()}
    found = {}
    for name, fact in DUTIES.facts.items():
        values = {said[guard] for guard in fact.says_yes} | {not said[guard] for guard in fact.says_no}
        assert len(values) <= 1, f"guards disagree on {name}"
        assert not (values == {False} and any(said[guard] for guard in fact.only_while))
        if values:
            found[name] = values.pop()
    return found


Seen = tuple[tuple[str, ...], tuple[tuple[str, int], ...], tuple[tuple[str, bool], ...]]


def seen_in(state: State) -> Seen:
    pending = sorted((waiting.kind, NAMES.index(waiting.machine)) for waiting in state.context.pending.values())
    return tuple(state.leaves.values()), tuple(pending), tuple(sorted(facts_of(state.context).items()))


@pytest.fixture(scope="module")
def foreseen(explored: Exploration) -> set[Seen]:
    """The explored conditions, in terms of what can be seen in a real state."""
    facts = Explorer(machines(), VOCABULARY).facts
    told = {name for name, fact in DUTIES.facts.items() if fact.says_yes | fact.says_no}
    return {
        (each.leaves, each.pending, tuple((name, bool(each.facts & facts.bits[name])) for name in sorted(told)))
        for each in explored.came_by
    }


def test_all_machines_together_break_no_duty_either(explored: Exploration) -> None:
    """The proof explores them in groups; here they are all together."""
    assert explored.complete
    assert not explored.broken


@some
@nights
def test_random_nights_come_only_to_conditions_that_were_explored_and_take_only_rows_that_can_be_taken(
    explored: Exploration, foreseen: set[Seen], profile: dict[str, Any], acts: list[Act]
) -> None:
    rig = play(profile, acts)
    rig.until("")
    taken = {(machine, row) for machine, row, _ in explored.taken}
    for happening in rig.log:
        assert seen_in(happening.state) in foreseen
        for step in happening.steps:
            assert step.row is None or (NAMES.index(step.machine), step.row) in taken


# --- what actions say of themselves ---


def part_of(before: Context, after: Context) -> set[str]:
    """What an action did to the run, in the words of `Action.run`; several words may fit."""
    if before.run is None:
        return {""} if after.run is None else {"returns" if after.run.outcome != "running" else "begins"}
    if after.run is None:
        return {"concludes"}
    return {"", "needs", "settles"} if before.run.outcome == after.run.outcome else {"settles"}


@pytest.fixture(scope="module")
def contexts() -> list[Context]:
    """Contexts from nights in which runs succeed, and in which they fail."""
    found: list[Context] = []
    for best in (10_020.0, 40_000.0):
        rig = SimulatedRig({"triggers": {"count": {"frames": 1}}, "autofocus": {"points": 5}}, best=best)
        rig.start_plan()
        rig.take_frames(1)
        found += [happening.state.context for happening in rig.log]
    return found[::3]


@pytest.mark.parametrize("action", VOCABULARY.actions.values(), ids=lambda action: action.name)
def test_an_action_does_to_run_effects_and_bounds_what_it_says(action: Action, contexts: list[Context]) -> None:
    called_at_all = False
    needs = action.run in ("needs", "settles", "concludes")
    for context in contexts:
        if needs and context.run is None:
            with pytest.raises(RuntimeError, match="needs a run under way"):
                action.call(context)
            continue
        if action.run in ("begins", "returns") and context.run is not None:
            continue
        try:
            after, effects = action.call(context)
        except (IndexError, TypeError):
            continue  # called where no machine calls it: no point left to move to, no curve to have been missed
        called_at_all = True
        assert action.run in part_of(context, after)
        kinds = [effect.kind for effect in effects]
        assert set(kinds) <= set(action.emits)
        assert {kind for kind in action.emits if VOCABULARY.answers[kind]} <= set(kinds)
        if action.gives_up:
            assert all(waiting.machine != context.acting for waiting in after.pending.values())
        else:
            assert after.pending == context.pending
        if context.run and after.run and after.run.retries < context.run.retries:
            assert action.name in DUTIES.bounds["put_back_retry_left"].renewed_by
    assert called_at_all


def test_every_name_in_the_duties_is_in_the_vocabulary() -> None:
    known = VOCABULARY.events | set(VOCABULARY.actions)
    for fact in DUTIES.facts.values():
        assert fact.raised_by | fact.lowered_by | fact.perhaps_raised_by | fact.perhaps_lowered_by <= known
        assert fact.says_yes | fact.says_no | fact.passes_while | fact.blocks_while | fact.only_while <= set(
            VOCABULARY.guards
        )
    for guard, bound in DUTIES.bounds.items():
        assert guard in VOCABULARY.guards
        assert bound.spent_by | bound.renewed_by <= known
    assert {DUTIES.holds, *DUTIES.releases, *DUTIES.for_held_plans} <= set(VOCABULARY.answers)
    assert set(DUTIES.interrupts) <= VOCABULARY.events
    assert {*DUTIES.excluded, *DUTIES.only_on} <= set(VOCABULARY.actions)
    assert frozenset().union(*DUTIES.only_on.values()) <= VOCABULARY.events
    assert {RUN, SETTLED, DUTIES.ending, *frozenset().union(*DUTIES.excluded.values())} <= set(DUTIES.facts)


# --- one outcome stands for all ---


def tables(definition: Definition) -> Iterator[tuple[str, str, list[Row]]]:
    """The different lists of rows that an event is ever offered to, each once."""
    seen = set()
    for leaf, event in itertools.product(definition.leaves(), sorted(VOCABULARY.events)):
        rows = definition.rows_from(leaf, event)
        key = tuple(row.id for row in rows)
        if rows and key not in seen:
            seen.add(key)
            yield leaf, event, rows


def taken_in_full(definition: Definition, rows: list[Row]) -> tuple[set[str | None], int]:
    """Rows taken in any of all outcomes of their guards, from the whole truth table."""
    guards = sorted({guard for row in rows for guard in definition.guards_of(row)})
    outcomes = np.arange(2 ** len(guards), dtype=np.uint32)
    left = np.ones(len(outcomes), dtype=bool)
    found: set[str | None] = set()
    for row in rows:
        mask = np.uint32(sum(1 << guards.index(guard) for guard in definition.guards_of(row)))
        taken = left & (outcomes & mask == mask)
        found |= {row.id} if taken.any() else set()
        left &= ~taken
    return found | ({None} if left.any() else set()), len(outcomes)


@pytest.mark.parametrize("definition", machines(), ids=lambda definition: definition.name)
def test_deciding_by_one_outcome_a_row_gives_what_the_whole_truth_table_gives(definition: Definition) -> None:
    decider = Decider(definition, VOCABULARY, 0)
    for leaf, event, rows in tables(definition):
        decided = decider.decide(leaf, event, frozenset(), frozenset())
        by_one = {choice.row.id if choice.row else None for choice in decided.choices}
        assert (by_one, decided.outcomes) == taken_in_full(definition, rows)


# --- the engine does what the proof thinks it does ---


class Bench:
    """The real engine with guards that say what they are told, and actions that only note that they were called."""

    def __init__(self, definition: Definition) -> None:
        self.says: dict[str, Ruling] = {}
        self.called: list[str] = []
        self.engine = TransitionsEngine(
            definition,
            Vocabulary(
                events=VOCABULARY.events,
                guards={name: Guard(name, "", self._guard(name)) for name in VOCABULARY.guards},
                actions={name: Action(name, "", self._action(name), ()) for name in VOCABULARY.actions},
                answers={},
                guarded={},
                by_person={},
            ),
        )

    def _guard(self, name: str) -> Any:
        return lambda _context: self.says.get(name, Ruling.FAILED)

    def _action(self, name: str) -> Any:
        def call(context: Context) -> tuple[Context, tuple[()]]:
            self.called.append(name)
            return context, ()

        return call

    def fire(self, leaf: str, event: str, says: dict[str, Ruling]) -> tuple[str | None, str, list[str]]:
        self.says, self.called = says, []
        fired = self.engine.fire(leaf, event, CONTEXT)
        return fired.row, fired.after, self.called


@pytest.mark.parametrize("definition", machines(), ids=lambda definition: definition.name)
def test_the_engine_takes_the_row_leads_to_the_leaf_and_calls_the_actions_of_each_choice(
    definition: Definition,
) -> None:
    bench, decider = Bench(definition), Decider(definition, VOCABULARY, 0)
    for leaf, event in itertools.product(definition.leaves(), sorted(VOCABULARY.events)):
        for choice in decider.decide(leaf, event, frozenset(), frozenset()).choices:
            fired = bench.fire(leaf, event, dict.fromkeys(choice.past, Ruling.PASSED))
            names = [action.name for action in choice.actions]
            assert fired == (choice.row.id if choice.row else None, choice.after, names)


@pytest.mark.parametrize("definition", machines(), ids=lambda definition: definition.name)
@pytest.mark.parametrize("ruling", [Ruling.FAILED, Ruling.UNKNOWN])
def test_each_single_guard_that_blocks_stops_a_guarded_action_in_every_state(
    definition: Definition, ruling: Ruling
) -> None:
    bench = Bench(definition)
    for leaf, event in itertools.product(definition.leaves(), sorted(VOCABULARY.events)):
        calls = {name for row in definition.rows_from(leaf, event) for name in called(definition, leaf, row)}
        for action in calls & set(VOCABULARY.guarded):
            for guard in VOCABULARY.guards_needed(action, event):
                for passing in (Ruling.PASSED, Ruling.NOT_USED):
                    said = {**dict.fromkeys(VOCABULARY.guards, passing), guard: ruling}
                    if action in VOCABULARY.excusing:
                        said[VOCABULARY.excusing[action]] = Ruling.FAILED
                    bench.fire(leaf, event, said)
                    assert action not in bench.called


def test_only_what_passed_or_is_not_used_passes() -> None:
    assert {ruling for ruling in Ruling if ruling.passes} == {Ruling.PASSED, Ruling.NOT_USED}
