"""statefocus beside a real KStars: what a person starts, and what its trace tells."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .kstars import CAPTURE, KStars, until
from .sequences import Frames, write_sequence

CONFIG = Path(__file__).parents[2] / "config" / "ekos.toml"
QUICK = {
    "focuser.settle_s": "0.0",
    "focuser.um_per_step": "0.05",
    "autofocus.exposure_s": "0.8",
    "guards.read_every_s": "1.0",
    "guards.stale_after_s": "20.0",
    "autofocus.points": "5",
    "autofocus.step_size_steps": "5000",
    "autofocus.expected_run_s": "20.0",
    "guards.tracking": '"not_used"',
    "guards.flip_not_imminent": '"not_used"',
    "failure.retry_wait_s": "2.0",
    "triggers.first_frame": "false",
    "triggers.filter_change": "false",
    "triggers.meridian_flip": "false",
}

Line = dict[str, Any]


def write_profile(path: Path, own: dict[str, str]) -> Path:
    """Write a profile: the one that comes with statefocus, and what makes a story quick."""
    wanted = {**QUICK, **own}
    kept = [line for line in CONFIG.read_text().splitlines() if line.partition("=")[0].strip() not in wanted]
    path.write_text("\n".join([*kept, *(f"{name} = {value}" for name, value in wanted.items())]) + "\n")
    return path


class Beside:
    """statefocus, started beside KStars for one story."""

    def __init__(self, kstars: KStars, name: str) -> None:
        self.kstars, self.name = kstars, name
        self.trace = kstars.folder / f"{name}.jsonl"
        self.science = kstars.folder / "science" / name

    def start(self, own: dict[str, str]) -> None:
        profile = write_profile(self.kstars.folder / f"{self.name}.toml", own)
        run = [sys.executable, "-m", "statefocus", "run", str(profile), "--trace", str(self.trace)]
        self.kstars.run(self.name, *run)

    def load(self, *jobs: Frames, own_autofocus: bool = False) -> None:
        """Give Ekos a sequence, not started."""
        self.science.mkdir(parents=True, exist_ok=True)
        file = self.kstars.folder / f"{self.name}.esq"
        write_sequence(file, self.science, *jobs, own_autofocus=own_autofocus)
        self.kstars.call(CAPTURE, "clearSequenceQueue")
        assert self.kstars.call(CAPTURE, "loadSequenceQueue", "s", str(file))

    def frames(self) -> list[str]:
        """Files in the science folder, as `type filter`."""
        found = self.science.glob("**/*.fits")
        return sorted("_".join(path.name.split("_")[1:3]).replace("_1", "") for path in found)

    # --- its trace ---

    def lines(self, kind: str) -> list[Line]:
        if not self.trace.exists():
            return []
        told = self.trace.read_text().splitlines(keepends=True)
        lines: list[Line] = [json.loads(line) for line in told if line.endswith("\n")]
        return [line for line in lines if line["kind"] == kind]

    def events(self, name: str = "") -> list[Line]:
        return [line for line in self.lines("event") if not name or line["event"] == name]

    def wait_for(self, name: str, seconds: float, so: Callable[[Line], bool] = lambda _line: True) -> Line:
        """Wait for an event, and give it."""
        try:
            found = until(lambda: [line for line in self.events(name) if so(line)], seconds, name)
        except AssertionError as error:
            raise AssertionError(f"{error} in {self.name}; {self.last()}") from None
        line: Line = found[-1]
        return line

    def last(self) -> str:
        log = self.kstars.folder / f"logs/{self.name}.log"
        return log.read_text(errors="replace")[-1500:] if log.exists() else "not started"


@contextmanager
def beside(kstars: KStars, name: str, own: dict[str, str]) -> Iterator[Beside]:
    """Run statefocus beside KStars, and end it as a person would."""
    one = Beside(kstars, name)
    one.start(own)
    try:
        one.wait_for("session_started", 30)
        yield one
    except BaseException:
        kstars.kill(name)
        raise
    kstars.kill(name, signal.SIGINT)
    until(lambda: kstars.wait(name, 1.0) is not None, 30, f"{name} has ended: {one.last()}")
    assert kstars.wait(name, 1.0) == 0, one.last()
