"""Replay of a season, beside the decoding of its file."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from statefocus.machine.engine import TransitionsEngine
from statefocus.trace.encoding import read_event
from statefocus.trace.parts import replay_in_parts
from statefocus.trace.rendering import render
from statefocus.trace.replaying import replay
from tests.bench.telling import Section
from tests.bench.timing import Spread, machine
from tests.season import write_season

ROUNDS = 3
HEAD = ("what", "seconds", "events/s", "times the decoding")


def section(events: int) -> Section:
    """Write a season and return the table of its replay."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "season.jsonl"
    written = write_season(path, events)
    runs = replay_in_parts(path).runs
    words = (
        f"{machine()}. A season of {written:,} events, {path.stat().st_size / 1e6:.0f} MB, "
        f"{written / runs:.0f} events a run; {ROUNDS} rounds by turns, median (least - most)."
    )
    return Section("replay", words, HEAD, rows(folder, path, written))


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


def rows(folder: tempfile.TemporaryDirectory[str], path: Path, events: int) -> Iterator[tuple[str, ...]]:
    """Replay with each engine, and in two processes, beside decoding the same file."""
    calls: dict[str, Callable[[], Any]] = {
        "`msgspec.json.decode` of each line": partial(decode_lines, path),
        "what replay does with JSON": partial(json_of_replay, path),
        "replay, one process": partial(replay, path),
        "replay, two processes": partial(replay_in_parts, path, 2),
        "replay, the engine of `transitions`": partial(replay, path, TransitionsEngine),
    }
    with folder:
        taken = rounds(calls)
    decoding = next(iter(taken.values()))
    for name, seconds in taken.items():
        spread = Spread.of(seconds)
        ratio = Spread.of([one / other for one, other in zip(seconds, decoding, strict=True)])
        yield name, spread.told(2), f"{events / spread.median:,.0f}", ratio.told()


def rounds(calls: dict[str, Callable[[], Any]]) -> dict[str, list[float]]:
    """Return the seconds of each call, by turns, since the machine's own speed drifts."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            begun = time.perf_counter()
            verdict = call()
            taken[name].append(time.perf_counter() - begun)
            assert verdict is None or verdict.same
    return taken
