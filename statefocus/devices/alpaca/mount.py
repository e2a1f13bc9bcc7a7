"""Mount, filter wheel, weather and safety over Alpaca."""

from __future__ import annotations

import alpaca.filterwheel
import alpaca.observingconditions
import alpaca.safetymonitor
import alpaca.telescope

from statefocus.devices.alpaca.transport import Wire, Wired
from statefocus.devices.interfaces import Side
from statefocus.errors import Refused

_TURNING = -1
_SIDES: dict[int, Side] = {0: "east", 1: "west"}


class _Telescope(Wired, alpaca.telescope.Telescope):  # type: ignore[misc]  # alpyca publishes no types
    """alpyca's telescope on our wire."""


class _FilterWheel(Wired, alpaca.filterwheel.FilterWheel):  # type: ignore[misc]  # the same
    """alpyca's filter wheel on our wire."""


class _Conditions(Wired, alpaca.observingconditions.ObservingConditions):  # type: ignore[misc]  # the same
    """alpyca's weather station on our wire."""


class _Safety(Wired, alpaca.safetymonitor.SafetyMonitor):  # type: ignore[misc]  # the same
    """alpyca's safety monitor on our wire."""


class AlpacaMount:
    """One telescope mount."""

    def __init__(self, wire: Wire, base_path: str) -> None:
        self._device = _Telescope(f"{wire.host}:{wire.port}", 0)
        self._device.attach(wire, base_path)
        self.name = wire.name

    def tracking(self) -> bool:
        """Whether it tracks."""
        return bool(self._device.Tracking)

    def parked(self) -> bool:
        """Whether it is parked."""
        return bool(self._device.AtPark)

    def hours_to_transit(self) -> float:
        """How far the target is from the meridian, sidereal hours; negative after the transit."""
        return (float(self._device.RightAscension) - float(self._device.SiderealTime) + 12) % 24 - 12

    def side(self) -> Side | None:
        """Read the side of the pier; None for a mount that does not tell."""
        try:
            return _SIDES.get(int(self._device.SideOfPier))
        except Refused:
            return None

    def begin_flip(self) -> None:
        """Start to go to the other side of the pier."""
        if bool(self._device.CanSetPierSide):
            other = 0 if self.side() == "west" else 1
            self._device.SideOfPier = alpaca.telescope.PierSide(other)
        else:  # a slew to where it points already lets such a mount choose the other side
            self._device.SlewToCoordinatesAsync(float(self._device.RightAscension), float(self._device.Declination))

    def slewing(self) -> bool:
        """Whether it slews."""
        return bool(self._device.Slewing)

    def close(self) -> None:
        """Hang up."""
        self._device.hang_up()
        self._device.rqs.close()


class AlpacaWheel:
    """One filter wheel."""

    def __init__(self, wire: Wire, base_path: str) -> None:
        self._device = _FilterWheel(f"{wire.host}:{wire.port}", 0)
        self._device.attach(wire, base_path)
        self.name = wire.name

    def names(self) -> list[str]:
        """Read the filters' names, by slot."""
        return [str(name) for name in self._device.Names]

    def slot(self) -> int | None:
        """Read the slot in the light path; None while it turns."""
        slot = int(self._device.Position)
        return None if slot == _TURNING else slot

    def turn(self, slot: int) -> None:
        """Start to turn."""
        self._device.Position = slot

    def close(self) -> None:
        """Hang up."""
        self._device.hang_up()
        self._device.rqs.close()


class AlpacaConditions:
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


class AlpacaSafety:
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
