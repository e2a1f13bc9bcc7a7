"""Whether everything that was begun comes to an end: what follows from answers and failures alone, with no other event.

Each awaited answer comes, or fails. Then no way may go round for ever, and where nothing is awaited any more no run may
be under way and the plan may not be held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from statefocus.machine.abstraction import FREE, Condition, Facts
from statefocus.machine.acting import Breach
from statefocus.machine.definition import Definition
from statefocus.machine.duties import RUN, Bound
from statefocus.machine.exploring import Exploration, Move
from statefocus.machine.vocabulary import Vocabulary


class Unending(NamedTuple):
    """A condition that never comes to a good end, what is wrong there, and the moves that go round in it."""

    condition: Condition
    breach: Breach
    round: tuple[Move, ...] = ()


def unending(
    found: Exploration, definitions: Sequence[Definition], vocabulary: Vocabulary, facts: Facts
) -> Iterator[Unending]:
    """Find every condition that something begun does not come to an end in, nearest first."""
    unsound: dict[Condition, set[str]] = {}
    for condition, move in found.came_by.items():
        breaches = list(_unsound(condition, definitions, vocabulary, facts))
        unsound[condition] = {breach.code for breach in breaches}
        former = unsound[move.before] if move else set()
        yield from (Unending(condition, breach) for breach in breaches if breach.code not in former)
    answered = {condition: tuple(moves) for condition, moves in found.answered.items()}
    for moves in _rounds(answered, vocabulary.duties.bounds):
        first = min(moves, key=lambda move: len(found.way_to(move.before)))
        told = " and ".join(sorted({move.event for move in moves}))
        said = f"by answers alone, {told} can follow each other for ever"
        yield Unending(first.before, Breach("unproved-end", said), moves)
    home = _coming_home(found, definitions[0], facts)
    far = next((condition for condition in found.came_by if condition not in home), None)
    if far is not None and not any(unsound.values()):
        said = f"from {far.leaves[0]} no sequence of events leads back to {_top(definitions[0])}"
        yield Unending(far, Breach("unproved-home", said))


def _unsound(
    condition: Condition, definitions: Sequence[Definition], vocabulary: Vocabulary, facts: Facts
) -> Iterator[Breach]:
    """What is wrong with a condition by itself."""
    waiting = {machine for _, machine in condition.pending}
    run = condition.facts & facts.bits[RUN]
    if run and 0 not in waiting:
        said = f"a run is under way in {condition.leaves[0]}, and no answer is awaited that could end it"
        yield Breach("unproved-end", said)
    for machine, (leaf, definition) in enumerate(zip(condition.leaves, definitions, strict=True)):
        if machine not in waiting and not (run and machine == 0) and _asks(definition, leaf, vocabulary):
            yield Breach("unproved-end", f"{leaf} waits for an answer, and none is awaited any more")
    if condition.hold != FREE and not run and 0 not in waiting:
        yield Breach("unproved-resume", f"the plan stays held in {condition.leaves[0]}, and nothing is under way")
    if condition.pending or run:
        return
    ending = facts.bits.get(vocabulary.duties.ending, 0)
    for leaf, definition in zip(condition.leaves[1:], definitions[1:], strict=True):
        if condition.facts & ending and leaf != definition.leaf(definition.initial):
            said = f"the session is over, and machine `{definition.name}` stays in {leaf} for ever"
            yield Breach("unproved-end", said)


def _asks(definition: Definition, leaf: str, vocabulary: Vocabulary) -> bool:
    """Whether a leaf asks for something that is answered, each time it is entered."""
    emitted = [kind for name in definition.states[leaf].enter for kind in vocabulary.actions[name].emits]
    return any(vocabulary.answers.get(kind) for kind in emitted)


def _rounds(moves: Mapping[Condition, tuple[Move, ...]], bounds: Mapping[str, Bound]) -> Iterator[tuple[Move, ...]]:
    """Sets of moves that can go round for ever.

    A round ends if it needs a guard that is spent in it and not begun anew in it; the moves past such a guard are taken
    out, and what is left is looked at again.
    """
    for group in _components(moves):
        inside = [move for condition in group for move in moves[condition] if move.after in group]
        if not inside:
            continue
        left = [move for move in inside if not any(_ends(move, inside, name, bounds[name]) for name in bounds)]
        if len(left) == len(inside):
            yield tuple(inside)
        elif left:
            yield from _rounds(_by_condition(group, left), bounds)


def _by_condition(group: Iterable[Condition], moves: Iterable[Move]) -> dict[Condition, tuple[Move, ...]]:
    kept: dict[Condition, list[Move]] = {condition: [] for condition in group}
    for move in moves:
        kept[move.before].append(move)
    return {condition: tuple(moves) for condition, moves in kept.items()}


def _ends(move: Move, inside: Sequence[Move], guard: str, bound: Bound) -> bool:
    """Whether a move needs a guard that it uses up, and that no move of the round begins anew."""
    needed = any(guard in choice.past for choice in move.choices)
    renewed = any(_names(each) & bound.renewed_by for each in inside)
    return needed and bool(_names(move) & bound.spent_by) and not renewed


def _names(move: Move) -> set[str]:
    return {move.event, *(action.name for choice in move.choices for action in choice.actions)}


def _components(moves: Mapping[Condition, tuple[Move, ...]]) -> Iterator[set[Condition]]:
    """Strongly connected components (Tarjan 1972, without recursion)."""
    index: dict[Condition, int] = {}
    low: dict[Condition, int] = {}
    stack: list[Condition] = []
    on_stack: set[Condition] = set()
    for root in moves:
        work = [(root, iter(moves[root]))] if root not in index else []
        if work:
            index[root] = low[root] = len(index)
            stack.append(root)
            on_stack.add(root)
        while work:
            here, rest = work[-1]
            following = next((move.after for move in rest), None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[here])
                if low[here] == index[here]:
                    group = set()
                    while here not in group:
                        group.add(stack.pop())
                    on_stack -= group
                    yield group
            elif following not in index:
                index[following] = low[following] = len(index)
                stack.append(following)
                on_stack.add(following)
                work.append((following, iter(moves[following])))
            elif following in on_stack:
                low[here] = min(low[here], index[following])


def _coming_home(found: Exploration, session: Definition, facts: Facts) -> set[Condition]:
    """Conditions from which some events lead to the session's first state, with no run and no hold."""
    before: dict[Condition, list[Condition]] = {condition: [] for condition in found.came_by}
    for condition, following in found.onward.items():
        for after in following:
            before[after].append(condition)
    home = [each for each in found.came_by if _at_home(each, session, facts)]
    reached = set(home)
    for condition in home:  # grows while it is walked
        new = [each for each in before[condition] if each not in reached]
        reached.update(new)
        home += new
    return reached


def _at_home(condition: Condition, session: Definition, facts: Facts) -> bool:
    idle = condition.hold == FREE and not condition.facts & facts.bits[RUN]
    return idle and session.inside(condition.leaves[0], _top(session))


def _top(session: Definition) -> str:
    return session.lineage(session.initial)[-1]
