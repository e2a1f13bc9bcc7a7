"""The focusing log (L1): one entry a run, failed runs too, and what else a person must know, read from a trace."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from statefocus.errors import TraceError
from statefocus.events import HostRefocused
from statefocus.scales import SCALES, Scale
from statefocus.trace.encoding import decode_event
from statefocus.trace.evidence import is_to_be_remade
from statefocus.trace.header import profile_of
from statefocus.trace.reading import Damage, Line, TraceReader
from statefocus.trace.schema import sound_lines

NO_END = "The log does not tell how this run ended."
CUT_OFF = (
    "An earlier session was cut off in the middle of a run: "
    "the focuser stood at {position}, and at {unfinished} before it."
)
MADE_AGAIN = " The trigger asap makes that run again."
CUT_OFF_WITHIN = "the trace is cut off within it."
HOST_FOUND = "The host tells of its plan again."
_BY_HAND = {"run_requested": "manual", "undo_requested": "undo"}
NO_BEGINNING = "The log lacks the beginning of this run."
"""What an import says of another program's run whose length nobody can tell."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One run.

    Attributes
    ----------
    number
        Of the run in its session; None for one that another program made.
    t
        When it ended, unix seconds.
    causes
        Which triggers it served.
    measure
        Metric at the focus point, in its own unit: the validation frame's where there is one, else the curve's.
    outcome
        As the run's record has it; `cut off` for a run that never ended, `under way` for one that has not ended yet.
    position
        The focus point, steps; where the focuser went back to, for a run that failed, or had stood, for one cut off.
    temperature_c
        At the end.
    seconds
        How long it took until its result stood; that it was then held in view (A14) does not count. None for another
        program's run whose beginning or end its log does not tell.
    metric
        Which one.
    """

    number: int | None
    t: float
    causes: tuple[str, ...]
    outcome: str
    measure: float | None
    position: int | None
    filter: str | None
    temperature_c: float | None
    seconds: float | None
    reason: str
    metric: str = "hfr"

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Note:
    """What a person was warned of, or what the trace leaves open.

    Attributes
    ----------
    t
        When, unix seconds.
    level
        `error`, `warning` or `info`.
    """

    t: float
    level: str
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON; `note` tells it from a run."""
        return {"note": self.level, "t": self.t, "sentence": self.sentence}


def entry_of(body: dict[str, Any], scale: Scale) -> LogEntry:
    """Make an entry from the body of a run's line, whose metric has that scale."""
    focused = body["outcome"] in ("validated", "unvalidated")
    validations = [value for value in body["validation_measures"] if value is not None]
    measure = validations[-1] if validations else body["predicted_measure"]
    return LogEntry(
        number=body["number"],
        t=body["ended_t"],
        causes=tuple(body["causes"]),
        outcome=body["outcome"],
        measure=scale.value(measure) if focused and measure else None,
        position=body["best_position"] if focused else body["start_position"],
        filter=body["filter"],
        temperature_c=body["temperature_c"],
        seconds=body["duration_s"],
        reason=body["reason"],
        metric=body["metric"],
    )


def cut_off_entry(body: dict[str, Any], reason: str, scale: Scale) -> LogEntry:
    """Make an entry from what would be the body of a run's line, had the run ended."""
    return entry_of({**body, "outcome": "cut off", "reason": reason}, scale)


def scale_of(header: Line) -> Scale:
    """Tell how the metric of a trace's runs is shown to people; as HFR where its header does not tell."""
    try:
        return profile_of(header).scale
    except TraceError:
        return SCALES["hfr"]


def _metric_of(header: Line) -> str:
    try:
        return profile_of(header).autofocus.metric
    except TraceError:
        return "hfr"


def host_outcome(event: HostRefocused) -> str:
    """How another program's run ended: `host`, `host failed`, or `host, untold`."""
    if event.failed:
        return "host failed"
    return "host, untold" if event.position is None else "host"


def host_seconds(event: HostRefocused) -> float | None:
    """How long another program's run took; None where nobody can tell."""
    return None if event.seconds <= 0 or event.sentence == NO_END else event.seconds


def host_entry(line: Line) -> LogEntry:
    """Make an entry from another program's own run."""
    event = decode_event(line.body, line.number)
    if not isinstance(event, HostRefocused):
        raise TraceError("it tells of no run of another program.", line.number)
    return LogEntry(
        number=None,
        t=line.t,
        causes=(event.trigger or "host",),
        outcome=host_outcome(event),
        measure=event.measure,
        position=event.position,
        filter=event.filter,
        temperature_c=event.temperature_c,
        seconds=host_seconds(event),
        reason=event.sentence,
    )


@dataclass(frozen=True, slots=True)
class FocusLog:
    """A trace's header and its focusing log; `damage` is what is wrong with its lines, read or left out."""

    header: Line
    entries: list[LogEntry]
    damage: list[Damage]
    notes: list[Note]

    @property
    def notes_beside(self) -> list[Note]:
        """Notes that tell more than the reasons of the runs do."""
        reasons = {entry.reason for entry in self.entries if entry.reason}
        return [note for note in self.notes if not any(note.sentence.endswith(reason) for reason in reasons)]


