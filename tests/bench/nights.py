"""Whole nights as a person would start them, and what a refocus takes in them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.telling import Section
from tests.bench.timing import Spread, machine
from tests.generate import STORIES

TIMES = 3
NIGHTS = {
    "a golden night of 45 min": ["run", str(STORIES / "cooling_tube.toml"), "--no-compare"],
    "the embedded night of 4 h": ["run", "--no-compare"],
}
HEAD = ("night", "seconds", "autofocus runs", "seconds a run, the rest of the night included")
REFOCUS_HEAD = ("refocus", "runs", "frames", "seconds of the night")


def section() -> Section:
    words = (
        f"{machine()}. Whole processes, the start of Python included, `--speed max`, every device over HTTP, the "
        f"comparison with the night without statefocus left out; median (least - most) of {TIMES}."
    )
    return Section("nights", words, HEAD, rows())


def rows() -> Iterator[tuple[str, ...]]:
    for name, words in NIGHTS.items():
        seconds, records = zip(*(attended(words) for _ in range(TIMES)), strict=True)
        spread, runs = Spread.of(seconds), len(records[0])
        yield name, spread.told(), str(runs), f"{spread.median / runs:.2f}"


def attended(words: list[str]) -> tuple[float, list[dict[str, Any]]]:
    """Run one night; return the seconds it took here, and the records of its autofocus runs."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.jsonl"
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "statefocus", *words, "--trace", str(trace)], check=True, stdout=subprocess.DEVNULL
        )
        seconds = time.perf_counter() - begun
        lines = trace.read_text("utf-8").splitlines()
    return seconds, [json.loads(line) for line in lines if '"kind":"run"' in line]


def refocus_section() -> Section:
    words = (
        f"{machine()}. From the records of the embedded night's runs, in its own time: frames of the sweep and of its "
        "validation, and seconds from the start of the run to its end; median (least - most)."
    )
    return Section("refocus", words, REFOCUS_HEAD, refocus_rows())


def refocus_rows() -> Iterator[tuple[str, ...]]:
    """Group the finished runs by the way they took; a way that no run took has no row."""
    _, records = attended(NIGHTS["the embedded night of 4 h"])
    ways: dict[str, list[dict[str, Any]]] = {}
    for one in records:
        if one["outcome"] == "validated":
            ways.setdefault(way_of(one), []).append(one)
    for way, runs in ways.items():
        frames = Spread.of([float(len(one["points"]) + len(one["validation_measures"])) for one in runs])
        yield way, str(len(runs)), frames.told(0), Spread.of([one["duration_s"] for one in runs]).told(0)


def way_of(record: dict[str, Any]) -> str:
    """Name the way by the points it planned: a full sweep has those of the profile, a way that knows more has fewer."""
    return f"sweep of {record['sweep']['points']} points"
