"""The values of a night, recorded or supposed: runs, Light frames, events, and effects with their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from statefocus.events import Event

_UNCOMPARED = ("id", "frame", "gives_up", "sentence")


@dataclass(frozen=True, slots=True)
class RunTold:
    """One focusing run, recorded or supposed.

    Attributes
    ----------
    plan_t
        When it began in plan time: the time less all that the plan had been held for focusing until then, seconds.
    position
        The focus point that it found, steps; None where it found none.
    why
        The readings of the triggers that it served, or the other program's own words.
    reason
        Why it failed, where it did.
    points
        Positions and measures of its curve.
    timed
        Whether its length is known; where its beginning is not, `started_t` is `ended_t`, and where its end is not,
        `ended_t` is when its log fell silent or told of the next run.
    """

    started_t: float
    ended_t: float
    plan_t: float
    causes: tuple[str, ...]
    outcome: str
    position: int | None
    filter: str | None
    why: str
    reason: str = ""
    points: tuple[tuple[float, float], ...] = ()
    stars: int | None = None
    timed: bool = True

    @property
    def seconds(self) -> float | None:
        """How long it took; None where nobody can tell."""
        return self.ended_t - self.started_t if self.timed else None

    @property
    def begins(self) -> bool:
        """Whether it is known when it began."""
        return self.timed or self.started_t < self.ended_t


@dataclass(frozen=True, slots=True)
class LightFrame:
    """A Light frame, and where the focuser stood for it."""

    t: float
    filter: str | None
    position: int | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One recorded event; `index` is its number in the trace, from 0."""

    index: int
    t: float
    event: Event


@dataclass
class Asked:
    """One recorded effect: what it was, when, and its answer with the time that took."""

    t: float
    body: dict[str, Any]
    answer: Happened | None = None

    def like(self, body: dict[str, Any]) -> bool:
        """Whether another effect asks for the same."""
        return comparable(self.body) == comparable(body)


def comparable(body: dict[str, Any]) -> dict[str, Any]:
    """An effect without its number and without names that a night makes up."""
    return {key: value for key, value in body.items() if key not in _UNCOMPARED}


def held_before(holds: Sequence[tuple[float, float]], t: float) -> float:
    """Sum up the parts of some intervals that lie before a time."""
    return sum(min(end, t) - begin for begin, end in holds if begin < t)


def due_told(triggers: dict[str, Any]) -> str:
    """Tell the readings of the triggers that were due, as `count [31]`."""
    return ", ".join(f"{name} {reading['text']}" for name, reading in triggers.items() if reading["due"])
