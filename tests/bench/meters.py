"""Other programs that measure the stars of a frame, each as its makers would set it for this.

All look for stars at five times the noise and take the median of the 400 brightest that they do not flag themselves,
which is what statefocus takes at most; ASTAP chooses its own stars. Rings are not taken apart (no deblending), and
the frame is not smoothed first: with the usual settings a donut becomes several stars, and a hot pixel one.

`python -m tests.bench.meters sep FRAME.npy` prints the megabytes that one measurement adds to a fresh process.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from statefocus.frames import measure_frame, write_frame
from tests.bench.timing import added_megabytes, megabytes_of_program

MOST_STARS = 400
SIGMAS = 5.0
LEAST_PIXELS = 9  # of a star; a hot pixel has one
SEXTRACTOR = """
CATALOG_NAME {folder}/stars
CATALOG_TYPE ASCII_HEAD
PARAMETERS_NAME {folder}/columns
FILTER N
DETECT_MINAREA {least}
DETECT_THRESH {sigmas}
ANALYSIS_THRESH {sigmas}
DEBLEND_MINCONT 1
PHOT_FLUXFRAC 0.5
SATUR_LEVEL 64000
MEMORY_PIXSTACK 3000000
VERBOSE_TYPE QUIET
"""
COLUMNS = "FLUX_RADIUS\nFLUX_AUTO\nFLAGS\n"

Frame = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Size:
    """Half-flux radius in px, None where no star was measured, and the stars behind it."""

    hfr: float | None
    stars: int

    @classmethod
    def of(cls, radii: npt.NDArray[Any]) -> Size:
        sane = radii[np.isfinite(radii) & (radii > 0)]
        return cls(float(np.median(sane)) if len(sane) else None, len(sane))


@dataclass(frozen=True, slots=True)
class Meter:
    """A way from a frame to the size of its stars; `memory` returns the MB that one measurement adds."""

    name: str
    measure: Callable[[], Size]
    memory: Callable[[], float | None]


def meters(frame: Frame, folder: Path) -> list[Meter]:
    """Return every meter that is installed, ready to measure `frame`; programs read it from a file in `folder`."""
    array, path = folder / "frame.npy", folder / "frame.fits"
    np.save(array, frame)
    found = [
        Meter(name, partial(function, frame), partial(megabytes_of_fresh, name, array))
        for name, function in WITHIN.items()
        if find_spec(name) is not None
    ]
    write_frame(path, frame, {})
    if (astap := shutil.which("astap_cli")) is not None:
        words = [astap, "-f", str(path), "-analyse", "30"]
        found.append(Meter("ASTAP", partial(by_astap, words), partial(megabytes_of_program, words)))
    sextractor = shutil.which("source-extractor") or shutil.which("sex")
    if sextractor is not None:
        (folder / "columns").write_text(COLUMNS, "utf-8")
        settings = SEXTRACTOR.format(folder=folder, least=LEAST_PIXELS, sigmas=SIGMAS)
        (folder / "settings").write_text(settings, "utf-8")
        words = [sextractor, str(path), "-c", str(folder / "settings")]
        found.append(Meter("SExtractor", partial(by_sextractor, words, folder), partial(megabytes_of_program, words)))
    return found


def absent() -> list[str]:
    """Name what is not installed, and how it would be."""
    missing = [f"{name} (pip install {name})" for name in ("sep", "photutils") if find_spec(name) is None]
    if shutil.which("astap_cli") is None:
        missing.append("ASTAP (Debian: astap-cli)")
    if shutil.which("source-extractor") is None and shutil.which("sex") is None:
        missing.append("SExtractor (Debian: source-extractor)")
    return missing


def by_statefocus(frame: Frame) -> Size:
    found = measure_frame(frame)
    return Size(found.value, found.stars)


def by_sep(frame: Frame) -> Size:
    """Background, extraction and half-light radii, as SExtractor's ways are offered to Python."""
    import sep

    light = frame.astype(np.float32)
    background = sep.Background(light)
    background.subfrom(light)
    sep.set_extract_pixstack(3_000_000)
    stars = sep.extract(
        light, SIGMAS, err=background.globalrms, minarea=LEAST_PIXELS, filter_kernel=None, deblend_cont=1.0
    )
    stars = stars[stars["flag"] == 0]
    stars = stars[np.argsort(-stars["flux"])[:MOST_STARS]]
    radii, flags = sep.flux_radius(light, stars["x"], stars["y"], 6.0 * stars["a"], 0.5, subpix=5)
    return Size.of(radii[flags == 0])


