"""Devices are tried before the night: each in a line, whether it can be used or not."""

from __future__ import annotations

import pytest

from statefocus.devices.trying import try_devices
from statefocus.profile import Address, Camera
from tests.devices.conftest import Site


def test_each_device_is_told_in_a_line_and_none_is_moved(site: Site) -> None:
    told = {tried.role: tried for tried in try_devices(site.profile, site.clock)}
    assert all(tried.good for tried in told.values())
    assert list(told) == ["filter wheel", "camera", "focuser", "telescope", "conditions", "safety"]
    assert told["filter wheel"].said == "L is in; it has L, R, B."
    assert told["camera"].said.startswith("a frame of 128 x 128 pixels in ")
    assert told["focuser"].said.startswith("at 25000 of 50000, ")
    assert told["telescope"].said == "tracking, not parked, transit in 2.0 h."
    assert told["safety"].said == "safe."
    assert site.rig.focuser.position() == 25_000


@pytest.mark.parametrize(
    "happenings", [[{"at_min": 0.0, "do": "device_error", "device": "focuser", "message": "the motor is hot"}]]
)
def test_what_one_device_says_keeps_the_others_from_nothing(site: Site) -> None:
    devices = site.profile.devices.model_copy(update={"conditions": None, "safety": Address(port=9)})
    profile = site.profile.model_copy(update={"devices": devices})
    told = {tried.role: tried for tried in try_devices(profile, site.clock)}
    assert "the motor is hot" in told["focuser"].said
    assert "cannot be reached" in told["safety"].said
    assert [role for role, tried in told.items() if tried.good] == ["filter wheel", "camera", "telescope"]


def test_frames_of_the_host_are_not_asked_for(site: Site) -> None:
    profile = site.profile.model_copy(update={"camera": Camera(source="host")})
    told = {tried.role: tried for tried in try_devices(profile, site.clock)}
    assert told["camera"].good
    assert told["camera"].said == "the host takes the frames, and is not asked now."
