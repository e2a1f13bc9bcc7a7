"""Has N.I.N.A. stop guiding for a run, and start it again before its sequence goes on (A17)."""

from __future__ import annotations

from collections.abc import Callable

from statefocus import events
from statefocus.errors import DeviceError, Timeout
from statefocus.events import Event
from statefocus.hosts.nina.api import Api
from statefocus.hosts.nina.reading import words
from statefocus.profile.hosts import Guiding

_GUIDES = ("Guiding", "LostLock")
"""States in which N.I.N.A. moves the mount after the guide star, or would once it sees it again."""


class NinaGuider:
    """Its guiding; each call takes as long as N.I.N.A. needs, which itself waits until guiding has settled.

    Parameters
    ----------
    api
        The way to it.
    settings
        Whether it is wanted, and for how long it is waited for.
    post
        Tells the session.
    now
        Time, seconds.

    Attributes
    ----------
    paused
        It is we who have stopped it.
    """

    def __init__(self, api: Api, settings: Guiding, post: Callable[[Event], None], now: Callable[[], float]) -> None:
        self._api, self._settings, self._post, self._now = api, settings, post, now
        self.paused = False

    @property
    def wanted(self) -> bool:
        """Whether the profile wants it to stand still during a run."""
        return self._settings.during_runs == "pause"

    def pause(self) -> None:
        """Stop it, where it guides."""
        try:
            if self._state() not in _GUIDES:
                return
            self.paused = True
            self._api.get("/equipment/guider/stop", limit_s=self._settings.timeout_s)
        except DeviceError as error:
            self._fail(f"N.I.N.A.'s guiding could not be paused, and the run begins without: {error}")
        else:
            self._post(events.GuidingPaused())

    def bring_back(self) -> None:
        """Start it again, where it is we who have stopped it, and wait until N.I.N.A. says that it guides."""
        if not self.paused:
            return
        self.paused = False
        since = self._now()
        try:
            self._api.get("/equipment/guider/start", {"calibrate": "false"}, limit_s=self._settings.timeout_s)
            state = self._state()
        except Timeout:
            self._fail(f"N.I.N.A.'s guiding has not settled within {self._settings.timeout_s:g} s; the plan goes on.")
        except DeviceError as error:
            self._fail(f"N.I.N.A.'s guiding could not be started again, start it there: {error}")
        else:
            if state == "Guiding":
                self._post(events.GuidingSettled(seconds=round(self._now() - since, 1)))
            else:
                self._fail(f"N.I.N.A. does not guide again after the run (it says {state[:40]!r}): start it there.")

    def _state(self) -> str:
        return words(self._api.table("/equipment/guider/info").get("State")) or ""

    def _fail(self, sentence: str) -> None:
        self._post(events.GuidingFailed(sentence=sentence))