def by_photutils(frame: Frame) -> Size:
    """DAOStarFinder, and a curve of growth of each star to where it holds all of the light."""
    from astropy.stats import sigma_clipped_stats
    from photutils.aperture import CircularAperture, aperture_photometry
    from photutils.detection import DAOStarFinder

    _, sky, noise = sigma_clipped_stats(frame[::4, ::4], sigma=3.0)
    light = frame.astype(np.float32) - np.float32(sky)
    finder = DAOStarFinder(
        threshold=SIGMAS * noise, fwhm=4.0, n_brightest=MOST_STARS, peak_max=60_000, exclude_border=True
    )
    stars = finder(light)
    if stars is None:
        return Size(None, 0)
    names = ("x_centroid", "y_centroid") if "x_centroid" in stars.colnames else ("xcentroid", "ycentroid")
    centres = np.column_stack([np.asarray(stars[name], float) for name in names])
    edges = np.concatenate([np.arange(1.0, 10.0), np.arange(10.0, 33.0, 2.0)])
    table = aperture_photometry(light, [CircularAperture(centres, r=edge) for edge in edges])
    curves = np.column_stack([np.asarray(table[f"aperture_sum_{i}"], float) for i in range(len(edges))])
    return Size.of(np.array([half_light(curve, edges) for curve in curves]))


def half_light(curve: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]) -> float:
    """Return the radius that holds half of a curve of growth, which begins with nothing at 0."""
    rising = np.maximum.accumulate(np.concatenate([[0.0], curve]))
    return float(np.interp(0.5 * rising[-1], rising, np.concatenate([[0.0], edges]))) if rising[-1] > 0 else np.nan


def by_astap(words: list[str]) -> Size:
    """The command line; it reads the file, and tells the median half-flux diameter."""
    said = subprocess.run(words, capture_output=True, text=True).stdout
    diameter, stars = (re.search(rf"{name}=([\d.]+)", said) for name in ("HFD_MEDIAN", "STARS"))
    number = int(float(stars[1])) if stars else 0
    return Size(float(diameter[1]) / 2.0 if diameter and number else None, number)


def by_sextractor(words: list[str], folder: Path) -> Size:
    """The program; it reads the file, and writes a catalogue."""
    subprocess.run(words, check=True, capture_output=True)
    radius, flux, flags = np.loadtxt(folder / "stars", ndmin=2).T
    clean = flags == 0
    return Size.of(radius[clean][np.argsort(-flux[clean])[:MOST_STARS]])


WITHIN: dict[str, Callable[[Frame], Size]] = {"statefocus": by_statefocus, "sep": by_sep, "photutils": by_photutils}
CORNER_PX = 768  # of a frame that is measured first, so that what is loaded and compiled once is not counted


def megabytes_of_fresh(name: str, array: Path) -> float | None:
    """Ask a fresh process, whose memory nothing has used before."""
    words = [sys.executable, "-m", "tests.bench.meters", name, str(array)]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    return None if said == "None" else float(said)


if __name__ == "__main__":
    asked, pixels = WITHIN[sys.argv[1]], np.load(sys.argv[2])
    asked(np.ascontiguousarray(pixels[:CORNER_PX, :CORNER_PX]))
    sys.stdout.write(f"{added_megabytes(partial(asked, pixels))}\n")
