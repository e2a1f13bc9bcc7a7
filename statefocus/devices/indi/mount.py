"""Mount and filter wheel over INDI."""

from __future__ import annotations

from typing import ClassVar

from statefocus.clock import Clock
from statefocus.devices.indi.link import OFF, ON, Link
from statefocus.devices.interfaces import Side
from statefocus.errors import Protocol

POINTING = "EQUATORIAL_EOD_COORD"
SLOT, SLOT_VALUE, NAMES = "FILTER_SLOT", "FILTER_SLOT_VALUE", "FILTER_NAME"
_J2000 = 946_728_000.0


def sidereal_hours(t: float, longitude_deg: float) -> float:
    """Compute the mean sidereal time at a longitude, hours; good to a second for decades around 2000.

    Source: IAU 1982, its linear terms, with UTC for UT1.

    >>> round(sidereal_hours(946_728_000.0, 0.0), 3)
    18.697
    """
    return (18.697374558 + 24.06570982441908 * (t - _J2000) / 86_400 + longitude_deg / 15) % 24


class IndiMount:
    """One telescope mount.

    Parameters
    ----------
    link
        The device.
    clock, longitude_deg
        For the sidereal time, where the mount does not tell it.
    """

    NEEDS: ClassVar[str] = POINTING

    def __init__(self, link: Link, clock: Clock, longitude_deg: float) -> None:
        self._link, self._clock, self._longitude_deg = link, clock, longitude_deg
        self.name = link.name

    def tracking(self) -> bool | None:
        """Whether it tracks; None where it does not tell."""
        return self._link.switched("TELESCOPE_TRACK_STATE", "TRACK_ON")

    def parked(self) -> bool | None:
        """Whether it is parked; None where it does not tell."""
        return self._link.switched("TELESCOPE_PARK", "PARK")

    def hours_to_transit(self) -> float:
        """How far the target is from the meridian, sidereal hours; negative after the transit."""
        lst = self._link.number("TIME_LST", "LST")
        if lst is None:
            lst = sidereal_hours(self._clock.now(), self._longitude_deg)
        return (self._pointing()[0] - lst + 12) % 24 - 12

    def side(self) -> Side | None:
        """Read the side of the pier; None for a mount that does not tell."""
        sides: dict[str, Side] = {"PIER_EAST": "east", "PIER_WEST": "west"}
        for member, side in sides.items():
            if self._link.switched("TELESCOPE_PIER_SIDE", member):
                return side
        return None

    def begin_flip(self) -> None:
        """Slew to where it points already, which lets a mount choose the other side."""
        right_ascension, declination = self._pointing()
        if self._link.find("ON_COORD_SET") is not None:
            self._link.set("ON_COORD_SET", {"TRACK": ON, "SLEW": OFF, "SYNC": OFF})
        self._link.set(POINTING, {"RA": right_ascension, "DEC": declination}, at_work=True)

    def slewing(self) -> bool:
        """Whether it slews."""
        return self._link.busy(POINTING)

    def _pointing(self) -> tuple[float, float]:
        right_ascension, declination = self._link.number(POINTING, "RA"), self._link.number(POINTING, "DEC")
        if right_ascension is None or declination is None:
            raise Protocol(f"The {self.name} does not tell where it points.")
        return right_ascension, declination

    def close(self) -> None:
        """Leave it; the connection is the rig's."""


class IndiWheel:
    """One filter wheel.

    Parameters
    ----------
    link
        The device.
    """

    NEEDS: ClassVar[str] = SLOT

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sent = 0
        self.name = link.name

    def names(self) -> list[str]:
        """Read the filters' names, by slot; none where the wheel does not tell them."""
        found = self._link.find(NAMES)
        return [str(name).strip() for name in found.values.values()] if found is not None else []

    def slot(self) -> int | None:
        """Read the slot in the light path, from 0; None while it turns, or where it does not tell.

        Raises
        ------
        Refused
            Once, where it does not turn where it was sent.
        """
        found = self._link.need(SLOT)
        if found.told <= self._sent or found.state == "Busy":
            return None
        if found.state == "Alert" and self._sent:
            self._sent = 0
            raise self._link.refusal()
        slot = self._link.number(SLOT, SLOT_VALUE)
        return None if slot is None else round(slot) - 1

    def turn(self, slot: int) -> None:
        """Start to turn."""
        self._sent = self._link.send(SLOT, {SLOT_VALUE: slot + 1})

    def close(self) -> None:
        """Leave it; the connection is the rig's."""
