"""Whole nights as a person would start them, and what a refocus takes in them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import resources
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
        f"{machine()}. From the records of the embedded night's runs, in its own time, with full sweeps and with "
        "learned ones, which have nothing learned at dusk: the points that the focus was found from, all frames of "
        "the run with its validation, and seconds from its start to its end; median (least - most)."
    )
    return Section("refocus", words, REFOCUS_HEAD, refocus_rows())


def refocus_rows() -> Iterator[tuple[str, ...]]:
    """Group each night's finished runs by the way they took; a way that no run took has no row."""
    for sweep in ("full", "learned"):
        ways: dict[str, list[dict[str, Any]]] = {}
        for one in night_of(sweep):
            ways.setdefault(way_of(one), []).append(one)
        for way, runs in ways.items():
            frames = Spread.of([frames_of(one) for one in runs])
            seconds = Spread.of([one["duration_s"] for one in runs])
            yield f"{sweep}, {way}", str(len(runs)), frames.told(0), seconds.told(0)


def night_of(sweep: str) -> list[dict[str, Any]]:
    """Return the records of the validated runs of the embedded night, under a profile with another kind of sweep."""
    text = resources.files("statefocus.config").joinpath("embedded.toml").read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for key, value in {"sweep": sweep, "folder": folder}.items():
            text = re.sub(rf"(?m)^{key} = .*", f"{key} = {json.dumps(value)}", text)
        profile = Path(folder) / "night.toml"
        profile.write_text(text, "utf-8")
        _, records = attended(["run", str(profile), "--no-compare"])
    return [one for one in records if one["outcome"] == "validated"]


def way_of(record: dict[str, Any]) -> str:
    """Name the way by the points that the focus was found from, and whether others were given up before."""
    return f"{len(record['points'])} points" + (", after others" if record["earlier_points"] else "")


def frames_of(record: dict[str, Any]) -> float:
    """Count all frames of a run, those of a sweep that was given up included."""
    return float(sum(len(record[part]) for part in ("earlier_points", "points", "validation_measures")))
