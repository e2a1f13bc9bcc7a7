"""Reads machine files: TOML in, a definition and every problem of form out.

Names only, never expressions: a machine file is input, not code. What is too large to be a machine is refused before
anything is looked for in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from statefocus.errors import Problem
from statefocus.machine.definition import SEPARATOR, Definition, Place, Row, Source, State
from statefocus.toml_text import did_you_mean, key_lines, line_of, parse

SCHEMA = 1
LARGEST_TEXT = 500_000
MOST_ROWS = 1_000
MOST_STATES = 300
DEEPEST = 6

_HEADER = re.compile(r"^\s*\[([^\[\]]+)\]")
_MAIN_KEYS = {"schema", "machine", "parts", "initial", "doc", "guards", "states", "transition"}
_PART_KEYS = {"schema", "machine", "part", "doc", "guards", "states", "transition"}
_STATE_KEYS = {"initial", "enter", "exit", "doc"}
_ROW_KEYS = {"id", "on", "from", "to", "when", "do", "why"}

KeyPath = tuple[str | int, ...]


def part_names(source: Source) -> tuple[str, ...]:
    """Names of the parts that a main file asks for; none where the text cannot be read at all."""
    tree, _ = _tree(source)
    parts = tree.get("parts", ()) if tree else ()
    named = parts if isinstance(parts, list) else ()
    return tuple(part for part in named if isinstance(part, str) and part.isidentifier())


def misplaced(source: Source, machine: str, part: str | None = None) -> Problem | None:
    """Tell that a file is not the machine, or the part of one, that it is wanted for.

    None where it is, and where it cannot be read at all, which `read_definition` tells.
    """
    tree, _ = _tree(source)
    if tree is None or (tree.get("machine"), tree.get("part")) == (machine, part):
        return None
    said = f"part `{part}` of machine `{machine}`" if part else f"machine `{machine}`"
    top = f'machine = "{machine}"' + (f' and part = "{part}"' if part else "")
    key = "part" if tree.get("machine") == machine and "part" in tree else "machine"
    sentence = f"this is {_told_as(tree)}; {said} is wanted here."
    hint = f"Start from the copy that comes with statefocus, which says {top} at its top."
    return Problem("wrong-part", source.file, line_of(source.text, (key,)) or 1, sentence, hint)


def _told_as(tree: Mapping[str, Any]) -> str:
    """What a file says that it is."""
    named = [f"{key} `{tree[key]}`" for key in ("part", "machine") if isinstance(tree.get(key), str)]
    if "machine" not in tree:
        return "no machine file, since it names no `machine`"
    return " of ".join(named) if len(named) == len({"part", "machine"} & set(tree)) else "no machine file by its names"


def read_definition(sources: Sequence[Source]) -> tuple[Definition | None, list[Problem]]:
    """Read a machine.

    Parameters
    ----------
    sources
        Its main file, then its parts.

    Returns
    -------
    The definition (None where a text cannot be read as one at all) and every problem of form.
    """
    readings, problems = [], []
    for source in sources:
        tree, found = _tree(source)
        problems += found
        if tree is not None:
            readings.append(_Reading(source, tree))
    if not readings or problems:
        return None, problems
    main, parts = readings[0], readings[1:]
    main.head(_MAIN_KEYS)
    name = main.string(main.tree, "machine", ())
    for part in parts:
        part.head(_PART_KEYS)
    _belonging(main, parts, name)
    _told_twice(readings)
    definition = Definition(
        name=name,
        doc=main.string(main.tree, "doc", (), ""),
        sources=tuple(sources),
        initial=main.string(main.tree, "initial", ()),
        conjunctions={key: names for one in readings for key, names in one.conjunctions().items()},
        states={state.name: state for one in readings for state in one.states()},
        rows=tuple(row for one in readings for row in one.rows()),
        places={key: place for one in reversed(readings) for key, place in one.places.items()},
    )
    return definition, [problem for one in readings for problem in one.problems]


def _tree(source: Source) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Parse a text, unless it is too large to be a machine."""
    if len(source.text) > LARGEST_TEXT:
        return None, [_too_large(source, 0, f"the file has more than {LARGEST_TEXT} characters")]
    marked = [n for n, line in enumerate(source.text.splitlines(), 1) if line.split("#")[0].strip() == "[[transition]]"]
    if len(marked) > MOST_ROWS:
        return None, [_too_large(source, marked[MOST_ROWS], f"this is row {MOST_ROWS + 1} of {len(marked)}")]
    tree, problems = parse(source.text, source.file)
    rows = tree.get("transition")
    if isinstance(rows, list) and len(rows) > MOST_ROWS:  # in one list, or in tables that are written otherwise
        line = key_lines(source.text).get("transition", 0)
        problems = [_too_large(source, line, f"these are {len(rows)} rows, and {MOST_ROWS} are allowed")]
    return (None, problems) if problems else (tree, [])


