"""A machine file as values: states, rows, named conjunctions of guards; read from text, nothing bound yet.

Names only, never expressions: a machine file is input, not code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from statefocus.errors import Problem
from statefocus.toml_text import did_you_mean, line_of, parse

SCHEMA = 1
SEPARATOR = "."
_HEADER = re.compile(r"^\s*\[([^\[\]]+)\]")
_TOP_KEYS = {"schema", "machine", "initial", "doc", "guards", "states", "transition"}
_STATE_KEYS = {"initial", "enter", "exit", "doc"}
_ROW_KEYS = {"id", "on", "from", "to", "when", "do", "why"}


@dataclass(frozen=True, slots=True)
class State:
    """One state; `name` is its full name, such as `Refocusing.Moving`."""

    name: str
    initial: str | None
    enter: tuple[str, ...]
    exit: tuple[str, ...]
    doc: str
    line: int

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
    line: int


@dataclass(frozen=True, slots=True)
class Definition:
    """A machine as its file tells it."""

    name: str
    file: str
    text: str
    doc: str
    initial: str
    conjunctions: Mapping[str, tuple[str, ...]]
    states: Mapping[str, State]
    rows: tuple[Row, ...]

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


@dataclass
class _Reading:
    """A file being read, and the problems found so far."""

    text: str
    file: str
    problems: list[Problem] = field(default_factory=list)

    @cached_property
    def headers(self) -> dict[str, int]:
        """Line of each table's header, by its dotted name."""
        numbered = enumerate(self.text.splitlines(), 1)
        return {match[1]: number for number, line in numbered if (match := _HEADER.match(line))}

    def complain(self, code: str, path: tuple[str | int, ...], sentence: str, hint: str = "") -> None:
        self.problems.append(Problem(code, self.file, line_of(self.text, path), sentence, hint))

    def known_keys(self, table: Mapping[str, Any], path: tuple[str | int, ...], allowed: set[str]) -> None:
        for key in table:
            if key not in allowed:
                self.complain("unknown-key", (*path, key), f"`{key}` is no key here.", did_you_mean(key, allowed))

    def string(
        self, table: Mapping[str, Any], key: str, path: tuple[str | int, ...], default: str | None = None
    ) -> str:
        value = table.get(key, default)
        if isinstance(value, str):
            return value
        where = path if value is None else (*path, key)
        said = "is missing" if value is None else "must be a string"
        self.complain("wrong-type", where, f"`{key}` {said}.")
        return ""

    def names(self, table: Mapping[str, Any], key: str, path: tuple[str | int, ...]) -> tuple[str, ...]:
        value = table.get(key, ())
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
            return tuple(value)
        self.complain("wrong-type", (*path, key), f"`{key}` must be a name or a list of names.")
        return ()


def read_definition(text: str, file: str) -> tuple[Definition | None, list[Problem]]:
    """Read a machine file's text.

    Parameters
    ----------
    text
        TOML.
    file
        The file's name, for messages.

    Returns
    -------
    The definition (None where the text cannot be read as one at all) and every problem of form.
    """
    tree, problems = parse(text, file)
    if problems:
        return None, problems
    reading = _Reading(text, file)
    reading.known_keys(tree, (), _TOP_KEYS)
    if tree.get("schema") != SCHEMA:
        reading.complain("schema", ("schema",), f"schema is {tree.get('schema')!r}; this version reads {SCHEMA}.")
    states: dict[str, State] = {}
    _read_states(reading, tree.get("states", {}), (), states)
    definition = Definition(
        name=reading.string(tree, "machine", ()),
        file=file,
        text=text,
        doc=reading.string(tree, "doc", (), ""),
        initial=reading.string(tree, "initial", ()),
        conjunctions=_read_conjunctions(reading, tree),
        states=states,
        rows=_read_rows(reading, tree),
    )
    return definition, reading.problems


def _read_conjunctions(reading: _Reading, tree: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    table = tree.get("guards", {})
    if not isinstance(table, dict):
        reading.complain("wrong-type", ("guards",), "[guards] must be a table of lists of guard names.")
        return {}
    return {name: reading.names(table, name, ("guards",)) for name in table}


def _read_states(reading: _Reading, table: Any, around: tuple[str, ...], states: dict[str, State]) -> None:
    """Read a table of states; inside a state, a table is a state of its own and anything else a key."""
    path = ("states", *around)
    if not isinstance(table, dict):
        reading.complain("wrong-type", path, "[states] must be a table of states.")
        return
    for name, body in table.items():
        here = (*path, name)
        if not isinstance(body, dict):
            if not around:
                reading.complain("wrong-type", here, f"state `{name}` must be a table.")
            continue
        keys = {key: value for key, value in body.items() if not isinstance(value, dict)}
        reading.known_keys(keys, here, _STATE_KEYS)
        full = SEPARATOR.join((*around, name))
        states[full] = State(
            name=full,
            initial=reading.string(keys, "initial", here, "") or None,
            enter=reading.names(keys, "enter", here),
            exit=reading.names(keys, "exit", here),
            doc=reading.string(keys, "doc", here, ""),
            line=reading.headers.get(SEPARATOR.join(here), 0),
        )
        _read_states(reading, body, (*around, name), states)


def _read_rows(reading: _Reading, tree: Mapping[str, Any]) -> tuple[Row, ...]:
    tables = tree.get("transition", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        reading.complain("wrong-type", ("transition",), "rows are written as [[transition]], with two brackets.")
        return ()
    numbered = enumerate(reading.text.splitlines(), 1)
    lines = [number for number, line in numbered if line.split("#")[0].strip() == "[[transition]]"]
    rows = []
    for index, table in enumerate(tables):
        here: tuple[str | int, ...] = ("transition", index)
        reading.known_keys(table, here, _ROW_KEYS)
        rows.append(
            Row(
                id=reading.string(table, "id", here),
                on=reading.names(table, "on", here),
                sources=reading.names(table, "from", here),
                to=reading.string(table, "to", here, "") or None,
                when=reading.names(table, "when", here),
                do=reading.names(table, "do", here),
                why=reading.string(table, "why", here, ""),
                line=lines[index] if index < len(lines) else 0,
            )
        )
    return tuple(rows)
