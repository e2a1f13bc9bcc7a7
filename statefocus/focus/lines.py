"""One straight line a side, focus at their intersection, sides chosen as N.I.N.A. does."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from statefocus.focus.curves import Curve, variance_scale, weighted_r_squared
from statefocus.focus.points import BoolArray, Samples

CLEAR_OF_MINIMUM = 0.06  # a side begins this fraction above the lowest point (N.I.N.A.: 0.1 px, at 1.6 px)


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line metric = intercept + slope * position, with the covariance of the two."""

    intercept: float
    slope: float
    variance_intercept: float
    variance_slope: float
    covariance: float
    chi_square: float
    count: int


def fit_lines(samples: Samples) -> Curve | None:
    """Fit a weighted line to each side; None when a side has fewer than two positions or the lines make no V."""
    if len(samples) < 4:
        return None
    left_mask, right_mask = sides_of(samples)
    centre = float(samples.positions.mean())
    left, right = _fit_side(samples, left_mask, centre), _fit_side(samples, right_mask, centre)
    if left is None or right is None or not left.slope < 0 < right.slope:
        return None
    steepness = right.slope - left.slope
    vertex = (left.intercept - right.intercept) / steepness
    minimum = max(left.intercept + left.slope * vertex, float(samples.measures.min()))
    chi_square, dof = left.chi_square + right.chi_square, left.count + right.count - 4
    variance = (_variance_at(left, vertex) + _variance_at(right, vertex)) / steepness**2
    scaled = variance * variance_scale(chi_square, dof, absolute=samples.absolute) if variance > 0 else 0.0
    coefficients = (left.intercept - left.slope * centre, left.slope,
                    right.intercept - right.slope * centre, right.slope, minimum)  # fmt: skip
    r_squared = weighted_r_squared(samples.keep(left_mask | right_mask), chi_square)
    return Curve("lines", coefficients, centre + vertex, math.sqrt(scaled), minimum, chi_square, dof, r_squared)


def sides_of(samples: Samples) -> tuple[BoolArray, BoolArray]:
    """Return which samples make the left and the right side: those clearly above the lowest, least uncertain, one."""
    doubt = samples.sigmas if samples.absolute else 0.0
    lowest = int(np.argmin(samples.measures + doubt))
    clear = samples.measures > samples.measures[lowest] * (1.0 + CLEAR_OF_MINIMUM)
    here = samples.positions[lowest]
    return clear & (samples.positions < here), clear & (samples.positions > here)


def _fit_side(samples: Samples, mask: BoolArray, centre: float) -> Line | None:
    side = samples.keep(mask)
    if np.unique(side.positions).size < 2:
        return None
    weights = side.sigmas**-2.0
    x, y, total = side.positions - centre, side.measures, float(np.sum(weights))
    mean_x, mean_y = float(np.sum(weights * x)) / total, float(np.sum(weights * y)) / total
    square = float(np.sum(weights * (x - mean_x) ** 2))
    if square <= 0:
        return None
    slope = float(np.sum(weights * (x - mean_x) * (y - mean_y))) / square
    intercept = mean_y - slope * mean_x
    chi_square = float(np.sum(weights * (y - intercept - slope * x) ** 2))
    variance_slope = 1.0 / square
    variance_intercept = 1.0 / total + mean_x**2 * variance_slope
    return Line(intercept, slope, variance_intercept, variance_slope, -mean_x * variance_slope, chi_square, len(side))


def _variance_at(line: Line, x: float) -> float:
    return line.variance_intercept + 2.0 * x * line.covariance + x * x * line.variance_slope
