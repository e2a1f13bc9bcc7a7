"""Attends one run of KStars: hears its signals, tells what they mean, and has its sequence kept; for one thread."""

from __future__ import annotations

import contextlib
import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from statefocus import events
from statefocus.crew import WORKED_OFF, Task
from statefocus.devices.mount import Mount
from statefocus.errors import DeviceError
from statefocus.events import Event
from statefocus.hosts.ekos.bus import Bus, BusLost, Gone, Signal
from statefocus.hosts.ekos.following import EXPOSES_S, STANDS_S, STAYS_S, Following
from statefocus.hosts.ekos.holding import Stopped
from statefocus.hosts.ekos.keeper import Keeper
from statefocus.hosts.ekos.sight import STANDING, Aligning, Capturing, Ekos, Focusing, Queue
from statefocus.hosts.protocol import Surroundings

_SIDEREAL = 1.0027379
_OVERDUE_S = 1800.0
"""After so long a flip that was due is not expected any more; Ekos ends the frame under way first."""

_DAY_S = 86_400.0
_MOUNT_EVERY_S = 5.0
_POLL_S, _TRACKS_WITHIN = 0.05, 8
_LAST_KNOWN_AFTER_S = 30.0
"""A signal that came so long ago is told with the sequence as it was read last, where Ekos still does not answer."""

_GAP_S = 3.0
"""Within this time a gap that was foreseen is told of, or it is looked after again."""

_FAILED = (Focusing.FAILED, Focusing.ABORTED)

_NO_READING = (DeviceError, LookupError, TypeError, ValueError)
"""What a device may answer instead of a reading: nothing, an error, or a value of another type."""


