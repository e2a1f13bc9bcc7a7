"""Mount, filter wheel, weather and safety over Alpaca: what guards and the embedded host need of them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import alpaca.filterwheel
import alpaca.observingconditions
import alpaca.safetymonitor
import alpaca.telescope

from statefocus.clock import Clock
from statefocus.devices.transport import Wire, Wired
from statefocus.errors import Refused, Timeout

POLL_S = 0.5
WHEEL_TIMEOUT_S = 60.0
FLIP_TIMEOUT_S = 300.0
SIDEREAL_DAY_S = 86164.1
_TURNING = -1
_WEST = 1
_UNKNOWN_SIDE = -1


class _Telescope(Wired, alpaca.telescope.Telescope):  # type: ignore[misc]  # alpyca publishes no types
    """alpyca's telescope on our wire."""


class _FilterWheel(Wired, alpaca.filterwheel.FilterWheel):  # type: ignore[misc]  # the same
    """alpyca's filter wheel on our wire."""


class _Conditions(Wired, alpaca.observingconditions.ObservingConditions):  # type: ignore[misc]  # the same
    """alpyca's weather station on our wire."""


class _Safety(Wired, alpaca.safetymonitor.SafetyMonitor):  # type: ignore[misc]  # the same
    """alpyca's safety monitor on our wire."""


@dataclass(frozen=True, slots=True)
class MountState:
    """What a mount tells; `to_transit_s` is the time to the target's next transit, negative after it."""

    tracking: bool
    parked: bool
    to_transit_s: float
    west: bool


class Mount:
    """One telescope mount."""

    def __init__(self, wire: Wire, base_path: str, clock: Clock) -> None:
        self._device = _Telescope(f"{wire.host}:{wire.port}", 0)
        self._device.attach(wire, base_path)
        self._clock = clock
        self.name = wire.name

    def state(self) -> MountState:
        """Read the mount's state."""
        device = self._device
        hours = (float(device.RightAscension) - float(device.SiderealTime) + 12) % 24 - 12
        return MountState(
            tracking=bool(device.Tracking) and not bool(device.AtPark),
            parked=bool(device.AtPark),
            to_transit_s=hours / 24 * SIDEREAL_DAY_S,
            west=self._side() == _WEST,
        )

    def flip(self) -> Generator[float, None, str]:
        """Flip to the other side of the pier; gives the side it is on then, `east` or `west`.

        Raises
        ------
        Timeout
            Where it does not arrive.
        """
        former = self._side()
        if bool(self._device.CanSetPierSide):
            self._device.SideOfPier = alpaca.telescope.PierSide(1 - former)
        else:  # a slew to where it points already lets such a mount choose the other side
            self._device.SlewToCoordinatesAsync(float(self._device.RightAscension), float(self._device.Declination))
        deadline = self._clock.now() + FLIP_TIMEOUT_S
        yield POLL_S
        while self._device.Slewing:
            if self._clock.now() >= deadline:
                raise Timeout(f"The {self.name} still slews {FLIP_TIMEOUT_S:g} s after the flip began.")
            yield POLL_S
        side = self._side()
        if side == former:
            raise Timeout(f"The {self.name} did not change sides in the flip.")
        return "west" if side else "east"

    def _side(self) -> int:
        """Read the side of the pier; unknown for a mount that does not tell, and so never flips."""
        try:
            return int(self._device.SideOfPier)
        except Refused:
            return _UNKNOWN_SIDE

    def close(self) -> None:
        """Hang up."""
        self._device.hang_up()
        self._device.rqs.close()


class FilterWheel:
    """One filter wheel."""

    def __init__(self, wire: Wire, base_path: str, clock: Clock) -> None:
        self._device = _FilterWheel(f"{wire.host}:{wire.port}", 0)
        self._device.attach(wire, base_path)
        self._clock = clock
        self.name = wire.name

    def names(self) -> list[str]:
        """Read the filters' names, by slot."""
        return [str(name) for name in self._device.Names]

    def current(self) -> str | None:
        """Read the filter in the light path; None while it turns."""
        slot = int(self._device.Position)
        return None if slot == _TURNING else self.names()[slot]

    def turn_to(self, name: str) -> Generator[float, None, None]:
        """Turn to a filter, and verify it.

        Raises
        ------
        Refused
            Where there is no such filter.
        Timeout
            Where it does not arrive.
        """
        names = self.names()
        if name not in names:
            raise Refused(f"The {self.name} has no filter {name!r}; it has {', '.join(names)}.")
        self._device.Position = names.index(name)
        deadline = self._clock.now() + WHEEL_TIMEOUT_S
        yield POLL_S
        while int(self._device.Position) != names.index(name):
            if self._clock.now() >= deadline:
                raise Timeout(f"The {self.name} did not reach {name!r} within {WHEEL_TIMEOUT_S:g} s.")
            yield POLL_S

    def close(self) -> None:
        """Hang up."""
        self._device.hang_up()
        self._device.rqs.close()


class Conditions:
    """One weather station."""

    def __init__(self, wire: Wire, base_path: str) -> None:
        self._device = _Conditions(f"{wire.host}:{wire.port}", 0)
        self._device.attach(wire, base_path)

    def temperature_c(self) -> float | None:
        """Read the air temperature; None where the station has no such sensor."""
        try:
            return float(self._device.Temperature)
        except Refused:
            return None

    def close(self) -> None:
        """Hang up."""
        self._device.hang_up()
        self._device.rqs.close()


class Safety:
    """One safety monitor."""

    def __init__(self, wire: Wire, base_path: str) -> None:
        self._device = _Safety(f"{wire.host}:{wire.port}", 0)
        self._device.attach(wire, base_path)

    def safe(self) -> bool:
        """Read its word."""
        return bool(self._device.IsSafe)

    def close(self) -> None:
        """Hang up."""
        self._device.hang_up()
        self._device.rqs.close()
