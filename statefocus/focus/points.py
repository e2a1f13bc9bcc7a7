"""What a sweep measured: one point a focuser position, and the arrays that the fits work on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from statefocus.stars import Growth, StarSize

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]


FARTHEST = 1e9  # steps; no focuser counts beyond it
SMALLEST = 1e-30  # of a measure; far below the reciprocal of any inverse power
TRUST = (1e-6, 1e3)  # least and largest error that is believed, in units of the largest measure


@dataclass(frozen=True, slots=True)
class FocusPoint:
    """One measured position of a focus sweep.

    Parameters
    ----------
    position : float
        Focuser position, in steps.
    measure : float or None
        The metric, smaller in better focus (HFR, HFD or FWHM in px, or the reciprocal of the inverse power);
        None when no star was found.
    error : float or None
        One standard error of `measure`, in the same unit; None when it is not known.
    stars : int or None
        Number of stars behind `measure`.
    table : tuple of StarSize
        The brightest of them, to be found again in the other frames; empty where they are not known.
    growth : Growth or None
        The shape of the stars, where the forward model wants it.
    """

    position: float
    measure: float | None
    error: float | None = None
    stars: int | None = None
    table: tuple[StarSize, ...] = ()
    growth: Growth | None = None

    def flaw(self) -> str | None:
        """Say why the point cannot enter a fit, or None when it can."""
        if not abs(self.position) <= FARTHEST:
            return "its focuser position is not a position"
        if self.measure is None or math.isnan(self.measure):
            return "no star was measured there"
        if not SMALLEST <= self.measure <= 1.0 / SMALLEST:
            return f"its measure, {self.measure:g}, is not possible"
        return None


@dataclass(frozen=True, slots=True)
class Samples:
    """The usable points of a sweep as arrays, sorted by position.

    Parameters
    ----------
    positions, measures, sigmas : ndarray of float, shape (n,)
        Steps, and metric with its standard errors; `sigmas` are all one where no error is known.
    indices : tuple of int
        Where each sample stands in the caller's sequence of points.
    absolute : bool
        Whether `sigmas` are errors (True) or only equal weights, whose scale the residuals must tell (False).
    """

    positions: FloatArray
    measures: FloatArray
    sigmas: FloatArray
    indices: tuple[int, ...]
    absolute: bool

    def __len__(self) -> int:
        return len(self.indices)

    def keep(self, mask: BoolArray) -> Samples:
        """Return the samples for which `mask`, a boolean array of shape (n,), is true."""
        chosen = tuple(index for index, kept in zip(self.indices, mask, strict=True) if kept)
        return Samples(self.positions[mask], self.measures[mask], self.sigmas[mask], chosen, self.absolute)

    @property
    def step(self) -> float:
        """Median distance of neighbouring positions, in steps; 0 with fewer than two positions."""
        gaps = np.diff(np.unique(self.positions))
        return float(np.median(gaps)) if gaps.size else 0.0

    @property
    def span(self) -> float:
        """Distance between the outermost positions, in steps."""
        return float(self.positions[-1] - self.positions[0]) if len(self) else 0.0

    def count_left(self, position: float) -> int:
        """Count the different positions that are smaller than `position`."""
        return int(np.count_nonzero(np.unique(self.positions) < position))

    def count_right(self, position: float) -> int:
        """Count the different positions that are larger than `position`."""
        return int(np.count_nonzero(np.unique(self.positions) > position))


def collect(points: Sequence[FocusPoint], seeing_fraction: float, model_fraction: float) -> Samples:
    """Sort the usable points into arrays and give each its weight.

    An error that is smaller than what seeing and the curve's own inexactness do to a frame is raised to that floor
    (`floor_of`); a larger one is taken as it stands. Raising, where adding in quadrature would be the other way, leaves
    the errors of programs that report the scatter over the stars (N.I.N.A.: 15 % and more) exactly as they are.
    A missing error becomes the median of the known ones; with none known, all points weigh the same.
    """
    usable = sorted((p.position, i) for i, p in enumerate(points) if p.flaw() is None)
    indices = tuple(i for _, i in usable)
    positions = np.array([points[i].position for i in indices], dtype=np.float64)
    measures = np.array([points[i].measure for i in indices], dtype=np.float64)
    errors = np.array([_known_error(points[i]) for i in indices], dtype=np.float64)
    known = np.isfinite(errors)
    if not known.any():
        return Samples(positions, measures, np.ones_like(measures), indices, absolute=False)
    errors[~known] = np.median(errors[known])
    sigmas = np.maximum(errors, floor_of(measures, seeing_fraction, model_fraction))
    sigmas = np.clip(sigmas, TRUST[0] * measures.max(), TRUST[1] * measures.max())
    return Samples(positions, measures, sigmas, indices, absolute=True)


def floor_of(measures: FloatArray, seeing_fraction: float, model_fraction: float) -> FloatArray:
    """Return the smallest believable error of each measure, in its unit.

    Seeing and defocus add in quadrature, so a relative change of the seeing by `seeing_fraction` moves a measure y
    by that fraction of min(y)^2 / y: most in focus, least far out. Far out a hyperbola is true to `model_fraction`.
    """
    seeing = seeing_fraction * measures.min() ** 2 / measures
    floor: FloatArray = np.sqrt(seeing**2 + (model_fraction * measures) ** 2)
    return floor


def _known_error(point: FocusPoint) -> float:
    error = point.error
    return error if error is not None and math.isfinite(error) and error > 0 else math.nan
