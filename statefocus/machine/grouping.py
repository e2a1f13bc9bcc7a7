"""Which machines of a session must be explored together: those whose actions change facts that the other one senses.

A machine that touches no fact of another one cannot change what that one does; each is explored with the session alone,
which gives the same as all together, in far fewer states.
"""

from __future__ import annotations

from collections.abc import Sequence

from statefocus.machine.definition import Definition
from statefocus.machine.duties import RUN, SETTLED
from statefocus.machine.vocabulary import Vocabulary


def groups(definitions: Sequence[Definition], vocabulary: Vocabulary) -> list[tuple[Definition, ...]]:
    """Split the machines of a session into groups, the session first in each, the others in their order."""
    session, *beside = definitions
    found: list[list[Definition]] = []
    for machine in beside:
        tied = [group for group in found if any(_tied(machine, other, vocabulary) for other in group)]
        found = [group for group in found if group not in tied]
        found.append([*(each for group in tied for each in group), machine])
    if any(_touched(machine, vocabulary) & _sensed(session, vocabulary) for machine in beside):
        found = [beside]
    order = [definition.name for definition in definitions]
    return [(session, *sorted(group, key=lambda each: order.index(each.name))) for group in found] or [(session,)]


def _tied(one: Definition, other: Definition, vocabulary: Vocabulary) -> bool:
    touched = _touched(one, vocabulary), _touched(other, vocabulary)
    return bool(touched[0] & (_sensed(other, vocabulary) | touched[1]) or touched[1] & _sensed(one, vocabulary))


def _touched(definition: Definition, vocabulary: Vocabulary) -> set[str]:
    """Facts that a machine's actions change."""
    actions = _actions(definition)
    touched = {name for name, fact in vocabulary.duties.facts.items() if actions & (fact.raised_by | fact.lowered_by)}
    run = {RUN, SETTLED} if any(vocabulary.actions[name].run not in ("", "needs") for name in actions) else set()
    return touched | run


def _sensed(definition: Definition, vocabulary: Vocabulary) -> set[str]:
    """Facts that a machine's guards tell of, or that forbid its actions."""
    duties, actions = vocabulary.duties, _actions(definition)
    guards = {guard for row in definition.rows for guard in definition.guards_of(row)}
    sensed = {
        name
        for name, fact in duties.facts.items()
        if guards & (fact.says_yes | fact.says_no | fact.passes_while | fact.blocks_while | fact.only_while)
    }
    return sensed.union(*(duties.excluded.get(action, frozenset()) for action in actions))


def _actions(definition: Definition) -> set[str]:
    states = {name for state in definition.states.values() for name in (*state.enter, *state.exit)}
    return states | {name for row in definition.rows for name in row.do}
