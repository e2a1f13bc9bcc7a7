"""`check`: what it says of devices, and of a camera command, before the night."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.cli.test_commands import statefocus

GUARDS = "".join(f'guards.{name} = "not_used"\n' for name in ("tracking", "unparked", "flip_not_imminent", "safe"))


def test_check_tells_each_device_that_cannot_be_reached(tmp_path: Path) -> None:
    profile = tmp_path / "rig.toml"
    command = f'["{sys.executable}", "-c", "import sys; sys.exit(4)", "{{file}}"]'
    camera = f'[camera]\nsource = "command"\ncommand = {command}\n'
    devices = '[devices]\nkind = "real"\nfocuser = "alpaca://127.0.0.1:9/0"\nfilter_wheel = "alpaca://127.0.0.1:9/0"\n'
    profile.write_text(f"{GUARDS}{camera}{devices}", "utf-8")
    done = statefocus("check", "--devices", profile)
    assert done.returncode == 3
    assert f"Camera command: {sys.executable} is there." in done.stdout
    wheel, camera, focuser = done.stderr.splitlines()[-3:]
    assert wheel.startswith("filter wheel: The filter wheel at 127.0.0.1:9 cannot be reached")
    assert camera == "camera: `camera.command` ended with exit status 4; it said: nothing"
    assert focuser.startswith("focuser: The focuser at 127.0.0.1:9 cannot be reached")
