"""The parabola: exact next to focus only, where few points leave no room for a better curve."""

from __future__ import annotations

import math

import numpy as np

from statefocus.focus.curves import Curve, variance_scale, weighted_r_squared
from statefocus.focus.least_squares import normal_sums, solve_symmetric
from statefocus.focus.points import FloatArray, Samples


def fit_parabola(samples: Samples) -> Curve | None:
    """Fit a weighted parabola to at least three samples; None when it has no minimum."""
    if np.unique(samples.positions).size < 3:
        return None
    centre, half = 0.5 * float(samples.positions[0] + samples.positions[-1]), 0.5 * samples.span
    u = ((samples.positions - centre) / half)[None, :]
    columns = np.stack((np.ones_like(u), u, u * u))
    weights = samples.sigmas[None, :] ** -2.0
    sums = normal_sums(weights, columns)
    right = [np.sum(weights * samples.measures * column, axis=1) for column in columns]
    solved, regular = solve_symmetric(sums, right)
    c0, c1, c2 = (float(c) for c in solved[0])
    if not regular[0] or c2 <= 1e-9 * float(np.abs(samples.measures).max()):
        return None
    vertex = -0.5 * c1 / c2
    minimum = c0 - 0.25 * c1 * c1 / c2
    residuals = samples.measures - (c0 + c1 * u[0] + c2 * u[0] ** 2)
    chi_square = float(np.sum(weights[0] * residuals**2))
    dof = len(samples) - 3
    factor = variance_scale(chi_square, dof, absolute=samples.absolute)
    sigma = half * math.sqrt(_vertex_variance(sums, c1, c2) * factor)
    coefficients = (float(centre + half * vertex), minimum, c2 / half**2)
    r_squared = weighted_r_squared(samples, chi_square)
    return Curve("parabola", coefficients, coefficients[0], sigma, minimum, chi_square, dof, r_squared)


def _vertex_variance(sums: list[FloatArray], c1: float, c2: float) -> float:
    """Return the variance of -c1 / (2 c2) by propagation of the covariance of c1 and c2."""
    unit, zero = np.ones(1), np.zeros(1)
    of_c1, _ = solve_symmetric(sums, [zero, unit, zero])
    of_c2, _ = solve_symmetric(sums, [zero, zero, unit])
    d1, d2 = -0.5 / c2, 0.5 * c1 / c2**2
    variance = d1 * d1 * of_c1[0, 1] + 2.0 * d1 * d2 * of_c1[0, 2] + d2 * d2 * of_c2[0, 2]
    return max(float(variance), 0.0)
