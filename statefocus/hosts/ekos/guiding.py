"""How Ekos's guiding stands still during a run, and comes back before the sequence goes on (A17); no wire, no clock."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Literal

from statefocus import events
from statefocus.events import Event
from statefocus.hosts.ekos.holding import Stopped
from statefocus.profile.hosts import Guiding

_ASK_AGAIN_S = 2.0
_CALIBRATES_S = 300.0
"""So long a calibration is waited for."""

_LANDS_S = 5.0
"""So long after it was asked for a suspension may still come."""

_READINGS = 2
"""So many deviations within the limit, at least: one alone may be a chance."""


class Guided(IntEnum):
    """States of Ekos's Guide module that matter here; any other one is no guiding."""

    STAR_SELECT = 8
    CALIBRATING = 9
    CALIBRATION_SUCCESS = 11
    GUIDING = 12
    SUSPENDED = 13
    REACQUIRE = 14
    DITHERING = 15
    MANUAL_DITHERING = 16
    DITHERING_ERROR = 17
    DITHERING_SUCCESS = 18
    DITHERING_SETTLE = 19


_DITHERS = frozenset(
    {Guided.DITHERING, Guided.MANUAL_DITHERING, Guided.DITHERING_ERROR, Guided.DITHERING_SUCCESS,
     Guided.DITHERING_SETTLE}
)  # fmt: skip
"""Ekos waits for the end of these by itself, and a run does too."""

_CALIBRATES = frozenset({Guided.STAR_SELECT, Guided.CALIBRATING, Guided.CALIBRATION_SUCCESS})
"""A calibration through a telescope that is out of focus would spoil the whole night's guiding."""

_MAY_SUSPEND = frozenset({Guided.GUIDING, Guided.REACQUIRE})

Asked = Literal["suspend", "resume"]


