"""Holds the sequence and lets it go, as the session wishes and as Ekos allows; for the host's own thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from statefocus import events
from statefocus.errors import Refused
from statefocus.events import Event
from statefocus.hosts.ekos.bus import Gone
from statefocus.hosts.ekos.following import Following
from statefocus.hosts.ekos.guiding import Guider
from statefocus.hosts.ekos.holding import Hold, Release, Stopped
from statefocus.hosts.ekos.own_autofocus import refuse_own_autofocus
from statefocus.hosts.ekos.sight import STANDING, Capturing, Ekos
from statefocus.hosts.ekos.wishes import Wish
from statefocus.hosts.protocol import Foresee, foresees_nothing
from statefocus.profile.hosts import Host

FORESEE_S = 2.0
"""So long before a frame's end is asked whether a hold will be wanted then."""

_BEYOND_S = 3600.0
_MUTE_S = 30.0
"""An Ekos that has not answered for so long is given up by whoever waits for it."""

_LOOK_EVERY_S = 1.0
_MAY_WANT_S = 8.0
"""Within this time a session that begins knows whether it has a run to make."""


class Keeper:
    """Keeps one Ekos held, or lets it go.

    Parameters
    ----------
    ekos
        Ekos.
    following
        What is known of its sequence.
    settings
        Time limits, and what becomes of guiding.
    post
        Tells the session.
    foresees
        Whether the session will want a hold.
    stopped
        How we have stopped the sequence; outlasts the keeper.

    Attributes
    ----------
    guider
        Pauses guiding, and brings it back.
    hold, release
        What is being held, or let go.
    arranged
        A pause of ours is planned, or stands, for a hold that was foreseen.
    paused_since
        Since when that pause has been seen to stand (monotonic); None where it does not.
    """

    def __init__(
        self,
        ekos: Ekos,
        following: Following,
        settings: Host,
        post: Callable[[Event], None],
        foresees: Foresee,
        stopped: Stopped,
    ) -> None:
        self._ekos, self._following, self._settings = ekos, following, settings.ekos
        self._post, self._foresees, self._stopped = post, foresees, stopped
        self.guider = Guider(settings.guiding, stopped, post)
        self._asked_for = -1
        self._let_go_at: float | None = None
        self.hold: Hold | None = None
        self.release: Release | None = None
        self.arranged = False
        self.paused_since: float | None = None
        self._look_at = 0.0
        self._answered_at = self._waits_since = time.monotonic()

    @property
    def alert(self) -> bool:
        """Whether an answer is owed."""
        waits = self.hold is not None and not self.hold.stands
        return waits or self.release is not None or (self.hold is None and self._stopped.guiding)

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
                self.release = None
                self._forget()
                self._following.paused = self._following.running
            case "release later":
                self._following.left_paused()
                self._begin_release(None)
            case "abort":
                self._ekos.abort()
                self.release = None
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
        """What stands still is no more ours to start."""
        self.hold, self.arranged, self.paused_since, self._following.holds = None, False, None, False
        self._stopped.way = ""

    def _begin_hold(self, effect: int) -> None:
        self._waits_since = time.monotonic()
        self._answer_release()
        try:
            self._refuse_now()
        except Refused as error:
            self._refused(effect, error.reason, str(error))
            return
        except Gone as error:
            self._refused(effect, "unreachable", f"Ekos does not answer ({error}).")
            return
        self.hold = Hold(effect, self._stopped.way)
        self.guider.anew()
        self._following.holds = True

    def _refused(self, effect: int, reason: str, sentence: str) -> None:
        self._fail(effect, reason, sentence)
        if not self.arranged:
            self.let_go()

    def _fail(self, effect: int, reason: str, sentence: str) -> None:
        self._post(events.EffectFailed(effect=effect, reason=reason, sentence=sentence))

    def hold_on(self, effect: int) -> None:
        """Go on with a hold that stands."""
        self.hold, self._following.holds = Hold(effect, self._stopped.way), True
        self.hold.stands = True

    def let_go_soon(self) -> None:
        """Let go what an earlier session has left held, unless this one wants to hold it itself in a moment."""
        self._let_go_at = time.monotonic() + _MAY_WANT_S
        self._following.holds = True

    def let_go(self) -> None:
        """Let go whatever we have stopped, also in an earlier life, though nobody waits for the answer."""
        self._let_go_at = None
        self.guider.try_again()
        if self.keeps or self._stopped.way:
            self._begin_release(None)

    def end(self) -> None:
        """Let all go: the session is over."""
        self._foresees, self.guider.hurries = foresees_nothing, True
        self.let_go()

    def _refuse_now(self) -> None:
        if self._ekos.focusing():
            raise Refused("Ekos's own autofocus is running.")
        if self._settings.own_autofocus == "refuse":
            refuse_own_autofocus(self._ekos.own_autofocus())

    def _begin_release(self, effect: int | None) -> None:
        if effect is None and self.release is not None:
            return
        if self.hold is not None:
            self.guider.anew()
        self.hold, self.arranged, self.paused_since = None, False, None
        self._following.holds = self._following.holds or bool(self._stopped.way)
        self._waits_since = time.monotonic()
        self.release = Release(effect, self._stopped.way, self._settings.resume_timeout_s)

    def _answer_release(self, failed: str = "") -> None:
        release, self.release = self.release, None
        if release is None or release.effect is None:
            return
        if failed:
            self._fail(release.effect, "unreachable", failed)
        else:
            self._post(events.PlanReleased(effect=release.effect))

    # --- by and by ---

    def go_on(self, status: int, now: float, exposing_s: float) -> None:
        """Do what is next; `status` is what was told last, `exposing_s` how long the exposure has been running.

        Raises
        ------
        Gone
            Where Ekos does not answer.
        """
        if self.hold is not None:
            self._let_go_at = None
            self._go_on_holding(self.hold, now, exposing_s)
        elif self._let_go_at is not None:
            if now >= self._let_go_at:
                self.let_go()
        elif not self.guider.is_back(self._ekos.guiding, now, self._ekos.ask_guider) and not self.guider.hurries:
            pass
        elif self.release is not None:
            self._go_on_releasing(self.release, now)
        elif self._stopped.way:
            self._look(now)
        elif status == Capturing.CAPTURING and self._following.exposing:
            self._foresee(exposing_s)
        self._answered_at = now

    def unanswered(self, error: Gone) -> None:
        """Ekos does not answer; asked for too long, the wish has failed, and how we have stopped it is remembered."""
        waited_s = time.monotonic() - max(self._answered_at, self._waits_since)
        if not self.alert or waited_s <= _MUTE_S:
            return
        sentence = f"Ekos does not answer ({error})."
        hold = self.hold
        if hold is not None:
            self._fail(hold.effect, "unreachable", sentence)
            self._begin_release(None)
        elif self.release is not None and self.release.effect is not None:
            self._answer_release(sentence)

    def look(self) -> None:
        """See whether what we have stopped, and no hold is asked for yet, still is as we have stopped it."""
        if self._stopped.way and self.hold is None and self.release is None:
            self._look_at = 0.0
            self._look(time.monotonic())

    def _look(self, now: float) -> None:
        if now < self._look_at:
            return
        status = self._ekos.status()
        self._look_at = now + _LOOK_EVERY_S
        if status in STANDING or status == Capturing.CAPTURING or not (self.arranged or self._stopped.stands(status)):
            self._forget()
        elif status == Capturing.PAUSED:
            self.paused_since = self.paused_since or now
        else:
            self.paused_since = None

    def _go_on_holding(self, hold: Hold, now: float, exposing_s: float) -> None:
        if hold.stands:  # a person has just started it; that its exposure has begun was not heard yet
            exposing_s = 0.0
        wanted = hold.wants(self._ekos.status(), now, exposing_s, flipping=self._following.flipping)
        self._stopped.way = hold.way
        if wanted == "suspend":
            self._ekos.suspend()
        elif wanted == "pause":
            self._ekos.pause()
        elif wanted != "wait" and not hold.stands and self._guiding_stands(now):
            hold.stands = True
            self._tell_held(hold, running=wanted == "held")

    def _guiding_stands(self, now: float) -> bool:
        return self.guider.stands(self._ekos.guiding(), now, self._ekos.ask_guider)

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
            self._forget()
            self._answer_release()
        elif needed == "failed":
            self.release = None
            if release.effect is None:
                self._begin_release(None)  # nobody would ask again
                return
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
            self._arrange()

    def _arrange(self) -> None:
        """Pause at the end of the exposure; one that ends in this moment has paused already."""
        if self._ekos.status() != Capturing.CAPTURING:
            return
        self.arranged = self._following.holds = True
        self._stopped.way = "pause"
        self._ekos.pause()
        if not self._stopped.stands(self._ekos.status()):
            self._forget()

    def gone(self, sentence: str, *, lives_on: bool = False) -> int | None:
        """Ekos is gone: whoever waits is told; gives the effect of a hold that stands.

        With `lives_on` it may be there, and only not be seen: nothing that we have stopped is told to go on.
        """
        hold = self.hold
        if hold is not None and not hold.stands:
            self._fail(hold.effect, "unreachable", sentence)
        self._answer_release(sentence if lives_on and self._stopped.way else "")
        if not lives_on:
            self._forget()
            self._stopped.guiding = False
        return hold.effect if hold is not None and hold.stands else None
