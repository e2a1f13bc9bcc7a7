"""Whether the tube may have stood still while the reported position went on: what a focuser that sticks looks like.

A focuser that sticks at the end of a sweep, that swallows its first moves, or that sticks and then jumps, shows the
same focus at neighbouring positions. A hyperbola bends to follow such a level run, and puts its vertex where no focus
is. So each run of neighbours is also explained by one free level, and the other points by a hyperbola of their own;
that takes one coefficient more, whatever the run. Where this explains the points as well as one curve through all of
them, and puts the vertex elsewhere, the vertex was not measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from statefocus.focus.curves import PRIOR_DOF, Curve
from statefocus.focus.hyperbola import Hyperbola, fit_hyperbolas
from statefocus.focus.outliers import EXACTNESS
from statefocus.focus.points import FloatArray, Samples
from statefocus.focus.significance import student_tail

ALL_RUNS = 15  # positions; of more, only runs that begin or end the sweep are tried,
MOST_CUTS = 50  # and of those no more on a side than this
COEFFICIENTS = 4  # of a level and a hyperbola
HOPELESS = 25.0  # a level that is worse than the curve by so many units of its scatter is not looked into


@dataclass(frozen=True, slots=True)
class Standstill:
    """A run of neighbouring positions, explained by one level.

    Parameters
    ----------
    low, high : float
        Its first and last position, steps.
    chi_square : float
        Of the level and of the hyperbola through the other points.
    shift : float
        Distance of that hyperbola's vertex from that of the curve through all points, steps; infinite without one.
    """

    low: float
    high: float
    chi_square: float
    shift: float

    def covers_a_side(self, samples: Samples, vertex: float) -> bool:
        """Whether it holds every point on one side of a vertex."""
        inward, outward = samples.positions < vertex, samples.positions > vertex
        within = (samples.positions >= self.low) & (samples.positions <= self.high)
        return bool(within[inward].all() or within[outward].all())

    def advantage(self, samples: Samples, curve: Curve) -> float:
        """Return by how much it lessens the curve's chi square, in units of the scatter about the curve."""
        gain = (curve.chi_square - self.chi_square) / _variance(samples, curve.chi_square, curve.dof)
        return math.inf if math.isnan(gain) else gain  # of measures beyond all numbers nothing is known

    def probability(self, samples: Samples, curve: Curve) -> float:
        """Return the probability that scatter alone gives a level such an advantage over the curve (Student)."""
        gain, dof = curve.chi_square - self.chi_square, len(samples) - COEFFICIENTS
        if not gain > 0.0 or dof < 1:
            return 1.0
        variance = _variance(samples, self.chi_square, dof)
        prior = int(PRIOR_DOF / max(self.chi_square / dof, 1.0)) if samples.absolute else 0
        return student_tail(math.sqrt(gain / variance), dof + prior)


def standstills(samples: Samples, curve: Curve, least_shift: float) -> tuple[Standstill, ...]:
    """Return every run whose other points put the vertex at least `least_shift` steps from that of the curve.

    Runs that are no level by far are left out: no hyperbola through the other points can make up for them.

    Parameters
    ----------
    samples : Samples
    curve : Curve
        The hyperbola through all of them.
    least_shift : float
    """
    x, positions = samples.positions, np.unique(samples.positions)
    most = curve.chi_square + HOPELESS * _variance(samples, curve.chi_square, curve.dof)
    runs, others = [], []
    for i, j in _runs(len(positions)):
        outside = (x < positions[i]) | (x > positions[j])
        level = _chi_square_of_level(samples.measures[~outside], samples.sigmas[~outside])
        if level <= most:
            runs.append((float(positions[i]), float(positions[j]), level))
            others.append(outside)
    if not runs:
        return ()
    found = fit_hyperbolas(samples, np.array(others), (len(runs),))
    told = (_explain(curve, *run, hyperbola) for run, hyperbola in zip(runs, found, strict=True))
    return tuple(one for one in told if one.shift >= least_shift)


def _runs(count: int) -> Sequence[tuple[int, int]]:
    """Return first and last index of each run of at least two of `count` positions, but never all of them."""
    if count <= ALL_RUNS:
        return [(i, j) for i in range(count) for j in range(i + 1, count) if j - i + 1 < count]
    cuts = np.unique(np.linspace(1, count - 2, MOST_CUTS).astype(int)).tolist()
    return [(0, j) for j in cuts] + [(i, count - 1) for i in cuts]


def _explain(curve: Curve, low: float, high: float, level: float, hyperbola: Hyperbola | None) -> Standstill:
    """Explain a run by its level; fewer than three other positions are explained exactly, and tell no vertex."""
    if hyperbola is None:
        return Standstill(low, high, level, math.inf)
    shift = abs(hyperbola.best_position - curve.best_position)
    return Standstill(low, high, level + hyperbola.chi_square, shift)


def _chi_square_of_level(measures: FloatArray, sigmas: FloatArray) -> float:
    weights = sigmas**-2.0
    mean = np.add.reduce(weights * measures) / np.add.reduce(weights)
    return float(np.add.reduce(weights * (measures - mean) ** 2))


def _variance(samples: Samples, chi_square: float, dof: int) -> float:
    """Return the variance of unit weight; neither stated errors nor `EXACTNESS` are ever undercut."""
    least = 1.0 if samples.absolute else (EXACTNESS * float(np.median(samples.measures))) ** 2
    return max(chi_square / max(dof, 1), least)