class Attendant:
    """Attends Ekos from the moment that its Capture module answers.

    Parameters
    ----------
    bus
        The way to it.
    given
        What the host was given.
    found_again
        It was followed before, and was gone.
    gap_is_over
        To be called when the session has worked off the frame before a pause that was foreseen.
    held
        The effect of a hold that stood when Ekos was gone: what it begins now is held at once.
    left_held
        An earlier session was killed, and has left it held.
    stopped
        How we have stopped the sequence of this KStars earlier; without a hold that is let go.

    Attributes
    ----------
    frames
        Of the sequence.
    lights_begun
        When Light frames began.
    flip_in_s
        Time to the next flip.
    """

    def __init__(
        self,
        bus: Bus,
        given: Surroundings,
        gap_is_over: Callable[[], None],
        *,
        found_again: bool = False,
        held: int | None = None,
        left_held: bool = False,
        stopped: Stopped | None = None,
    ) -> None:
        self._ekos, self._crew, self._clock = Ekos(bus), given.crew, given.clock
        self._rig, self._settings = given.rig, given.profile.host.ekos
        self._gap_is_over, self._left_held = gap_is_over, left_held
        self._unheard: deque[tuple[Signal, float]] = deque()
        self._status, self._queue = self._ekos.status(), self._ekos.queue()
        self.following = Following(joined=found_again or self._status not in STANDING)
        stopped = stopped or Stopped()
        self._ours = stopped.anything or held is not None
        self.keeper = Keeper(self._ekos, self.following, given.profile.host, self._post, given.foresees, stopped)
        if held is not None:
            self.keeper.hold_on(held)
        elif left_held:
            self.keeper.let_go_soon()
        else:
            self.keeper.let_go()
        self.frames = 0
        self.lights_begun: list[float] = []
        self.flip_in_s: float | None = None
        self._since = time.monotonic()
        self._capturing_since = self._since - _DAY_S  # an exposure that runs already is not to be given up
        self._stood = self._exposed = self._stayed = False
        self._mount_at = self._gap_at = 0.0
        self._aligns = self._centres = False
        self._focusing_since: float | None = None
        self._focus_hfr: float | None = None

    def begin(self) -> None:
        """Tell what is found."""
        if self._left_held:
            self._tell(self.following.found_held(self._queue))
        elif self._status in (Capturing.SUSPENDED, Capturing.PAUSED) and not self._ours:
            self._tell(self.following.found_stopped(self._queue))
        self._tell(self.following.capture(self._status, self._queue))

    @property
    def alert(self) -> bool:
        """Whether something is to be looked at in a moment."""
        return not self._stood or not self._exposed or self.keeper.alert

    # --- signals ---

    def hear(self, signal: Signal) -> None:
        """Take a signal; it is worked off in its turn."""
        self._unheard.append((signal, time.monotonic()))

    def _work_off(self) -> None:
        """Work off what was heard, in order; what Ekos has to be asked about, and does not answer, stays the next."""
        while self._unheard:
            self._take(*self._unheard[0])
            self._unheard.popleft()

    def _take(self, signal: Signal, at: float) -> None:
        """Take a signal that came then; newer versions tell more than is asked for here."""
        module = signal.interface.rpartition(".")[2]
        first = signal.body[0] if signal.body else None
        match module, signal.member:
            case "Capture", "newStatus" if isinstance(first, int):
                self._status_is(first, at)
            case "Capture", "captureComplete" if isinstance(first, dict):
                flips = self.flip_in_s is not None and self.flip_in_s <= 0
                self._tell(self.following.completed(first, self._sequence(at), flip_next=flips))
            case "Capture", "meridianFlipStarted":
                self._tell(self.following.flip())
            case "Mount", "pierSideChanged" if isinstance(first, int):
                self.following.pier_side(first)
            case "Align", "newStatus" if isinstance(first, int):
                self._align_is(first)
            case "Guide", "newAxisDelta" if _are_numbers(signal.body):
                self.keeper.guider.is_off_by(math.hypot(*signal.body[:2]), at)
            case "Focus", "newHFR" if isinstance(first, float) and math.isfinite(first):
                self._focus_hfr = first
            case "Focus", "newStatus" if isinstance(first, int):
                self._focus_is(first)

    def _sequence(self, at: float) -> Queue:
        """Read the sequence, for what came then."""
        try:
            self._queue = self._ekos.queue()
        except BusLost:
            raise
        except Gone:
            if time.monotonic() - at < _LAST_KNOWN_AFTER_S:
                raise
        return self._queue

    def _status_is(self, status: int, at: float) -> None:
        queue = self._sequence(at)
        self._begin_anew(status, at)
        if status == Capturing.CAPTURING:
            self._capturing_since = self._since
        self._tell(self.following.capture(status, queue))
        if status == Capturing.PAUSED:
            self._begin_gap(at)

    def _begin_gap(self, at: float) -> None:
        if self.keeper.arranged and self.keeper.hold is None:
            self._gap_at = at
            self._crew.start("ekos", self._gap())

    def _begin_anew(self, status: int, at: float) -> None:
        self._status, self._since = status, at
        self._stood = self._exposed = self._stayed = False

    def _gap(self) -> Task:
        """The frame has been told; where nobody asks for a hold now, the sequence goes on at once."""
        yield WORKED_OFF
        self._gap_is_over()
        return None

    def _align_is(self, state: int) -> None:
        """Tell the end of an alignment that has moved the mount; one by the sequence or the scheduler is automatic."""
        if state == Aligning.PROGRESS and not self._aligns:
            self._aligns, self._centres = True, False
        elif state == Aligning.SLEWING:
            self._centres = True
        elif state == Aligning.COMPLETE and self._centres:
            automatic = self._status == Capturing.ALIGNING or self._ekos.scheduler_works()
            self._aligns = self._centres = False
            self._post(events.CenteringFinished(automatic=automatic))
        elif state in (Aligning.IDLE, Aligning.COMPLETE, Aligning.FAILED, Aligning.ABORTED):
            self._aligns = self._centres = False

    def _focus_is(self, state: int) -> None:
        now = time.monotonic()
        if state == Focusing.PROGRESS and self._focusing_since is None:
            self._focusing_since = now
            self._post(events.HostFocusing())
        elif state in (Focusing.COMPLETE, *_FAILED) and self._focusing_since is not None:
            seconds, self._focusing_since = now - self._focusing_since, None
            self._crew.start("focuser", self._refocused(seconds, failed=state in _FAILED))

    def _refocused(self, seconds: float, *, failed: bool) -> Task:
        """Ekos has focused by itself; where, the focuser tells."""
        yield 0.0
        position: int | None = None
        if not failed:
            with contextlib.suppress(*_NO_READING):
                position = self._rig.focuser.position()
        return events.HostRefocused(
            position=position, seconds=round(seconds, 1), measure=self._focus_hfr, filter=self.following.filter,
            trigger="Ekos's own autofocus", failed=failed,
        )  # fmt: skip

    def _tell(self, told: Iterable[Event]) -> None:
        for event in told:
            if isinstance(event, events.PlanStarted):
                self.frames = event.frames
            if isinstance(event, events.FramePreparing):
                self._exposure_began(event.frame_type)
            if isinstance(event, events.FlipFinished):
                self.flip_in_s = _DAY_S
            if isinstance(event, events.FlipFinished) and self._rig.mount is not None:
                self._crew.start("ekos flip", self._flipped(self._rig.mount, event))
            else:
                self._post(event)

    def _flipped(self, mount: Mount, finished: events.FlipFinished) -> Task:
        """Tell the end of a flip after what the mount does now: the last reading is of a mount that was slewing."""
        for _ in range(_TRACKS_WITHIN):
            yield _POLL_S
            try:
                state = mount.state()
            except _NO_READING:
                break
            if state.tracking:
                self._post(
                    events.MountRead(tracking=True, parked=state.parked, flip_in_s=_DAY_S, east=state.to_transit_s > 0)
                )
                break
        return finished

    def _exposure_began(self, frame_type: str) -> None:
        if frame_type == "Light":
            self.lights_begun.append(self._clock.now() - (time.monotonic() - self._capturing_since))
        self._crew.start("focuser", self._read_position())

    def _read_position(self) -> Task:
        yield 0.0
        try:
            self.following.position = self._rig.focuser.position()
        except _NO_READING:
            self.following.position = None
        return None

    def _post(self, event: Event) -> None:
        self._crew.post(event)

    # --- by and by ---

    def go_on(self) -> None:
        """Tell what was heard, and what has stood for a while; keep the sequence as the session wishes.

        Raises
        ------
        Gone
            Where Ekos does not answer; what could not be done is done the next time.
        """
        try:
            self._work_off()
            self._look_again()
            self._go_on(time.monotonic())
        except BusLost:
            raise
        except Gone as error:
            self.keeper.unanswered(error)
            raise

    def end(self) -> None:
        """Let all go that is held: the session is over, and nobody hears any more what Ekos tells."""
        self.keeper.end()
        self.keeper.go_on(self._status, time.monotonic(), 0.0)

    def _look_again(self) -> None:
        """See to a sequence that a person has stopped before our pause, and to a pause of which nothing was heard."""
        if self._status in STANDING and not self._stood:
            self.keeper.look()
        since = self.keeper.paused_since
        if since is None or time.monotonic() - max(since, self._gap_at) < _GAP_S:
            return
        if self._status == Capturing.PAUSED:
            self._begin_gap(time.monotonic())
        else:
            self._status_is(Capturing.PAUSED, time.monotonic())

    def _go_on(self, now: float) -> None:
        if not self._stood and now - self._since >= STANDS_S:
            queue = self._sequence(now)
            self._stood = True
            self._tell(self.following.stands(self._status, queue))
        if not self._exposed and now - self._since >= EXPOSES_S:
            if self._status == Capturing.CAPTURING and not self.keeper.keeps:
                self._tell(self.following.exposes(self._sequence(now)))
            self._exposed = True
        if not self._stayed and now - self._since >= STAYS_S:
            self._stayed = True
            self._tell(self.following.stays(self._status))
        if now >= self._mount_at:
            self._mount_at = now + _MOUNT_EVERY_S
            self.flip_in_s = time_to_flip(self._ekos.mount(), self._settings.flip_after_meridian_min)
        held = self.following.holds
        self.keeper.go_on(self._status, now, now - self._capturing_since)
        if held and not self.following.holds:
            self._begin_anew(self._status, now)  # what was not told while it was held is told now


