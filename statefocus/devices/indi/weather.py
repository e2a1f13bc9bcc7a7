"""Weather and safety over INDI."""

from __future__ import annotations

from typing import ClassVar

from statefocus.devices.indi.link import Link

STATUS = "WEATHER_STATUS"
SAFE = {"Ok": True, "Busy": True, "Alert": False}
"""INDI's weather: good, near a limit, and beyond one; before the first reading it has no word."""


class IndiConditions:
    """One weather station.

    Parameters
    ----------
    link
        The device.
    """

    NEEDS: ClassVar[str] = "WEATHER_PARAMETERS"

    def __init__(self, link: Link) -> None:
        self._link = link

    def temperature_c(self) -> float | None:
        """Read the air temperature; None where the station has no such sensor."""
        return self._link.number(self.NEEDS, "WEATHER_TEMPERATURE")

    def close(self) -> None:
        """Leave it; the connection is the rig's."""


class IndiSafety:
    """The word of a weather station or of a safety monitor.

    Parameters
    ----------
    link
        The device.
    """

    NEEDS: ClassVar[str] = STATUS

    def __init__(self, link: Link) -> None:
        self._link = link

    def safe(self) -> bool | None:
        """Read its word; None before the first reading."""
        return SAFE.get(self._link.need(STATUS).state)

    def close(self) -> None:
        """Leave it; the connection is the rig's."""
