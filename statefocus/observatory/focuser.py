"""The focuser, as Alpaca sees it (IFocuserV4)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from statefocus.observatory.device import Clock, Device, commands, reads
from statefocus.observatory.errors import DRIVER, NOT_IMPLEMENTED, AlpacaError, require_range
from statefocus.observatory.happenings import Happenings
from statefocus.observatory.motion import FocuserMotion
from statefocus.observatory.weather import Weather
from statefocus.profile.happenings import SensorFailed
from statefocus.profile.observatory import ObservatoryFocuser

_SENSOR = 31


class Focuser(Device):
    """An absolute focuser with a temperature sensor.

    Parameters
    ----------
    settings, now
        The focuser, the clock.
    motion
        Its mechanics.
    weather, happenings, seed
        For the sensor.
    """

    kind: ClassVar = "focuser"
    type_name: ClassVar = "Focuser"
    interface_version: ClassVar = 4
    state: ClassVar = ("IsMoving", "Position", "Temperature")

    def __init__(
        self,
        settings: ObservatoryFocuser,
        now: Clock,
        motion: FocuserMotion,
        weather: Weather,
        happenings: Happenings,
        seed: int,
    ) -> None:
        self._settings = settings
        self._motion = motion
        self._weather = weather
        self._happenings = happenings
        self._seed = seed
        fixed = {
            "Absolute": True,
            "MaxStep": settings.max_steps,
            "MaxIncrement": settings.max_steps,
            "StepSize": settings.um_per_step,
            "TempCompAvailable": settings.driver_compensation,
        }
        super().__init__(now, fixed)

    @reads("Position")
    def position(self) -> int:
        """Return the step counter."""
        return self._motion.reported_steps(self._now())

    @reads("IsMoving")
    def is_moving(self) -> bool:
        """Return whether a move is under way."""
        return self._motion.is_moving(self._now())

    @reads("Temperature")
    def temperature(self) -> float:
        """Return what the sensor on the tube reads, in degrees Celsius."""
        t = self._now()
        for failed in self._happenings.active(SensorFailed, t):
            if failed.sensor == "focuser":
                return failed_reading(failed)
        normal = np.random.default_rng([self._seed, _SENSOR, max(0, int(t))]).standard_normal()
        settings = self._settings
        return round(self._weather.tube_c(t) + settings.sensor_offset_c + settings.sensor_noise_c * float(normal), 2)

    @reads("TempComp")
    def temp_comp(self) -> bool:
        """Return whether the driver compensates."""
        return self._motion.compensates

    @commands("TempComp", TempComp=bool)
    def set_temp_comp(self, temp_comp: bool) -> None:  # noqa: FBT001 - the standard's signature
        """Switch the driver's compensation, whose coefficient is wrong."""
        if not self._settings.driver_compensation:
            raise AlpacaError(NOT_IMPLEMENTED, "this focuser's driver has no temperature compensation")
        if temp_comp != self._motion.compensates:
            self._motion.compensate(self._now(), on=temp_comp)

    @commands("Move", Position=int)
    def move(self, position: int) -> None:
        """Start a move to an absolute position."""
        require_range("Position", position, 0, self._settings.max_steps)
        self._motion.move(self._now(), position)

    @commands("Halt")
    def halt(self) -> None:
        """Stop a move."""
        t = self._now()
        if self._motion.is_moving(t):
            self._motion.halt(t)


def failed_reading(failed: SensorFailed) -> float:
    """Return NaN, or raise, as a failed sensor does."""
    if failed.answers == "error":
        raise AlpacaError(DRIVER, f"the {failed.sensor} temperature sensor does not answer")
    return float("nan")
