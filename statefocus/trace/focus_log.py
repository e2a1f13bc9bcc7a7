"""The focusing log (L1): one entry a run, failed runs too, read from a trace."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from statefocus.trace.reading import Line, TraceReader


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One run.

    Attributes
    ----------
    t
        When it ended, unix seconds.
    causes
        Which triggers it served.
    measure
        Metric at the focus point, px: the validation frame's where there is one, else the curve's.
    position
        The focus point, steps; where the focuser went back to, for a run that failed.
    temperature_c
        At the end.
    seconds
        How long the plan was held for it.
    """

    number: int
    t: float
    causes: tuple[str, ...]
    outcome: str
    measure: float | None
    position: int | None
    filter: str | None
    temperature_c: float | None
    seconds: float
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def entry_of(body: dict[str, Any]) -> LogEntry:
    """Make an entry from the body of a run's line."""
    focused = body["outcome"] in ("validated", "unvalidated")
    validations = [value for value in body["validation_measures"] if value is not None]
    measure = validations[-1] if validations else body["predicted_measure"]
    return LogEntry(
        number=body["number"],
        t=body["ended_t"],
        causes=tuple(body["causes"]),
        outcome=body["outcome"],
        measure=measure if focused else None,
        position=body["best_position"] if focused else body["start_position"],
        filter=body["filter"],
        temperature_c=body["temperature_c"],
        seconds=body["duration_s"],
        reason=body["reason"],
    )


def focus_log(path: Path) -> tuple[Line, list[LogEntry]]:
    """Read a trace's header and its focusing log."""
    lines = iter(TraceReader(path))
    header = next(lines)
    return header, [entry_of(line.body) for line in lines if line.kind == "run"]
