"""Which rows an event can take, over all outcomes of the guards that nothing is known of.

A row only asks that guards pass, never that one blocks. So it can be taken in some outcome exactly if it can in the one
in which all other guards block; and one outcome for each row stands for all 2^n.
"""

from __future__ import annotations

from msgspec import Struct

from statefocus.machine.definition import Definition, Row
from statefocus.machine.vocabulary import Action, Vocabulary


class Choice(Struct, frozen=True, eq=False, gc=False):
    """What one machine does: the row (None: no row can be taken), the leaf after it, the actions called on the way.

    `past` are the guards that must pass, beyond those that are known to.
    """

    machine: int
    leaf: str
    row: Row | None
    after: str
    past: frozenset[str]
    actions: tuple[Action, ...]


class Decided(Struct, frozen=True, gc=False):
    """All choices that a machine has, and how many outcomes of its guards they stand for."""

    choices: tuple[Choice, ...]
    outcomes: int


class Decider:
    """The rows of one machine, ready to be decided for any event in any leaf."""

    def __init__(self, definition: Definition, vocabulary: Vocabulary, machine: int) -> None:
        self.definition = definition
        self._vocabulary, self._machine = vocabulary, machine
        self._listens = {
            (leaf, event): [(row, frozenset(definition.guards_of(row))) for row in definition.rows_from(leaf, event)]
            for leaf in definition.leaves()
            for event in {event for row in definition.rows for event in row.on}
        }
        self._decided: dict[tuple[str, str, frozenset[str], frozenset[str]], Decided] = {}
        self._choices: dict[tuple[str, str, frozenset[str]], Choice] = {}

    def listens(self, leaf: str, event: str) -> bool:
        """Whether any row is tried."""
        return bool(self._listens.get((leaf, event)))

    def decide(self, leaf: str, event: str, passing: frozenset[str], blocked: frozenset[str]) -> Decided:
        """Give every choice that an event has in a leaf, while some guards are known to pass or to block."""
        key = (leaf, event, passing, blocked)
        if key not in self._decided:
            self._decided[key] = self._decide(leaf, event, passing, blocked)
        return self._decided[key]

    def _decide(self, leaf: str, event: str, passing: frozenset[str], blocked: frozenset[str]) -> Decided:
        choices: list[Choice] = []
        earlier: list[frozenset[str]] = []
        free: set[str] = set()
        for row, guards in self._listens.get((leaf, event), ()):
            needed = guards - passing
            free |= needed - blocked
            if not needed & blocked and not any(other <= needed for other in earlier):
                choices.append(self._choice(leaf, row, needed))
                earlier.append(needed)
        if frozenset() not in earlier:
            choices.append(self._choice(leaf, None, frozenset()))
        return Decided(tuple(choices), 2 ** len(free))

    def _choice(self, leaf: str, row: Row | None, past: frozenset[str]) -> Choice:
        key = (leaf, row.id if row else "", past)
        if key not in self._choices:
            after = self.definition.leaf(row.to) if row and row.to else leaf
            actions = tuple(self._vocabulary.actions[name] for name in called(self.definition, leaf, row))
            self._choices[key] = Choice(self._machine, leaf, row, after, past, actions)
        return self._choices[key]


def called(definition: Definition, leaf: str, row: Row | None) -> list[str]:
    """Names of the actions that a row calls in a leaf: its own, those of states left, those of states entered."""
    if row is None:
        return []
    leaving = [name for state in definition.left(leaf, row) for name in state.exit]
    entering = [name for state in definition.entered(leaf, row) for name in state.enter]
    return [*row.do, *leaving, *entering]
