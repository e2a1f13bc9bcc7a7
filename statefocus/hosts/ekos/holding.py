"""How the sequence is held and let go: what to ask Ekos next, by the state that it shows; no wire and no clock.

Two ways. `suspend` stops at once: right after a frame it costs what the next exposure has had so far, and Ekos takes
that again. `pause` lands at the end of the running exposure and costs nothing. A sequence that is paused must never be
suspended: Ekos has not counted its last frame yet, and would take it twice.
"""

from __future__ import annotations

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


class Hold:
    """One hold, from the wish to the moment when it is let go.

    Parameters
    ----------
    effect
        The wish that it answers.
    arranged
        A pause of ours is planned already, or stands.

    Attributes
    ----------
    way
        How the sequence was stopped; empty where it stood anyway, and so is not ours to start.
    stands
        It was answered.
    """

    def __init__(self, effect: int, *, arranged: bool = False) -> None:
        self.effect = effect
        self.way: Way = "pause" if arranged else ""
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
            return "free" if now - self._still_since > (_STAYS_S if flipping else _STANDS_S) else "wait"
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
    """Lets go what was held in one way or the other; `effect` is None where nobody waits for the answer."""

    def __init__(self, effect: int | None, way: Way, now: float, timeout_s: float) -> None:
        self.effect = effect
        self._way, self._until = way, now + timeout_s
        self._asked_at: float | None = None

    def needs(self, status: int, now: float) -> Needed:
        """Tell what to ask, or how it ended: a sequence that a person has stopped meanwhile is not started."""
        stopped: dict[Way, tuple[int, ...]] = {
            "suspend": (Capturing.SUSPENDED,),
            "pause": (Capturing.PAUSED, Capturing.PAUSE_PLANNED),
            "": (),
        }
        if status not in stopped[self._way]:
            return "released"
        if now > self._until:
            return "failed"
        if self._asked_at is not None and now - self._asked_at < _ASK_AGAIN_S:
            return "wait"
        self._asked_at = now
        return "start" if self._way == "suspend" else "unpause"
