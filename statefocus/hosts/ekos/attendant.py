"""Attends one run of KStars: hears its signals, tells what they mean, and has its sequence kept; for one thread."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable

from statefocus import events
from statefocus.crew import WORKED_OFF, Task
from statefocus.devices.mount import Mount
from statefocus.errors import DeviceError
from statefocus.events import Event
from statefocus.hosts.ekos.bus import Bus, Signal
from statefocus.hosts.ekos.following import EXPOSES_S, STANDS_S, STAYS_S, Following
from statefocus.hosts.ekos.keeper import Keeper
from statefocus.hosts.ekos.sight import STANDING, Capturing, Ekos, Focusing
from statefocus.hosts.protocol import Surroundings

_SIDEREAL = 1.0027379
_DAY_S = 86_400.0
_MOUNT_EVERY_S = 5.0
_POLL_S, _TRACKS_WITHIN = 0.05, 8
_FAILED = (Focusing.FAILED, Focusing.ABORTED)


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
    ) -> None:
        self._ekos, self._crew, self._clock = Ekos(bus), given.crew, given.clock
        self._rig, self._settings = given.rig, given.profile.host.ekos
        self._gap_is_over = gap_is_over
        self._status = self._ekos.status()
        self.following = Following(joined=found_again or self._status not in STANDING)
        self.keeper = Keeper(self._ekos, self.following, self._settings, self._post, given.foresees)
        if held is not None:
            self.keeper.hold_on(held)
        self.frames = 0
        self.lights_begun: list[float] = []
        self.flip_in_s: float | None = None
        self._since = time.monotonic()
        self._capturing_since = self._since - _DAY_S  # an exposure that runs already is not to be given up
        self._stood = self._exposed = self._stayed = False
        self._mount_at = 0.0
        self._focusing_since: float | None = None
        self._focus_hfr: float | None = None
        self._tell(self.following.capture(self._status, self._ekos.queue()))

    @property
    def alert(self) -> bool:
        """Whether something is to be looked at in a moment."""
        return not self._stood or not self._exposed or self.keeper.alert

    # --- signals ---

    def hear(self, signal: Signal) -> None:
        """Take a signal; newer versions tell more than is asked for here."""
        module = signal.interface.rpartition(".")[2]
        first = signal.body[0] if signal.body else None
        match module, signal.member:
            case "Capture", "newStatus" if isinstance(first, int):
                self._status_is(first)
            case "Capture", "captureComplete" if isinstance(first, dict):
                flips = self.flip_in_s is not None and self.flip_in_s <= 0
                self._tell(self.following.completed(first, self._ekos.queue(), flip_next=flips))
            case "Capture", "meridianFlipStarted":
                self._tell(self.following.flip())
            case "Mount", "pierSideChanged" if isinstance(first, int):
                self.following.pier_side(first)
            case "Focus", "newHFR" if isinstance(first, float):
                self._focus_hfr = first
            case "Focus", "newStatus" if isinstance(first, int):
                self._focus_is(first)

    def _status_is(self, status: int) -> None:
        self._begin_anew(status)
        if status == Capturing.CAPTURING:
            self._capturing_since = self._since
        self._tell(self.following.capture(status, self._ekos.queue()))
        if status == Capturing.PAUSED and self.keeper.arranged and self.keeper.hold is None:
            self._crew.start("ekos", self._gap())

    def _begin_anew(self, status: int) -> None:
        self._status, self._since = status, time.monotonic()
        self._stood = self._exposed = self._stayed = False

    def _gap(self) -> Task:
        """The frame has been told; where nobody asks for a hold now, the sequence goes on at once."""
        yield WORKED_OFF
        self._gap_is_over()
        return None

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
            with contextlib.suppress(DeviceError):
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
            except DeviceError:
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
        except DeviceError:
            self.following.position = None
        return None

    def _post(self, event: Event) -> None:
        self._crew.post(event)

    # --- by and by ---

    def go_on(self) -> None:
        """Tell what has stood for a while, and keep the sequence as the session wishes."""
        now = time.monotonic()
        if not self._stood and now - self._since >= STANDS_S:
            self._stood = True
            self._tell(self.following.stands(self._status, self._ekos.queue()))
        if not self._exposed and now - self._since >= EXPOSES_S:
            self._exposed = True
            if self._status == Capturing.CAPTURING and not self.keeper.keeps:
                self._tell(self.following.exposes(self._ekos.queue()))
        if not self._stayed and now - self._since >= STAYS_S:
            self._stayed = True
            self._tell(self.following.stays(self._status))
        if now >= self._mount_at:
            self._mount_at = now + _MOUNT_EVERY_S
            self.flip_in_s = time_to_flip(self._ekos.mount(), self._settings.flip_after_meridian_min)
        released = self.keeper.release
        self.keeper.go_on(self._status, now, now - self._capturing_since)
        if released is not None and self.keeper.release is None:
            self._begin_anew(self._status)  # what was not told while it was held is told now


def time_to_flip(mount: tuple[float, int] | None, after_meridian_min: float | None) -> float | None:
    """Time to the flip, seconds, by hour angle and pier side; a day where it is done, None where nothing is known.

    >>> round(time_to_flip((-1.0, 0), 0.0))
    3590
    >>> time_to_flip((0.2, 0), 0.0), time_to_flip((0.2, 1), 0.0), time_to_flip(None, 0.0)
    (0.0, 86400.0, None)
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
    past = left_s <= 0 and side != 0
    return _DAY_S if past else max(left_s, 0.0)
