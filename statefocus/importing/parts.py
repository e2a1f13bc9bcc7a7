"""What is open while a log is read, and what only its later lines tell."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from statefocus import events
from statefocus.events import Event


@dataclass
class OpenFrame:
    """A frame of the plan whose shutter has opened."""

    number: int
    started_t: float
    exposure_s: float
    frame_type: str
    filter: str | None
    binning: int


@dataclass
class FocusRun:
    """Another program's own autofocus run under way; `started_t` is None where the log lacks its beginning."""

    started_t: float | None
    trigger: str
    temperature_c: float | None
    filter: str | None
    points: list[tuple[float, float]] = field(default_factory=list)
    failure: str = ""


def foreseen(told: list[tuple[float, Event]]) -> list[tuple[float, Event]]:
    """Tell each saved frame what the plan took next, as a host would have known."""
    following: str | None = None
    seen: list[tuple[float, Event]] = []
    for t, event in reversed(told):
        if isinstance(event, events.FramePreparing):
            following = event.frame_type
        elif isinstance(event, events.PlanFinished | events.PlanStarted):
            following = None
        known = replace(event, next_frame_type=following) if isinstance(event, events.FrameSaved) else event
        seen.append((t, known))
    return seen[::-1]
