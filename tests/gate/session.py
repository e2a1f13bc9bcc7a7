"""A real session in a process of its own, on the embedded observatory in a hurry, and real calls to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SPEED = 100
PROFILE = """
schema = 1
name = "rig"

[devices]
kind = "embedded"

[host]
kind = "gate"

[host.gate]
when_down = "{when_down}"
quiet_s = 7200

[autofocus]
points = 5
step_size_steps = 25
exposure_s = 2.0

[focuser]
backlash = "overshoot"
overshoot_steps = 60

[triggers]
time = {{ enabled = false }}
temperature = {{ enabled = false }}
count = {{ frames = {frames} }}

[observatory.camera]
width_px = 512
height_px = 512

[observatory.sky]
stars = 200
"""


class Session:
    """A session, and the folder that it lives in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trace = folder / "trace.jsonl"
        self.environment = {
            **os.environ,
            "XDG_STATE_HOME": str(folder / "state"),
            "LOCALAPPDATA": str(folder / "state"),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
        }
        self.file = folder / "state" / "statefocus" / "sessions" / "rig.json"

    def call(self, *words: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        with self.start(*words, **options) as process:
            out, err = process.communicate(timeout=120)
            return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(self, *words: object, **options: Any) -> subprocess.Popen[str]:
        """Begin a command."""
        command = [sys.executable, "-m", "statefocus", *map(str, words)]
        given: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(command, text=True, cwd=self.folder, env=self.environment, **given)

    def says(self, *words: object) -> dict[str, Any]:
        """Run a call, and read its line."""
        done = self.call(*words)
        assert done.stdout.count("\n") == 1, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return {**told, "exit": done.returncode}

    @property
    def told(self) -> dict[str, Any]:
        """What the session's file tells."""
        told: dict[str, Any] = json.loads(self.file.read_text("utf-8"))
        return told

    @property
    def calls(self) -> list[dict[str, Any]]:
        """All calls that the session has kept."""
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text("utf-8").splitlines()]

    def events(self) -> list[dict[str, Any]]:
        """All events of the trace so far."""
        lines = [json.loads(line) for line in self.trace.read_text("utf-8").splitlines() if line.endswith("}")]
        return [line for line in lines if line["kind"] == "event"]

    def count(self, kind: str) -> int:
        """How many events of a kind there are so far."""
        return self.trace.read_text("utf-8").count(f'"event":"{kind}"')

    def until_more(self, kind: str, before: int) -> None:
        """Wait for one more event of a kind."""
        for _ in range(6000):
            if self.count(kind) > before:
                return
            time.sleep(0.01)
        raise TimeoutError(f"There was no more {kind}.")


@contextmanager
def serving(
    folder: Path, when_down: str = "report", speed: float = SPEED, frames: int = 2, text: str = PROFILE
) -> Iterator[tuple[Session, subprocess.Popen[str]]]:
    """Attend a session for as long as the context lasts."""
    session = Session(folder)
    profile = folder / "rig.toml"
    profile.write_text(text.format(when_down=when_down, frames=frames), "utf-8")
    words = ("serve", profile, "--speed", speed, "--trace", session.trace)
    with (folder / "serve.log").open("w") as log, session.start(*words, stdout=log, stderr=log) as process:
        try:
            while not session.file.exists() or session.told["ended"]:
                assert process.poll() is None, (folder / "serve.log").read_text("utf-8")
                time.sleep(0.05)
            yield session, process
        finally:
            if process.poll() is None:
                session.call("ctl", "stop")
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
