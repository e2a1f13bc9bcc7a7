"""Audit: checks a trace against its digests, its schema and the inviolable rules, without the profile that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from statefocus.effects import KINDS
from statefocus.errors import TraceError
from statefocus.events import KINDS as EVENTS
from statefocus.events import Answer, EffectFailed
from statefocus.trace.inviolable import Rules
from statefocus.trace.reading import Line, TraceReader
from statefocus.trace.recounting import Recount
from statefocus.trace.schema import problems

MOST_FINDINGS = 1000
MOST_UNREADABLE = 20
"""Unreadable lines that are told one by one; of more, their number is."""
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the line, the rule that it breaks, and a sentence."""

    line: int
    rule: str
    sentence: str


@dataclass
class Audit:
    """What an audit has found; `notes` are no faults."""

    lines: int = 0
    events: int = 0
    runs: int = 0
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@dataclass
class _Order:
    """What must follow what: steps their events, answers their effects, states the states before."""

    event_seq: int | None = None
    event_line: int = 0
    stepped: bool = True
    last_effect: int = 0
    whole: bool = True
    asked: dict[int, str] = field(default_factory=dict)
    leaves: dict[str, str] = field(default_factory=dict)

    def take(self, line: Line) -> Iterator[tuple[str, str]]:
        kind = line.kind
        if kind == "event":
            yield from self._event(line)
        elif kind == "step":
            yield from self._step(line)
        elif kind == "effect":
            yield from self._effect(line)

    def _event(self, line: Line) -> Iterator[tuple[str, str]]:
        if not self.stepped:
            yield "step", f"the event of line {self.event_line} has no step."
        self.event_seq, self.event_line, self.stepped = line.seq, line.number, False
        name = line.body.get("event")
        kind = EVENTS.get(name) if isinstance(name, str) else None
        if kind is None or not issubclass(kind, Answer):
            return
        number: Any = line.body.get("effect")
        asked = self.asked.get(number)
        if asked is None:
            yield "answer", f"{name} answers effect {number}, which was never asked for."
        elif kind is not EffectFailed and KINDS[asked].answer != name:
            yield "answer", f"{name} is no answer to {asked}, effect {number}."

    def _step(self, line: Line) -> Iterator[tuple[str, str]]:
        body = line.body
        if body["of"] != self.event_seq:
            yield "step", f"it belongs to the event with seq {body['of']}, and stands after seq {self.event_seq}."
        self.stepped = True
        machine = str(body["machine"])
        before = self.leaves.get(machine)
        if before is not None and before != body["before"]:
            yield "state", f"{machine} was in {before}, and this step begins in {body['before']}."
        if body["outcome"] == "fault":
            self.leaves.clear()
            self.whole = False
        self.leaves[machine] = str(body["after"])

    def _effect(self, line: Line) -> Iterator[tuple[str, str]]:
        number, name = line.body["id"], line.body["effect"]
        if not isinstance(number, int) or not isinstance(name, str) or name not in KINDS:
            return
        if number <= self.last_effect:
            yield "effect", f"effect {number} comes after effect {self.last_effect}: numbers must rise."
        elif self.whole and number > self.last_effect + 1:
            yield (
                "effect",
                f"effect {number} comes after effect {self.last_effect}: what was asked between is not there.",
            )
        self.last_effect = max(self.last_effect, number)
        self.asked[number] = name


class _Auditor:
    """An audit under way."""

    def __init__(self, reader: TraceReader) -> None:
        self._reader = reader
        self._order, self._rules, self._recount = _Order(), Rules(), Recount()
        self._t: float | None = None
        self._damage = 0
        self._unread: list[int] = []
        self._ended = False
        self._gap = 0
        self.audit = Audit()

    def read(self, raw: bytes, number: int) -> None:
        """Read a line and check it; one that cannot be read is a finding, unless it is the first: then it is no trace.

        Raises
        ------
        TraceError
            For the first line.
        """
        try:
            line = self._reader.take(raw, number)
        except TraceError as error:
            if number == 1:
                raise
            self._reader.leave_out()
            self.audit.lines += 1
            self.unreadable(error)
        else:
            self.take(line)

    def unreadable(self, error: TraceError) -> None:
        """Note a line that cannot be read."""
        self._unread.append(error.line)
        if len(self._unread) <= MOST_UNREADABLE:
            self._find(error.line, UNREADABLE, _alone(error))

    def take(self, line: Line) -> None:
        """Check one line; after one that could not be read, only what needs nothing of it."""
        audit = self.audit
        self._ended = line.body.get("event") == "session_ended" or (self._ended and line.kind != "event")
        audit.lines += 1
        audit.events += line.kind == "event"
        audit.runs += line.kind == "run"
        self._chain()
        if (line.kind == "header") != (audit.lines == 1):
            self._find(line.number, "schema", "a trace has one header, and it comes first.")
        if self._t is not None and line.t < self._t:
            self._find(line.number, "time", f"its time is {self._t - line.t:.3f} s before that of the line before it.")
        self._t = line.t
        wrong = list(problems(line))
        for sentence in wrong:
            self._find(line.number, "schema", sentence)
        self._rules.whole = self._rules.whole and not self._gap
        checks: list[Callable[[Line], Iterator[tuple[str, str]]]] = [self._order.take, self._rules.take]
        if not self._gap:
            checks.append(self._recount.take)
        for check in checks if not wrong and not self._unread else ():
            for rule, sentence in check(line):
                self._find(line.number, rule, sentence)

    def _chain(self) -> None:
        for damage in self._reader.damage[self._damage :]:
            if damage.what != "torn":
                self._find(damage.line, damage.what, damage.sentence.partition(": ")[2])
            self._gap = self._gap or (damage.line if damage.what == "missing" else 0)
        self._damage = len(self._reader.damage)

    def _find(self, line: int, rule: str, sentence: str) -> None:
        if len(self.audit.findings) < MOST_FINDINGS:
            self.audit.findings.append(Finding(line, rule, sentence))
        else:
            self.audit.more += 1

    def finish(self) -> Audit:
        """Tell of the trace's end."""
        more = len(self._unread) - MOST_UNREADABLE
        if more > 0:
            said = f"{more} more lines cannot be read; this is the last." if more > 1 else "one more cannot be read."
            self._find(self._unread[-1], UNREADABLE, said)
        if self._unread:
            self.audit.notes.append(
                f"From line {self._unread[0]} on, only digests, fields and times were checked: what an unreadable line "
                "told is not known, and so neither is what follows from it."
            )
        if self._gap and not self._unread:
            self.audit.notes.append(
                f"From line {self._gap} on, moves and runs were not recounted: what missing lines told is not known."
            )
        self.audit.notes += [damage.sentence for damage in self._reader.damage if damage.what == "torn"]
        if self._unread:  # whether the last event has its steps is not known then
            told = "" if self._ended else "No line that can be read tells that the session ended."
        else:
            ended = self._ended and self._order.stepped
            told = "" if ended else "It stops before the session ended: a power cut, or lines cut off at its end."
        self.audit.notes += [told] if told else []
        return self.audit


def audit(path: Path) -> Audit:
    """Check a trace.

    Raises
    ------
    TraceError
        Where it cannot be read at all: no file, no trace, another version.
    """
    reader = TraceReader(path)
    auditor = _Auditor(reader)
    for number, raw in reader.raw_lines():
        auditor.read(raw, number)
    return auditor.finish()


def _alone(error: TraceError) -> str:
    """An error's sentence without its line."""
    return str(error).removeprefix(f"line {error.line}: ")
