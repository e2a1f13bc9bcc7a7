"""Replay: every recorded event through `step` again, every derived line compared."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isclose
from pathlib import Path
from typing import Any

from statefocus.errors import TraceError
from statefocus.session import Session, State
from statefocus.trace.encoding import decode_event
from statefocus.trace.header import session_of
from statefocus.trace.reading import Damage, Line, TraceReader
from statefocus.trace.telling import Told, derived

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
class _Replay:
    """A replay under way."""

    session: Session
    state: State
    events: int = 0
    decisions: int = 0
    runs: int = 0
    ended: bool = False
    expected: deque[Told] = field(default_factory=deque)

    def event(self, line: Line) -> Mismatch | None:
        """Work a recorded event off; what an earlier one still owes is missing."""
        if self.expected:
            kind, _ = self.expected[0]
            return Mismatch(line.number, line.t, f"a {kind} line is missing before it", None, self.expected[0][1])
        self.events += 1
        self.ended = line.body.get("event") == "session_ended"
        self.state, steps = self.session.step(self.state, decode_event(line.body, line.number), line.t)
        self.expected.extend(derived(line.seq, self.events, steps, self.state))
        return None

    def compare(self, line: Line) -> Mismatch | None:
        """Compare a recorded derived line with the one that replay would have written."""
        if not self.expected:
            return Mismatch(line.number, line.t, f"this {line.kind} line", line.body, None)
        kind, body = self.expected.popleft()
        if kind != line.kind:
            return Mismatch(line.number, line.t, "kind", line.kind, kind)
        self.decisions += kind == "step"
        self.runs += kind == "run"
        different = difference(line.body, body)
        return Mismatch(line.number, line.t, *different) if different else None


def replay(path: Path) -> Verdict:
    """Run a trace's events through its own machines and profile again.

    Raises
    ------
    TraceError
        Where the trace cannot be read at all.
    """
    reader = TraceReader(path)
    under_way: _Replay | None = None
    mismatch: Mismatch | None = None
    for line in reader:
        if under_way is None:
            if line.kind != "header":
                raise TraceError("the first line is no header; the beginning of the trace is missing.", line.number)
            session = session_of(line)
            under_way = _Replay(session, session.begin(line.t))
        elif mismatch is None:
            mismatch = under_way.event(line) if line.kind == "event" else under_way.compare(line)
    if under_way is None:
        raise TraceError(f"{path} holds no lines.")
    counted = (under_way.events, under_way.decisions, under_way.runs)
    return Verdict(*counted, tuple(reader.damage), mismatch, under_way.ended)


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
