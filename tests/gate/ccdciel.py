"""A headless CCDciel, with its Alpaca devices on an observatory of statefocus's own, and its script in its steps."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.generate import ROOT

SCRIPT = ROOT / "docs" / "hosts" / "ccdciel_frames.py"
PROGRAMS = ("ccdciel", "Xvfb", "unshare")
_CONFIG = """<?xml version="1.0" encoding="utf-8"?>
<CONFIG CameraInterface="4" FilterWheelInterface="4" MountInterface="4">
<Devices FilterWheel="True" Focuser="False" Mount="True"/>{devices}
<Files CapturePath="{frames}" TCPIPConfigPort="{port}"/>
</CONFIG>
"""
_SEQUENCE = """<?xml version="1.0" encoding="utf-8"?>
<CONFIG Version="5" TargetNum="1" RepeatCount="1" ListName="{name}">
<Startup RunScript="True" StartScript="statefocus plan-started"/>
<Termination StopTracking="False" RunScript="True" EndScript="statefocus plan-finished"/>
<Targets IgnoreRestart="True"><Target1 ObjectName="M42" RA="-" Dec="-" PA="-" RepeatCount="1" Plan="{name}">
<Plan Name="{name}" StepNum="{count}"><Steps>{steps}</Steps></Plan></Target1></Targets>
</CONFIG>
"""
_STEP = (
    '<Step{number} Type="0" Description="{kind} {filter}" FrameType="{kind}" Exposure="{seconds}" Filter="{filter}" '
    'Count="{count}" Binning="1x1" CaptureScript="statefocus" CaptureScriptParam="" CaptureScriptRun="6"/>'
)


def why_not() -> str:
    """Tell what is missing on this machine; empty where a CCDciel can be started."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"CCDciel's stories are skipped: {', '.join(missing)} not found (Debian has no package of CCDciel)"
    tried = subprocess.run([*_AS_A_PERSON, "true"], capture_output=True, text=True, timeout=20, check=False)
    return (
        "" if tried.returncode == 0 else f"CCDciel's stories are skipped: no namespaces here ({tried.stderr.strip()})"
    )


_AS_A_PERSON = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "-p", "-f", "--kill-child")
"""CCDciel refuses to be run by root."""


def until(so: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait until something is so, and give it."""
    end = time.monotonic() + seconds
    while not (found := so()):
        assert time.monotonic() < end, f"after {seconds:g} s still not: {what}"
        time.sleep(0.2)
    return found


class Ccdciel:
    """The program, and what tests ask of it; `folder` holds all that it writes."""

    def __init__(self, folder: Path, environment: dict[str, str], alpaca: int) -> None:
        self.settings, self.frames = folder / "settings", folder / "frames"
        self._environment = environment
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._display = f":{1000 + os.getpid() % 20000}"
        self._running: list[subprocess.Popen[bytes]] = []
        for each in (self.settings, self.frames):
            each.mkdir(parents=True)
        at = f'Protocol="0" Host="127.0.0.1" Port="{alpaca}" Device="0"'
        devices = "".join(f"<ASCOMRest{name} {at}/>" for name in ("camera", "wheel", "mount"))
        config = _CONFIG.format(devices=devices, frames=self.frames, port=self._port)
        (self.settings / "ccdciel.conf").write_text(config, "utf-8")
        shutil.copy(SCRIPT, self.settings / "statefocus.script")

    def start(self) -> None:
        """Start it, up to its devices being connected."""
        environment = {**self._environment, "DISPLAY": self._display, "HOME": str(self.settings), "LC_ALL": "C.UTF-8"}
        xvfb = ["Xvfb", self._display, "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
        program = [*_AS_A_PERSON, "ccdciel", "-b", str(self.settings)]
        for argv in (xvfb, program):
            with (self.settings / f"{argv[0]}.log").open("wb") as log:
                self._running.append(
                    subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                )
            until(lambda: Path(f"/tmp/.X11-unix/X{self._display[1:]}").exists(), 20, "the X socket is there")  # noqa: S108
        until(lambda: self.ask("CCDciel_version") is not None, 60, "CCDciel answers")
        until(self._connects, 60, "the devices are connected")

    def _connects(self) -> bool:
        """Ask for the devices: right after its start it answers, and does nothing."""
        if not self.ask("Devices_Connected"):
            self.ask("Devices_Connection", True)
        return bool(self.ask("Devices_Connected"))

    def close(self) -> None:
        """End it."""
        for one in reversed(self._running):
            one.kill()  # --kill-child takes the rest along
            one.wait(10)
        for left in (f"/tmp/.X{self._display[1:]}-lock", f"/tmp/.X11-unix/X{self._display[1:]}"):  # noqa: S108
            Path(left).unlink(missing_ok=True)

    def ask(self, method: str, *params: object) -> Any:
        """Call a method of its JSON-RPC; None where it does not answer."""
        question = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/jsonrpc", question, timeout=20) as answer:
                return json.load(answer).get("result")
        except OSError:
            return None

    def sequence(self, name: str, *steps: tuple[str, str, float, int]) -> None:
        """Start a sequence of steps: type, filter, seconds and count of each."""
        named = ("kind", "filter", "seconds", "count")
        told = "".join(
            _STEP.format(number=number, **dict(zip(named, step, strict=True))) for number, step in enumerate(steps, 1)
        )
        text = _SEQUENCE.format(name=name, count=len(steps), steps=told)
        (self.settings / f"{name}.targets").write_text(text, "utf-8")
        until(lambda: self._begins(name), 20, f"sequence {name} has begun")

    def _begins(self, name: str) -> bool:
        """Ask for a sequence: right after a stop it answers, and does nothing."""
        if not any(f"Starting sequence {name}" in line for line in self.log()):
            assert self.ask("Sequence_Start", name) == {"status": "OK!"}
            time.sleep(1.0)
        return any(f"Starting sequence {name}" in line for line in self.log())

    def is_over(self, name: str) -> bool:
        """Tell whether a sequence has come to its end."""
        return any(f"Sequence {name} finished" in line or f"Sequence {name} stopped" in line for line in self.log())

    def log(self) -> list[str]:
        """Its last thirty messages."""
        told = self.ask("Status", "log")
        return list(told["log"]) if told else []
