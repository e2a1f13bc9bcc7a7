"""`make bench`: speed and accuracy, as ratios beside what else was measured in the same run. Never part of a test.

`python -m tests.bench replay 1000000` measures replay alone, over a season of that many events.

Numbers depend on the machine and on what else it does: each is the median of several runs, with its least and most.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from statefocus.focus import FocusPoint, find_focus
from statefocus.frames import measure_frame
from statefocus.machine.engine import TransitionsEngine
from statefocus.trace.encoding import read_event
from statefocus.trace.parts import replay_in_parts
from statefocus.trace.rendering import render
from statefocus.trace.replaying import replay
from tests.bench.bank import fill
from tests.generate import STORIES
from tests.observatory.night import night
from tests.season import write_season

SIZES_PX = (1024, 2048, 4096)
REPEATS = 9
SEASON_EVENTS = 200_000


def timed(call: Callable[[], Any], repeats: int = REPEATS) -> tuple[float, float, float]:
    """Milliseconds of a call: median, least, most; after one that warms up."""
    call()
    taken = []
    for _ in range(repeats):
        begun = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - begun))
    return statistics.median(taken), min(taken), max(taken)


def frame(size_px: int, off_steps: int) -> NDArray[np.uint16]:
    """Render one frame of the observatory, a number of steps from best focus."""
    stars = 450 * size_px**2 // 1024**2
    made = night(
        3, camera={"width_px": size_px, "height_px": size_px}, sky={"stars": stars}, focuser={"backlash_steps": 0}
    )
    made.move(25_015 + off_steps)
    return np.ascontiguousarray(made.expose(4.0))


def stage_rows() -> Iterator[tuple[str, ...]]:
    """Frame to HFR, beside a copy of the same frame into a warmed buffer, in one thread."""
    for size_px in SIZES_PX:
        for name, off_steps in (("in focus", 0), ("60 steps off", 60)):
            pixels = frame(size_px, off_steps)
            buffer = np.empty_like(pixels)
            copy, _, _ = timed(partial(np.copyto, buffer, pixels))
            median, least, most = timed(partial(measure_frame, pixels))
            found = measure_frame(pixels)
            value = "-" if found.value is None else f"{found.value:.2f}"
            yield (
                f"{pixels.size / 1e6:.1f} MP, {name}",
                f"{median:.1f} ({least:.1f} - {most:.1f})",
                f"{copy:.2f}",
                f"{median / copy:.0f}",
                f"{found.stars}",
                value,
            )


def fit_row() -> str:
    """Time of one fit of nine points with all of its verdicts."""
    points = [FocusPoint(x, (4 + (0.03 * (x - 1907)) ** 2) ** 0.5, 0.05) for x in range(1700, 2101, 50)]
    median, least, most = timed(lambda: find_focus(points), 25)
    return f"one curve of nine points, fitted and judged: {median:.2f} ms ({least:.2f} - {most:.2f})"


def night_rows() -> Iterator[tuple[str, ...]]:
    """Whole nights as a person would start them, the start of Python included."""
    for name, words in (
        ("a golden night of 45 min", ["run", str(STORIES / "cooling_tube.toml"), "--no-compare"]),
        ("the embedded night of 4 h", ["run", "--no-compare"]),
    ):
        taken, runs = [], 0
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                trace = Path(folder) / "trace.jsonl"
                begun = time.perf_counter()
                subprocess.run(
                    [sys.executable, "-m", "statefocus", *words, "--trace", str(trace)],
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
                taken.append(time.perf_counter() - begun)
                runs = sum('"kind":"run"' in line for line in trace.read_text("utf-8").splitlines())
        median = statistics.median(taken)
        yield name, f"{median:.1f} ({min(taken):.1f} - {max(taken):.1f})", str(runs), f"{median / runs:.2f}"


def decode_lines(path: Path) -> None:
    """Do nothing but decode each line."""
    with path.open("rb") as file:
        for line in file:
            msgspec.json.decode(line)


def json_of_replay(path: Path) -> None:
    """Do what replay does with JSON, and nothing else: read each event, and render it again."""
    with path.open("rb") as file:
        for line in file:
            read = read_event(line) if b'"kind":"event"' in line else None
            if read is not None:
                render(read.event)


def replay_rows(path: Path, events: int) -> Iterator[tuple[str, ...]]:
    """Replay of a season with each engine, and in two processes, beside decoding the same file."""
    calls: dict[str, Callable[[], Any]] = {
        "msgspec.json.decode of each line": partial(decode_lines, path),
        "what replay does with JSON": partial(json_of_replay, path),
        "replay, one process": partial(replay, path),
        "replay, two processes": partial(replay_in_parts, path, 2),
        "replay, the engine of transitions": partial(replay, path, TransitionsEngine),
    }
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(3):  # by turns, since the machine's own speed drifts
        for name, call in calls.items():
            begun = time.perf_counter()
            verdict = call()
            taken[name].append(time.perf_counter() - begun)
            assert verdict is None or verdict.same
    decoding = taken["msgspec.json.decode of each line"]
    for name, seconds in taken.items():
        ratios = [one / other for one, other in zip(seconds, decoding, strict=True)]
        median = statistics.median(seconds)
        yield (
            name,
            f"{median:.2f} ({min(seconds):.2f} - {max(seconds):.2f})",
            f"{events / median:,.0f}",
            f"{statistics.median(ratios):.1f} ({min(ratios):.1f} - {max(ratios):.1f})",
        )


def replay_table(events: int) -> Table:
    """Write a season, and replay it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "season.jsonl"
        written = write_season(path, events)
        runs = replay_in_parts(path).runs
        title = f"Replay of {written:,} events, {path.stat().st_size / 1e6:.0f} MB, {written / runs:.0f} events a run"
        return table(title, ("what", "seconds", "events/s", "times the decoding"), replay_rows(path, written))


def table(title: str, head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Table:
    """Make a table of rows as they are measured."""
    made = Table(title=title, title_justify="left")
    for index, name in enumerate(head):
        made.add_column(name, justify="left" if index == 0 else "right")
    for row in rows:
        made.add_row(*row)
    return made


def main() -> None:
    """Measure, and print."""
    console = Console(width=110)
    console.print(f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}")
    match sys.argv[1:]:
        case ["replay", number]:
            console.print(replay_table(int(number)))
            return
        case ["bank", folder, number]:
            for label in fill(Path(folder), int(number)):
                console.print(label.name)
            return
    head = ("frame", "frame -> HFR ms", "copy ms", "ratio", "stars", "HFR px")
    console.print(table("Frame to HFR, kernels warm", head, stage_rows()))
    console.print(fit_row())
    columns = ("night", "seconds", "runs", "seconds a run, the rest of the night included")
    console.print(replay_table(SEASON_EVENTS))
    console.print(table("Nights at --speed max, over HTTP", columns, night_rows()))


if __name__ == "__main__":
    main()
