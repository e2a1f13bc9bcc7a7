"""Sweeps kept with what was measured on their frames, in a folder outside the project: rendering is slow, fitting not.

One file a sweep, named after what gives it: `refractor-good-centred-0.json`. Frames are not kept; the same names and
seed render them again. A bank belongs to the code that rendered and measured it: `digest_of` tells which that is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import msgspec

from statefocus.focus import FocusPoint
from statefocus.frames import measure_frame, recorded_stars
from tests.bench.sweeps import CASES, RIGS, SEEINGS, Frame, Sweep, happens, render_sweep


@dataclass(frozen=True, slots=True)
class Label:
    """What a sweep is called, and rendered from."""

    rig: str
    seeing: str
    case: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.rig}-{self.seeing}-{self.case}-{self.seed}".replace(" ", "_")

    def render(self) -> Sweep:
        return render_sweep(self.rig, self.seeing, self.case, self.seed)


@dataclass(frozen=True, slots=True)
class MeasuredSweep:
    """A sweep's truth, and its points as a run would have them."""

    label: Label
    points: tuple[FocusPoint, ...]
    best_position: float
    cfz_steps: float
    has_focus: bool


def labels(runs: int, cases: Iterable[str] = CASES) -> Iterator[Label]:
    """Tell every sweep of a bank, all cases of one seed before the next seed."""
    for seed, rig, seeing, case in product(range(runs), RIGS, SEEINGS, cases):
        if happens(rig, case):
            yield Label(rig, seeing, case, seed)


def measured(folder: Path, label: Label, sweep: Sweep | None = None) -> MeasuredSweep:
    """Return a sweep of the bank, rendered and measured now if it is not there yet."""
    path = folder / f"{label.name}.json"
    if not path.exists():
        write(path, label, sweep or label.render())
    return read(path)


def write(path: Path, label: Label, sweep: Sweep) -> None:
    """Measure the frames of a sweep and keep what came of it."""
    points = tuple(point_of(*pair) for pair in zip(sweep.positions, sweep.frames, strict=True))
    kept = MeasuredSweep(label, points, sweep.best_position, sweep.cfz_steps, sweep.has_focus)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(msgspec.json.encode(kept))
    unfinished.rename(path)


def point_of(position: int, frame: Frame) -> FocusPoint:
    """Measure a frame as a run does."""
    found = measure_frame(frame, growth=True)
    return FocusPoint(float(position), found.value, found.error, found.stars, recorded_stars(found), found.growth)


def read(path: Path) -> MeasuredSweep:
    """Read one sweep of a bank."""
    return msgspec.json.decode(path.read_bytes(), type=MeasuredSweep)


def read_bank(folder: Path) -> Iterator[MeasuredSweep]:
    """Read every sweep of a folder, in the order of their names."""
    for path in sorted(folder.glob("*.json")):
        yield read(path)


def fill(folder: Path, runs: int) -> Iterator[Label]:
    """Render and measure what a bank still lacks, and tell each sweep as it is there."""
    for label in labels(runs):
        measured(folder, label)
        yield label


def digest_of(*paths: Path) -> str:
    """Return eight hex digits that change with any line of the Python files at or below the paths."""
    files = sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:8]
