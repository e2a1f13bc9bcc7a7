"""Answers "why did it (not) focus at 03:12?" in sentences, from the trace alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from statefocus.context import REFOCUSED
from statefocus.errors import UsageError
from statefocus.forbidding import contrary_of
from statefocus.rules import GUARDS
from statefocus.trace.evidence import Evidence
from statefocus.trace.focus_log import cut_off
from statefocus.trace.reading import Damage, Line, TraceReader
from statefocus.trace.schema import sound_lines
from statefocus.trace.times import parse_last, show, zone_of
from statefocus.trace.trigger_sentences import trigger_sentence
from statefocus.trace.waiting import When

_BLOCKING = ("failed", "unknown")
_WISHES = {"run_requested": "a run", "undo_requested": "the way back"}


@dataclass
class _Seen:
    """What has been seen of a trace up to the moment asked about."""

    evidence: Evidence
    leaf: str = ""
    event: Line | None = None
    step: Line | None = None
    decision: Line | None = None
    began: Line | None = None
    run_begun: Line | None = None
    run_ended: Line | None = None
    host_run: Line | None = None
    cut_off: str = ""
    due_since: dict[str, float] = field(default_factory=dict)
    inhibited_since: dict[str, float] = field(default_factory=dict)
    blocked_since: dict[tuple[str, str, str], float] = field(default_factory=dict)
    behind: dict[tuple[str, str, str], str] = field(default_factory=dict)
    refused: str = ""
    hand: str = ""
    overtaken: str = ""
    decided_on: str = ""

    def take(self, line: Line, when: When) -> None:
        self.evidence.take(line)
        if line.kind == "run":
            self.cut_off = "" if line.body["outcome"] in REFOCUSED else self.cut_off
            self.run_ended, self.run_begun = line, None
            self.due_since.clear()
            self.inhibited_since.clear()
            self.blocked_since.clear()
        if line.kind == "event":
            self._event(line)
        if line.kind == "effect" and self.step is not None and self.step.body["row"] == "focuser-taken":
            self.hand = f"Since {when(line.t)}: {line.body.get('sentence', '')}"
        if line.kind != "step" or line.body.get("machine") != "session":
            return
        self._wish(line, when)
        self._hold(line, when)
        self.leaf, self.step = str(line.body["after"]), line
        if line.body.get("triggers"):
            self.decision, self.decided_on = line, str(self.event.body["event"]) if self.event else ""
            self._note(line, when)
        if line.run is not None and (self.event is None or self.event.run is None):
            self.run_begun = self.began = line

    def _event(self, line: Line) -> None:
        """Note an event; one that comes in a run after the end of another tells that the last step began it."""
        self.event = line
        if line.body.get("event") == "host_refocused":
            self.host_run = line
        elif line.body.get("event") == "session_started" and line.body.get("unfinished") is not None:
            self.cut_off = cut_off(line.body)
        if line.body.get("event") == "triggers_resumed" or line.run is not None:
            self.hand = ""
        if line.run is not None and self.run_begun is None:
            self.run_begun = self.began = self.step

    def _wish(self, line: Line, when: When) -> None:
        """Note what became of a person's wish for a run: nothing where the session stayed where it was."""
        wish = _WISHES.get(str(self.event.body["event"])) if self.event else None
        if wish is None:
            return
        self.refused = ""
        if line.body["before"] == line.body["after"]:
            why = self._against(line, when) or f"the session was in {line.body['before']}"
            self.refused = f"A person asked for {wish} at {when(line.t)}, and not then: {why}."

    def _hold(self, line: Line, when: When) -> None:
        """Note which guards no longer allowed the run when the plan was held: the row that asks them was passed by."""
        if self.event is None or self.event.body["event"] != "plan_held":
            return
        asking = [tried for tried in line.body.get("tried", ()) if tried["guards"]]
        passed_by = bool(asking) and asking[-1]["row"] != line.body["row"]
        self.overtaken = self._blocking(asking[-1:], line.t, when) if passed_by else ""

    def _against(self, line: Line, when: When) -> str:
        """The guards that forbade every row of a step, with the facts behind them."""
        return self._blocking(line.body.get("tried", ()), line.t, when)

    def _blocking(self, rows: Sequence[Any], t: float, when: When) -> str:
        guards = {guard: said for tried in rows for guard, said in tried["guards"].items() if said in _BLOCKING}
        each = (_blocked(guard, said, "", self.evidence.behind(guard, said, t, when)) for guard, said in guards.items())
        return "; ".join(each)

    @property
    def restarted(self) -> bool:
        """Whether a run has restarted every trigger since they were last looked at."""
        ended, looked = self.run_ended, self.decision
        return ended is not None and ended.body["outcome"] in REFOCUSED and (looked is None or looked.seq < ended.seq)

    def _note(self, line: Line, when: When) -> None:
        due = {name for name, reading in line.body["triggers"].items() if reading["due"]}
        _keep(self.due_since, due, line.t)
        inhibited = due if line.body["outcome"] == "inhibited" else set()
        _keep(self.inhibited_since, inhibited, line.t)
        blocked = {
            (name, guard, said)
            for tried in line.body.get("tried", ())
            for name in inhibited
            if f"{name}_due" in tried["guards"]
            for guard, said in tried["guards"].items()
            if said in _BLOCKING
        }
        _keep(self.blocked_since, blocked, line.t)
        self.behind = {key: self.evidence.behind(key[1], key[2], line.t, when) for key in blocked}


def _keep(since: dict[Any, float], now: set[Any], t: float) -> None:
    """Note when each thing began to be so, and forget what is so no more."""
    for name in now - set(since):
        since[name] = t
    for name in set(since) - now:
        del since[name]