def _are_numbers(body: tuple[Any, ...]) -> bool:
    """Whether a signal begins with two numbers: how far the guide star is off in right ascension and declination."""
    return len(body) >= 2 and all(isinstance(one, float) and math.isfinite(one) for one in body[:2])


def time_to_flip(mount: tuple[float, int] | None, after_meridian_min: float | None) -> float | None:
    """Time to the flip, seconds, by hour angle and pier side; a day where it is done, None where nothing is known.

    One that is due for so long that no frame can have put it off is not made: then Ekos does not flip.

    >>> round(time_to_flip((-1.0, 0), 0.0))
    3590
    >>> time_to_flip((0.2, 0), 0.0), time_to_flip((0.2, 1), 0.0), time_to_flip(None, 0.0)
    (0.0, 86400.0, None)
    >>> time_to_flip((1.0, 0), 0.0)
    86400.0
    """
    if after_meridian_min is None:
        return _DAY_S
    if mount is None:
        return None
    hours, side = mount
    if side == 1:
        return _DAY_S
    hours = (hours + 12) % 24 - 12
    left_s = (60 * after_meridian_min - 3600 * hours) / _SIDEREAL
    past = left_s <= (-_OVERDUE_S if side == 0 else 0)
    return _DAY_S if past else max(left_s, 0.0)
