"""What never changes about the mount, and what it does not have."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from statefocus.observatory.device import Parameters
from statefocus.profile.observatory import ObservatoryOptics

_GERMAN_POLAR, _TOPOCENTRIC, SIDEREAL = 2, 1, 0

ABSENT_READS = ("GuideRateDeclination", "GuideRateRightAscension", "IsPulseGuiding")
ABSENT_COMMANDS: Mapping[str, Parameters] = {
    "DeclinationRate": {"DeclinationRate": float},
    "DoesRefraction": {"DoesRefraction": bool},
    "GuideRateDeclination": {"GuideRateDeclination": float},
    "GuideRateRightAscension": {"GuideRateRightAscension": float},
    "RightAscensionRate": {"RightAscensionRate": float},
    "SiteElevation": {"SiteElevation": float},
    "SiteLatitude": {"SiteLatitude": float},
    "SiteLongitude": {"SiteLongitude": float},
    "SlewSettleTime": {"SlewSettleTime": int},
    "UTCDate": {"UTCDate": str},
    "FindHome": {},
    "MoveAxis": {"Axis": int, "Rate": float},
    "PulseGuide": {"Direction": int, "Duration": int},
    "SetPark": {},
    "SlewToAltAz": {"Azimuth": float, "Altitude": float},
    "SlewToAltAzAsync": {"Azimuth": float, "Altitude": float},
    "SlewToCoordinates": {"RightAscension": float, "Declination": float},
    "SlewToTarget": {},
    "SyncToAltAz": {"Azimuth": float, "Altitude": float},
}


def mount_facts(optics: ObservatoryOptics) -> dict[str, Any]:
    """Return the values of the GET members that never change."""
    area = math.pi / 4.0 * (optics.aperture_mm / 1000.0) ** 2 * (1.0 - (optics.obstruction_percent / 100) ** 2)
    cannot = (
        *("FindHome", "PulseGuide", "SetDeclinationRate", "SetGuideRates", "SetPark", "SetRightAscensionRate"),
        *("Slew", "SlewAltAz", "SlewAltAzAsync", "SyncAltAz"),
    )
    can = ("Park", "SetPierSide", "SetTracking", "SlewAsync", "Sync", "Unpark")
    capabilities = {f"Can{verb}": verb in can for verb in (*cannot, *can)}
    return capabilities | {
        "AlignmentMode": _GERMAN_POLAR,
        "ApertureArea": area,
        "ApertureDiameter": optics.aperture_mm / 1000.0,
        "AtHome": False,
        "DeclinationRate": 0.0,
        "DoesRefraction": False,
        "EquatorialSystem": _TOPOCENTRIC,
        "FocalLength": optics.focal_length_mm / 1000.0,
        "RightAscensionRate": 0.0,
        "SlewSettleTime": 0,
        "TrackingRate": SIDEREAL,
        "TrackingRates": [SIDEREAL],
    }