@dataclass(frozen=True, slots=True)
class Explained:
    """What a trace tells of a moment, in sentences; `damage` is what is wrong with its lines, read or left out."""

    sentences: list[str]
    damage: list[Damage]

    @property
    def text(self) -> str:
        """The sentences, each in a line of its own."""
        return "\n".join(self.sentences)


def explain(path: Path, at: str) -> Explained:
    """Tell what was decided last at a moment, and why; of a damaged trace, as far as its lines can be read.

    Parameters
    ----------
    path
        The trace.
    at
        The moment, as a person types it; a minute or a second stands for its end.

    Raises
    ------
    TraceError
        Where the trace cannot be read at all.
    UsageError
        Where it is no moment of the trace.
    """
    header, last, damage = _span(path)
    zone = zone_of(str(header.body.get("time_zone", "UTC")))
    try:
        t = parse_last(at, zone, header.t, last)
    except UsageError as error:
        if not damage:
            raise
        raise UsageError(f"{error} But {damage[0].sentence} `statefocus audit` tells more.") from None
    asked, t = t, min(t, last)
    profile = header.body.get("profile")
    seen = _Seen(Evidence(profile if isinstance(profile, dict) else {}))

    def when(moment: float) -> str:
        return show(moment, zone)

    for line in sound_lines(TraceReader(path)):
        if line.t <= t:
            seen.take(line, when)
        elif not damage:  # else one time that was edited would hide all that follows
            break
    said = [f"The trace ends at {when(t)}, and tells nothing of what came later."] if when(asked) != when(t) else []
    said += [f"At {when(t)} ({zone.key}) the session was in {seen.leaf or 'no state yet'}."]
    said += _imported_sentences(header, seen, when)
    said += _run_sentences(seen, when)
    said += _waiting_sentences(seen, t, when)
    said += _decision_sentences(seen, when)
    return Explained(said, damage)


def _imported_sentences(header: Line, seen: _Seen, when: When) -> Iterator[str]:
    told = header.body.get("imported")
    if isinstance(told, dict):
        yield f"The trace was imported from {told.get('program')}: statefocus only watched, with every trigger off."
    if seen.host_run is not None:
        body = seen.host_run.body
        where = "found no focus" if body.get("position") is None else f"chose {body['position']}"
        why = f" ({body['trigger']})" if body.get("trigger") else ""
        yield f"The last run of another program{why} ended at {when(seen.host_run.t)} and {where}."


def _span(path: Path) -> tuple[Line, float, list[Damage]]:
    """Read a trace to its end: its header, its last time that was not edited, and its damage."""
    reader = TraceReader(path)
    lines = sound_lines(reader)
    header = next(lines)  # an empty trace has raised
    for _ in lines:
        pass
    return header, max(reader.t, header.t), reader.damage


def _run_sentences(seen: _Seen, when: When) -> Iterator[str]:
    if seen.cut_off:
        yield seen.cut_off
    if seen.run_begun is not None:
        row = seen.run_begun.body["row"]
        yield f"An autofocus run was under way since {when(seen.run_begun.t)}, begun by row `{row}`."
    if seen.run_ended is None:
        if seen.host_run is None:
            yield "No autofocus run had ended before."
        return
    body = seen.run_ended.body
    where = f"position {body['best_position']}" if body["outcome"] in REFOCUSED else "no new position"
    why = f": {body['reason']}" if body["reason"] else "."
    yield (
        f"The last run, number {body['number']} (due to {', '.join(body['causes'])}), ended {body['outcome']} "
        f"at {when(seen.run_ended.t)} with {where}{why}"
    )
    if seen.overtaken and body["outcome"] == "cancelled":
        yield f"  {seen.overtaken}."


def _waiting_sentences(seen: _Seen, t: float, when: When) -> Iterator[str]:
    waits = seen.evidence.back_off.told(t, when)
    if waits:
        yield f"{waits[:1].upper()}{waits[1:]}."
    if seen.hand:
        yield seen.hand
    if seen.refused:
        yield seen.refused


def _decision_sentences(seen: _Seen, when: When) -> Iterator[str]:
    if seen.restarted and seen.run_ended is not None:
        yield f"The run of {when(seen.run_ended.t)} restarted every trigger, and none was looked at since."
        return
    if seen.decision is None:
        yield "No trigger had been looked at yet."
        return
    body = seen.decision.body
    outcome = _outcome(body, seen.decided_on, began=seen.decision is seen.began)
    yield f"Triggers were last looked at at {when(seen.decision.t)}; then {outcome}"
    for name, reading in body["triggers"].items():
        began = when(seen.due_since[name]) if name in seen.due_since else None
        yield f"  {trigger_sentence(name, reading, began, seen.evidence.profile)}"
    for name, since in seen.inhibited_since.items():
        yield f"  {name} has been due and inhibited since {when(since)}."
        for key, blocked in seen.blocked_since.items():
            if key[0] == name:
                yield f"    {_blocked(key[1], key[2], f' since {when(blocked)}', seen.behind.get(key, ''))}."


def _outcome(body: dict[str, Any], event: str, *, began: bool) -> str:
    due = [name for name, reading in body["triggers"].items() if reading["due"]]
    if body["outcome"] == "inhibited":
        return f"{' and '.join(due)} {'were' if len(due) > 1 else 'was'} due, and a guard said no."
    if began and due:
        return f"a run began, due to {', '.join(due)}."
    if due:
        return f"{' and '.join(due)} {'were' if len(due) > 1 else 'was'} due, and {event} begins no run for that."
    return "nothing was due."


def _blocked(name: str, ruling: str, since: str, behind: str) -> str:
    doc = GUARDS[name].doc.rstrip(".") if name in GUARDS else name
    return f"`{name}` {ruling}{since}: {behind or contrary_of(doc, ruling)}"
