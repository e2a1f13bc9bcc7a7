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
_READINGS = 2
"""So many deviations within the limit, at least: one alone may be a chance."""


class Guided(IntEnum):
    """States of Ekos's Guide module that matter here; any other one is no guiding."""

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
    """

    def __init__(self, settings: Guiding, stopped: Stopped, post: Callable[[Event], None]) -> None:
        self._settings, self._stopped, self._post = settings, stopped, post
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
            self.anew()
            self._post(events.GuidingPaused())
            return True
        if self._waited_s(now) > self._settings.timeout_s:
            self._fail(f"Ekos's guiding could not be paused within {self._limit}; the run begins while it guides.")
            return True
        if status in _MAY_SUSPEND and self._may_ask(now):
            self._stopped.guiding = True
            ask("suspend")
        return False

    def _may_pause(self, status: int | None) -> bool:
        """Whether it is on; one that somebody else has suspended is theirs."""
        if status == Guided.SUSPENDED:
            return self._stopped.guiding
        return status in _MAY_SUSPEND or status in _DITHERS

    # --- coming back ---

    def is_back(self, status: Callable[[], int | None], now: float, ask: Callable[[Asked], None]) -> bool:
        """Bring it back, where it is we who have paused it; tells whether nothing more is to be waited for."""
        if not self._stopped.guiding:
            return True
        state = status()
        if state == Guided.SUSPENDED:
            if not self._is_late(now) and self._may_ask(now):
                ask("resume")
        elif self._asked_at is None:
            self._forget()  # somebody else has started it, or ended it
            return True
        elif state == Guided.GUIDING and self._stays():
            self._post(events.GuidingSettled(seconds=round(self._waited_s(now), 1)))
            self._forget()
            return True
        failure = self._failure(state, now)
        if failure:
            self._fail(failure)
            self._forget()
        return bool(failure)

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
        if self._asked_at is None:
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

    def anew(self) -> None:
        """Begin to pause it, or to bring it back, whatever was under way."""
        self._since = self._asked_at = self._good_since = None
        self._good = 0
