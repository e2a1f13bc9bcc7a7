"""The Ekos host (H2): follows the capture sequence of a running KStars over D-Bus, holds it, and lets it go on."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from statefocus import events
from statefocus.crew import WORKED_OFF, Task
from statefocus.errors import DeviceError, Refused, Unreachable
from statefocus.events import Event
from statefocus.hosts.ekos.bus import Bus, BusLost, Gone, Signal
from statefocus.hosts.ekos.following import EXPOSES_S, STANDS_S, Following
from statefocus.hosts.ekos.holding import Hold, Release
from statefocus.hosts.ekos.sight import KSTARS, STANDING, Capturing, Ekos, Focusing, Queue
from statefocus.hosts.protocol import Surroundings

_SIDEREAL = 1.0027379
_DAY_S = 86_400.0
_LOOK_EVERY_S = 1.0
_MOUNT_EVERY_S = 5.0
_ALERT_S, _CALM_S = 0.03, 0.2
_FORESEE_S = 2.0
"""So long before a frame's end is asked whether a hold will be wanted then."""

_RULES = (
    f"type='signal',path_namespace='/KStars/Ekos',sender='{KSTARS}'",
    f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{KSTARS}'",
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the session asks of the host's thread."""

    what: Literal["hold", "release", "leave paused", "abort", "let go", "gap is over", "pause", "unpause"]
    effect: int = 0


class EkosHost:
    """Attends the sequences of one KStars.

    Parameters
    ----------
    given
        Devices, time, and the crew that carries events.

    Raises
    ------
    Unreachable
        Where there is no bus, or no KStars on it.
    Refused
        Where Ekos's own autofocus in sequence is switched on.
    """

    resident = True

    def __init__(self, given: Surroundings) -> None:
        self._settings = given.profile.host.ekos
        self._rig, self._clock, self._crew, self._post = given.rig, given.clock, given.crew, given.crew.post
        self._foresees = given.foresees
        self.total_frames = 0
        self.lights_begun: list[float] = []
        self.failure = ""
        self.focuser_busy: Callable[[], bool] = lambda: False
        self._wishes: queue.SimpleQueue[_Wish] = queue.SimpleQueue()
        self._ear, self._mouth = os.pipe()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._flip_in_s: float | None = None
        self._following = Following(joined=True)
        self._hold: Hold | None = None
        self._release: Release | None = None
        self._arranged = False
        self._asked_for = -1
        self._status: int | None = None
        self._since = self._capturing_since = self._look_at = self._mount_at = 0.0
        self._stood = self._exposed = True
        self._focusing_since: float | None = None
        self._focus_hfr: float | None = None
        self._bus: Bus | None = None
        self._owner: str | None = None
        self._gone_told = False
        self._connect_first()

    def _connect_first(self) -> None:
        try:
            self._connect()
        except BusLost as error:
            self._close_pipe()
            raise Unreachable(f"KStars cannot be reached: {error}. Start statefocus in KStars' own session.") from error
        if self._owner is None:
            self._hang_up()
            self._close_pipe()
            raise Unreachable("KStars is not on the session bus: start KStars and Ekos first, as the same user.")
        try:
            self._refuse_own_autofocus()
        except Refused:
            self._hang_up()
            self._close_pipe()
            raise
        except Gone:
            pass  # Ekos is not started yet; it is asked again with each hold

    # --- what statefocus asks of it; the session's thread ---

    def attend(self) -> None:
        """Begin to follow."""
        self._thread = threading.Thread(target=self._work, name="statefocus ekos", daemon=True)
        self._thread.start()

    def hold(self, effect: int) -> None:
        """Hold the sequence; `plan_held` when nothing is exposing."""
        self._wish("hold", effect)

    def release(self, effect: int) -> None:
        """Let the sequence go on."""
        self._wish("release", effect)

    def leave_paused(self) -> None:
        """Leave the sequence held, for a person to start."""
        self._wish("leave paused")

    def abort(self, effect: int) -> None:
        """Give the sequence up."""
        self._wish("abort", effect)

    def stop(self) -> None:
        """The session ends; the sequence goes on."""
        self._wish("let go")

    def filter_is(self, name: str) -> None:
        """Take note of the filter that the wheel was turned to for a run, or back."""
        self._following.filter = name

    def pause(self, *, paused: bool) -> None:
        """Pause or resume the sequence, as a person in Ekos would."""
        self._wish("pause" if paused else "unpause")

    def flip_in_s(self) -> float | None:
        """Time to Ekos's next meridian flip; None where it is not known."""
        return self._flip_in_s

    def close(self) -> None:
        """Let the sequence go, and hang up."""
        self._closing = True
        self._wake()
        if self._thread is not None:
            self._thread.join(self._settings.resume_timeout_s + 2.0)
        self._hang_up()
        self._close_pipe()

    def _wish(
        self,
        what: Literal["hold", "release", "leave paused", "abort", "let go", "gap is over", "pause", "unpause"],
        effect: int = 0,
    ) -> None:  # noqa: E501
        self._wishes.put(_Wish(what, effect))
        self._wake()

    def _wake(self) -> None:
        os.write(self._mouth, b".")

    def _close_pipe(self) -> None:
        os.close(self._ear)
        os.close(self._mouth)

    # --- the host's own thread ---

    def _work(self) -> None:
        while not self._closing:
            try:
                self._once()
            except BusLost as error:
                self._hang_up()
                self._kstars_gone(f"The session bus is gone ({error}).")
            except Gone:
                time.sleep(_CALM_S)  # KStars is busy, starting or ending; what is open is tried again
        try:
            self._let_go()
        except Gone:
            pass

    def _once(self) -> None:
        if self._bus is None:
            self._reconnect()
            return
        while not self._wishes.empty():
            self._grant(self._wishes.get())
        while (signal := self._bus.signal()) is not None:
            self._hear(signal)
        now = time.monotonic()
        if self._status is None:
            self._look(now)
        else:
            self._follow(now)
        if self._wishes.empty():
            self._bus.wait(self._patience(), self._ear)
            self._drain()

    def _patience(self) -> float:
        alert = not self._stood or not self._exposed or self._release is not None
        return _ALERT_S if alert or (self._hold is not None and not self._hold.stands) else _CALM_S

    def _drain(self) -> None:
        import select

        while select.select([self._ear], [], [], 0)[0]:
            os.read(self._ear, 4096)

    # --- the bus ---

    def _connect(self) -> None:
        bus = Bus(self._settings.bus or None, self._settings.answer_timeout_s)
        try:
            for rule in _RULES:
                bus.listen_to(rule)
            self._owner = bus.owner(KSTARS)
        except Gone as error:
            bus.close()
            raise BusLost(str(error)) from error
        self._bus, self._ekos = bus, Ekos(bus)

    def _reconnect(self) -> None:
        self._answer_without_kstars()
        try:
            self._connect()
        except BusLost:
            time.sleep(_LOOK_EVERY_S)

    def _hang_up(self) -> None:
        if self._bus is not None:
            self._bus.close()
        self._bus = None

    def _kstars_gone(self, sentence: str) -> None:
        """There is nothing to follow, to hold or to let go any more."""
        self._owner = self._status = self._flip_in_s = None
        self._following = Following(joined=True)
        self._arranged = False
        if self._hold is not None and not self._hold.stands:
            self._fail(self._hold.effect, "unreachable", sentence)
        self._hold = None
        if self._release is not None and self._release.effect is not None:
            self._post(events.PlanReleased(effect=self._release.effect))
        self._release = None
        if not self._gone_told:
            self._gone_told = True
            self._post(gone(sentence))

    def _answer_without_kstars(self) -> None:
        while not self._wishes.empty():
            self._grant_alone(self._wishes.get())

    def _grant_alone(self, wish: _Wish) -> None:
        """Answer a wish while there is no KStars."""
        if wish.what == "hold":
            self._post(events.PlanHeld(effect=wish.effect, running=False))
        elif wish.what == "release":
            self._post(events.PlanReleased(effect=wish.effect))
        elif wish.what == "abort":
            self._post(events.PlanAborted(effect=wish.effect))

    def _look(self, now: float) -> None:
        """Look whether Ekos has begun."""
        if self._owner is None or now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY_S
        status = self._ekos.status()
        if self._gone_told:
            self._gone_told = False
            self._tell(found())
        self._status, self._since, self._stood, self._exposed = status, now, False, False
        self._capturing_since = now - _DAY_S  # an exposure that runs already is not to be given up
        self._tell(self._following.capture(status, self._ekos.queue()))

    # --- signals ---

    def _hear(self, signal: Signal) -> None:
        module = signal.interface.rpartition(".")[2]
        if signal.member == "NameOwnerChanged":
            self._owner_is(str(signal.body[2]))
        elif self._status is None:
            return
        elif module == "Capture":
            self._hear_capture(signal)
        elif module == "Mount" and signal.member == "pierSideChanged" and signal.body:
            self._following.pier_side(int(signal.body[0]))
        elif module == "Focus":
            self._hear_focus(signal)

    def _owner_is(self, owner: str) -> None:
        if self._owner is not None:
            self._kstars_gone("KStars has gone.")
        self._owner = owner or None

    def _hear_capture(self, signal: Signal) -> None:
        if signal.member == "newStatus" and signal.body:
            self._hear_status(int(signal.body[0]))
        elif signal.member == "captureComplete" and signal.body and isinstance(signal.body[0], dict):
            flips = self._flip_in_s is not None and self._flip_in_s <= 0
            self._tell(self._following.completed(signal.body[0], self._ekos.queue(), flip_next=flips))
        elif signal.member == "meridianFlipStarted":
            self._tell(self._following.flip())

    def _hear_status(self, status: int) -> None:
        now = time.monotonic()
        self._status, self._since, self._stood, self._exposed = status, now, False, False
        if status == Capturing.CAPTURING:
            self._capturing_since = now
        self._tell(self._following.capture(status, self._ekos.queue()))
        if status == Capturing.PAUSED and self._arranged and self._hold is None:
            self._crew.start("ekos", self._gap())

    def _gap(self) -> Task:
        """The frame has been told; where nobody asks for a hold now, the sequence goes on at once."""
        yield WORKED_OFF
        self._wish("gap is over")
        return None

    def _hear_focus(self, signal: Signal) -> None:
        if signal.member == "newHFR" and signal.body:
            self._focus_hfr = float(signal.body[0])
        elif signal.member == "newStatus" and signal.body:
            state, now = int(signal.body[0]), time.monotonic()
            if state == Focusing.PROGRESS and self._focusing_since is None:
                self._focusing_since = now
            elif state in (Focusing.COMPLETE, Focusing.FAILED, Focusing.ABORTED) and self._focusing_since is not None:
                seconds, self._focusing_since = now - self._focusing_since, None
                told = self._refocused(seconds, self._focus_hfr, failed=state != Focusing.COMPLETE)
                self._crew.start("focuser", told)

    def _refocused(self, seconds: float, hfr_px: float | None, *, failed: bool) -> Task:
        """Ekos has focused by itself; where, the focuser tells."""
        yield 0.0
        position: int | None = None
        if not failed:
            try:
                position = self._rig.focuser.position()
            except DeviceError:
                pass
        return events.HostRefocused(
            position=position, seconds=round(seconds, 1), measure=hfr_px, filter=self._following.filter,
            trigger="Ekos's own autofocus", failed=failed,
        )  # fmt: skip

    def _tell(self, told: Iterable[Event]) -> None:
        for event in told:
            if isinstance(event, events.PlanStarted):
                self.total_frames = event.frames
            if isinstance(event, events.ExposureStarted):
                self._note_light()
            self._post(event)

    def _note_light(self) -> None:
        job = self._ekos.queue().now
        if job is not None and job.frame_type == "Light":
            self.lights_begun.append(self._clock.now() - (time.monotonic() - self._since))

    # --- what is to be done by and by ---

    def _follow(self, now: float) -> None:
        status = self._status if self._status is not None else Capturing.IDLE
        if not self._stood and now - self._since >= STANDS_S:
            self._stood = True
            self._tell(self._following.stands(status, self._ekos.queue()))
        if not self._exposed and now - self._since >= EXPOSES_S:
            self._exposed = True
            if status == Capturing.CAPTURING and self._hold is None:
                self._tell(self._following.exposes(self._ekos.queue()))
        if now >= self._mount_at:
            self._mount_at = now + _MOUNT_EVERY_S
            self._flip_in_s = time_to_flip(self._ekos.mount(), self._settings.flip_after_meridian_min)
        if self._hold is not None:
            self._go_on_holding(self._hold, now)
        elif self._release is not None:
            self._go_on_releasing(self._release, now)
        else:
            self._foresee(status, now)

    def _foresee(self, status: int, now: float) -> None:
        """Pause at the end of this frame, where the session would ask for a hold then."""
        following = self._following
        if status != Capturing.CAPTURING or not following.exposing or self._asked_for == following.saved:
            return
        queue_ = self._ekos.queue()
        job = queue_.now
        left_s = (job.exposure_s if job else 0.0) - (now - self._capturing_since)
        if job is None or left_s > _FORESEE_S or now - self._capturing_since > _DAY_S / 2:
            return
        self._asked_for = following.saved
        if not self._foresees(following.foreseen(job, queue_), max(left_s, 0.0)):
            return
        self._ekos.pause()
        if self._ekos.status() == Capturing.PAUSE_PLANNED:
            self._arranged = following.holds = True

    def _go_on_holding(self, hold: Hold, now: float) -> None:
        status = self._ekos.status()
        wanted = hold.wants(status, now, now - self._capturing_since, flipping=self._following.flipping)
        if wanted == "suspend":
            self._ekos.suspend()
            if self._ekos.status() == Capturing.SUSPENDED:
                self._held(hold, running=True)
        elif wanted == "pause":
            self._ekos.pause()
        elif wanted == "held":
            self._held(hold, running=True)
        elif wanted == "free":
            self._held(hold, running=False)

    def _held(self, hold: Hold, *, running: bool) -> None:
        while self._bus is not None and (signal := self._bus.signal()) is not None:
            self._hear(signal)  # what was told before the sequence stood is told before the answer
        if hold is not self._hold or hold.stands:
            return
        self._tell(self._following.given_up("Held within two seconds of its start; Ekos takes it again."))
        hold.stands = True
        self._post(events.PlanHeld(effect=hold.effect, running=running))

    def _go_on_releasing(self, release: Release, now: float) -> None:
        needed = release.needs(self._ekos.status(), now)
        if needed == "start":
            self._ekos.start()
        elif needed == "unpause":
            self._ekos.unpause()
        elif needed == "released":
            self._released(release)
        elif needed == "failed":
            self._release = None
            sentence = (
                f"Ekos does not go on with its sequence, {self._settings.resume_timeout_s:g} s after it was asked."
            )
            if release.effect is not None:
                self._fail(release.effect, "timeout", sentence)

    def _released(self, release: Release) -> None:
        self._release, self._following.holds = None, False
        self._since, self._stood, self._exposed = time.monotonic(), False, False
        if release.effect is not None:
            self._post(events.PlanReleased(effect=release.effect))

    # --- wishes ---

    def _grant(self, wish: _Wish) -> None:
        if self._status is None:
            self._grant_alone(wish)
            return
        match wish.what:
            case "hold":
                self._begin_hold(wish.effect)
            case "release":
                self._begin_release(wish.effect)
            case "gap is over":
                if self._arranged and self._hold is None:
                    self._begin_release(None)
            case "let go":
                if self._hold is not None or self._arranged:
                    self._begin_release(None)
            case "leave paused":
                self._hold, self._arranged, self._following.holds = None, False, False
                self._following.paused = self._following.running
            case "abort":
                self._ekos.abort()
                self._hold, self._arranged, self._following.holds = None, False, False
                self._post(events.PlanAborted(effect=wish.effect))
            case "pause":
                self._ekos.pause()
            case "unpause":
                if self._ekos.status() in (Capturing.PAUSED, Capturing.PAUSE_PLANNED):
                    self._ekos.unpause()

    def _begin_hold(self, effect: int) -> None:
        if self._release is not None and self._release.effect is not None:
            self._post(events.PlanReleased(effect=self._release.effect))
        self._release = None
        if self._focusing_since is not None or self._ekos.focusing():
            self._fail(effect, "refused", "Ekos's own autofocus is running.")
            return
        try:
            self._refuse_own_autofocus()
        except Refused as error:
            self._fail(effect, error.reason, str(error))
            return
        self._hold = Hold(effect, arranged=self._arranged)
        self._following.holds = True
        self._go_on_holding(self._hold, time.monotonic())

    def _begin_release(self, effect: int | None) -> None:
        way = self._hold.way if self._hold is not None else ("pause" if self._arranged else "")
        self._hold, self._arranged = None, False
        self._release = Release(effect, way, time.monotonic(), self._settings.resume_timeout_s)
        self._go_on_releasing(self._release, time.monotonic())

    def _let_go(self) -> None:
        """Leave nothing held behind."""
        if self._bus is None or self._status is None:
            return
        if self._hold is not None or self._arranged:
            self._begin_release(None)
        while self._release is not None:
            time.sleep(_ALERT_S)
            self._go_on_releasing(self._release, time.monotonic())

    def _refuse_own_autofocus(self) -> None:
        """Two programs that refocus would fight over the focuser."""
        if self._settings.own_autofocus == "tolerate":
            return
        active = self._ekos.own_autofocus()
        if active:
            raise Refused(
                f"Ekos focuses by itself during its sequence ({', '.join(active)}): switch that off in its Capture "
                'module, or set own_autofocus = "tolerate" in [host.ekos].'
            )

    def _fail(self, effect: int, reason: str, sentence: str) -> None:
        self._following.holds = self._hold is not None
        self._post(events.EffectFailed(effect=effect, reason=reason, sentence=sentence))


def time_to_flip(mount: tuple[float, int] | None, after_meridian_min: float | None) -> float | None:
    """Time to the flip, seconds, by hour angle and pier side; a day where it is done, None where nothing is known.

    >>> round(time_to_flip((-1.0, 0), 0.0))
    3590
    >>> time_to_flip((0.2, 0), 0.0), time_to_flip((0.2, 1), 0.0), time_to_flip(None, 0.0)
    (0.0, 86400.0, None)
    """
    if mount is None:
        return None
    hours, side = mount
    if after_meridian_min is None or side == 1:
        return _DAY_S
    hours = (hours + 12) % 24 - 12
    left_s = (60 * after_meridian_min - 3600 * hours) / _SIDEREAL
    past = left_s <= 0 and side != 0
    return _DAY_S if past else max(left_s, 0.0)


def gone(sentence: str) -> Event:
    """Tell that KStars is gone."""
    return events.PlanFinished(reason=sentence)


def found() -> tuple[Event, ...]:
    """Tell that KStars is there again."""
    return ()