def focus_log(path: Path, *, goes_on: bool = False) -> FocusLog:
    """Read a trace's focusing log, of a damaged one as far as its lines can be read.

    Parameters
    ----------
    path
        The trace.
    goes_on
        Its session is still attended: a run without an end is under way, and not cut off.

    Raises
    ------
    TraceError
        Where it cannot be read at all.
    """
    reader = TraceReader(path)
    lines = sound_lines(reader)
    header = next(lines)  # an empty trace has raised
    scale = scale_of(header)
    entries, notes, unended = [], _Notes(header.t), _Unended(_metric_of(header))
    for line in lines:
        notes.read(line)
        unended.read(line)
        if line.kind == "run":
            entries.append(entry_of(line.body, scale))
        elif line.kind == "event" and line.body.get("event") == "host_refocused":
            entries.append(host_entry(line))
    last = unended.entry(goes_on=goes_on)
    return FocusLog(header, [*entries, last] if last else entries, reader.damage, notes.all(last))


class _Unended:
    """Follows what a trace tells of the run under way, for one that has no end in it."""

    def __init__(self, metric: str) -> None:
        self._metric = metric
        self._t = 0.0
        self._filter: str | None = None
        self._astray: int | None = None
        self._asked = ""
        self._run: int | None = None
        self._since = 0.0
        self._causes: tuple[str, ...] = ()
        self._start: int | None = None
        self._ended = ""

    def read(self, line: Line) -> None:
        """Take a line."""
        self._t, body = line.t, line.body
        if line.kind == "run":
            self._astray = body["start_position"] if body["outcome"] == "lost" else None
            self._run = None
        elif line.kind == "event":
            self._event(str(body.get("event")), line)
        if line.kind != "run" and line.run != self._run:
            self._run, self._since, self._start = line.run, line.t, None
            readings = body.get("triggers", {}).items()
            due = tuple(name for name, reading in readings if reading["due"])
            self._causes = (self._asked,) if self._asked else due

    def _event(self, name: str, line: Line) -> None:
        body = line.body
        self._asked = _BY_HAND.get(name, "")
        if name in ("plan_started", "filter_changed", "filter_set"):
            self._filter = body.get("filter") or self._filter
        elif name == "session_started":
            self._astray = body.get("unfinished")
        elif name == "plan_held":
            self._since = line.t
        elif name == "focuser_prepared" and self._start is None:
            self._start = body["position"] if self._astray is None else self._astray
        elif name == "session_ended":
            self._ended = str(body.get("reason", ""))

    def entry(self, *, goes_on: bool) -> LogEntry | None:
        """Tell of the run that has no end; None where every run has one."""
        if self._run is None:
            return None
        return LogEntry(
            number=self._run,
            t=self._t,
            causes=self._causes,
            outcome="under way" if goes_on else "cut off",
            measure=None,
            position=self._start,
            filter=self._filter,
            temperature_c=None,
            seconds=self._t - self._since,
            reason="" if goes_on else self._ended or CUT_OFF_WITHIN,
            metric=self._metric,
        )


def cut_off(started: dict[str, Any]) -> str:
    """Tell that an earlier session was cut off in a run, as the session's first event knows it."""
    return CUT_OFF.format(**started) + (MADE_AGAIN if is_to_be_remade(started) else "")


class _Notes:
    """Gathers the notes of a trace, line by line."""

    def __init__(self, t: float) -> None:
        self._t = t
        self._notes: list[Note] = []
        self._open: dict[int, float] = {}
        self._ended: set[int] = set()

    def read(self, line: Line) -> None:
        """Note what a line tells."""
        self._t = line.t
        body = line.body
        if line.kind == "run":
            self._ended.add(body["number"])
        elif line.run is not None:
            self._open.setdefault(line.run, line.t)
        if body.get("event") == "session_started" and body.get("unfinished") is not None:
            self._add("warning", cut_off(body))
        elif body.get("event") == "host_lost":
            self._add("error", str(body.get("sentence", "")))
        elif body.get("event") == "host_found":
            self._add("info", HOST_FOUND)
        elif body.get("effect") == "notify" and body.get("level") in ("error", "warning"):
            self._add(str(body["level"]), str(body.get("sentence", "")))

    def _add(self, level: str, sentence: str) -> None:
        note = Note(self._t, level, sentence)
        if not any(other.t == note.t and sentence.endswith(other.sentence) for other in self._notes[-2:]):
            self._notes.append(note)

    def all(self, last: LogEntry | None) -> list[Note]:
        """All notes by time, those of runs without an end among them; `last` is the one that has none yet, if any."""
        told = []
        for number in (number for number in self._open if number not in self._ended):
            sentence = f"The trace does not tell how run {number} ended."
            if last is not None and number == last.number:
                sentence = f"Run {number} never ended: {last.reason}" if last.reason else f"Run {number} is under way."
            level = "info" if last is not None and number == last.number and not last.reason else "error"
            told.append(Note(self._open[number], level, sentence))
        return sorted((*self._notes, *told), key=lambda note: note.t)
