"""Answers "why did it (not) focus at 03:12?" in sentences, from the trace alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from statefocus.rules import GUARDS
from statefocus.trace.reading import Line, TraceReader
from statefocus.trace.times import parse_time, show, zone_of

_BLOCKING = ("failed", "unknown")


@dataclass
class _Seen:
    """What has been seen of a trace up to the moment asked about."""

    header: Line | None = None
    last: Line | None = None
    leaf: str = ""
    decision: Line | None = None
    run_begun: Line | None = None
    run_ended: Line | None = None
    inhibited_since: dict[str, float] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        self.last = line
        if line.kind == "run":
            self.run_ended, self.run_begun = line, None
            self.inhibited_since.clear()
        if line.kind != "step" or line.body.get("machine") != "session":
            return
        before, self.leaf = self.leaf, line.body["after"]
        if line.body.get("triggers"):
            self.decision = line
            self._note_inhibited(line)
        if self.leaf.startswith("Refocusing") and not before.startswith("Refocusing"):
            self.run_begun = line

    def _note_inhibited(self, line: Line) -> None:
        due = {name for name, reading in line.body["triggers"].items() if reading["due"]}
        if line.body["outcome"] != "inhibited":
            due = set()
        for name in due - set(self.inhibited_since):
            self.inhibited_since[name] = line.t
        for name in set(self.inhibited_since) - due:
            del self.inhibited_since[name]


def explain(path: Path, at: str) -> list[str]:
    """Tell what was decided last at a moment, and why.

    Parameters
    ----------
    path
        The trace.
    at
        The moment, as a person types it.

    Returns
    -------
    Sentences.
    """
    header, first, last = _span(path)
    zone = zone_of(str(header.body.get("time_zone", "UTC")))
    t = parse_time(at, zone, first, last)
    seen = _Seen(header=header)
    for line in TraceReader(path):
        if line.t > t:
            break
        seen.take(line)

    def when(moment: float) -> str:
        return show(moment, zone)

    said = [f"At {when(t)} ({zone.key}) the session was in {seen.leaf or 'no state yet'}."]
    said += _run_sentences(seen, when)
    said += _decision_sentences(seen, when)
    return said


def _span(path: Path) -> tuple[Line, float, float]:
    header, last = None, 0.0
    for line in TraceReader(path):
        header, last = header or line, line.t
    assert header is not None  # noqa: S101  # an empty trace has raised
    return header, header.t, last


def _run_sentences(seen: _Seen, when: Any) -> Iterator[str]:
    if seen.run_begun is not None:
        row = seen.run_begun.body["row"]
        yield f"An autofocus run was under way since {when(seen.run_begun.t)}, begun by row `{row}`."
    if seen.run_ended is None:
        yield "No autofocus run had ended before."
        return
    body = seen.run_ended.body
    where = (
        f"position {body['best_position']}" if body["outcome"] in ("validated", "unvalidated") else "no new position"
    )
    why = f": {body['reason']}" if body["reason"] else "."
    yield (
        f"The last run, number {body['number']} (due to {', '.join(body['causes'])}), ended {body['outcome']} "
        f"at {when(seen.run_ended.t)} with {where}{why}"
    )


def _decision_sentences(seen: _Seen, when: Any) -> Iterator[str]:
    if seen.decision is None:
        yield "No trigger had been looked at yet."
        return
    body = seen.decision.body
    yield f"Triggers were last looked at at {when(seen.decision.t)}; then {_outcome(body)}"
    for name, reading in body["triggers"].items():
        yield f"  {_trigger(name, reading)}"
    for tried in body.get("tried", ()):
        blocking = [f"{guard} {said}" for guard, said in tried["guards"].items() if said in _BLOCKING]
        due = all(said == "passed" for guard, said in tried["guards"].items() if guard.endswith("_due"))
        if due and blocking:
            yield f"  Row `{tried['row']}` was inhibited: {_meanings(blocking)}"
    for name, since in seen.inhibited_since.items():
        yield f"  {name} has been due and inhibited since {when(since)}."


def _outcome(body: dict[str, Any]) -> str:
    due = [name for name, reading in body["triggers"].items() if reading["due"]]
    if body["outcome"] == "inhibited":
        return f"{' and '.join(due)} was due, and a guard said no."
    if str(body["after"]).startswith("Refocusing"):
        return f"a run began, due to {', '.join(due)}."
    return "nothing was due."


def _trigger(name: str, reading: dict[str, Any]) -> str:
    state = "due" if reading["due"] else "not due"
    if reading["limit"] is None:
        return f"{name}: {state}."
    value = "no reading yet" if reading["reading"] is None else f"{reading['reading']:.2f}"
    return f"{name} {reading['text']}: {state} ({value} of {reading['limit']:g})."


def _meanings(blocking: list[str]) -> str:
    told = []
    for said in blocking:
        name, _, ruling = said.partition(" ")
        doc = GUARDS[name].doc.rstrip(".") if name in GUARDS else name
        told.append(f"`{name}` {ruling} ({doc})")
    return "; ".join(told) + "."
