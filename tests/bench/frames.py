"""Frame to half-flux radius: time, memory and truth, beside a copy of the frame and beside other programs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tests.bench.light import half_flux_radius, half_px, pixel_image, wave_light
from tests.bench.meters import Frame, Size, absent, meters
from tests.bench.sweeps import RIGS, SEEINGS, expose, hot_pixels, record, scatter_stars
from tests.bench.telling import Section
from tests.bench.timing import Taken, by_turns, machine

SIZES = {16: (3520, 4656), 26: (4176, 6248), 61: (6388, 9576)}  # MP: rows and columns of common cameras
STARS_A_MP = 80
DEFOCUS_UM = {"in focus": 0.0, "donuts": 1000.0}
HEAD = ("frame", "program", "ms", "times the copy", "added MB", "stars", "HFR px", "truth px")


@dataclass(frozen=True, slots=True)
class Scene:
    """A rendered frame and the half-flux radius of its stars, before pixels, in px."""

    name: str
    frame: Frame
    truth: float


def scene(megapixels: int, state: str) -> Scene:
    """Render a field of the obstructed telescope in good seeing."""
    telescope, seeing, shape = RIGS["obstructed"].telescope, SEEINGS["good"].arcsec, SIZES[megapixels]
    defocus = DEFOCUS_UM[state]
    rng = np.random.default_rng([megapixels, round(defocus)])
    stars = scatter_stars(STARS_A_MP * shape[0] * shape[1] // 1_000_000, shape, rng)
    light = expose(pixel_image(telescope, defocus, seeing), stars, 1.0, np.zeros(2), shape)
    light += hot_pixels(shape, rng)
    truth = half_flux_radius(telescope, wave_light(telescope, defocus, seeing), half_px(telescope, defocus, seeing))
    return Scene(f"{megapixels} MP, {state}", record(light, rng), truth)


def section(sizes: Sequence[int], budget_s: float) -> Section:
    """Return the table; nothing is measured before its rows are read."""
    words = (
        f"{machine()}. Median (least - most) of three to nine rounds by turns; each round takes the median of three "
        "calls one after the other, of what takes more than a second one call. The copy is `numpy.copyto` of the frame "
        "into a buffer that was written before. statefocus, sep and photutils get the "
        "array, their memory is what one measurement adds to a fresh process; ASTAP and SExtractor read a FITS "
        "file, their memory is all that they take. "
        "`tests/bench/meters.py` has the settings."
    )
    missing = absent()
    words += f" Not installed, so left out: {', '.join(missing)}." if missing else ""
    return Section("frames", words, HEAD, rows(sizes, budget_s))


def rows(sizes: Sequence[int], budget_s: float) -> Iterator[tuple[str, ...]]:
    for megapixels in sizes:
        for state in DEFOCUS_UM:
            with tempfile.TemporaryDirectory() as folder:
                yield from scene_rows(scene(megapixels, state), Path(folder), budget_s)


def scene_rows(shown: Scene, folder: Path, budget_s: float) -> Iterator[tuple[str, ...]]:
    """Measure one frame with every program."""
    buffer = shown.frame.copy()
    copy = partial(np.copyto, buffer, shown.frame)
    found = meters(shown.frame, folder)
    answers = [(meter, meter.measure(), meter.memory()) for meter in found]  # which warms them up as well
    taken = by_turns(copy, {"copy": copy} | {meter.name: meter.measure for meter in found}, budget_s)
    yield shown.name, "copy", taken["copy"].ms.told(), "1", "", "", "", ""
    for meter, size, memory in answers:
        yield shown.name, meter.name, *cells(taken[meter.name], size, memory, shown.truth)


def cells(taken: Taken, size: Size, memory: float | None, truth: float) -> tuple[str, ...]:
    """Tell one program's time, memory and answer."""
    return (
        taken.ms.told(),
        taken.ratio.told(),
        "?" if memory is None else f"{memory:,.0f}",
        f"{size.stars}",
        "none" if size.hfr is None else f"{size.hfr:.2f} ({100 * (size.hfr / truth - 1):+.0f} %)",
        f"{truth:.2f}",
    )
