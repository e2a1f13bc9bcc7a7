"""The Ekos host (H2): follows the capture sequence of a running KStars over D-Bus, holds it, and lets it go on."""

from __future__ import annotations

import os
import queue
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from math import inf

from statefocus import events
from statefocus.errors import Refused, Unreachable
from statefocus.hosts.ekos.attendant import Attendant
from statefocus.hosts.ekos.bus import Absent, Bus, BusLost, Gone, Signal
from statefocus.hosts.ekos.guiding import Guided
from statefocus.hosts.ekos.holding import Stopped
from statefocus.hosts.ekos.note import Held, Note
from statefocus.hosts.ekos.own_autofocus import refuse_own_autofocus
from statefocus.hosts.ekos.sight import KSTARS, Ekos
from statefocus.hosts.ekos.wishes import What, Wish, grant_without_ekos
from statefocus.hosts.protocol import Surroundings

_LOOK_EVERY_S = 1.0
_ALERT_S, _CALM_S = 0.03, 0.2

_RULES = (
    f"type='signal',path_namespace='/KStars/Ekos',sender='{KSTARS}'",
    f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{KSTARS}'",
)


class EkosHost:
    """Attends the sequences of KStars, also of one that comes back.

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
        self._given, self._settings, self._post = given, given.profile.host.ekos, given.crew.post
        self.focuser_busy: Callable[[], bool] = lambda: False
        self._wishes: queue.SimpleQueue[Wish] = queue.SimpleQueue()
        self._open: deque[Wish] = deque()
        self._asked: What | None = None
        self._thread: threading.Thread | None = None
        self._end_by = inf
        self._attendant: Attendant | None = None
        self._look_at, self._unstarted = 0.0, False
        self._gone_told = False
        self._held: int | None = None
        self._note = Note(self._settings.bus)
        left = self._note.found
        self._process = left.process if left is not None else None
        self._stopped = Stopped(left.way, left.guiding) if left is not None else Stopped()
        self._lights_before: list[float] = []
        self._bus: Bus | None = None
        self._owned = False
        self._begin()
        self._ear, self._mouth = os.pipe()

    def _begin(self) -> None:
        try:
            self._connect()
        except BusLost as error:
            raise Unreachable(f"KStars cannot be reached: {error}. Start statefocus in KStars' own session.") from error
        if not self._owned or self._bus is None:
            self._hang_up()
            raise Unreachable("KStars is not on the session bus: start KStars and Ekos first, as the same user.")
        try:
            if self._settings.own_autofocus == "refuse":
                refuse_own_autofocus(Ekos(self._bus).own_autofocus())
        except Refused:
            self._hang_up()
            raise
        except Gone:
            pass  # Ekos is not started yet; it is asked again before each hold

    # --- what statefocus asks of it; the session's thread ---

    @property
    def total_frames(self) -> int:
        """Frames of the sequence; 0 while there is none."""
        return self._attendant.frames if self._attendant is not None else 0

    @property
    def lights_begun(self) -> list[float]:
        """When its Light frames began, unix seconds."""
        now = self._attendant.lights_begun if self._attendant is not None else []
        return [*self._lights_before, *now]

    @property
    def failure(self) -> str:
        """What had to be left held, as a sentence; to be read when the session is over, since all is let go first."""
        self._end()
        if self._stopped.way:
            return (
                "Ekos's sequence is still held, and could not be let go within "
                f"{self._settings.resume_timeout_s:g} s: start it in Ekos's Capture module."
            )
        if self._stopped.guiding:
            return "Ekos's guiding is still suspended: stop and start it in Ekos's Guide module."
        return ""

    def attend(self) -> None:
        """Begin to follow."""
        self._thread = threading.Thread(target=self._work, name="statefocus ekos", daemon=True)
        self._thread.start()

    def hold(self, effect: int) -> None:
        """Hold the sequence; `plan_held` when nothing is exposing."""
        self._ask("hold", effect)

    def release(self, effect: int) -> None:
        """Let the sequence go on, where it is we who hold it."""
        self._ask("release", effect)

    def leave_paused(self) -> None:
        """Leave the sequence held, for a person to start; where its release has failed, it is let go once it can be."""
        self._wish("release later" if self._asked == "release" else "leave paused")

    def abort(self, effect: int) -> None:
        """Give the sequence up."""
        self._ask("abort", effect)

    def stop(self) -> None:
        """The session ends; the sequence goes on."""
        self._wish("let go")

    def filter_is(self, name: str) -> None:
        """Take note of the filter that the wheel was turned to for a run, or back."""
        if self._attendant is not None:
            self._attendant.following.filter = name

    def pause(self, *, paused: bool) -> None:
        """Pause or resume the sequence, as a person in Ekos would."""
        self._wish("pause" if paused else "unpause")

    def flip_in_s(self) -> float | None:
        """Time to Ekos's next meridian flip; None where it is not known."""
        return self._attendant.flip_in_s if self._attendant is not None else None

    def close(self) -> None:
        """Let the sequence go, and hang up."""
        self._end()
        if self._thread is not None and self._thread.is_alive():
            return  # what it asks for just now may still let the sequence go
        self._hang_up()
        os.close(self._ear)
        os.close(self._mouth)

    def _end(self) -> None:
        """Wait until all is let go, or the time for that is over."""
        if self._end_by < inf:
            return
        self._end_by = time.monotonic() + self._settings.resume_timeout_s
        if (bus := self._bus) is not None:
            bus.until = self._end_by
        self._wake()
        if self._thread is not None:
            self._thread.join(self._settings.resume_timeout_s + 2 * _LOOK_EVERY_S)

    def _ask(self, what: What, effect: int) -> None:
        self._asked = what
        self._wish(what, effect)

    def _wish(self, what: What, effect: int = 0) -> None:
        self._wishes.put(Wish(what, effect))
        self._wake()

    def _wake(self) -> None:
        os.write(self._mouth, b".")

    # --- the host's own thread ---

    def _work(self) -> None:
        while not self._over():
            try:
                self._once()
            except BusLost as error:
                self._lost(f"The session bus is gone ({error}).")
            except Gone:
                time.sleep(_CALM_S)  # KStars is busy, beginning or ending; what is open is tried again
            except Exception as error:  # noqa: BLE001  # a night must not go on with a host that is deaf
                self._lost(f"The Ekos host has a fault ({type(error).__name__}: {error}); it begins anew.")
                time.sleep(_LOOK_EVERY_S)

    def _over(self) -> bool:
        """Whether the session has ended, and nothing is left held, or it cannot be let go in time."""
        if self._end_by == inf:
            return False
        open_still = self._open or not self._wishes.empty() or self._stopped.anything
        return not open_still or time.monotonic() > self._end_by

    def _once(self) -> None:
        if self._bus is None:
            self._reconnect()
            return
        self._bus.until = self._end_by
        while (signal := self._bus.signal()) is not None:
            self._hear(signal)
        if self._attendant is None and self._owned and time.monotonic() >= self._look_at:
            self._look(self._bus)
        self._grant_all()
        if self._attendant is not None:
            if self._end_by == inf:
                self._attendant.go_on()
            else:
                self._attendant.end()
            self._keep_note(self._bus, self._attendant)
        if self._wishes.empty():
            self._rest(self._bus)

    def _keep_note(self, bus: Bus, attendant: Attendant) -> None:
        """Write down what is held, for a session after this one if it is killed."""
        if self._note.tells(self._stopped):
            return
        if not self._stopped.anything:
            self._note.remove()
        elif attendant.keeper.keeps:
            stopped = self._stopped
            self._note.write(Held(self._process or "", stopped.way, stopped.guiding, Ekos(bus).queue().done))

    def _rest(self, bus: Bus) -> None:
        """Wait for a signal or a wish."""
        bus.wait(_ALERT_S if self._attendant is not None and self._attendant.alert else _CALM_S, self._ear)
        while select.select([self._ear], [], [], 0)[0]:
            os.read(self._ear, 4096)

    def _grant_all(self) -> None:
        """Grant what is wished, in order; where the bus is lost meanwhile, the wish stays open."""
        while not self._wishes.empty():
            self._open.append(self._wishes.get())
        while self._open:
            try:
                self._grant(self._open[0])
            except BusLost:
                raise
            except Gone:
                self._open.popleft()
                raise
            self._open.popleft()

    def _grant(self, wish: Wish) -> None:
        if self._attendant is not None:
            self._attendant.keeper.grant(wish)
            return
        lives_on = bool(self._stopped.way) if wish.what == "release" else self._may_live_on
        if wish.what in ("release", "release later", "leave paused"):
            self._held = None
        elif wish.what in ("hold", "abort") and not lives_on:
            self._held = wish.effect if wish.what == "hold" else None
        if wish.what == "leave paused":
            self._stopped.way = ""
        if (answer := grant_without_ekos(wish, lives_on=lives_on)) is not None:
            self._post(answer)

    @property
    def _may_live_on(self) -> bool:
        """Whether a sequence may run that is not seen: surely none does without KStars, or before Ekos has begun."""
        return self._bus is None or (self._owned and not self._unstarted)

    def _hear(self, signal: Signal) -> None:
        if signal.member == "NameOwnerChanged":
            if self._owned:
                self._kstars_gone("KStars has gone.")
            self._owned = bool(signal.body[2])
        elif self._attendant is not None:
            self._attendant.hear(signal)

    def _look(self, bus: Bus) -> None:
        """Look whether Ekos has begun."""
        self._look_at, self._unstarted = time.monotonic() + _LOOK_EVERY_S, False
        ekos = Ekos(bus)
        try:
            status = ekos.status()
        except Absent:
            self._unstarted = True
            raise
        self._meet(bus.owner(KSTARS))
        left = self._note.found
        if left is not None and ekos.guiding() != Guided.SUSPENDED:
            self._stopped.guiding = False  # somebody has started or ended it since
        if left is not None and not (self._stopped.stands(status) and ekos.queue().done == left.done):
            self._stopped.way, left = "", None
        attendant = Attendant(
            bus, self._given, lambda: self._wish("gap is over"),
            found_again=self._gone_told, held=self._held, left_held=left is not None, stopped=self._stopped,
        )  # fmt: skip
        if self._gone_told:
            self._gone_told = False
            self._post(events.HostFound())
        self._note.found = None
        attendant.begin()
        self._attendant = attendant

    def _meet(self, process: str | None) -> None:
        """See whether this KStars is the one that we have stopped: another one has forgotten it."""
        if process != self._process:
            self._process, self._stopped.way, self._stopped.guiding, self._note.found = process, "", False, None

    # --- the bus ---

    def _connect(self) -> None:
        bus = Bus(self._settings.bus or None, self._settings.answer_timeout_s)
        try:
            for rule in _RULES:
                bus.listen_to(rule)
            process = bus.owner(KSTARS)
        except Gone as error:
            bus.close()
            raise BusLost(str(error)) from error
        self._bus, self._owned = bus, process is not None
        self._look_at, self._unstarted = 0.0, False
        self._meet(process)

    def _reconnect(self) -> None:
        try:
            self._connect()
        except BusLost:
            self._grant_all()
            time.sleep(_LOOK_EVERY_S)

    def _hang_up(self) -> None:
        if self._bus is not None:
            self._bus.close()
        self._bus, self._owned = None, False

    def _lost(self, sentence: str) -> None:
        """It is not seen any more, and may live on."""
        self._hang_up()
        self._kstars_gone(sentence, lives_on=True)

    def _kstars_gone(self, sentence: str, *, lives_on: bool = False) -> None:
        """There is nothing to follow any more, and where it does not live on, nothing to let go."""
        if self._attendant is not None:
            self._lights_before += self._attendant.lights_begun
            self._held = self._attendant.keeper.gone(sentence, lives_on=lives_on)
        self._attendant, self._owned = None, False
        self._look_at, self._unstarted = 0.0, False
        if not lives_on:
            self._meet(None)
        if not self._gone_told:
            self._gone_told = True
            self._post(events.HostLost(sentence=sentence))
