"""Holds the sequence and lets it go, as the session wishes and as Ekos allows; for the host's own thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from statefocus import events
from statefocus.errors import Refused
from statefocus.events import Event
from statefocus.hosts.ekos.bus import Gone
from statefocus.hosts.ekos.following import Following
from statefocus.hosts.ekos.holding import Hold, Release
from statefocus.hosts.ekos.sight import Capturing, Ekos
from statefocus.hosts.protocol import Foresee
from statefocus.profile.hosts import EkosSettings

FORESEE_S = 2.0
"""So long before a frame's end is asked whether a hold will be wanted then."""

_BEYOND_S = 3600.0
_MUTE_S = 30.0
"""An Ekos that has not answered for so long is given up by whoever waits for it."""

What = Literal["hold", "release", "leave paused", "abort", "let go", "gap is over", "pause", "unpause"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the session asks for."""

    what: What
    effect: int = 0


def grant_without_ekos(wish: Wish) -> Event | None:
    """Answer a wish while there is no Ekos: nothing runs, so all is held, and nothing is to go on."""
    if wish.what == "hold":
        return events.PlanHeld(effect=wish.effect, running=False)
    if wish.what == "release":
        return events.PlanReleased(effect=wish.effect)
    return events.PlanAborted(effect=wish.effect) if wish.what == "abort" else None


def refuse_own_autofocus(ekos: Ekos, settings: EkosSettings) -> None:
    """Say no where Ekos focuses by itself: two programs would fight over the focuser.

    Raises
    ------
    Refused
        Where its autofocus in sequence is switched on, and the profile does not tolerate that.
    """
    active = [] if settings.own_autofocus == "tolerate" else ekos.own_autofocus()
    if active:
        raise Refused(
            f"Ekos focuses by itself during its sequence ({', '.join(active)}): switch that off in its Capture "
            'module, or set own_autofocus = "tolerate" in [host.ekos].'
        )


class Keeper:
    """Keeps one Ekos held, or lets it go.

    Parameters
    ----------
    ekos
        Ekos.
    following
        What is known of its sequence.
    settings
        Time limits.
    post
        Tells the session.
    foresees
        Whether the session will want a hold.
    """

    def __init__(
        self,
        ekos: Ekos,
        following: Following,
        settings: EkosSettings,
        post: Callable[[Event], None],
        foresees: Foresee,
    ) -> None:
        self._ekos, self._following, self._settings = ekos, following, settings
        self._post, self._foresees = post, foresees
        self._asked_for = -1
        self.hold: Hold | None = None
        self.release: Release | None = None
        self.arranged = False
        self._answered_at = time.monotonic()

    @property
    def alert(self) -> bool:
        """Whether an answer is owed."""
        return self.release is not None or (self.hold is not None and not self.hold.stands)

    @property
    def keeps(self) -> bool:
        """Whether the sequence stands still, or is about to, because of us."""
        return self.hold is not None or self.arranged

    # --- wishes ---

    def grant(self, wish: Wish) -> None:
        """Begin to do what the session asks for."""
        match wish.what:
            case "hold":
                self._begin_hold(wish.effect)
            case "release":
                self._begin_release(wish.effect)
            case "gap is over":
                self._gap_is_over()
            case "let go":
                self._gap_is_over()  # a hold is let go by the run that wanted it, once the focuser is back
            case "leave paused":
                self._forget()
                self._following.paused = self._following.running
            case "abort":
                self._ekos.abort()
                self._forget()
                self._post(events.PlanAborted(effect=wish.effect))
            case "pause":
                self._ekos.pause()
            case "unpause":
                self._unpause()

    def _gap_is_over(self) -> None:
        if self.arranged and self.hold is None:
            self._begin_release(None)

    def _unpause(self) -> None:
        if self._ekos.status() in (Capturing.PAUSED, Capturing.PAUSE_PLANNED):
            self._ekos.unpause()

    def _forget(self) -> None:
        self.hold, self.arranged, self._following.holds = None, False, False

    def _begin_hold(self, effect: int) -> None:
        self._answer_release()
        try:
            self._refuse_now()
        except Refused as error:
            self._fail(effect, error.reason, str(error))
            return
        except Gone as error:
            self._fail(effect, "unreachable", f"Ekos does not answer ({error}).")
            return
        self.hold = Hold(effect, arranged=self.arranged)
        self._following.holds = True

    def _fail(self, effect: int, reason: str, sentence: str) -> None:
        self._post(events.EffectFailed(effect=effect, reason=reason, sentence=sentence))

    def hold_on(self, effect: int) -> None:
        """Go on with a hold that stands."""
        self.hold, self._following.holds = Hold(effect), True
        self.hold.stands = True

    def _refuse_now(self) -> None:
        if self._ekos.focusing():
            raise Refused("Ekos's own autofocus is running.")
        refuse_own_autofocus(self._ekos, self._settings)

    def _begin_release(self, effect: int | None) -> None:
        if effect is None and not self.keeps:
            return
        way = self.hold.way if self.hold is not None else ("pause" if self.arranged else "")
        self.hold, self.arranged = None, False
        self.release = Release(effect, way, time.monotonic(), self._settings.resume_timeout_s)

    def _answer_release(self) -> None:
        release, self.release = self.release, None
        if release is not None and release.effect is not None:
            self._post(events.PlanReleased(effect=release.effect))

    # --- by and by ---

    def go_on(self, status: int, now: float, exposing_s: float) -> None:
        """Do what is next; `status` is what was told last, `exposing_s` how long the exposure has been running.

        Raises
        ------
        Gone
            Where Ekos does not answer; asked for too long, the wish has failed.
        """
        try:
            self._do_next(status, now, exposing_s)
            self._answered_at = now
        except Gone as error:
            if self.alert and now - self._answered_at > _MUTE_S:
                self.gone(f"Ekos does not answer ({error}).")
            raise

    def _do_next(self, status: int, now: float, exposing_s: float) -> None:
        if self.hold is not None:
            self._go_on_holding(self.hold, now, exposing_s)
        elif self.release is not None:
            self._go_on_releasing(self.release, now)
        elif status == Capturing.CAPTURING and self._following.exposing:
            self._foresee(exposing_s)

    def _go_on_holding(self, hold: Hold, now: float, exposing_s: float) -> None:
        wanted = hold.wants(self._ekos.status(), now, exposing_s, flipping=self._following.flipping)
        if wanted == "suspend":
            self._ekos.suspend()
        elif wanted == "pause":
            self._ekos.pause()
        elif wanted != "wait" and not hold.stands:
            hold.stands = True
            self._tell_held(hold, running=wanted == "held")

    def _tell_held(self, hold: Hold, *, running: bool) -> None:
        for event in self._following.given_up("Held within two seconds of its start; Ekos takes it again."):
            self._post(event)
        self._post(events.PlanHeld(effect=hold.effect, running=running))

    def _go_on_releasing(self, release: Release, now: float) -> None:
        needed = release.needs(self._ekos.status(), now)
        if needed == "start":
            self._ekos.start()
        elif needed == "unpause":
            self._ekos.unpause()
        elif needed == "released":
            self._following.holds = False
            self._answer_release()
        elif needed == "failed":
            self.release = None
            if release.effect is not None:
                limit_s = self._settings.resume_timeout_s
                sentence = f"Ekos does not go on with its sequence, {limit_s:g} s after it was asked."
                self._fail(release.effect, "timeout", sentence)

    def _foresee(self, exposing_s: float) -> None:
        """Pause at the end of this frame, where the session would ask for a hold then."""
        following = self._following
        if self._asked_for == following.saved or exposing_s > _BEYOND_S:
            return
        queue = self._ekos.queue()
        job = queue.now
        if job is None or (left_s := job.exposure_s - exposing_s) > FORESEE_S:
            return
        self._asked_for = following.saved
        if self._foresees(following.foreseen(job, queue), max(left_s, 0.0)):
            self._ekos.pause()
            self.arranged = following.holds = self._ekos.status() == Capturing.PAUSE_PLANNED

    def gone(self, sentence: str) -> int | None:
        """Ekos is gone: whoever waits is told; gives the effect of a hold that stands."""
        hold = self.hold
        if hold is not None and not hold.stands:
            self._fail(hold.effect, "unreachable", sentence)
        self._forget()
        self._answer_release()
        return hold.effect if hold is not None and hold.stands else None

    def let_go(self) -> None:
        """Leave nothing held behind; waits for it."""
        self._begin_release(None)
        while self.release is not None:
            self._go_on_releasing(self.release, time.monotonic())
            time.sleep(0.03)
