"""Runs a checked definition from a table by leaf state and event, made once: the engine for replaying many events.

It answers as `machine.engine` does, in a fraction of the time; tests/machine/test_table.py holds the two together. A
guard that several rows name is asked once an event: guards are functions of the context, which no row changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import product

from msgspec import Struct

from statefocus.context import Context
from statefocus.effects import Effect
from statefocus.machine.definition import Definition, Row
from statefocus.machine.fired import PASSING, Fired, Tried, triggers_among
from statefocus.machine.vocabulary import Guard, Ruling, Vocabulary

Call = Callable[[Context], tuple[Context, tuple[Effect, ...]]]


class Entry(Struct, frozen=True):
    """One row as it is tried in one leaf: its guards, the leaf that it leads to, and all that is called on the way.

    While one of `needed` blocks, nothing would be told of it: it is not taken, and no trigger is inhibited.
    """

    row: str
    guards: tuple[tuple[str, Guard], ...]
    needed: tuple[Guard, ...]
    after: str
    calls: tuple[Call, ...]
    stays: bool


class TableEngine:
    """One machine, ready to run.

    Parameters
    ----------
    definition
        A definition without problems; see `machine.checking`.
    vocabulary
        What its names stand for.
    """

    def __init__(self, definition: Definition, vocabulary: Vocabulary) -> None:
        self.definition = definition
        self._vocabulary = vocabulary
        self._table: dict[tuple[str, str], tuple[Entry, ...]] = {}
        rows = _rows(definition)
        events = {event for row in definition.rows for event in row.on}
        for leaf in definition.leaves():
            around = definition.lineage(leaf)
            for event in events:
                tried = [row for state in around for row in rows[state, event]]
                if tried:
                    self._table[leaf, event] = tuple(self._entry(row, leaf) for row in tried)

    @property
    def initial(self) -> str:
        """The leaf state that a session begins in."""
        return self.definition.leaf(self.definition.initial)

    def listens(self, state: str, event: str) -> bool:
        """Whether any row is tried for that event in that leaf state."""
        return (state, event) in self._table

    def fire(self, state: str, event: str, context: Context) -> Fired:
        """Offer an event to the machine, as `machine.fired.Engine` tells."""
        tried: list[Tried] = []
        said: dict[str, Ruling] = {}
        for entry in self._table.get((state, event), ()):
            rulings: dict[str, Ruling] = {}
            for name, guard in entry.guards:
                rulings[name] = said.get(name) or _ask(guard, context, said)
            tried.append(Tried(entry.row, rulings))
            if PASSING.issuperset(rulings.values()):
                return _taken(entry, tuple(tried), context)
        return Fired(state, None, tuple(tried), context, ())

    def silent(self, state: str, event: str, context: Context) -> bool:
        """Whether an event would do nothing to the machine, and inhibit no trigger."""
        for entry in self._table.get((state, event), ()):
            for guard in entry.needed:
                if guard.call(context) not in PASSING:
                    break
            else:
                return False
        return True

    def _entry(self, row: Row, leaf: str) -> Entry:
        names = self.definition.guards_of(row)
        guards = tuple((name, self._vocabulary.guards[name]) for name in names)
        exits = [name for state in self.definition.left(leaf, row) for name in state.exit]
        entries = [name for state in self.definition.entered(leaf, row) for name in state.enter]
        calls = tuple(self._vocabulary.actions[name].call for name in (*row.do, *exits, *entries))
        after = leaf if row.to is None else self.definition.leaf(row.to)
        needed = tuple(self._vocabulary.guards[name] for name in triggers_among(names) or names)
        return Entry(row.id, guards, needed, after, calls, row.to is None)


def _ask(guard: Guard, context: Context, said: dict[str, Ruling]) -> Ruling:
    answer = guard.call(context)
    ruling = said[guard.name] = answer if type(answer) is Ruling else Ruling(answer)  # None or True raises, not passes
    return ruling


def _taken(entry: Entry, tried: tuple[Tried, ...], context: Context) -> Fired:
    effects: tuple[Effect, ...] = ()
    for call in entry.calls:
        context, emitted = call(context)
        effects += emitted
    return Fired(entry.after, entry.row, tried, context, effects, entry.stays)


def _rows(definition: Definition) -> defaultdict[tuple[str, str], list[Row]]:
    """Rows by the state and the event that they name, in their order; one that names either twice, twice."""
    rows: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in definition.rows:
        for named in product(row.sources, row.on):
            rows[named].append(row)
    return rows
