"""Has N.I.N.A. stop guiding for a run, and start it again before its sequence goes on (A17)."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from statefocus import events
from statefocus.crew import Task
from statefocus.errors import DeviceError, Timeout
from statefocus.events import Event
from statefocus.hosts.nina.api import Api
from statefocus.hosts.nina.note import GuidingNote
from statefocus.hosts.nina.reading import table, words
from statefocus.profile.hosts import Guiding

TRY_EVERY_S = 3.0
"""How long it is waited before guiding is started once more."""

ENDS_WITHIN_S = 6.0
"""How long the end of a session waits for guiding."""

LEFT_STOPPED = "N.I.N.A.'s guiding was stopped for a run, and is not seen to be back: start it there."

_GUIDES = ("Guiding", "LostLock")
"""States in which N.I.N.A. moves the mount after the guide star, or would once it sees it again."""

_STANDS = ("Stopped", "Looping")
_INFO, _START, _STOP = (f"/equipment/guider/{word}" for word in ("info", "start", "stop"))
_LAST_LOOK_S = 2.0


class NinaGuider:
    """Its guiding; a start takes as long as N.I.N.A. needs, which itself answers when guiding has settled.

    Parameters
    ----------
    api
        The way to it.
    note
        Tells a later session that it is we who have stopped it.
    settings
        Whether it is wanted, and for how long it is waited for.
    post
        Tells the session.
    now
        Time, seconds.

    Attributes
    ----------
    paused
        Set where it is we who have stopped it, and it has not been seen to guide since.
    """

    def __init__(
        self,
        api: Api,
        note: GuidingNote,
        settings: Guiding,
        post: Callable[[Event], None],
        now: Callable[[], float],
    ) -> None:
        self._api, self._note, self._settings, self._post, self._now = api, note, settings, post, now
        self._asks = threading.Lock()
        self._starts, self._ended = False, threading.Event()
        self.paused = threading.Event()

    @property
    def wanted(self) -> bool:
        """Whether the profile wants it to stand still during a run."""
        return self._settings.during_runs == "pause"

    def pause(self) -> None:
        """Stop it, where it guides."""
        with self._asks:
            if self._ended.is_set():
                return
            try:
                guides = self._state() in _GUIDES
                if self._ended.is_set():  # meanwhile: nobody would start it again
                    return
                if guides or self.paused.is_set():
                    self.paused.set()
                    self._note.write()
                if not guides:
                    return
                self._api.get(_STOP, limit_s=self._settings.timeout_s)
            except DeviceError as error:
                self._fail(f"N.I.N.A.'s guiding could not be paused, and the run begins without: {error}")
            else:
                self._post(events.GuidingPaused())

    def take_up(self) -> Task:
        """Bring back what an earlier session, which was killed, has left stopped a short while ago."""
        if not self._note.is_fresh():
            self._note.remove()
            return None
        self.paused.set()
        with contextlib.suppress(DeviceError):
            if self._state() not in _STANDS:
                self._is_back()
        yield from self.bring_back()
        return None

    def bring_back(self) -> Task:
        """Start it again, where it is we who have stopped it, and try so until N.I.N.A. guides or the time is over."""
        since = self._now()
        while self.paused.is_set():
            with self._asks:
                amiss = self._start(max(self._settings.timeout_s - (self._now() - since), 0.1))
            seconds = self._now() - since
            if not amiss:
                self._post(events.GuidingSettled(seconds=round(seconds, 1)))
            elif not self.paused.is_set() or seconds + TRY_EVERY_S >= self._settings.timeout_s:
                self._fail(amiss)
                return None
            else:
                yield TRY_EVERY_S
        return None

    def end(self) -> str:
        """Bring it back within a few seconds, since nothing follows; give what had to be left, as a sentence."""
        until = time.monotonic() + ENDS_WITHIN_S
        self._ended.set()
        if self._asks.acquire(timeout=ENDS_WITHIN_S):
            try:
                while self.paused.is_set() and (left_s := until - time.monotonic()) > 0:
                    if self._start(left_s, _LAST_LOOK_S) and self.paused.is_set():
                        time.sleep(max(min(1.0, until - time.monotonic()), 0.0))
            finally:
                self._asks.release()
        elif self._starts:  # in the lane, which nobody waits for any more
            with contextlib.suppress(DeviceError):
                self._look(_LAST_LOOK_S)
        return LEFT_STOPPED if self.paused.is_set() else ""

    def _start(self, limit_s: float, look_s: float | None = None) -> str:
        """Start it, and look; give what is amiss, as a sentence."""
        amiss, late = "", False
        self._starts = True
        try:
            self._api.get(_START, {"calibrate": "false"}, limit_s=limit_s)
        except Timeout:
            late = True
            amiss = f"N.I.N.A.'s guiding has not settled within {self._settings.timeout_s:g} s; the plan goes on."
        except DeviceError as error:
            amiss = f"N.I.N.A.'s guiding could not be started again, start it there: {error}"
        finally:
            self._starts = False
        try:
            state = self._look(look_s)
        except DeviceError as error:
            return amiss or f"N.I.N.A. does not tell whether it guides again after the run, look there: {error}"
        if not self.paused.is_set() and not late:
            return ""
        return amiss or f"N.I.N.A. does not guide again after the run (it says {state[:40]!r}): start it there."

    def _look(self, limit_s: float | None = None) -> str:
        """Look what it does; where it guides, it is ours no more."""
        state = self._state(limit_s)
        if state == "Guiding":
            self._is_back()
        return state

    def _is_back(self) -> None:
        self.paused.clear()
        self._note.remove()

    def _state(self, limit_s: float | None = None) -> str:
        return words(table(self._api.get(_INFO, limit_s=limit_s)).get("State")) or ""

    def _fail(self, sentence: str) -> None:
        if self.paused.is_set():
            self._note.write()
        self._post(events.GuidingFailed(sentence=sentence))
