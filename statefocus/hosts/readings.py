"""Reads what guards and triggers need from the devices, again and again; a reading that fails is told as unknown."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import isfinite
from typing import TypeVar

from statefocus import events
from statefocus.clock import Clock
from statefocus.crew import Crew, Task
from statefocus.devices.rig import Rig
from statefocus.devices.sun import sun_altitude_deg
from statefocus.errors import DeviceError
from statefocus.owning import Expected
from statefocus.profile import Profile

_SUN_EVERY_S = 60.0
_NO_READING = (DeviceError, TypeError, ValueError)
"""What a device may answer instead of a reading: nothing, an error, or a value of another type."""

TOLD_AFTER = 2
"""A device that gives no reading so often in a row is told to be gone; one answer may get lost on any network."""

T = TypeVar("T")


class Answering:
    """Whether a device gives readings; a person is told when it ceases to, and when it does so again.

    Parameters
    ----------
    name
        Of the device, within a sentence.
    tell
        Takes a level and a sentence.
    """

    def __init__(self, name: str, tell: Callable[[str, str], None]) -> None:
        self._name, self._tell = name, tell
        self._missed = 0

    def read(self, read: Callable[[], T]) -> T | None:
        """Read; None where there is no reading."""
        try:
            value = read()
        except _NO_READING as error:
            self._missed += 1
            if self._missed == TOLD_AFTER:
                self._tell("warning", f"The {self._name} gives no readings any more: {error}")
            return None
        if self._missed >= TOLD_AFTER:
            self._tell("info", f"The {self._name} gives readings again.")
        self._missed = 0
        return value


class Readings:
    """Keeps the readings of one session coming.

    Parameters
    ----------
    profile
        Which facts are used, and how often they are read.
    rig
        The devices.
    flip_in_s
        Tells the time to the next flip; from the host, which decides when it flips.
    expected
        Tells where the session expects the focuser; None while something may move it.
    tell
        Tells a person of a device that gives no readings any more: a level and a sentence.
    """

    def __init__(
        self,
        profile: Profile,
        rig: Rig,
        crew: Crew,
        clock: Clock,
        flip_in_s: Callable[[], float | None],
        expected: Callable[[], Expected | None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._profile, self._rig, self._crew, self._clock = profile, rig, crew, clock
        self._flip_in_s = flip_in_s
        self._expected = expected
        self._seen: deque[int] = deque(maxlen=2)
        self._driver = False
        names = ("focuser", "focuser's thermometer", "mount", "safety monitor", "weather sensor")
        self._focuser, self._sensor, self._mount, self._safety, self._conditions = (
            Answering(name, tell) for name in names
        )

    def start(self) -> None:
        """Read everything once, then again and again, each kind in its own lane."""
        guards = self._profile.guards
        device = "device"
        if self._rig.mount is not None and device in (guards.tracking, guards.unparked, guards.flip_not_imminent):
            self._repeat("mount", self._read_mount, guards.read_every_s)
        if self._rig.safety is not None and guards.safe == device:
            self._repeat("safety", self._read_safety, guards.read_every_s)
        if guards.astro_night != "ignore":
            self._repeat("sun", self._read_sun, _SUN_EVERY_S)
        if self._profile.focuser.watch_every_s:
            self._crew.start("focuser watch", self._watch_focuser())
        for every_s in self._temperature_every_s:
            self._repeat(f"temperature every {every_s:g} s", self._read_temperature, every_s)

    @property
    def _temperature_every_s(self) -> list[float]:
        """How often each of its readers wants it; the focusing log wants it in any case."""
        trigger, compensation = self._profile.triggers.temperature, self._profile.compensation
        wanted = {trigger.reading_every_s}
        if compensation.enabled:
            wanted.add(compensation.reading_every_s)
        return sorted(wanted)

    def _repeat(self, lane: str, read: Callable[[], events.Event], every_s: float) -> None:
        def task() -> Task:
            while True:
                self._crew.post(read())
                yield every_s

        self._crew.post(read())
        self._crew.start(lane, _after(every_s, task()))

    def _watch_focuser(self) -> Task:
        """Tell where the focuser stands where it should not, seen twice the same in a row, until the session knows."""
        while True:
            yield self._profile.focuser.watch_every_s
            seen = self._read_focuser()
            if seen is not None:
                self._crew.post(events.FocuserRead(position=seen[0], driver_compensation=seen[1]))

    def _read_focuser(self) -> tuple[int, bool] | None:
        """Read it, unless something may move it: then a reading would tell of that."""
        expected = self._expected()
        if expected is None:
            self._seen.clear()
            return None
        focuser = self._rig.focuser
        found = self._focuser.read(lambda: (focuser.position(), focuser.driver_compensation()))
        if found is None:
            return None
        position, driver = found
        if self._expected() != expected:
            self._seen.clear()
            return None
        self._seen.append(position)
        known = expected.position
        news = known is None or abs(position - known) > self._profile.focuser.tolerance_steps or driver != self._driver
        if not news or list(self._seen) != [position, position]:
            return None
        self._driver = driver
        return position, driver

    def _read_mount(self) -> events.Event:
        return self._mount.read(self._told_of_mount) or events.MountRead()

    def _told_of_mount(self) -> events.Event:
        state = self._rig.mount.state() if self._rig.mount else None
        if state is None:
            return events.MountRead()
        flip_in_s = self._flip_in_s()
        known = flip_in_s if flip_in_s is not None and isfinite(flip_in_s) else None
        return events.MountRead(
            tracking=state.tracking, parked=state.parked, flip_in_s=known, east=state.to_transit_s > 0
        )

    def _read_safety(self) -> events.Event:
        monitor = self._rig.safety
        return events.SafetyRead(safe=self._safety.read(monitor.safe) if monitor else None)

    def _read_sun(self) -> events.Event:
        site = self._profile.site
        return events.SunRead(
            altitude_deg=round(sun_altitude_deg(self._clock.now(), site.latitude_deg, site.longitude_deg), 3)
        )

    def _read_temperature(self) -> events.Event:
        conditions = self._rig.conditions
        return events.TemperatureRead(
            focuser_c=_celsius(self._sensor.read(self._rig.focuser.temperature_c)),
            external_c=_celsius(self._conditions.read(conditions.temperature_c)) if conditions else None,
        )


def _celsius(value: float | None) -> float | None:
    """Round a sensor's value; None where it has none, or gives no number."""
    return round(value, 3) if value is not None and isfinite(value) else None


def _after(seconds: float, task: Task) -> Task:
    yield seconds
    return (yield from task)
