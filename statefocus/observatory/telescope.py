"""The telescope (ITelescopeV4): a German equatorial mount that slews asynchronously."""

from __future__ import annotations

from typing import ClassVar

from statefocus.observatory.device import Clock, Device, commands, iso_utc, reads
from statefocus.observatory.errors import (
    INVALID_OPERATION,
    INVALID_VALUE,
    PARKED,
    VALUE_NOT_SET,
    AlpacaError,
    require_range,
)
from statefocus.observatory.mount_facts import ABSENT_COMMANDS, ABSENT_READS, SIDEREAL, mount_facts
from statefocus.observatory.pointing import PIER_EAST, PIER_WEST, Pointing, alt_az_deg
from statefocus.profile.observatory import ObservatoryOptics

_SITE_ELEVATION_M = 200.0
_AXES = (0, 1, 2)


class Telescope(Device):
    """A mount with a telescope on it.

    Parameters
    ----------
    optics, now
        Aperture and focal length, the clock.
    pointing
        The mechanics.
    latitude_deg, longitude_deg
        The site.
    """

    kind: ClassVar = "telescope"
    type_name: ClassVar = "Telescope"
    interface_version: ClassVar = 4
    state: ClassVar = (
        *("Altitude", "AtHome", "AtPark", "Azimuth", "Declination", "RightAscension", "SideOfPier"),
        *("SiderealTime", "Slewing", "Tracking", "UTCDate"),
    )
    absent_reads: ClassVar = ABSENT_READS
    absent_commands: ClassVar = ABSENT_COMMANDS

    def __init__(
        self, optics: ObservatoryOptics, now: Clock, pointing: Pointing, latitude_deg: float, longitude_deg: float
    ) -> None:
        self._pointing = pointing
        self._latitude_deg = latitude_deg
        self._target_ra: float | None = pointing.target_ra_hours
        self._target_dec: float | None = pointing.target_dec_deg
        site = {"SiteLatitude": latitude_deg, "SiteLongitude": longitude_deg, "SiteElevation": _SITE_ELEVATION_M}
        super().__init__(now, mount_facts(optics) | site)

    # --- where it points -------------------------------------------------------------------------------------------

    @reads("RightAscension")
    def right_ascension(self) -> float:
        """Return the right ascension, in hours."""
        return self._pointing.ra_hours(self._now())

    @reads("Declination")
    def declination(self) -> float:
        """Return the declination, in degrees."""
        return self._pointing.dec_deg(self._now())

    @reads("SiderealTime")
    def sidereal_time(self) -> float:
        """Return the local sidereal time, in hours."""
        return self._pointing.sidereal_hours(self._now())

    @reads("Altitude")
    def altitude(self) -> float:
        """Return the altitude, in degrees."""
        return self._alt_az()[0]

    @reads("Azimuth")
    def azimuth(self) -> float:
        """Return the azimuth, in degrees; north 0, east 90."""
        return self._alt_az()[1]

    def _alt_az(self) -> tuple[float, float]:
        t = self._now()
        angle = self._pointing.hour_angle_hours(t, self._pointing.ra_hours(t))
        return alt_az_deg(angle, self._pointing.dec_deg(t), self._latitude_deg)

    @reads("UTCDate")
    def utc_date(self) -> str:
        """Return the mount's clock."""
        return iso_utc(self._now())

    @reads("AtPark")
    def at_park(self) -> bool:
        """Return whether the mount is parked."""
        return self._pointing.parked(self._now())

    @reads("Slewing")
    def slewing(self) -> bool:
        """Return whether the mount slews, flips or parks."""
        return self._pointing.slewing(self._now())

    @reads("SideOfPier")
    def side_of_pier(self) -> int:
        """Return 0 (pier east, looking west) or 1 (pier west, looking east)."""
        return self._pointing.side(self._now())

    @reads("DestinationSideOfPier", RightAscension=float, Declination=float)
    def destination_side(self, ra_hours: float, dec_deg: float) -> int:
        """Return the side on which a slew would end."""
        _require_coordinates(ra_hours, dec_deg)
        return self._pointing.side_for(self._now(), ra_hours)

    @reads("Tracking")
    def tracking(self) -> bool:
        """Return whether the mount follows the sky."""
        return self._pointing.tracking(self._now())

    @reads("TargetRightAscension")
    def target_ra(self) -> float:
        """Return the target's right ascension, in hours."""
        return _set("TargetRightAscension", self._target_ra)

    @reads("TargetDeclination")
    def target_dec(self) -> float:
        """Return the target's declination, in degrees."""
        return _set("TargetDeclination", self._target_dec)

    @reads("CanMoveAxis", Axis=int)
    def can_move_axis(self, axis: int) -> bool:
        """Return False: no axis moves at a rate."""
        _require_axis(axis)
        return False

    @reads("AxisRates", Axis=int)
    def axis_rates(self, axis: int) -> list[dict[str, float]]:
        """Return no rates."""
        _require_axis(axis)
        return []

    # --- commands --------------------------------------------------------------------------------------------------

    @commands("TargetRightAscension", TargetRightAscension=float)
    def set_target_ra(self, ra_hours: float) -> None:
        """Set the target's right ascension."""
        _require_coordinates(ra_hours, 0.0)
        self._target_ra = ra_hours

    @commands("TargetDeclination", TargetDeclination=float)
    def set_target_dec(self, dec_deg: float) -> None:
        """Set the target's declination."""
        _require_coordinates(0.0, dec_deg)
        self._target_dec = dec_deg

    @commands("Tracking", Tracking=bool)
    def set_tracking(self, on: bool) -> None:  # noqa: FBT001 - the standard's signature
        """Switch tracking."""
        self._require_unparked()
        self._pointing.track(self._now(), on=on)

    @commands("TrackingRate", TrackingRate=int)
    def set_tracking_rate(self, rate: int) -> None:
        """Accept the sidereal rate, the only one."""
        require_range("TrackingRate", rate, SIDEREAL, SIDEREAL)

    @commands("SideOfPier", SideOfPier=int)
    def flip(self, side: int) -> None:
        """Start a meridian flip."""
        require_range("SideOfPier", side, PIER_EAST, PIER_WEST)
        self._require_tracking()
        self._pointing.flip(self._now(), side)

    @commands("SlewToCoordinatesAsync", RightAscension=float, Declination=float)
    def slew(self, ra_hours: float, dec_deg: float) -> None:
        """Start a slew; past the meridian it flips the mount."""
        _require_coordinates(ra_hours, dec_deg)
        self._require_tracking()
        self._target_ra, self._target_dec = ra_hours, dec_deg
        self._pointing.slew(self._now(), ra_hours, dec_deg)

    @commands("SlewToTargetAsync")
    def slew_to_target(self) -> None:
        """Start a slew to the target."""
        self.slew(self.target_ra(), self.target_dec())

    @commands("SyncToCoordinates", RightAscension=float, Declination=float)
    def sync(self, ra_hours: float, dec_deg: float) -> None:
        """Call the present direction by these coordinates."""
        _require_coordinates(ra_hours, dec_deg)
        self._require_tracking()
        self._pointing.sync(self._now(), ra_hours, dec_deg)

    @commands("SyncToTarget")
    def sync_to_target(self) -> None:
        """Call the present direction the target's."""
        self.sync(self.target_ra(), self.target_dec())

    @commands("AbortSlew")
    def abort_slew(self) -> None:
        """Stop a slew."""
        self._require_unparked()
        self._pointing.abort(self._now())

    @commands("Park")
    def park(self) -> None:
        """Start to park; nothing happens when parked."""
        if not self.at_park():
            self._pointing.park(self._now())

    @commands("Unpark")
    def unpark(self) -> None:
        """Release the mount; it does not track yet."""
        if self.at_park():
            self._pointing.unpark(self._now())

    def _require_unparked(self) -> None:
        if self.at_park():
            raise AlpacaError(PARKED, "the telescope is parked")

    def _require_tracking(self) -> None:
        self._require_unparked()
        if not self.tracking():
            raise AlpacaError(INVALID_OPERATION, "the telescope does not track")


def _set(name: str, value: float | None) -> float:
    if value is None:
        raise AlpacaError(VALUE_NOT_SET, f"{name} has not been set")
    return value


def _require_coordinates(ra_hours: float, dec_deg: float) -> None:
    require_range("RightAscension", ra_hours, 0.0, 24.0)
    require_range("Declination", dec_deg, -90.0, 90.0)


def _require_axis(axis: int) -> None:
    if axis not in _AXES:
        raise AlpacaError(INVALID_VALUE, f"there is no axis {axis}")
