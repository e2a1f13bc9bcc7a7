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
HOST_FOUND = "The host tells of its plan again."
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
    position
        The focus point, steps; where the focuser went back to, for a run that failed.
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


def scale_of(header: Line) -> Scale:
    """Tell how the metric of a trace's runs is shown to people; as HFR where its header does not tell."""
    try:
        return profile_of(header).scale
    except TraceError:
        return SCALES["hfr"]


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


def focus_log(path: Path) -> FocusLog:
    """Read a trace's focusing log, of a damaged one as far as its lines can be read.

    Raises
    ------
    TraceError
        Where it cannot be read at all.
    """
    reader = TraceReader(path)
    lines = sound_lines(reader)
    header = next(lines)  # an empty trace has raised
    scale = scale_of(header)
    entries, notes = [], _Notes(header.t)
    for line in lines:
        notes.read(line)
        if line.kind == "run":
            entries.append(entry_of(line.body, scale))
        elif line.kind == "event" and line.body.get("event") == "host_refocused":
            entries.append(host_entry(line))
    return FocusLog(header, entries, reader.damage, notes.all())


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

    def all(self) -> list[Note]:
        """All notes by time, those of runs without an end among them."""
        untold = [number for number in self._open if number not in self._ended]
        told = [Note(self._open[number], "error", self._without_end(number)) for number in untold]
        return sorted((*self._notes, *told), key=lambda note: note.t)

    def _without_end(self, number: int) -> str:
        if any(other > number for other in (*self._open, *self._ended)):
            return f"The trace does not tell how run {number} ended."
        return f"Run {number} never ended: the trace is cut off within it."