def _too_large(source: Source, line: int, said: str) -> Problem:
    sentence = f"{said}; no machine needs that many, and a night could not be proved with them."
    return Problem("too-large", source.file, line, sentence, "Start again from the file that comes with statefocus.")


def _belonging(main: _Reading, parts: Sequence[_Reading], name: str) -> None:
    """The parts that the main file names are there, each once, and say that they belong to it."""
    wanted = main.names(main.tree, "parts", ())
    given = [part.string(part.tree, "part", ()) for part in parts]
    for part, own in zip(parts, given, strict=True):
        of = part.string(part.tree, "machine", ())
        if own and of and (of != name or own not in wanted):
            part.complain("wrong-part", ("part",), f"part `{own}` of `{of}` does not belong to machine `{name}`.")
    for missing in [part for part in dict.fromkeys(wanted) if part not in given]:
        main.complain("wrong-part", ("parts",), f"part `{missing}` does not exist.")
    for twice in sorted({part for part in wanted if wanted.count(part) > 1}):
        main.complain("wrong-part", ("parts",), f"part `{twice}` is named twice.")


def _told_twice(readings: Sequence[_Reading]) -> None:
    """A state or a conjunction is told in one file only."""
    for kind in ("states", "guards"):
        seen: set[str] = set()
        for one in readings:
            table = one.tree.get(kind, {})
            for name in table if isinstance(table, dict) else ():
                if name in seen:
                    one.complain("told-twice", (kind, name), f"`{kind}.{name}` is told in another file already.")
                seen.add(name)


