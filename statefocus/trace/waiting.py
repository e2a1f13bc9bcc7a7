"""What a trace tells of the waits before a run: the back-off after a failed one, and what is ahead in the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from statefocus.context import REFOCUSED, TriggerState
from statefocus.thermometer import Thermometer
from statefocus.trace.reading import Line
from statefocus.triggers import back_off

When = Callable[[float], str]

_BY_HAND = frozenset({"manual", "undo"})
_NO_FAILURE = TriggerState(since_t=0.0, thermometer=Thermometer(size=1, every_s=1.0))
"""Only what the back-off needs of it is used."""


@dataclass
class BackOff:
    """The wait after failed runs (T13), as the session keeps it.

    Parameters
    ----------
    retry_after_min
        The profile's first wait; None where it cannot be read, and then no end is told.
    """

    retry_after_min: float | None = None
    _state: TriggerState = _NO_FAILURE
    _cancelled: int | None = None
    _begun_by: str = ""

    def take(self, line: Line) -> None:
        """Note what a line tells."""
        name = line.body.get("event")
        if line.kind == "run":
            self._run(line)
        elif name == "cancel_requested":
            self._cancelled = line.run
        elif name == "refocus_requested" or (name == "host_refocused" and line.body.get("position") is not None):
            self._over()

    def _run(self, line: Line) -> None:
        body = line.body
        by_person = body["outcome"] == "cancelled" and body["number"] == self._cancelled
        if body["outcome"] in REFOCUSED:
            self._over()
        elif _BY_HAND.isdisjoint(body["causes"]) and (body["outcome"] != "cancelled" or by_person):
            self._begun_by = _ended(body, by_person=by_person)
            self._state = back_off(self._state, line.t, self.retry_after_min or 0.0)

    def _over(self) -> None:
        self._begun_by, self._state = "", _NO_FAILURE

    def told(self, t: float, when: When) -> str:
        """Tell until when automatic runs wait, and why, in a clause; empty where they do not."""
        retry_t = self._state.retry_t
        if not self._begun_by or retry_t is None:
            return ""
        if self.retry_after_min is None:
            return f"{self._begun_by}, and the wait after it is not over"
        if t >= retry_t:
            return ""
        row = f"; {self._state.failures} in a row" if self._state.failures > 1 else ""
        limit = f"failure.retry_after_min = {self.retry_after_min:g}{row}"
        return f"{self._begun_by}, and automatic runs wait until {when(retry_t)} ({limit})"


def _ended(body: Mapping[str, Any], *, by_person: bool) -> str:
    return f"run {body['number']} was cancelled by a person" if by_person else f"run {body['number']} failed"


@dataclass
class Ahead:
    """What comes before the plan's next frame, and could be served by the same run (T14)."""

    _filter: str | None = None
    _next: tuple[float, str] | None = None
    _changing: tuple[float, str] | None = None
    _flip: float | None = None

    def take(self, line: Line) -> None:
        """Note what an event tells."""
        name, body = line.body.get("event"), line.body
        if name in ("plan_started", "frame_preparing", "plan_finished", "plan_aborted"):
            self._next = self._flip = None
        if name in ("plan_finished", "plan_aborted", "exposure_failed", "filter_changed"):
            self._changing = None
        if name in ("plan_started", "filter_changed", "filter_set"):
            self._filter = body.get("filter") or self._filter
        if name == "filter_changed":
            self._next = None
        elif name == "flip_finished":
            self._flip = None
        elif name == "filter_changing":
            self._changing = (line.t, str(body.get("filter")))
        elif name == "frame_saved":
            wanted = body.get("next_filter")
            self._next = (line.t, str(wanted)) if wanted not in (None, self._filter) else None
            self._flip = line.t if body.get("flip_next") else None

    def told(self, when: When) -> str:
        """Tell what is ahead in a clause; empty where nothing is."""
        said = []
        if self._next is not None:
            now = f", and {self._filter} is in the light path" if self._filter else ""
            said.append(f"the next frame is in filter {self._next[1]}{now}, told at {when(self._next[0])}")
        if self._changing is not None:
            said.append(f"the wheel turns to filter {self._changing[1]} since {when(self._changing[0])}")
        if self._flip is not None:
            said.append(f"a meridian flip comes before the next frame, told at {when(self._flip)}")
        return f"{' and '.join(said)}; the run after it serves both" if said else ""
