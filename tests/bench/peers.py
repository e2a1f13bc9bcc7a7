"""Other ways from the frames or the points of a sweep to its best focus, each as its makers would set it for this.

astrafocus: its Gaussian star size and its hyperbola (on these frames far better than its V of half-flux radii), sky
taken away first as it asks for, cutouts that hold the largest star. It refuses nothing but a fit that fails.
pyobs: the projection series of its autofocus module as it stands; it refuses a focus outside the range.
Plain hyperbola: least squares by scipy on the very measures that statefocus fits; refused outside the range, and below
the R squared of 0.7 that N.I.N.A. asks for by default.
"""

from __future__ import annotations

import asyncio
import logging
import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from statefocus.focus import FocusPoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.sweeps import Sweep

R_SQUARED = 0.7
CUTOUT_PX = 20  # half the side of astrafocus' cutouts; 30 gave larger errors on three of four sweeps tried
STARS = 25  # that astrafocus fits in a frame, brightest first
FULL_ADU = 60_000.0

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """A best position in focuser steps, None where there is none, and whether it was taken for good."""

    position: float | None
    accepted: bool

    @classmethod
    def of(cls, position: float) -> Answer:
        return cls(position, accepted=True) if math.isfinite(position) else cls(None, accepted=False)


NOTHING = Answer(None, accepted=False)


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that looks at frames: its package on PyPI, and how it answers."""

    package: str
    find: Callable[[Sweep], Answer]

    @property
    def version(self) -> str | None:
        """The installed version, or None."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None


def plain_hyperbola(points: Sequence[FocusPoint]) -> Answer:
    """Fit y^2 = a^2 + b^2 (x - c)^2 to the measures, all of one weight."""
    from scipy.optimize import least_squares

    usable = [(p.position, p.measure) for p in points if p.measure is not None and p.flaw() is None]
    if len(usable) < 4:
        return NOTHING
    x, y = np.array(usable, float).T
    unit, lowest = float(np.ptp(x)), int(np.argmin(y))

    def curve(a: float, b: float, c: float) -> FloatArray:
        return np.asarray(np.sqrt(a**2 + (b * (x - c) / unit) ** 2))

    fit = least_squares(lambda p: curve(*p) - y, (y[lowest], 2.0 * float(np.ptp(y)), x[lowest]), x_scale="jac")
    scatter = float(((y - y.mean()) ** 2).sum())
    good = fit.success and scatter > 0 and 1.0 - 2.0 * fit.cost / scatter >= R_SQUARED
    best = float(fit.x[2])
    return Answer(best, accepted=bool(good and x.min() <= best <= x.max()))


def by_astrafocus(sweep: Sweep) -> Answer:
    from astrafocus.star_size_focus_measure_operators import GaussianStarFocusMeasure

    frames = [frame - np.median(frame) for frame in sweep.frames]
    with silence():
        try:
            operator = GaussianStarFocusMeasure(
                frames[len(frames) // 2], cutout_size=CUTOUT_PX, max_stars=STARS, saturation_threshold=FULL_ADU
            )
            sizes = np.array([operator(frame) for frame in frames], float)
            measured = np.isfinite(sizes)
            positions = np.array(sweep.positions, float)[measured]
            return Answer.of(float(operator.fit_focus_response_curve(positions, sizes[measured])))
        except (ValueError, TypeError, RuntimeError, IndexError):  # its ways to say that there is nothing
            return NOTHING


def by_pyobs(sweep: Sweep) -> Answer:
    from pyobs.images import Image
    from pyobs.utils.focusseries import ProjectionFocusSeries

    series = ProjectionFocusSeries()
    with silence():
        for position, frame in zip(sweep.positions, sweep.frames, strict=True):
            try:
                asyncio.run(series.analyse_image(Image(data=frame.astype(float)), float(position)))
            except Exception:  # noqa: BLE001, S112 - its own loop over the frames does the same
                continue
        try:
            return Answer.of(series.fit_focus()[0])
        except Exception:  # noqa: BLE001 - its own module takes any for "could not calculate best focus"
            return NOTHING


def astrafocus_curve(points: Sequence[FocusPoint]) -> Answer:
    """Fit astrafocus' hyperbola to measures of others."""
    from astrafocus.star_size_focus_measure_operators import GaussianStarFocusMeasure

    x, y = np.array([(p.position, p.measure) for p in points if p.measure is not None], float).T
    with silence():
        try:
            return Answer.of(float(GaussianStarFocusMeasure.fit_hyperbola(x, y)[0][-2]))
        except (ValueError, TypeError, RuntimeError):
            return NOTHING


def pyobs_curve(points: Sequence[FocusPoint]) -> Answer:
    """Fit pyobs' weighted hyperbola to measures of others; it refuses what lies outside the range."""
    from pyobs.utils.curvefit import fit_hyperbola

    usable = [(p.position, p.measure, p.error or 1.0) for p in points if p.measure is not None]
    x, y, error = (list(column) for column in zip(*usable, strict=True))
    with silence():
        try:
            best = float(fit_hyperbola(x, y, error)[0])
        except (ValueError, TypeError, RuntimeError):
            return NOTHING
    return Answer(best, accepted=min(x) <= best <= max(x))


ON_FRAMES = {"astrafocus": Peer("astrafocus", by_astrafocus), "pyobs": Peer("pyobs-core", by_pyobs)}
CURVES: dict[str, tuple[Peer, Callable[[Sequence[FocusPoint]], Answer]]] = {
    "astrafocus": (ON_FRAMES["astrafocus"], astrafocus_curve),
    "pyobs": (ON_FRAMES["pyobs"], pyobs_curve),
}


@contextmanager
def silence() -> Iterator[Any]:
    """Keep what others warn of and log out of the tables."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
