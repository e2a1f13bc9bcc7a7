"""A command of the user's that takes the focus frames: what it is given, and what is told when it fails."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from statefocus.clock import VirtualClock
from statefocus.devices.command import CommandCamera, find_program
from statefocus.devices.rig import open_rig
from statefocus.devices.values import Exposure
from statefocus.errors import Protocol, Refused, Timeout, Unreachable, UsageError
from statefocus.frames import write_frame
from statefocus.profile import Camera, Profile
from tests.devices.conftest import Site

WHOLE = "import sys, shutil, json, pathlib; shutil.copy(sys.argv[1], sys.argv[2]); "


def camera(code: str, *arguments: str, timeout_s: float = 20.0, filter_: str | None = None) -> CommandCamera:
    command = (sys.executable, "-ISc", code, *arguments)
    return CommandCamera(Camera(source="command", command=command, timeout_s=timeout_s), lambda: filter_)


def taken(task: Generator[float, None, Exposure]) -> Exposure:
    while True:
        try:
            next(task)
        except StopIteration as done:
            exposure: Exposure = done.value
            return exposure


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    path = tmp_path / "sky.fits"
    write_frame(path, np.arange(12, dtype=np.uint16).reshape(3, 4), {})
    return path


def test_the_command_is_given_what_it_asks_for_and_its_file_is_deleted(frame: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    code = WHOLE + "pathlib.Path(sys.argv[3]).write_text(' '.join(sys.argv[2:]))"
    arguments = (str(frame), "{file}", str(told), "-e{exposure_s}", "{binning}x{binning}", "[{gain}]", "$({filter})")
    exposure = taken(camera(code, *arguments, filter_="Ha").expose(0.5, gain=120, binning=2))
    file, *others = told.read_text().split()
    assert others == [str(told), "-e0.5", "2x2", "[120]", "$(Ha)"]
    assert exposure.pixels.shape == (4, 3)
    assert exposure.pixels[3, 0] == 3
    assert (exposure.exposure_s, exposure.binning) == (0.5, 2)
    assert not Path(file).parent.exists()


def test_without_gain_and_filter_nothing_is_filled_in(frame: Path) -> None:
    code = WHOLE + "assert sys.argv[3:] == ['', ''], sys.argv"
    assert taken(camera(code, str(frame), "{file}", "{gain}", "{filter}").expose(0.1)).pixels.size == 12


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        ("import sys; sys.exit('the shutter sticks')", Refused, "exit status 1; it said: the shutter sticks"),
        ("import sys; sys.exit(3)", Refused, "exit status 3; it said: nothing"),
        ("pass", Protocol, "ended well, and wrote no file"),
        ("import sys; open(sys.argv[1], 'w').write('x')", Protocol, "that can be read: its file is not a FITS"),
    ],
)
def test_a_command_that_fails_is_told(code: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        taken(camera(code, "{file}").expose(0.1))


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(Unreachable, match="begins with 'no-such-camera', and no program of that name"):
        find_program(("no-such-camera", "{file}"))
    settings = Camera(source="command", command=("no-such-camera", "{file}"))
    with pytest.raises(Unreachable, match="no-such-camera"):
        taken(CommandCamera(settings, lambda: None).expose(0.1))


SLEEPS = "import os, sys, time, pathlib; pathlib.Path(sys.argv[2]).write_text(str({pid})); time.sleep(60)"


def gone(pid: int) -> bool:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().split(")")[-1].split()[0] == "Z":
            return True
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return False


def test_a_command_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    with pytest.raises(Timeout, match=r"not ended after 0\.6 s \(the exposure and `camera\.timeout_s`\)"):
        taken(camera(SLEEPS.replace("{pid}", "os.getpid()"), "{file}", str(told), timeout_s=0.5).expose(0.1))
    assert not told.exists() or gone(int(told.read_text()))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("by", ["close", "abort"])
def test_a_command_that_is_given_up_is_stopped_with_its_children(tmp_path: Path, by: str) -> None:
    told = tmp_path / "pid"
    made = camera(SLEEPS.replace("{pid}", "os.fork() or os.getpid()"), "{file}", str(told))
    exposure = made.expose(60.0)
    end = time.monotonic() + 10
    while not (told.exists() and told.read_text()) and time.monotonic() < end:
        next(exposure)
    if by == "close":
        exposure.close()
    else:
        made.abort()
        with pytest.raises(Refused):
            taken(exposure)
    assert gone(int(told.read_text()))


# --- in a rig ---


def profile(source: str, **camera: object) -> Profile:
    devices = {"kind": "real", "focuser": "indi://127.0.0.1:9/Toy"}
    return Profile.model_validate({"schema": 1, "devices": devices, "camera": {"source": source, **camera}})


def test_a_host_that_takes_no_frames_is_told_before_the_night() -> None:
    with pytest.raises(UsageError, match=r'camera.source = "host", and this host takes no frames'):
        open_rig(profile("host"), VirtualClock(0.0))


def test_the_command_is_told_the_filter_that_is_in(site: Site) -> None:
    camera = Camera(source="command", command=("true", "{file}", "{filter}"))
    rig = open_rig(site.profile.model_copy(update={"camera": camera}), site.clock)
    try:
        assert isinstance(rig.camera, CommandCamera)
        assert rig.camera._filter() == "L"
    finally:
        rig.close()


def test_with_a_command_the_camera_needs_no_address() -> None:
    assert profile("command", command=("true", "{file}")).devices.camera is None
