"""Tries the devices of a profile before the night: one short exposure, and one reading of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TypeVar

from statefocus.clock import Clock, VirtualClock
from statefocus.devices.interfaces import Camera
from statefocus.devices.opening import Opening
from statefocus.errors import DeviceError, Refused
from statefocus.profile import Profile

EXPOSURE_S = 1.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Tried:
    """How one device did, in a sentence for a person."""

    role: str
    said: str
    good: bool


def try_devices(profile: Profile, clock: Clock, of_host: Camera | None = None) -> Iterator[Tried]:
    """Try every device that a profile names, one after the other; none of them is moved.

    Raises
    ------
    StatefocusError
        Where something else is missing than a device, such as the package that speaks INDI.
    """
    trial = _Trial(profile, clock, of_host)
    attempts: dict[str, Callable[[], str | None]] = {
        "filter wheel": trial.wheel,
        "camera": trial.camera,
        "focuser": trial.focuser,
        "telescope": trial.mount,
        "conditions": trial.conditions,
        "safety": trial.safety,
    }
    try:
        for role, attempt in attempts.items():
            try:
                said = attempt()
            except DeviceError as error:
                yield Tried(role, str(error), good=False)
            else:
                if said is not None:
                    yield Tried(role, said, good=True)
    finally:
        trial.opening.close()


class _Trial:
    """Each method opens a device, tries it, closes it, and tells what it found; None where there is none."""

    def __init__(self, profile: Profile, clock: Clock, of_host: Camera | None) -> None:
        self.opening = Opening(profile, clock)
        self._profile, self._clock, self._of_host = profile, clock, of_host
        self._filter: str | None = None

    def wheel(self) -> str | None:
        wheel = self.opening.filter_wheel()
        if wheel is None:
            return None
        try:
            self._filter = wheel.current()
            return f"{self._filter or 'an unknown filter'} is in; it has {', '.join(wheel.names()) or 'no names'}."
        finally:
            wheel.close()

    def camera(self) -> str:
        if self._profile.camera.source == "host" and self._of_host is None:
            return "the host takes the frames, and is not asked now."
        camera = self.opening.camera(lambda: self._filter, self._of_host)
        autofocus = self._profile.autofocus
        exposure_s = min(EXPOSURE_S, autofocus.exposure_s)
        try:
            begun = self._clock.now()
            taken = carried_out(camera.expose(exposure_s, gain=autofocus.gain, binning=autofocus.binning), self._clock)
            width, height = taken.pixels.shape
            lasted_s = self._clock.now() - begun
            return f"a frame of {width} x {height} pixels in {lasted_s:.1f} s, {exposure_s:g} s of them exposed."
        finally:
            camera.close()

    def focuser(self) -> str:
        focuser = self.opening.focuser()
        try:
            state, celsius = focuser.state(), focuser.temperature_c()
            if not state.absolute:
                raise Refused(f"The {focuser.name} goes to no positions, so it cannot be used.")
            sensor = "no sensor of its own" if celsius is None else f"{celsius:.1f} °C"
            own = ", its own temperature compensation is on" if state.driver_compensation else ""
            return f"at {state.position} of {state.max_step}, {sensor}{own}."
        finally:
            focuser.close()

    def mount(self) -> str | None:
        mount = self.opening.mount()
        if mount is None:
            return None
        try:
            state = mount.state()
            tracking = {True: "tracking", False: "not tracking", None: "tracking unknown"}[state.tracking]
            parked = {True: "parked", False: "not parked", None: "parking unknown"}[state.parked]
            return f"{tracking}, {parked}, transit in {state.to_transit_s / 3600:.1f} h."
        finally:
            mount.close()

    def conditions(self) -> str | None:
        conditions = self.opening.conditions()
        if conditions is None:
            return None
        try:
            celsius = conditions.temperature_c()
            return "it tells no temperature." if celsius is None else f"{celsius:.1f} °C."
        finally:
            conditions.close()

    def safety(self) -> str | None:
        safety = self.opening.safety()
        if safety is None:
            return None
        try:
            return {True: "safe.", False: "not safe.", None: "it has no word yet."}[safety.safe()]
        finally:
            safety.close()


def carried_out(task: Generator[float, None, Result], clock: Clock) -> Result:
    """Carry a task out here and now."""
    while True:
        try:
            seconds = next(task)
        except StopIteration as done:
            result: Result = done.value
            return result
        if isinstance(clock, VirtualClock):
            clock.advance_to(clock.now() + max(seconds, 0.0))
        else:
            time.sleep(max(seconds, 0.0))
