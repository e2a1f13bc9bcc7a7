from __future__ import annotations

import pytest

from statefocus.observatory.errors import AlpacaError
from statefocus.observatory.pointing import alt_az_deg, local_sidereal_hours

from .night import SMALL, STILL_AIR, Night, night


def hour_angle(n: Night) -> float:
    return float((n.get("telescope", "SiderealTime") - n.get("telescope", "RightAscension") + 12) % 24 - 12)


def test_sidereal_time_agrees_with_the_almanac() -> None:
    # Meeus, Astronomical Algorithms, example 12.a: 1987 April 10, 0h UT: 13h 10m 46.3668s at Greenwich
    unix_1987_04_10 = 545_011_200.0
    assert local_sidereal_hours(unix_1987_04_10, 0.0) * 3600 == pytest.approx(13 * 3600 + 10 * 60 + 46.37, abs=0.1)


def test_the_target_transits_when_the_settings_say() -> None:
    n = night(mount={"transits_after_min": 90})
    assert hour_angle(n) == pytest.approx(-1.5 * 1.0027379, abs=1e-6)
    n.minutes(90)
    assert hour_angle(n) == pytest.approx(0.0, abs=1e-6)
    altitude, azimuth = alt_az_deg(0.0, 45.0, 48.2)
    assert (altitude, azimuth) == pytest.approx((86.8, 180.0), abs=1e-6)
    assert n.get("telescope", "Altitude") == pytest.approx(86.8, abs=1e-3)


def test_a_flip_takes_its_time_and_changes_the_side_of_the_pier() -> None:
    n = night()
    assert n.get("telescope", "SideOfPier") == 1
    n.minutes(125)
    assert n.get("telescope", "DestinationSideOfPier", n.get("telescope", "RightAscension"), 45.0) == 0
    n.put("telescope", "SideOfPier", 0)
    n.clock.sleep(59.0)
    assert (n.get("telescope", "Slewing"), n.get("telescope", "SideOfPier")) == (True, 1)
    n.clock.sleep(2.0)
    assert (n.get("telescope", "Slewing"), n.get("telescope", "SideOfPier")) == (False, 0)
    assert n.get("telescope", "Tracking")


def test_a_slew_past_the_meridian_flips_too() -> None:
    n = night()
    n.minutes(125)
    n.put("telescope", "SlewToTargetAsync")
    n.clock.sleep(61.0)
    assert n.get("telescope", "SideOfPier") == 0


def test_a_flip_turns_the_field() -> None:
    sky = {"stars": 20, "faintest_electrons_per_s": 5000, "pointing_jitter_px": 0.0}
    n = night(camera=SMALL, sky=sky, weather=STILL_AIR | {"fall_in_four_hours_c": 0.0})
    before = n.expose()
    n.put("telescope", "SideOfPier", 0)
    n.clock.sleep(61.0)
    after = n.expose()
    bright = before > 1500
    assert bright.sum() > 20
    assert (bright & (after[::-1, ::-1] > 900)).sum() > 0.8 * bright.sum()


def test_slews_take_time_and_can_be_aborted() -> None:
    n = night()
    ra = n.get("telescope", "RightAscension")
    n.put("telescope", "SlewToCoordinatesAsync", (ra + 1.0) % 24, 30.0)
    n.clock.sleep(3.0)
    assert n.get("telescope", "Slewing")
    n.put("telescope", "AbortSlew")
    assert not n.get("telescope", "Slewing")
    assert n.get("telescope", "Declination") == 45.0
    n.put("telescope", "SlewToTargetAsync")
    n.clock.sleep(10.0)
    assert n.get("telescope", "Declination") == 30.0


def test_parked_refuses_and_unpark_does_not_track_by_itself() -> None:
    n = night()
    n.put("telescope", "Park")
    assert not n.get("telescope", "AtPark")
    n.clock.sleep(30.0)
    assert n.get("telescope", "AtPark")
    assert not n.get("telescope", "Tracking")
    for member, arguments in (("SlewToTargetAsync", ()), ("Tracking", (True,)), ("SideOfPier", (0,))):
        with pytest.raises(AlpacaError) as caught:
            n.put("telescope", member, *arguments)
        assert caught.value.number == 0x408
    n.put("telescope", "Unpark")
    assert (n.get("telescope", "AtPark"), n.get("telescope", "Tracking")) == (False, False)
    n.put("telescope", "Tracking", True)
    assert n.get("telescope", "Tracking")


def test_without_tracking_the_sky_runs_away_and_slews_are_refused() -> None:
    n = night()
    ra = n.get("telescope", "RightAscension")
    n.put("telescope", "Tracking", False)
    n.clock.sleep(3600.0)
    assert (n.get("telescope", "RightAscension") - ra) % 24 == pytest.approx(1.0027379, abs=1e-6)
    with pytest.raises(AlpacaError) as caught:
        n.put("telescope", "SlewToTargetAsync")
    assert caught.value.number == 0x40B
