"""Aligns two traces by their decisions, and shows the first place where they part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from statefocus.trace.naming import naming
from statefocus.trace.reading import Damage, Line, TraceReader, headed
from statefocus.trace.replaying import difference
from statefocus.trace.schema import sound


@dataclass(frozen=True, slots=True)
class Decision:
    """One step that did something, as far as two nights can be compared: no names of files, no line numbers.

    Attributes
    ----------
    since_s
        How far into its own night, so that nights of different dates can be laid side by side.
    what
        The line's kind: step, effect or run.
    event
        The event that it follows from.
    """

    line: int
    t: float
    since_s: float
    what: str
    body: dict[str, Any]
    event: Line | None = None


@dataclass
class Night:
    """One of the traces, being read.

    Attributes
    ----------
    damage
        What was found wrong with its lines so far, a torn end excepted: where lines are missing, so may decisions be.
    """

    path: Path
    damage: list[Damage] = field(default_factory=list)
    _event: Line | None = None
    _stepped: bool = True

    def decisions(self) -> Iterator[Decision]:
        """Read the decisions: rows taken or inhibited with all guards, effects, ends of runs."""
        start: float | None = None
        reader = TraceReader(self.path)
        with naming(self.path):  # two traces are read at once: say which
            for line in reader:
                start = headed(line).t if start is None else start
                self._note(reader, line)
                body = _decision(sound(line))
                if body is not None:
                    yield Decision(line.number, line.t, line.t - start, line.kind, body, self._event)

    def _note(self, reader: TraceReader, line: Line) -> None:
        """Note damage, and an event that was followed by no step: each has one, ignored or not."""
        self.damage += [damage for damage in reader.damage if damage.what != "torn"]
        reader.damage.clear()
        if line.kind == "step":
            self._stepped = True
        if line.kind != "event":
            return
        if not self._stepped and self._event is not None:
            before = f"{self._event.body.get('event')}, line {self._event.number}"
            said = f"line {line.number}: the step of the event before it ({before}) was removed."
            self.damage.append(Damage(line.number, "missing", said))
        self._event, self._stepped = line, False


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first decision that differs; None on the side whose trace has ended.

    Attributes
    ----------
    number
        Which decision it is, from 1.
    agreed
        The last decision that both made.
    """

    key: str
    left: Decision | None
    right: Decision | None
    number: int = 1
    agreed: Decision | None = None


def _decision(line: Line) -> dict[str, Any] | None:
    if line.kind == "step" and line.body.get("outcome") not in ("ignored", "stale"):
        return {key: line.body.get(key) for key in ("machine", "before", "after", "outcome", "row", "tried")}
    if line.kind == "effect":
        return {key: value for key, value in line.body.items() if key not in ("id", "frame", "sentence")}
    if line.kind == "run":
        return {key: line.body.get(key) for key in ("outcome", "causes", "start_position", "best_position")}
    return None


def diff(left: Path, right: Path) -> Divergence | None:
    """Find the first decision in which two traces differ; None where all that are there are the same."""
    return parting_of(Night(left), Night(right))


def parting_of(left: Night, right: Night) -> Divergence | None:
    """Do what `diff` does, and note damage of the traces on the way."""
    agreed: Decision | None = None
    for number, (one, other) in enumerate(zip_longest(left.decisions(), right.decisions()), 1):
        if one is None or other is None:
            return Divergence("one trace ends", one, other, number, agreed)
        different = difference(one.body, other.body)
        if different:
            return Divergence(different[0], one, other, number, agreed)
        agreed = one
    return None


def side_by_side(parting: Divergence) -> Iterator[tuple[str, str, str]]:
    """Give what differs as names with both sides: guard by guard for a row that both tried, in a word for others."""
    left, right = _rows(parting.left), _rows(parting.right)
    for name in {**left, **right}:
        one, other = left.get(name, "-"), right.get(name, "-")
        if one != other or name in ("machine", "before", "after", "row"):
            yield name, one, other
    tried, tried_other = _tried(parting.left), _tried(parting.right)
    for row in {**tried, **tried_other}:
        if row in tried and row in tried_other:
            guards, guards_other = tried[row], tried_other[row]
            for guard in {**guards, **guards_other}:
                if guards.get(guard) != guards_other.get(guard):
                    yield f"{row}: {guard}", guards.get(guard, "-"), guards_other.get(guard, "-")
        elif parting.left is not None and parting.right is not None:
            yield row, _in_a_word(tried.get(row)), _in_a_word(tried_other.get(row))


def _rows(decision: Decision | None) -> dict[str, str]:
    return {} if decision is None else {name: _said(value) for name, value in decision.body.items() if name != "tried"}


def _tried(decision: Decision | None) -> dict[str, dict[str, str]]:
    tried = (decision.body.get("tried") if decision else None) or ()
    return {one["row"]: one["guards"] for one in tried}


def _in_a_word(guards: dict[str, str] | None) -> str:
    if guards is None:
        return "not tried"
    against = [f"{guard} {said}" for guard, said in guards.items() if said not in ("passed", "not_used")]
    return ", ".join(against) or "passed"


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value) or "-"
    return "-" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
