"""A machine as values: states, rows, named conjunctions of guards; nothing bound yet.

A machine is told in one file, or in a main file and its parts, each about one thing; together they are one machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

SEPARATOR = "."


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a machine file, and the file's name for messages."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written; line 0 where that is not known."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class State:
    """One state; `name` is its full name, such as `Refocusing.Moving`."""

    name: str
    initial: str | None
    enter: tuple[str, ...]
    exit: tuple[str, ...]
    doc: str
    place: Place

    @property
    def parent(self) -> str | None:
        """Full name of the state around it, or None."""
        return self.name.rpartition(SEPARATOR)[0] or None


@dataclass(frozen=True, slots=True)
class Row:
    """One transition: when one of the events `on` happens in one of the states `sources`, and all of `when` hold.

    `to` is None for a row that stays where it is; `do` are actions besides the states' own.
    """

    id: str
    on: tuple[str, ...]
    sources: tuple[str, ...]
    to: str | None
    when: tuple[str, ...]
    do: tuple[str, ...]
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class Definition:
    """A machine as its files tell it: the main file first, then its parts in the order in which it names them.

    `places` tells where `initial` and each conjunction are written.
    """

    name: str
    doc: str
    sources: tuple[Source, ...]
    initial: str
    conjunctions: Mapping[str, tuple[str, ...]]
    states: Mapping[str, State]
    rows: tuple[Row, ...]
    places: Mapping[str, Place]

    @property
    def file(self) -> str:
        """Name of the main file."""
        return self.sources[0].file

    def children(self, name: str) -> list[State]:
        """States directly inside the named one."""
        return [state for state in self.states.values() if state.parent == name]

    def leaf(self, name: str) -> str:
        """Follow `initial` from a state down to the leaf that is really entered."""
        initial = self.states[name].initial
        return self.leaf(f"{name}{SEPARATOR}{initial}") if initial else name

    def leaves(self) -> list[str]:
        """Full names of the states without states inside."""
        parents = {state.parent for state in self.states.values()}
        return [name for name in self.states if name not in parents]

    def lineage(self, leaf: str) -> list[str]:
        """The leaf and the states around it, innermost first: the order in which rows are tried."""
        parts = leaf.split(SEPARATOR)
        return [SEPARATOR.join(parts[:length]) for length in range(len(parts), 0, -1)]

    def guards_of(self, row: Row) -> tuple[str, ...]:
        """Names of all single guards of a row, conjunctions opened, each once, in order."""
        names: dict[str, None] = {}
        for name in row.when:
            names.update(dict.fromkeys(self.conjunctions.get(name, (name,))))
        return tuple(names)

    def rows_from(self, leaf: str, event: str) -> list[Row]:
        """Rows tried for an event in a leaf state: the leaf's own, then its parents', each in file order."""
        return [row for state in self.lineage(leaf) for row in self.rows if event in row.on and state in row.sources]

    def part(self, file: str) -> Definition:
        """What one of its files tells, to be shown by itself: its states and rows."""
        states = {name: state for name, state in self.states.items() if state.place.file == file}
        rows = tuple(row for row in self.rows if row.place.file == file)
        return replace(self, states=states, rows=rows, sources=tuple(one for one in self.sources if one.file == file))

    def inside(self, leaf: str, state: str) -> bool:
        """Whether a leaf is the named state or lies in it."""
        return state in self.lineage(leaf)

    def way(self, leaf: str, to: str) -> tuple[list[State], list[State]]:
        """States that are left and entered from a leaf to a row's destination, in the order in which that happens.

        What is around both is neither left nor entered; a state that leads to itself, or to one around it, is.
        """
        around = set(self.lineage(leaf)) & set(self.lineage(to)[1:])
        left = [name for name in self.lineage(leaf) if name not in around]
        entered = [name for name in reversed(self.lineage(self.leaf(to))) if name not in around]
        return [self.states[name] for name in left], [self.states[name] for name in entered]

    def entered(self, leaf: str, row: Row) -> list[State]:
        """States that a row enters when it is taken in a leaf, outermost first."""
        return [] if row.to is None else self.way(leaf, row.to)[1]

    def left(self, leaf: str, row: Row) -> list[State]:
        """States that a row leaves when it is taken in a leaf, innermost first."""
        return [] if row.to is None else self.way(leaf, row.to)[0]
