"""The Sun's altitude, from astropy, without network access."""

from __future__ import annotations


def sun_altitude_deg(t: float, latitude_deg: float, longitude_deg: float) -> float:
    """Compute the Sun's altitude above the horizon, degrees, refraction left out.

    Parameters
    ----------
    t
        Unix seconds.
    latitude_deg, longitude_deg
        Site; north and east positive.
    """
    import astropy.units as u
    from astropy.coordinates import AltAz, EarthLocation, get_sun
    from astropy.time import Time
    from astropy.utils import iers

    iers.conf.auto_download = False  # a telescope in a field has no network, and a minute of arc is nothing here
    iers.conf.iers_degraded_accuracy = "ignore"
    when = Time(t, format="unix")
    site = EarthLocation(lat=latitude_deg * u.deg, lon=longitude_deg * u.deg)
    return float(get_sun(when).transform_to(AltAz(obstime=when, location=site)).alt.deg)
