"""Devices over real HTTP, against the simulated observatory: what they do, and what they say when they cannot."""

from __future__ import annotations

import pytest

from statefocus.devices.camera import GRACE_S
from statefocus.devices.focuser import Focuser
from statefocus.devices.slack import Slack
from statefocus.devices.values import Shot
from statefocus.errors import Protocol, Refused, Timeout, Unreachable
from tests.devices.conftest import START, Site

HAPPENINGS = "happenings"


def scripted(*script: dict[str, object]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(HAPPENINGS, [list(script)], ids=["scripted"])


def test_a_move_arrives_and_is_verified(site: Site) -> None:
    assert site.finish(site.rig.focuser.move(25_100, via=(25_160,))) == 25_100
    assert site.rig.focuser.position() == 25_100


@scripted({"at_min": 0.0, "do": "focuser_stuck", "moves_percent": 40.0})
def test_a_focuser_that_stops_short_is_told_with_both_positions(site: Site) -> None:
    with pytest.raises(Timeout, match=r"stopped at 25040 instead of 25100: look for a stuck drawtube"):
        site.finish(site.rig.focuser.move(25_100))


def test_a_focuser_that_takes_too_long_is_told(site: Site) -> None:
    slow = site.rig.focuser
    slow._settings = slow._settings.model_copy(update={"move_timeout_s": 3.0})
    with pytest.raises(Timeout, match=r"still moves after .* s: it is at \d+, not at 0"):
        site.finish(slow.move(0))


def test_a_halt_stops_a_move_under_way(site: Site) -> None:
    move = site.rig.focuser.move(30_000)
    for _ in range(5):
        site.clock.advance_to(site.clock.now() + next(move))
    site.rig.focuser.halt()
    assert 25_000 < site.rig.focuser.position() < 30_000


def test_the_drivers_own_compensation_is_switched_and_verified(site: Site) -> None:
    assert site.rig.focuser.switch_driver_compensation(on=True) is False
    assert site.rig.focuser.driver_compensation() is True
    assert site.rig.focuser.switch_driver_compensation(on=False) is True


def test_an_exposure_gives_its_pixels_in_x_y_order(site: Site) -> None:
    exposure = site.finish(site.rig.camera.expose(2.0))
    assert exposure.pixels.shape == (128, 128)
    assert exposure.pixels.dtype == "uint16"


def test_a_dark_shows_no_stars(site: Site) -> None:
    light, dark = (site.finish(site.rig.camera.expose(30.0, light=light)) for light in (True, False))
    assert dark.pixels.mean() < light.pixels.mean()


@scripted({"at_min": 0.0, "do": "camera_hangs"})
def test_an_exposure_that_never_ends_is_given_up_and_aborted(site: Site) -> None:
    with pytest.raises(Timeout, match=r"gave no image 30 s after an exposure of 2 s"):
        site.finish(site.rig.camera.expose(2.0))
    assert site.clock.now() == pytest.approx(START + 2 + GRACE_S, abs=1)
    site.camera.device.StartExposure(1.0, Light=True)


def test_an_exposure_that_is_given_up_is_aborted(site: Site) -> None:
    exposure = site.rig.camera.expose(60.0)
    next(exposure)
    exposure.close()
    assert site.camera.device.CameraState == 0


def test_an_exposure_that_somebody_left_behind_is_out_of_the_way_of_the_next_try(site: Site) -> None:
    site.camera.device.StartExposure(600.0, Light=True)
    with pytest.raises(Refused, match="under way"):
        site.finish(site.rig.camera.expose(1.0))
    assert site.finish(site.rig.camera.expose(1.0)).exposure_s == 1.0


@scripted({"at_min": 0.0, "do": "sensor_failed", "sensor": "focuser", "answers": "nan"})
def test_what_is_no_number_is_no_value(site: Site) -> None:
    with pytest.raises(Protocol, match="answers nan to temperature"):
        site.rig.focuser.temperature_c()


@scripted({"at_min": 0.0, "do": "device_error", "device": "focuser", "message": "the motor is hot"})
def test_a_drivers_error_is_told_in_its_own_words(site: Site) -> None:
    with pytest.raises(Refused, match=r"The focuser at 127.0.0.1:\d+ says: the motor is hot \(0x500\)") as told:
        site.rig.focuser.position()
    assert told.value.code == 0x500


@scripted({"at_min": 0.0, "do": "sensor_failed", "sensor": "focuser", "answers": "error"})
def test_a_sensor_that_fails_reads_nothing(site: Site) -> None:
    assert site.rig.focuser.temperature_c() is None


@scripted({"at_min": 1.0, "do": "server_gone"})
def test_a_server_that_has_gone_is_unreachable(site: Site) -> None:
    site.clock.advance_to(START + 90)
    with pytest.raises(Unreachable, match="cannot be reached"):
        site.rig.focuser.position()


@scripted({"at_min": 1.0, "do": "server_gone", "for_min": 1.0})
def test_a_server_that_comes_back_is_reached_again(site: Site) -> None:
    site.clock.advance_to(START + 90)
    with pytest.raises(Unreachable):
        site.rig.focuser.position()
    site.clock.advance_to(START + 150)
    assert site.rig.focuser.position() == 25_000


def test_a_focuser_that_somebody_has_sent_elsewhere_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    moving = iter([True, True, False])
    monkeypatch.setattr(site.rig.focuser._driver, "moving", lambda: next(moving))
    site.rig.focuser.rest()
    assert next(moving, "asked until it stood") == "asked until it stood"
    monkeypatch.setattr(site.rig.focuser._driver, "moving", lambda: True)
    quick = site.rig.focuser._settings.model_copy(update={"move_timeout_s": 0.1})
    monkeypatch.setattr(site.rig.focuser, "_settings", quick)
    with pytest.raises(Timeout, match=r"still moves after 0.1 s, and nobody here has sent it anywhere"):
        site.rig.focuser.rest()


def test_the_wheel_turns_and_knows_its_filters(site: Site) -> None:
    wheel = site.rig.filter_wheel
    assert wheel is not None
    site.finish(wheel.turn_to("B"))
    assert wheel.current() == "B"
    with pytest.raises(Refused, match="has no filter 'Z'; it has L, R, B"):
        site.finish(wheel.turn_to("Z"))


def test_a_flip_changes_sides(site: Site) -> None:
    mount = site.rig.mount
    assert mount is not None
    assert mount.state().west
    site.clock.advance_to(START + 121 * 60)
    assert site.finish(mount.flip()) == "east"
    assert not mount.state().west


def test_the_time_to_the_transit_runs_down(site: Site) -> None:
    assert site.rig.mount is not None
    assert site.rig.mount.state().to_transit_s == pytest.approx(120 * 60, abs=2)
    site.clock.advance_to(START + 3600)
    assert site.rig.mount.state().to_transit_s == pytest.approx(60 * 60, abs=2)


# --- A6: fast read-out ---


def exposed_fast(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Notes of each frame that begins whether the camera reads out fast then."""
    camera, noted = site.camera, []
    begin = camera.begin

    def note(shot: Shot) -> None:
        noted.append(bool(camera.device.FastReadout))
        begin(shot)

    monkeypatch.setattr(camera, "begin", note)
    return noted


def test_a6_only_the_frames_that_ask_for_it_are_read_out_fast(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    noted = exposed_fast(site, monkeypatch)
    for fast in (True, False, True):
        site.finish(site.rig.camera.expose(1.0, fast=fast))
    assert noted == [True, False, True]
    assert not site.camera.device.FastReadout


def test_a6_a_frame_that_is_given_up_or_fails_sets_the_camera_back_too(site: Site) -> None:
    exposure = site.rig.camera.expose(60.0, fast=True)
    next(exposure)
    assert site.camera.device.FastReadout
    exposure.close()
    assert not site.camera.device.FastReadout
    with pytest.raises(Refused):
        site.finish(site.rig.camera.expose(-1.0, fast=True))
    assert not site.camera.device.FastReadout


def test_a6_a_camera_that_is_fast_by_a_persons_own_wish_stays_so(site: Site) -> None:
    site.camera.device.FastReadout = True
    site.finish(site.rig.camera.expose(1.0, fast=True))
    assert site.camera.device.FastReadout


def test_a6_a_camera_that_could_not_be_set_back_is_set_back_before_the_plans_next_frame(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = exposed_fast(site, monkeypatch)
    with monkeypatch.context() as broken:
        broken.setattr(site.rig.camera, "_set_back", lambda: None)
        site.finish(site.rig.camera.expose(1.0, fast=True))
    site.finish(site.rig.camera.expose(1.0))
    assert noted == [True, False]


@pytest.mark.parametrize("camera", [{"fast_readout": False}], ids=["none"])
def test_a6_a_camera_without_it_takes_its_frame_all_the_same(site: Site) -> None:
    assert site.finish(site.rig.camera.expose(1.0, fast=True)).exposure_s == 1.0


# --- A7: absolute backlash compensation ---


def absolute(site: Site, steps: int = 40) -> Focuser:
    focuser = site.rig.focuser
    focuser._slack = Slack(steps, steps)
    return focuser


def tube(site: Site) -> float:
    return site.observatory._motion.tube_steps(site.clock.now())


def test_a7_the_drawtube_stands_where_the_position_told_says_after_every_reversal(site: Site) -> None:
    focuser = absolute(site)
    for target in (25_100, 25_200, 25_050, 25_020, 25_021, 25_000):
        assert site.finish(focuser.move(target)) == target == focuser.position() == tube(site)


def test_a7_without_it_an_outward_move_loses_the_backlash(site: Site) -> None:
    site.finish(site.rig.focuser.move(25_100))
    assert tube(site) == 25_060


def test_a7_what_is_added_stays_within_the_travel_and_is_taken_back(site: Site) -> None:
    focuser = absolute(site)
    for target in (49_990, 50_000, 49_900, 0, 30, 0, 25_000, 24_000):
        assert site.finish(focuser.move(target)) == target
        if target < 49_990:
            assert tube(site) == target


def test_a7_a_move_that_is_halted_leaves_nothing_behind_once_it_has_gone_back(site: Site) -> None:
    focuser = absolute(site)
    move = focuser.move(30_000)
    for _ in range(5):
        site.clock.advance_to(site.clock.now() + next(move))
    focuser.halt()
    assert site.finish(focuser.move(25_000)) == 25_000 == tube(site)
