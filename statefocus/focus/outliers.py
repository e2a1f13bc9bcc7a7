"""Which points of a sweep do not belong to its curve."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from statefocus.focus.curves import Curve
from statefocus.focus.hyperbola import Hyperbola, fit_hyperbola, fit_hyperbolas
from statefocus.focus.points import IntArray, Samples
from statefocus.focus.significance import student_tail

LEAST_POINTS = 5  # positions that must remain
LEAST_ASIDE = 2  # positions that must remain on each side of the vertex
SUSPECTS = 100  # of more samples only those farthest from the curve are tried
EXACTNESS = 0.01  # residuals below this fraction of the median measure are never called large


@dataclass(frozen=True, slots=True)
class Outlier:
    """A sample that was rejected: its index in the caller's sequence, and by how many errors it missed the curve."""

    index: int
    deviation: float


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """The hyperbola through all samples, and those without one of them; None where there is none."""

    whole: Curve | None
    left_out: tuple[int, ...]
    without: tuple[Hyperbola | None, ...]

    def largest_shift(self) -> float:
        """Return how far the vertex moves, in steps, when the most decisive sample is left out."""
        return largest_shift(self.whole, self.without)


def leave_one_out(samples: Samples) -> LeaveOneOut:
    """Fit the hyperbola to all samples, and again without each one (of very many: without the `SUSPECTS` worst)."""
    n = len(samples)
    if n <= SUSPECTS:
        masks = np.concatenate((np.ones((1, n), dtype=np.bool_), ~np.eye(n, dtype=np.bool_)))
        everyones, *without = fit_hyperbolas(samples, masks, (1, n))
        return LeaveOneOut(everyones.curve(samples) if everyones else None, tuple(range(n)), tuple(without))
    whole = fit_hyperbola(samples)
    suspects = np.arange(n) if whole is None else _farthest(samples, whole)
    masks = np.arange(n)[None, :] != suspects[:, None]
    without = fit_hyperbolas(samples, masks, (len(suspects),))
    return LeaveOneOut(whole, tuple(int(i) for i in suspects), tuple(without))


def _farthest(samples: Samples, curve: Curve) -> IntArray:
    """Return where the `SUSPECTS` samples stand that are farthest from a curve, in errors."""
    predicted = np.array([curve.predict(float(x)) for x in samples.positions])
    order = np.argsort(-np.abs(samples.measures - predicted) / samples.sigmas, kind="stable")
    return np.sort(order[:SUSPECTS])


def largest_shift(whole: Curve | None, others: Iterable[Curve | Hyperbola | None]) -> float:
    """Return the largest distance between the vertices of a curve and of others, in steps; infinite without one."""
    if whole is None:
        return math.inf
    return max(math.inf if other is None else abs(other.best_position - whole.best_position) for other in others)


def reject_outliers(
    samples: Samples, significance: float, most_fraction: float
) -> tuple[Samples, tuple[Outlier, ...], LeaveOneOut]:
    """Take the points out, one by one, that the curve through the other points does not explain.

    The point whose absence improves the hyperbola most is judged by its leave-one-out studentised residual
    t^2 = (chi^2 - chi^2 without it) / (scale of chi^2 without it), each residual divided by its point's error, against
    Student's t with as many degrees of freedom as remain, shared out over all points (Bonferroni). The scale is never
    smaller than the stated errors. Hyperbola whatever model is drawn later: a parabola would call the wings outliers.

    Parameters
    ----------
    samples : Samples
    significance : float
        Probability with which one good sweep loses a point.
    most_fraction : float
        No more than this fraction of the points is rejected.

    Returns
    -------
    kept : Samples
        Never fewer than five positions, nor fewer than two on a side, if there were as many before.
    outliers : tuple of Outlier
        In the order of their rejection.
    fits : LeaveOneOut
        The hyperbolas of what was kept.
    """
    outliers: list[Outlier] = []
    most = math.floor(most_fraction * len(samples))
    fits = leave_one_out(samples)
    while len(outliers) < most:
        found = _worst(samples, fits, significance)
        if found is None:
            break
        outliers.append(found)
        samples = samples.keep(np.array([index != found.index for index in samples.indices]))
        fits = leave_one_out(samples)
    return samples, tuple(outliers), fits


def _worst(samples: Samples, fits: LeaveOneOut, significance: float) -> Outlier | None:
    n = len(samples)
    dof = n - 1 - 3
    if dof < 1 or fits.whole is None or np.unique(samples.positions).size <= LEAST_POINTS:
        return None
    without = ((curve, i) for i, curve in zip(fits.left_out, fits.without, strict=True) if curve is not None)
    for curve, i in sorted(without, key=lambda pair: (pair[0].chi_square, pair[1])):
        if not _leaves_enough(samples.keep(np.arange(n) != i), curve):
            continue
        gain = max(fits.whole.chi_square - curve.chi_square, 0.0)
        deviation = math.sqrt(gain / _scale(samples, curve, dof))
        return Outlier(samples.indices[i], deviation) if student_tail(deviation, dof) < significance / n else None
    return None


def _scale(samples: Samples, curve: Hyperbola, dof: int) -> float:
    least = 1.0 if samples.absolute else (EXACTNESS * float(np.median(samples.measures))) ** 2
    return max(curve.chi_square / dof, least)


def _leaves_enough(rest: Samples, curve: Hyperbola) -> bool:
    vertex = curve.best_position
    enough = np.unique(rest.positions).size >= LEAST_POINTS
    return bool(enough) and min(rest.count_left(vertex), rest.count_right(vertex)) >= LEAST_ASIDE