class Guider:
    """Pauses guiding for a hold, and brings it back; one for each run of KStars.

    Parameters
    ----------
    settings
        Whether it is wanted, and when it has settled.
    stopped
        Whether we have suspended it; outlasts this.
    post
        Tells the session.

    Attributes
    ----------
    hurries
        The session is over: it is asked to go on, and nobody waits until it does, or has settled.
    """

    def __init__(self, settings: Guiding, stopped: Stopped, post: Callable[[Event], None]) -> None:
        self._settings, self._stopped, self._post = settings, stopped, post
        self.hurries = False
        self._left, self._gives_up = stopped.guiding, False
        self._may_land_until = 0.0
        self._since: float | None = None
        self._asked_at: float | None = None
        self._good_since: float | None = None
        self._good_until = 0.0
        self._good = 0

    # --- pausing ---

    def stands(self, status: int | None, now: float, ask: Callable[[Asked], None]) -> bool:
        """Pause it; tells whether nothing more is to be waited for.

        Parameters
        ----------
        status
            State of the Guide module, read just now; None where there is none.
        now
            Monotonic time, seconds.
        ask
            Asks Ekos.
        """
        if self._settings.during_runs == "leave" or not self._may_pause(status):
            self.anew()
            return True
        if status == Guided.SUSPENDED:
            self._may_land_until = 0.0
            self.anew()
            self._post(events.GuidingPaused())
            return True
        waited_s = self._waited_s(now)
        if waited_s > max(self._settings.timeout_s, _CALIBRATES_S if status in _CALIBRATES else 0.0):
            self._fail(f"Ekos's guiding could not be paused within {waited_s:.0f} s; the run begins while it guides.")
            return True
        if status in _MAY_SUSPEND and self._may_ask(now):
            self._stopped.guiding, self._may_land_until = True, now + _LANDS_S
            ask("suspend")
        return False

    def _may_pause(self, status: int | None) -> bool:
        """Whether it is on; one that somebody else has suspended is theirs."""
        if status == Guided.SUSPENDED:
            return self._stopped.guiding
        return status in _MAY_SUSPEND | _DITHERS | _CALIBRATES

    # --- coming back ---

    def is_back(self, status: Callable[[], int | None], now: float, ask: Callable[[Asked], None]) -> bool:
        """Bring it back, where it is we who have paused it; tells whether nothing more is to be waited for."""
        if not self._stopped.guiding:
            return True
        state = status()
        if state == Guided.SUSPENDED:
            return self._asks_to_resume(now, ask)
        if self._gives_up or (self._asked_at is None and not self._is_ours(state)):
            return self._is_theirs(state, now)
        if self.hurries:
            self._forget()
            return True
        if state == Guided.GUIDING and self._stays():
            self._post(events.GuidingSettled(seconds=round(self._waited_s(now), 1)))
            self._forget()
            return True
        return self._fails(state, now)

    def _asks_to_resume(self, now: float, ask: Callable[[Asked], None]) -> bool:
        if self._left:
            self.anew()
        if not self._is_late(now) and self._may_ask(now):
            ask("resume")
        return self._gives_up or self._fails(Guided.SUSPENDED, now)

    def _is_theirs(self, state: int | None, now: float) -> bool:
        """Somebody else has started it, or ended it; where it was asked to pause a moment ago, that may still come."""
        if state == Guided.GUIDING and now < self._may_land_until:
            return False
        self._forget()
        return True

    def _fails(self, state: int | None, now: float) -> bool:
        """Whether it is not waited for any more; what is suspended stays ours to start."""
        failure = self._failure(state, now)
        if failure:
            self._fail(failure)
            self._gives_up = state == Guided.SUSPENDED
            if not self._gives_up:
                self._forget()
        return bool(failure)

    def _is_ours(self, state: int | None) -> bool:
        """Whether an earlier life has let it go on, and has not seen it settle."""
        return self._left and state == Guided.GUIDING

    def _failure(self, state: int | None, now: float) -> str:
        """Tell why it is not waited for any more; empty as long as it is."""
        if state is not None and state != Guided.SUSPENDED and state not in _MAY_SUSPEND and state not in _DITHERS:
            return "Ekos's guiding has ended instead of going on after the run: start it in its Guide module."
        if not self._is_late(now):
            return ""
        if state == Guided.SUSPENDED:
            return f"Ekos's guiding is still suspended, {self._limit} after the run: start it in its Guide module."
        settled = f"{self._settings.settle_arcsec:g} arcseconds for {self._settings.settle_s:g} s"
        return f"Ekos's guiding has not settled (within {settled}) {self._limit} after the run; the plan goes on."

    def is_off_by(self, arcsec: float, at: float) -> None:
        """Take note of how far the guide star was off then."""
        if self._asked_at is None and not self._left:
            return
        if arcsec > self._settings.settle_arcsec:
            self._good_since, self._good = None, 0
            return
        self._good_since = at if self._good_since is None else self._good_since
        self._good_until, self._good = at, self._good + 1

    def _stays(self) -> bool:
        """Whether the star has stayed where it should be for long enough."""
        since = self._good_since
        return since is not None and self._good >= _READINGS and self._good_until - since >= self._settings.settle_s

    # --- both ---

    @property
    def _limit(self) -> str:
        return f"{self._settings.timeout_s:g} s"

    def _waited_s(self, now: float) -> float:
        self._since = now if self._since is None else self._since
        return now - self._since

    def _is_late(self, now: float) -> bool:
        return self._waited_s(now) > self._settings.timeout_s

    def _may_ask(self, now: float) -> bool:
        if self._asked_at is not None and now - self._asked_at < _ASK_AGAIN_S:
            return False
        self._asked_at = now
        return True

    def _fail(self, sentence: str) -> None:
        self.anew()
        self._post(events.GuidingFailed(sentence=sentence))

    def _forget(self) -> None:
        self._stopped.guiding = False
        self.anew()

    def try_again(self) -> None:
        """Ask once more what was given up."""
        if self._gives_up:
            self.anew()

    def anew(self) -> None:
        """Begin to pause it, or to bring it back, whatever was under way."""
        self._left = self._gives_up = False
        self._since = self._asked_at = self._good_since = None
        self._good = 0
