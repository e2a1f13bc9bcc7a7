"""Sweeps kept with what was measured on their frames, in a folder outside the project: rendering is slow, fitting not.

One `.npz` a sweep, named after what gives it: `refractor-good-centred-0.npz`. Frames are not kept; the same names and
seed render them again. A bank belongs to the code that rendered and measured it: `digest_of` tells which that is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from statefocus.focus import FocusPoint
from statefocus.frames import FrameMeasurement, measure_frame
from tests.bench.sweeps import CASES, RIGS, SEEINGS, Sweep, happens, render_sweep


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
    """A sweep's truth and the measures of its frames; `tables` as `FrameMeasurement.star_table`, one a frame."""

    label: Label
    positions: npt.NDArray[np.float64]
    best_position: float
    cfz_steps: float
    has_focus: bool
    values: npt.NDArray[np.float64]
    errors: npt.NDArray[np.float64]
    stars: npt.NDArray[np.int64]
    tables: tuple[npt.NDArray[Any], ...]

    @property
    def points(self) -> list[FocusPoint]:
        """What `find_focus` takes; None where no star was measured."""
        return [
            FocusPoint(float(position), known(value), known(error), int(stars))
            for position, value, error, stars in zip(self.positions, self.values, self.errors, self.stars, strict=True)
        ]


def known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def labels(runs: int, cases: Iterable[str] = CASES) -> Iterator[Label]:
    """Tell every sweep of a bank, all cases of one seed before the next seed."""
    for seed, rig, seeing, case in product(range(runs), RIGS, SEEINGS, cases):
        if happens(rig, case):
            yield Label(rig, seeing, case, seed)


def measured(folder: Path, label: Label, sweep: Sweep | None = None) -> MeasuredSweep:
    """Return a sweep of the bank, rendered and measured now if it is not there yet."""
    path = folder / f"{label.name}.npz"
    if not path.exists():
        write(path, sweep or label.render())
    return read(path, label)


def write(path: Path, sweep: Sweep) -> None:
    """Measure the frames of a sweep and keep what came of it."""
    found: list[FrameMeasurement] = [measure_frame(frame) for frame in sweep.frames]
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part.npz")
    np.savez_compressed(
        unfinished,
        positions=np.array(sweep.positions, float),
        truth=np.array([sweep.best_position, sweep.cfz_steps, sweep.has_focus]),
        values=np.array([np.nan if one.value is None else one.value for one in found]),
        errors=np.array([np.nan if one.error is None else one.error for one in found]),
        stars=np.array([one.stars for one in found]),
        table=np.concatenate([one.star_table for one in found]),
        lengths=np.array([len(one.star_table) for one in found]),
    )
    unfinished.rename(path)


def read(path: Path, label: Label) -> MeasuredSweep:
    """Read one sweep of a bank."""
    with np.load(path) as kept:
        best, zone, has_focus = kept["truth"]
        tables = np.split(kept["table"], np.cumsum(kept["lengths"])[:-1])
        return MeasuredSweep(
            label,
            kept["positions"],
            float(best),
            float(zone),
            bool(has_focus),
            kept["values"],
            kept["errors"],
            kept["stars"],
            tuple(tables),
        )


def read_bank(folder: Path) -> Iterator[MeasuredSweep]:
    """Read every sweep of a folder, in the order of their names."""
    for path in sorted(folder.glob("*.npz")):
        if not path.name.endswith(".part.npz"):
            rig, seeing, case, seed = path.stem.split("-")
            yield read(path, Label(rig, seeing, case.replace("_", " "), int(seed)))


def fill(folder: Path, runs: int) -> Iterator[Label]:
    """Render and measure what a bank still lacks, and tell each sweep as it is there."""
    for label in labels(runs):
        measured(folder, label)
        yield label


def digest_of(*paths: Path) -> str:
    """Return eight hex digits that change with any line of the Python files at or below the paths."""
    files = sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:8]
