"""Aligns two traces by their decisions, and shows the first place where they part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from statefocus.trace.reading import Line, TraceReader
from statefocus.trace.replaying import difference


@dataclass(frozen=True, slots=True)
class Decision:
    """One step that did something, as far as two nights can be compared: no names of files, no line numbers."""

    line: int
    t: float
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first decision that differs; None on the side whose trace has ended."""

    key: str
    left: Decision | None
    right: Decision | None


def decisions(path: Path) -> Iterator[Decision]:
    """Read the decisions of a trace: rows taken or inhibited with all guards, effects, ends of runs."""
    for line in TraceReader(path):
        body = _decision(line)
        if body is not None:
            yield Decision(line.number, line.t, body)


def _decision(line: Line) -> dict[str, Any] | None:
    if line.kind == "step" and line.body.get("outcome") not in ("ignored", "stale"):
        return {key: line.body.get(key) for key in ("machine", "before", "after", "outcome", "row", "tried")}
    if line.kind == "effect":
        return {key: value for key, value in line.body.items() if key not in ("id", "frame", "sentence")}
    if line.kind == "run":
        return {key: line.body.get(key) for key in ("outcome", "causes", "start_position", "best_position")}
    return None


def diff(left: Path, right: Path) -> Divergence | None:
    """Find the first decision in which two traces differ; None where all are the same."""
    for one, other in zip_longest(decisions(left), decisions(right)):
        if one is None or other is None:
            return Divergence("one trace ends", one, other)
        different = difference(one.body, other.body)
        if different:
            return Divergence(different[0], one, other)
    return None
