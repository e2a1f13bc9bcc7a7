"""What the frames of each run measured, stars and all, gathered from a trace: the run's record holds points only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from statefocus.events import FrameMeasured
from statefocus.focus.points import FocusPoint
from statefocus.focus.repeats import points_of
from statefocus.trace.encoding import decode_event
from statefocus.trace.reading import Line
from statefocus.trace.schema import sound


@dataclass(frozen=True, slots=True)
class Swept:
    """A run's line, and its points with their tables of stars; None where the trace does not tell them."""

    line: Line
    points: tuple[FocusPoint, ...] | None


def swept_runs(lines: Iterator[Line]) -> Iterator[Swept]:
    """Give the runs of a trace, from its lines without the header.

    Raises
    ------
    TraceError
        For a line that is not sound.
    """
    validating = False
    frames: list[FrameMeasured] = []
    for line in lines:
        if line.body.get("effect") == "take_frame":
            validating = line.body.get("purpose") == "validation"
        elif line.body.get("event") == "frame_measured" and not validating:
            event = decode_event(line.body, line.number)
            frames += [event] if isinstance(event, FrameMeasured) else []
        elif line.kind == "run":
            yield Swept(sound(line), _points(line.body, frames))
            frames = []


def _points(body: dict[str, Any], frames: Sequence[FrameMeasured]) -> tuple[FocusPoint, ...] | None:
    """Give the points of a run's record the stars of its sweep's frames; None where the two do not fit together."""
    try:
        each = int(body["sweep"]["frames_per_point"])
        positions = [float(point["position"]) for point in body["points"] for _ in range(each)]
        begin = each * len(body["earlier_points"])
    except (KeyError, TypeError, ValueError):
        return None
    theirs = frames[begin : begin + len(positions)]
    if each < 1 or len(theirs) < len(positions):
        return None
    measured = zip(positions, theirs, strict=True)
    return points_of([FocusPoint(place, one.value, one.error, one.stars, one.table) for place, one in measured], each)