@dataclass
class _Reading:
    """One file being read, and the problems found so far."""

    source: Source
    tree: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)

    @cached_property
    def headers(self) -> dict[str, int]:
        """Line of each table's header, by its dotted name."""
        numbered = enumerate(self.source.text.splitlines(), 1)
        return {match[1]: number for number, line in numbered if (match := _HEADER.match(line))}

    @cached_property
    def row_lines(self) -> list[int]:
        """Line of each row's header."""
        numbered = enumerate(self.source.text.splitlines(), 1)
        return [number for number, line in numbered if line.split("#")[0].strip() == "[[transition]]"]

    @cached_property
    def places(self) -> dict[str, Place]:
        """Where the plain keys are written, by dotted name."""
        return {key: self.place(line) for key, line in key_lines(self.source.text).items()}

    def place(self, line: int) -> Place:
        return Place(self.source.file, line)

    def complain(self, code: str, path: KeyPath, sentence: str, hint: str = "") -> None:
        self.problems.append(Problem(code, self.source.file, self._line(path), sentence, hint))

    def _line(self, path: KeyPath) -> int:
        """Line of a key or table; looked for inside its own row first, since a file may have hundreds."""
        if len(path) >= 2 and path[0] == "transition" and isinstance(path[1], int) and path[1] < len(self.row_lines):
            first = self.row_lines[path[1]]
            return self._key_below(first, str(path[2])) if len(path) > 2 else first
        return line_of(self.source.text, path)

    def _key_below(self, header: int, key: str) -> int:
        for number, line in enumerate(self.source.text.splitlines()[header:], header + 1):
            if line.lstrip().startswith("["):
                break
            if re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
                return number
        return header

    def head(self, allowed: set[str]) -> None:
        """Check the keys at the top of the file, and its schema."""
        self.known_keys(self.tree, (), allowed)
        if self.tree.get("schema") != SCHEMA:
            said = f"schema is {self.tree.get('schema')!r}; this version reads {SCHEMA}."
            self.complain("schema", ("schema",), said)

    def known_keys(self, table: Mapping[str, Any], path: KeyPath, allowed: set[str]) -> None:
        for key in table:
            if key not in allowed:
                self.complain("unknown-key", (*path, key), f"`{key}` is no key here.", did_you_mean(key, allowed))

    def string(self, table: Mapping[str, Any], key: str, path: KeyPath, default: str | None = None) -> str:
        value = table.get(key, default)
        if isinstance(value, str):
            return value
        where = path if value is None else (*path, key)
        said = "is missing" if value is None else "must be a string"
        self.complain("wrong-type", where, f"`{key}` {said}.")
        return ""

    def names(self, table: Mapping[str, Any], key: str, path: KeyPath) -> tuple[str, ...]:
        value = table.get(key, ())
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
            return tuple(value)
        self.complain("wrong-type", (*path, key), f"`{key}` must be a name or a list of names.")
        return ()

    def conjunctions(self) -> dict[str, tuple[str, ...]]:
        table = self.tree.get("guards", {})
        if not isinstance(table, dict):
            self.complain("wrong-type", ("guards",), "[guards] must be a table of lists of guard names.")
            return {}
        return {name: self.names(table, name, ("guards",)) for name in table}

    def states(self) -> list[State]:
        found = list(self._states(self.tree.get("states", {}), ()))
        if len(found) > MOST_STATES:
            line = found[MOST_STATES].place.line
            self.problems.append(_too_large(self.source, line, f"this is state {MOST_STATES + 1} of {len(found)}"))
        return found[:MOST_STATES]

    def _states(self, table: Any, around: tuple[str, ...]) -> Iterator[State]:
        """Read a table of states; inside a state, a table is a state of its own and anything else a key."""
        path = ("states", *around)
        if not isinstance(table, dict):
            self.complain("wrong-type", path, "[states] must be a table of states.")
            return
        for name, body in table.items():
            here = (*path, name)
            if not isinstance(body, dict):
                if not around:
                    self.complain("wrong-type", here, f"state `{name}` must be a table.")
                continue
            if len(around) >= DEEPEST:
                self.complain("too-large", here, f"state `{name}` lies in more than {DEEPEST} others.")
                continue
            keys = {key: value for key, value in body.items() if not isinstance(value, dict)}
            self.known_keys(keys, here, _STATE_KEYS)
            yield State(
                name=SEPARATOR.join((*around, name)),
                initial=self.string(keys, "initial", here, "") or None,
                enter=self.names(keys, "enter", here),
                exit=self.names(keys, "exit", here),
                doc=self.string(keys, "doc", here, ""),
                place=self.place(self.headers.get(SEPARATOR.join(here), 0)),
            )
            yield from self._states(body, (*around, name))

    def rows(self) -> list[Row]:
        tables = self.tree.get("transition", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.complain("wrong-type", ("transition",), "rows are written as [[transition]], with two brackets.")
            return []
        return [self._row(index, table) for index, table in enumerate(tables)]

    def _row(self, index: int, table: Mapping[str, Any]) -> Row:
        here: KeyPath = ("transition", index)
        self.known_keys(table, here, _ROW_KEYS)
        return Row(
            id=self.string(table, "id", here),
            on=self.names(table, "on", here),
            sources=self.names(table, "from", here),
            to=self.string(table, "to", here, "") or None,
            when=self.names(table, "when", here),
            do=self.names(table, "do", here),
            why=self.string(table, "why", here, ""),
            place=self.place(self.row_lines[index] if index < len(self.row_lines) else 0),
        )
