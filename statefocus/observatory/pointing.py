"""The mount's mechanics: where it points, on which side of the pier, and whether it tracks.

Sidereal time is the mean one at Greenwich (Meeus, Astronomical Algorithms, 12.4, linear terms) plus the longitude,
good to a second in this century; refraction, precession and nutation are left out.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace

from statefocus.observatory.happenings import Happenings
from statefocus.profile.happenings import Parked, TrackingOff
from statefocus.profile.observatory import ObservatoryMount

PIER_EAST, PIER_WEST = 0, 1
SIDEREAL_HOURS_PER_S = 1.00273790935 / 3600.0
_J2000_UNIX_S = 946_728_000.0
_PARK_S = 20.0


def local_sidereal_hours(t: float, longitude_deg: float) -> float:
    """Return the local mean sidereal time at `t` (unix seconds), 0..24 hours; longitude east positive."""
    days = (t - _J2000_UNIX_S) / 86_400.0
    return (18.697374558 + 24.06570982441908 * days + longitude_deg / 15.0) % 24.0


@dataclass(frozen=True, slots=True)
class _Pose:
    """What one command leads to; lasts until the next, its fields hold from `arrives_at` on."""

    starts_at: float
    arrives_at: float
    ra_hours: float
    dec_deg: float
    side: int
    tracking: bool
    parked: bool


class Pointing:
    """Where the telescope points.

    Parameters
    ----------
    settings
        Target, speeds.
    happenings
        Tracking that stops, and somebody who parks the mount.
    longitude_deg
        Of the site, east positive.
    started_at
        Start of the session, unix seconds; the target transits `transits_after_min` later.
    """

    def __init__(
        self, settings: ObservatoryMount, happenings: Happenings, longitude_deg: float, started_at: float
    ) -> None:
        self._settings = settings
        self._happenings = happenings
        self._longitude_deg = longitude_deg
        self._started_at = started_at
        self.target_ra_hours = self.sidereal_hours(started_at + settings.transits_after_min * 60.0)
        self.target_dec_deg = settings.declination_deg
        side = PIER_WEST if settings.transits_after_min > 0 else PIER_EAST
        parked = settings.starts_parked
        before = float("-inf")
        first = _Pose(before, before, self.target_ra_hours, self.target_dec_deg, side, not parked, parked)
        self._poses = [first]

    def sidereal_hours(self, t: float) -> float:
        """Return the local sidereal time, 0..24 hours."""
        return local_sidereal_hours(t, self._longitude_deg)

    def hour_angle_hours(self, t: float, ra_hours: float) -> float:
        """Return the hour angle of a right ascension, -12..12 hours; negative is east of the meridian."""
        return (self.sidereal_hours(t) - ra_hours + 12.0) % 24.0 - 12.0

    def side_for(self, t: float, ra_hours: float) -> int:
        """Return the side of the pier that a slew to a right ascension would end on."""
        return PIER_EAST if self.hour_angle_hours(t, ra_hours) >= 0.0 else PIER_WEST

    def slewing(self, t: float) -> bool:
        """Return whether a slew, flip or parking is under way."""
        return t < self._latest(t).arrives_at

    def side(self, t: float) -> int:
        """Return the side of the pier; 0 is the mount's east side, the telescope looks west."""
        return self._reached(t).side

    def parked(self, t: float) -> bool:
        """Return whether the mount is parked."""
        pose = self._reached(t)
        return pose.parked or self._hit_by(Parked, pose, t)

    def tracking(self, t: float) -> bool:
        """Return whether the mount follows the sky."""
        pose = self._reached(t)
        return pose.tracking and not self._hit_by(Parked, pose, t) and not self._hit_by(TrackingOff, pose, t)

    def ra_hours(self, t: float) -> float:
        """Return the right ascension, 0..24 hours; without tracking it grows with sidereal time."""
        pose = self._reached(t)
        return (pose.ra_hours + self._untracked_s(pose, t) * SIDEREAL_HOURS_PER_S) % 24.0

    def dec_deg(self, t: float) -> float:
        """Return the declination, in degrees."""
        return self._reached(t).dec_deg

    def slew(self, t: float, ra_hours: float, dec_deg: float) -> None:
        """Start a slew; it ends on the side of the pier that the hour angle asks for."""
        side = self.side_for(t, ra_hours)
        seconds = self._slew_s(t, ra_hours, dec_deg)
        if side != self.side(t):
            seconds = max(seconds, self._settings.flip_s)
        self._add(t, t + seconds, ra_hours=ra_hours, dec_deg=dec_deg, side=side)

    def flip(self, t: float, side: int) -> None:
        """Start a meridian flip to a side; nothing moves if it is there already."""
        self._add(t, t + (self._settings.flip_s if side != self.side(t) else 0.0), side=side)

    def track(self, t: float, *, on: bool) -> None:
        """Switch tracking."""
        self._add(t, t, tracking=on)

    def park(self, t: float) -> None:
        """Start to park."""
        self._add(t, t if self.parked(t) else t + _PARK_S, tracking=False, parked=True)

    def unpark(self, t: float) -> None:
        """Release the mount; it does not track yet."""
        self._add(t, t, tracking=self.tracking(t), parked=False)

    def abort(self, t: float) -> None:
        """Stop a slew; the telescope points where it came from."""
        if self.slewing(t):
            self._add(t, t)

    def sync(self, t: float, ra_hours: float, dec_deg: float) -> None:
        """Call the present direction by these coordinates."""
        self._add(t, t, ra_hours=ra_hours, dec_deg=dec_deg)

    def _add(self, t: float, arrives_at: float, **changes: float | bool) -> None:
        pose = replace(self._reached(t), starts_at=t, arrives_at=arrives_at, ra_hours=self.ra_hours(t))
        self._poses.append(replace(pose, **changes))  # type: ignore[arg-type]  # each caller names fields of _Pose

    def _latest(self, t: float) -> _Pose:
        return self._poses[max(0, bisect_right(self._poses, t, key=lambda pose: pose.starts_at) - 1)]

    def _reached(self, t: float) -> _Pose:
        """Return the last pose that was reached; one that the next command cut off never was."""
        index = max(0, bisect_right(self._poses, t, key=lambda pose: pose.starts_at) - 1)
        cut_off_at = t
        while index > 0 and self._poses[index].arrives_at > cut_off_at:
            cut_off_at = self._poses[index].starts_at
            index -= 1
        return self._poses[index]

    def _hit_by(self, kind: type[Parked | TrackingOff], pose: _Pose, t: float) -> bool:
        return any(self._happenings.starts(item) > pose.starts_at for item in self._happenings.active(kind, t))

    def _untracked_s(self, pose: _Pose, t: float) -> float:
        if not pose.tracking:
            return t - max(pose.arrives_at, self._started_at)
        hits = (*self._happenings.of(TrackingOff), *self._happenings.of(Parked))
        spans = (
            (self._happenings.starts(hit), self._happenings.ends(hit))
            for hit in hits
            if self._happenings.starts(hit) > pose.starts_at
        )
        return sum(max(0.0, min(end, t) - max(start, pose.arrives_at)) for start, end in spans)

    def _slew_s(self, t: float, ra_hours: float, dec_deg: float) -> float:
        turn = abs((ra_hours - self.ra_hours(t) + 12.0) % 24.0 - 12.0) * 15.0
        tilt = abs(dec_deg - self.dec_deg(t))
        return self._settings.slew_settle_s + max(turn, tilt) / self._settings.slew_deg_per_s


def alt_az_deg(hour_angle_hours: float, dec_deg: float, latitude_deg: float) -> tuple[float, float]:
    """Return altitude and azimuth (north 0, east 90) in degrees."""
    angle, dec, lat = math.radians(hour_angle_hours * 15.0), math.radians(dec_deg), math.radians(latitude_deg)
    sine = math.sin(dec) * math.sin(lat) + math.cos(dec) * math.cos(lat) * math.cos(angle)
    north = math.sin(dec) * math.cos(lat) - math.cos(dec) * math.sin(lat) * math.cos(angle)
    east = -math.cos(dec) * math.sin(angle)
    return math.degrees(math.asin(max(-1.0, min(1.0, sine)))), math.degrees(math.atan2(east, north)) % 360.0
