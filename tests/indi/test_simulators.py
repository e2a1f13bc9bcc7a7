"""The real indiserver with its simulators: moves, frames, a cable that is cut, and a whole run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("indipyclient", reason="indipyclient is not installed: pip install 'statefocus[ekos]'")

from statefocus.clock import RealClock
from statefocus.devices.camera import DeviceCamera
from statefocus.devices.indi.camera import IndiCamera
from statefocus.devices.indi.link import Link
from statefocus.devices.rig import Rig, open_rig
from statefocus.devices.trying import carried_out, try_devices
from statefocus.errors import DeviceError, Protocol, Refused, Unreachable
from statefocus.frames import measure_frame
from statefocus.loading import read_profile
from statefocus.profile import Profile
from tests.indi.server import IndiServer, missing

if missing():
    said = f"INDI's server or simulators are not installed ({missing()}): `make host-deps`"
    pytest.skip(said, allow_module_level=True)

FOCUS = 36_700
CLOCK = RealClock()

PROFILE = """schema = 1
name = "indi"
[devices]
kind = "real"
camera = "indi://127.0.0.1:{port}/CCD Simulator"
focuser = "indi://127.0.0.1:{port}/Focuser Simulator"
filter_wheel = "indi://127.0.0.1:{port}/Filter Simulator"
telescope = "indi://127.0.0.1:{port}/Telescope Simulator"
conditions = "indi://127.0.0.1:{port}/Weather Simulator"
safety = "indi://127.0.0.1:{port}/Weather Simulator"
[guards]
unparked = "device"
tracking = "not_used"
flip_not_imminent = "not_used"
astro_night = "ignore"
[focuser]
um_per_step = 0.1  # the simulator's focus is hundreds of steps deep
settle_s = 0.0
overshoot_steps = 500
[autofocus]
points = 7
step_size_steps = 5000
exposure_s = 0.3
[fit]
model = "parabola"
[records]
folder = "{folder}"
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndiServer]:
    made = IndiServer(tmp_path_factory.mktemp("indi"))
    try:
        made.start()
        yield made
    finally:
        made.kill()


def text_of(server: IndiServer, folder: Path) -> str:
    return PROFILE.format(port=server.port, folder=folder)


@pytest.fixture
def profile(server: IndiServer) -> Profile:
    return read_profile(text_of(server, server.folder), "indi.toml").profile


@pytest.fixture
def rig(profile: Profile) -> Iterator[Rig]:
    opened = open_rig(profile, CLOCK)
    quicken(opened)
    try:
        yield opened
    finally:
        opened.close()


def camera_of(rig: Rig) -> IndiCamera:
    assert isinstance(rig.camera, DeviceCamera)
    assert isinstance(rig.camera._driver, IndiCamera)
    return rig.camera._driver


def link_of(rig: Rig) -> Link:
    return camera_of(rig)._link


def quicken(rig: Rig) -> None:
    """Let the simulated focuser and camera lose no time."""
    camera = link_of(rig)
    camera.set("POLLING_PERIOD", {"PERIOD_MS": 100})
    Link(camera.server, "Focuser Simulator", "focuser", "DELAY").set("DELAY", {"DELAY_VALUE": 10})


def settings(rig: Rig) -> dict[str, Any]:
    names = ("UPLOAD_MODE", "UPLOAD_SETTINGS", "CCD_FRAME_TYPE", "CCD_BINNING", "CCD_FRAME", "CCD_GAIN")
    return {name: dict(link_of(rig).need(name).values) for name in names}


def test_a_move_arrives_and_is_verified(rig: Rig) -> None:
    assert carried_out(rig.focuser.move(30_000, via=(30_500,)), CLOCK) == 30_000
    assert rig.focuser.state().position == 30_000
    assert rig.focuser.state().max_step == 100_000
    assert rig.focuser.temperature_c() == 0.0


def test_a_frame_has_its_shape_and_its_stars_and_leaves_the_camera_as_it_was(rig: Rig) -> None:
    former = settings(rig)
    carried_out(rig.focuser.move(FOCUS), CLOCK)
    whole = carried_out(rig.camera.expose(0.3, gain=100), CLOCK)
    assert whole.pixels.shape == (1280, 1024)
    assert measure_frame(whole.pixels).stars >= 20
    assert settings(rig) == former
    assert carried_out(rig.camera.expose(0.3, binning=2), CLOCK).pixels.shape == (640, 512)
    assert settings(rig) == former


def test_a_camera_that_a_killed_session_left_to_itself_is_given_back_to_its_clients(rig: Rig, tmp_path: Path) -> None:
    camera, former = link_of(rig), settings(rig)
    left = tmp_path / "statefocus-frame-of-the-dead"
    left.mkdir()
    camera.set("UPLOAD_SETTINGS", {"UPLOAD_DIR": str(left)})
    camera.set("UPLOAD_MODE", {"UPLOAD_CLIENT": "Off", "UPLOAD_LOCAL": "On", "UPLOAD_BOTH": "Off"})
    carried_out(rig.camera.expose(0.2), CLOCK)
    assert settings(rig)["UPLOAD_MODE"]["UPLOAD_CLIENT"] == "On"
    assert settings(rig)["UPLOAD_SETTINGS"]["UPLOAD_DIR"] == str(Path.home())
    assert not left.exists()
    camera.set("UPLOAD_SETTINGS", former["UPLOAD_SETTINGS"])


