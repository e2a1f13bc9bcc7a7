"""How long a call takes and how much memory it adds, many calls by turns, since the machine's own speed drifts."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROUNDS = 9
FEWEST = 3  # rounds of even the slowest call
LONG_MS = 1000.0  # of a call to which it makes no difference what ran before it
BUDGET_S = 12.0  # seconds after which a call has had its rounds
MB = 1e6
SELF = Path("/proc/self")


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and most of some numbers."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        return cls(statistics.median(numbers), min(numbers), max(numbers))

    def told(self, digits: int = 1) -> str:
        """Write it down: 50.2 (44.7 - 60.9)."""
        return f"{self.median:,.{digits}f} ({self.least:,.{digits}f} - {self.most:,.{digits}f})"


def machine() -> str:
    """Say where and when this is measured."""
    words = (
        f"{os.cpu_count()} cores ({processor()})",
        f"{platform.python_implementation()} {platform.python_version()}",
        f"load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else "load unknown",
        datetime.now(UTC).date().isoformat(),
    )
    return ", ".join(words)


def processor() -> str:
    """Return the processor's name where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def milliseconds(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    call()
    return 1000.0 * (time.perf_counter() - begun)


def warm(call: Callable[[], Any]) -> float:
    """Return the milliseconds of a call right after itself, the median of three; one that takes long is called once."""
    first = milliseconds(call)
    return statistics.median((first, milliseconds(call), milliseconds(call))) if first < LONG_MS else first


def timed(call: Callable[[], Any], repeats: int) -> Spread:
    """Return the milliseconds of a call, after one that warms up."""
    call()
    return Spread.of([milliseconds(call) for _ in range(repeats)])


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of a call, and as multiples of the yardstick in the same round."""

    ms: Spread
    ratio: Spread


def by_turns(
    yardstick: Callable[[], Any], calls: Mapping[str, Callable[[], Any]], budget_s: float = BUDGET_S
) -> dict[str, Taken]:
    """Time all calls, warmed up before, round by round, beside a yardstick; slow ones get fewer rounds."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for turn in range(ROUNDS):
        for name, call in calls.items():
            spent_s = sum(ms for ms, _ in taken[name]) / 1000.0
            if turn < FEWEST or spent_s < budget_s:
                taken[name].append((warm(call), warm(yardstick)))
    return {
        name: Taken(Spread.of([ms for ms, _ in rows]), Spread.of([ms / unit for ms, unit in rows]))
        for name, rows in taken.items()
    }


def added_megabytes(call: Callable[[], Any]) -> float | None:
    """Return how far this process grows during a call; None where the system does not tell."""
    try:
        (SELF / "clear_refs").write_text("5")  # the highest mark begins anew
    except OSError:
        return None
    before = memory_kb(SELF, "VmRSS")
    call()
    return max(memory_kb(SELF, "VmHWM") - before, 0) * 1024 / MB


def megabytes_of_program(words: Sequence[str]) -> float | None:
    """Return the most memory that another program takes, its own code included; None where the system does not tell."""
    most = 0
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        folder = Path("/proc") / str(process.pid)
        while process.poll() is None:
            most = max(most, memory_kb(folder, "VmHWM"))
            time.sleep(0.002)
    return most * 1024 / MB if most else None


def memory_kb(folder: Path, name: str) -> int:
    """Read one line of a process's status; 0 when it has none any more."""
    try:
        lines = (folder / "status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
