"""How the sequence is held and let go: what to ask Ekos next, by the state that it shows; no wire and no clock.

Two ways. `suspend` stops at once: right after a frame it costs what the next exposure has had so far, and Ekos takes
that again. `pause` lands at the end of the running exposure and costs nothing. A sequence that is paused must never be
suspended: Ekos has not counted its last frame yet, and would take it twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from statefocus.hosts.ekos.sight import STANDING, Capturing

Way = Literal["", "suspend", "pause"]
Wanted = Literal["wait", "suspend", "pause", "held", "free"]
Needed = Literal["wait", "start", "unpause", "released", "failed"]

LATE_S = 1.7
"""An exposure that has run longer is not given up any more: the hold waits for its end."""

_ASK_AGAIN_S = 2.0
_STANDS_S, _STAYS_S = 0.5, 6.0
_MAY_SUSPEND = frozenset({Capturing.WAITING, Capturing.DITHERING, Capturing.SETTING_TEMPERATURE})
_STOPPED: dict[Way, frozenset[int]] = {
    "suspend": frozenset({Capturing.SUSPENDED}),
    "pause": frozenset({Capturing.PAUSED, Capturing.PAUSE_PLANNED}),
    "": frozenset(),
}


@dataclass
class Stopped:
    """How we have stopped the sequence, and whether guiding too.

    Each is known until it is seen to go on, or somebody else has changed its state.
    """

    way: Way = ""
    guiding: bool = False

    @property
    def anything(self) -> bool:
        """Whether anything stands still because of us."""
        return bool(self.way) or self.guiding

    def stands(self, status: int) -> bool:
        """Whether a sequence with that state still is as we have stopped it."""
        return status in _STOPPED[self.way]


class Hold:
    """One hold, from the wish to the moment when it is let go.

    Parameters
    ----------
    effect
        The wish that it answers.
    way
        How we have stopped it already, or are about to; empty where we have not.

    Attributes
    ----------
    way
        How the sequence was stopped; empty where it stood anyway, and so is not ours to start.
    stands
        It was answered.
    """

    def __init__(self, effect: int, way: Way = "") -> None:
        self.effect = effect
        self.way = way
        self.stands = False
        self._asked_at: float | None = None
        self._still_since: float | None = None

    def wants(self, status: int, now: float, exposing_s: float, *, flipping: bool) -> Wanted:
        """Tell what to ask, or that it is held, or that nothing runs (`free`).

        Parameters
        ----------
        status
            State of the Capture module (`Capturing`), read just now.
        now
            Monotonic time, seconds.
        exposing_s
            How long the running exposure has been running.
        flipping
            A meridian flip is under way: the pause that it makes is none.
        """
        if status == Capturing.SUSPENDED:
            return "held" if self.way == "suspend" else "free"
        if status == Capturing.PAUSED:
            if flipping:
                return "wait"
            return "held" if self.way == "pause" else "free"
        if status in STANDING:
            self._still_since = self._still_since or now
            if now - self._still_since <= (_STAYS_S if flipping else _STANDS_S):
                return "wait"
            self.way = ""
            return "free"
        self._still_since = None
        if status == Capturing.CAPTURING and exposing_s > LATE_S:
            return self._ask("pause", now)
        if status == Capturing.CAPTURING or status in _MAY_SUSPEND:
            return self._ask("suspend", now)
        return "wait"

    def _ask(self, way: Literal["suspend", "pause"], now: float) -> Wanted:
        if self.way == way and self._asked_at is not None and now - self._asked_at < _ASK_AGAIN_S:
            return "wait"
        self.way, self._asked_at = way, now
        return way


class Release:
    """Lets go what was held in one way or the other; `effect` is None where nobody waits for the answer.

    Its time limit counts from the moment when Ekos was first asked.
    """

    def __init__(self, effect: int | None, way: Way, timeout_s: float) -> None:
        self.effect = effect
        self._stopped, self._timeout_s = Stopped(way), timeout_s
        self._until: float | None = None
        self._asked_at: float | None = None

    def needs(self, status: int, now: float) -> Needed:
        """Tell what to ask, or how it ended: a sequence that a person has stopped meanwhile is not started."""
        if not self._stopped.stands(status):
            return "released"
        if self._until is None:
            self._until = now + self._timeout_s
        if now > self._until:
            return "failed"
        if self._asked_at is not None and now - self._asked_at < _ASK_AGAIN_S:
            return "wait"
        self._asked_at = now
        return "start" if self._stopped.way == "suspend" else "unpause"
