"""Where the focuser stood, move by move: what was asked for, what was answered, and what compensation may ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from statefocus.context import REFOCUSED
from statefocus.profile import Profile
from statefocus.trace.reading import Line

Broken = Iterator[tuple[str, str]]


class _Asked(NamedTuple):
    """A move that was asked for; `steps` only of a correction, `put_right` where a run goes back after a failure."""

    line: int
    position: int
    beside: bool
    steps: int | None
    put_right: bool


@dataclass
class Moves:
    """Follows the focuser by the events that tell of it.

    Attributes
    ----------
    here
        Where it was last known to stand on purpose, outside of a run; None where nobody has told.
    astray, stray_at
        A move that no run puts right has failed, and where it was then read.
    in_run
        Where the run under way knows it; None where it does not.
    """

    profile: Profile
    here: int | None = None
    in_run: int | None = None
    astray: bool = False
    stray_at: int | None = None
    _left_at: int | None = None
    _max_step: int | None = None
    _asked: dict[int, _Asked] = field(default_factory=dict)
    _applied: int = 0

    def ask(self, line: Line, *, machine: str, running: bool) -> Broken:
        """Note an effect, and hold a correction against the profile's limits."""
        body = line.body
        if body["effect"] != "move_focuser":
            return
        steps = None
        if body["purpose"] == "compensation":
            steps = body["position"] - (self.here or 0)
            yield from self._correction(body["position"], steps)
            if abs(steps) > self.profile.compensation.max_correction_steps:
                steps = 0  # told; what follows is held against what could have been
        beside = not running or machine != "session"
        put_right = not beside and body["purpose"] != "filter_offset"
        self._asked[body["id"]] = _Asked(line.number, body["position"], beside, steps, put_right)

    def _correction(self, position: int, steps: int) -> Broken:
        settings, here = self.profile.compensation, self.here
        most, total = settings.max_correction_steps, settings.max_total_steps
        if not settings.enabled:
            yield "compensation", "a correction moves the focuser, and the header's profile has compensation off."
        elif here is None or here < 0 or (self._max_step is not None and here > self._max_step):
            return  # from beyond its travel it comes back, however far that is
        elif abs(steps) > most:
            far = f"by {steps:+d} steps, from {here} to {position}"
            limit = f"the header's profile allows {most} at once (max_correction_steps)"
            yield "compensation", f"a correction moves the focuser {far}; {limit}."
        elif abs(self._applied + steps) > total:
            far = f"the corrections since the last refocus come to {self._applied + steps:+d} steps"
            limit = f"the header's profile allows {total} (max_total_steps)"
            yield "compensation", f"with this one, to {position}, {far}; {limit}."

    def answered(self, line: Line) -> Broken:
        """Hold the position that a move has reached against the one that was asked for (A8)."""
        body = line.body
        asked = self._asked.get(body["effect"]) if body["event"] == "focuser_moved" else None
        if asked is None:
            return
        off, limit = abs(body["position"] - asked.position), self.profile.focuser.tolerance_steps
        if off > limit:
            told = f"the focuser is told to have arrived at {body['position']}"
            wanted = f"line {asked.line} asked for {asked.position}"
            yield "move", f"{told}, and {wanted}: {off} steps off, where a move fails beyond {limit} (tolerance_steps)."

    def hear(self, body: Mapping[str, Any], *, running: bool) -> None:
        """Take in what an event tells of the focuser."""
        name = body["event"]
        if name == "session_started":
            self._begins(body)
        elif name == "focuser_prepared" and running:
            self.in_run, self._max_step = body["position"], body["max_step"]
        elif name == "devices_halted" and running:
            self.in_run = body.get("position")
        elif name == "host_refocused" and body["position"] is not None:
            self._stands(body["position"])
        elif name == "focuser_read" and body.get("position") is not None and not running:
            self._read(body["position"])
        elif name == "aid_closed" and not running and self.profile.focuser.watch_every_s and self.here is not None:
            self._left_at, self.here = self.here, None
        elif name == "focuser_moved":
            self._arrived(body, running=running)
        elif name == "effect_failed":
            asked = self._asked.pop(body["effect"], None)
            if asked is not None and not asked.put_right:
                self.astray, self.stray_at = True, None

    def _begins(self, body: Mapping[str, Any]) -> None:
        """A session begins; after a run that was cut off, the focuser is meant to stand where that had begun."""
        self.here, self._max_step = body.get("position"), body.get("max_step")
        if body.get("unfinished") is not None:
            self.here, self.astray, self.stray_at = body["unfinished"], True, self.here

    def _stands(self, position: int) -> None:
        """Whoever took it there; what was applied counts no more."""
        self.here, self._applied, self.astray, self.stray_at = position, 0, False, None

    def _read(self, position: int) -> None:
        """A reading tells of another hand, or where a failed move has left it: no correction begins there."""
        if self.here is None and self.stray_at is not None and self._agree(position, self.stray_at):
            self.here = self._left_at
        elif self.here is None or not self.astray:
            self._stands(position)
        elif self.stray_at is None:
            self.astray = not self._agree(position, self.here)
            self.stray_at = position if self.astray else None
        elif not self._agree(position, self.stray_at):
            self._stands(position)

    def _agree(self, one: int, other: int) -> bool:
        return abs(one - other) <= self.profile.focuser.tolerance_steps

    def _arrived(self, body: Mapping[str, Any], *, running: bool) -> None:
        asked = self._asked.pop(body["effect"], None)
        self.astray, self.stray_at = False, None
        if running:
            self.in_run = body["position"]
        if not running or (asked is not None and asked.beside):
            self.here = body["position"]
        if asked is not None and asked.steps is not None:
            self._applied += asked.steps

    def run_begins(self, *, undo: bool) -> None:
        """A run begins; an undo starts from where the focuser is known to stand."""
        self.in_run = self.here if undo else None

    def run_ends(self, body: Mapping[str, Any]) -> None:
        """Take over where a run has left the focuser, if it was a refocus, or went back to where it began."""
        start, at = body["start_position"], self.in_run
        back = start is not None and at is not None and abs(at - start) <= self.profile.focuser.tolerance_steps
        if body["outcome"] in REFOCUSED:
            self._applied = 0
        if body["outcome"] in REFOCUSED or (back and body["outcome"] != "lost"):
            self.here = at
        self.in_run = None