def test_a_frame_reaches_no_other_client_and_leaves_no_file(rig: Rig, server: IndiServer) -> None:
    camera, before = link_of(rig), set(server.folder.rglob("*.fits"))
    camera.server.want_images("camera", camera.device, wanted=True)
    carried_out(rig.camera.expose(0.2), CLOCK)
    image = camera.find("CCD1")
    assert image is None or not any(image.values.values())
    assert set(server.folder.rglob("*.fits")) == before


def test_a_frame_comes_over_the_network_where_that_is_asked_for(rig: Rig) -> None:
    camera_of(rig)._local = False
    assert carried_out(rig.camera.expose(0.2), CLOCK).pixels.shape == (1280, 1024)
    assert not camera_of(rig)._listening


def test_a_frame_on_another_machines_disk_is_told_with_what_to_do(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_file", lambda _: False)
    with pytest.raises(Protocol, match=r'not on this machine: .* camera\.indi_upload = "client"'):
        carried_out(rig.camera.expose(0.2), CLOCK)


def test_an_exposure_that_is_given_up_is_aborted_and_the_camera_set_back(rig: Rig) -> None:
    former, begun = settings(rig), time.monotonic()
    exposure = rig.camera.expose(60.0, binning=2)
    next(exposure)
    assert settings(rig)["UPLOAD_MODE"]["UPLOAD_LOCAL"] == "On"
    exposure.close()
    assert settings(rig) == former
    assert link_of(rig).need("CCD_EXPOSURE").state == "Idle"
    assert time.monotonic() - begun < 15


def test_what_the_camera_refuses_is_told_in_its_words(rig: Rig) -> None:
    former = settings(rig)
    with pytest.raises(Refused, match="says: 9x9 binning is not supported"):
        carried_out(rig.camera.expose(0.2, binning=9), CLOCK)
    assert settings(rig) == former


def test_the_devices_of_one_server_share_a_connection(rig: Rig) -> None:
    carried_out(rig.camera.expose(0.1), CLOCK)
    assert rig.focuser.position() >= 0
    assert link_of(rig).server.connections == 1


def test_the_wheel_turns_and_knows_its_filters(rig: Rig) -> None:
    wheel = rig.filter_wheel
    assert wheel is not None
    carried_out(wheel.turn_to("Blue"), CLOCK)
    assert wheel.current() == "Blue"
    with pytest.raises(Refused, match="has no filter 'Z'; it has Red, Green"):
        carried_out(wheel.turn_to("Z"), CLOCK)


def test_the_mount_tells_how_it_stands(rig: Rig) -> None:
    assert rig.mount is not None
    state = rig.mount.state()
    assert (state.tracking, state.parked) == (False, False)
    assert abs(state.to_transit_s) <= 43_200
    assert rig.conditions is not None
    assert rig.conditions.temperature_c() == 15.0
    assert rig.safety is not None
    assert rig.safety.safe() is True


def test_a_cable_that_is_cut_during_a_move_is_told_and_the_next_call_after_it_comes_back_is_answered(
    rig: Rig, server: IndiServer
) -> None:
    Link(link_of(rig).server, "Focuser Simulator", "focuser", "DELAY").set("DELAY", {"DELAY_VALUE": 100})
    move = rig.focuser.move(5_000)
    next(move)
    next(move)
    server.kill()
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=r"The focuser at 127.0.0.1:\d+ cannot be reached"):
        carried_out(move, CLOCK)
    with pytest.raises(DeviceError, match="cannot be reached"):
        rig.focuser.position()
    with pytest.raises(DeviceError):
        carried_out(rig.camera.expose(0.2), CLOCK)
    assert time.monotonic() - begun < 15
    server.start()
    assert rig.focuser.position() == 50_000
    assert carried_out(rig.camera.expose(0.2), CLOCK).pixels.shape == (1280, 1024)


def test_a_server_that_goes_during_an_exposure_is_told_and_the_camera_is_set_back_later(
    rig: Rig, server: IndiServer
) -> None:
    exposure = rig.camera.expose(0.5)
    next(exposure)
    server.kill()
    with pytest.raises(Unreachable):
        carried_out(exposure, CLOCK)
    server.start()
    carried_out(rig.camera.expose(0.2), CLOCK)
    assert settings(rig)["UPLOAD_MODE"]["UPLOAD_CLIENT"] == "On"
    assert not camera_of(rig)._former


def test_each_device_is_told_in_a_line(rig: Rig, profile: Profile) -> None:
    carried_out(rig.focuser.move(40_000), CLOCK)
    told = {tried.role: tried for tried in try_devices(profile, CLOCK)}
    assert all(tried.good for tried in told.values())
    assert told["camera"].said.startswith("a frame of 1280 x 1024 pixels in ")
    assert told["focuser"].said == "at 40000 of 100000, 0.0 °C."
    assert told["conditions"].said == "15.0 °C."


def test_a_run_by_hand_finds_the_focus(rig: Rig, server: IndiServer, tmp_path: Path) -> None:
    carried_out(rig.focuser.move(40_000), CLOCK)
    file = tmp_path / "indi.toml"
    file.write_text(text_of(server, tmp_path / "nights"), "utf-8")
    command = [sys.executable, "-m", "statefocus", "focus", str(file)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=150, check=False, cwd=tmp_path, stdin=subprocess.DEVNULL
    )
    assert "run 1 validated" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
    assert abs(rig.focuser.position() - FOCUS) < 400
