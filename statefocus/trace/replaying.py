"""Replay: every recorded event through `step` again, every derived line compared."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isclose
from pathlib import Path
from typing import Any

import msgspec

from statefocus.events import SessionEnded
from statefocus.machine.fired import Engine
from statefocus.machine.table import TableEngine
from statefocus.session import Session, State
from statefocus.trace.encoding import Read, decode_event, read_event
from statefocus.trace.header import session_of
from statefocus.trace.reading import Damage, Line, TraceReader, headed
from statefocus.trace.rendering import line_of, render
from statefocus.trace.telling import Told, derived, run_of

TOLERANCE = 1e-9
"""Relative tolerance of derived floats; decisions are compared exactly."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first line that replay would have written otherwise; None on a side where there is no line."""

    line: int
    t: float
    key: str
    recorded: Any
    replayed: Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """What replaying a trace has shown; `ended` tells whether its session was closed properly."""

    events: int
    decisions: int
    runs: int
    damage: tuple[Damage, ...]
    mismatch: Mismatch | None
    ended: bool = True

    @property
    def same(self) -> bool:
        """Whether every decision is the same and no line was touched; a torn last line is no difference."""
        return self.mismatch is None and all(damage.what == "torn" for damage in self.damage)


@dataclass
class Replay:
    """A replay under way: it writes the night again in memory, and compares it line by line with what is recorded.

    Parameters
    ----------
    session, state
        What steps, and where it stands.
    reader
        The trace; it stands where the replay does.
    events
        Events worked off so far.
    """

    session: Session
    state: State
    reader: TraceReader
    events: int = 0
    decisions: int = 0
    runs: int = 0
    ending: bool = False
    run: int | None = None
    t: float = 0.0
    rendered_t: bytes = b""
    owed: deque[Told] = field(default_factory=deque)

    @property
    def ended(self) -> bool:
        """Whether the session was closed properly, and every line of that is there."""
        return self.ending and not self.owed

    def follow(self, lines: Iterator[tuple[int, bytes]]) -> tuple[int, bytes] | None:
        """Go on for as long as each line is, to the byte, what replay would have written; gives the first that is not.

        A line that is the same needs no reading: only the events are read.
        """
        reader, owed = self.reader, self.owed
        for number, raw in lines:
            if owed:
                kind, body = owed[0]
                line, digest = line_of(reader.seq, reader.digest, self.rendered_t, kind, self.run, body)
                if line != raw:
                    return number, raw
                self._settle()
            else:
                read = read_event(raw)
                if read is None or read.t < reader.t:
                    return number, raw
                under_way = self.state.context.run
                run = under_way.number if under_way else None
                line, digest = line_of(reader.seq, reader.digest, read.rendered_t, "event", run, render(read.event))
                if line != raw:
                    return number, raw
                self._work_off(read, reader.seq, run)
                reader.t = read.t
            reader.pass_over(digest)
        return None

    def compare(self, line: Line) -> Mismatch | None:
        """Compare a line that is not to the byte what replay would have written."""
        if line.kind == "event":
            return self._event(line)
        if not self.owed:
            return Mismatch(line.number, line.t, f"this {line.kind} line", line.body, None)
        kind, body = self._settle()
        if kind != line.kind:
            return Mismatch(line.number, line.t, "kind", line.kind, kind)
        different = difference(line.body, msgspec.json.decode(body))
        if different is None and line.t != self.t:
            different = ("t", line.t, self.t)
        if different is None and line.run not in (None, self.run):
            different = ("run", line.run, self.run)
        return Mismatch(line.number, line.t, *different) if different else None

    def _event(self, line: Line) -> Mismatch | None:
        """Work a recorded event off; what an earlier one still owes is missing."""
        if self.owed:
            kind, body = self.owed[0]
            missing = msgspec.json.decode(body)
            return Mismatch(line.number, line.t, f"a {kind} line is missing before it", None, missing)
        read = Read(decode_event(line.body, line.number), line.t, render(line.t))
        self._work_off(read, line.seq, line.run)
        return None

    def _work_off(self, read: Read, seq: int, run: int | None) -> None:
        self.events += 1
        self.t, self.rendered_t = read.t, read.rendered_t
        self.ending = type(read.event) is SessionEnded
        self.state, steps = self.session.step(self.state, read.event, read.t)
        self.run = run_of(run, self.state)
        self.owed += derived(seq, self.events, steps, self.state)

    def _settle(self) -> Told:
        """Take what is owed next off the list, and count it."""
        told = self.owed.popleft()
        self.decisions += told[0] == "step"
        self.runs += told[0] == "run"
        return told


def replay(path: Path, engine: type[Engine] = TableEngine) -> Verdict:
    """Run a trace's events through its own machines and profile again.

    Parameters
    ----------
    path
        The trace.
    engine
        What runs the machines.

    Raises
    ------
    TraceError
        Where the trace cannot be read at all.
    """
    reader = TraceReader(path)
    lines = reader.raw_lines()
    under_way = begin(reader, lines, engine)
    mismatch = go_through(under_way, lines)
    counted = (under_way.events, under_way.decisions, under_way.runs)
    return Verdict(*counted, tuple(reader.damage), mismatch, under_way.ended)


def begin(reader: TraceReader, lines: Iterator[tuple[int, bytes]], engine: type[Engine]) -> Replay:
    """Begin with the first of the lines, which must be the header.

    Raises
    ------
    TraceError
        Where it is not, or cannot be used.
    """
    number, raw = next(lines)
    header = reader.take(raw, number)
    session = session_of(headed(header), engine)
    return Replay(session, session.begin(header.t), reader)


def go_through(under_way: Replay, lines: Iterator[tuple[int, bytes]]) -> Mismatch | None:
    """Replay line after line; after the first one that differs, lines are only looked at for damage."""
    reader = under_way.reader
    while (other := under_way.follow(lines)) is not None:
        number, raw = other
        mismatch = under_way.compare(reader.take(raw, number))
        if mismatch is not None:
            for number, raw in lines:
                reader.take(raw, number)
            return mismatch
    return None


def difference(recorded: Any, replayed: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """Find the first difference between two JSON values: its dotted key, and both sides; None where they agree."""
    if isinstance(recorded, Mapping) and isinstance(replayed, Mapping):
        for name in {**recorded, **replayed}:
            found = difference(recorded.get(name), replayed.get(name), f"{key}.{name}" if key else str(name))
            if found:
                return found
        return None
    if isinstance(recorded, list | tuple) and isinstance(replayed, list | tuple) and len(recorded) == len(replayed):
        for index, (one, other) in enumerate(zip(recorded, replayed, strict=True)):
            found = difference(one, other, f"{key}[{index}]")
            if found:
                return found
        return None
    if _is_float(recorded) and _is_float(replayed):
        return None if isclose(recorded, replayed, rel_tol=TOLERANCE, abs_tol=TOLERANCE) else (key, recorded, replayed)
    return None if recorded == replayed else (key, recorded, replayed)


def _is_float(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool))
