"""The small result type that every curve model shares, and how each model predicts the metric."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from statefocus.focus.points import FloatArray, Samples
from statefocus.focus.significance import student_factor

PRIOR_DOF = 4  # how many residuals' worth of trust stated errors get against residuals that look smaller


@dataclass(frozen=True, slots=True)
class Curve:
    """A fitted curve of the metric over the focuser position.

    Parameters
    ----------
    model : str
        ``hyperbola``, ``parabola``, ``lines``, ``learned`` or ``fallback``.
    coefficients : tuple of float
        hyperbola and learned: x0 (steps), a (metric at x0), b (metric a step); parabola: x0, metric at x0, curvature
        (metric a square step); lines: left intercept and slope, right intercept and slope, lowest metric; fallback: x0,
        metric.
    best_position, sigma_position : float
        The vertex and its standard error, in steps; sigma is infinite where the points do not tell it.
    minimum : float
        The metric at the vertex.
    chi_square : float
        Sum of the squared residuals, each divided by its sigma.
    dof : int
        Number of points less the number of coefficients.
    r_squared : float
        Weighted share of the variance that the curve explains.
    """

    model: str
    coefficients: tuple[float, ...]
    best_position: float
    sigma_position: float
    minimum: float
    chi_square: float
    dof: int
    r_squared: float

    def predict(self, position: float) -> float:
        """Return the metric that the curve expects at `position` (steps)."""
        return predict(self.model, self.coefficients, position)


def predict(model: str, coefficients: tuple[float, ...], position: float) -> float:
    """Return the metric of a curve, given by its name and coefficients (`Curve`), at a position in steps."""
    c = coefficients
    if model in ("hyperbola", "joint", "learned"):
        return math.hypot(c[1], c[2] * (position - c[0]))
    if model == "parabola":
        return c[1] + c[2] * (position - c[0]) ** 2
    if model == "lines":
        return max(c[0] + c[1] * position, c[2] + c[3] * position, c[4])
    return c[1]


def variance_scale(chi_square: float, dof: int, *, absolute: bool) -> float:
    """Return the factor on a covariance that makes its standard errors honest.

    Stated errors that the residuals exceed are scaled up in full. Residuals smaller than stated pull the scale down
    only as far as their number convinces (a scaled inverse chi-square prior worth `PRIOR_DOF` residuals). With equal
    weights the residuals alone tell the scale.
    """
    if dof < 1:
        return 1.0 if absolute else math.inf
    reduced = chi_square / dof
    if absolute and reduced < 1.0:
        reduced = (PRIOR_DOF + chi_square) / (PRIOR_DOF + dof)
    return reduced * student_factor(dof) ** 2


def weighted_r_squared(samples: Samples, chi_square: float) -> float:
    """Return 1 - chi^2 / chi^2 of the weighted mean; 0 when all measures are equal."""
    total = chi_square_of_mean(samples)
    return 1.0 - chi_square / total if total > 0 else 0.0


def chi_square_of_mean(samples: Samples) -> float:
    """Return the weighted sum of squares of the measures about their weighted mean."""
    weights = samples.sigmas**-2.0
    mean = np.sum(weights * samples.measures) / np.sum(weights)
    return float(np.sum(weights * (samples.measures - mean) ** 2))


def chi_square_of_line(samples: Samples) -> float:
    """Return the weighted sum of squares of the measures about their best straight line."""
    weights = samples.sigmas**-2.0
    total = np.sum(weights)
    x: FloatArray = samples.positions - np.sum(weights * samples.positions) / total
    y: FloatArray = samples.measures - np.sum(weights * samples.measures) / total
    square = np.sum(weights * x * x)
    slope = np.sum(weights * x * y) / square if square > 0 else 0.0
    return float(np.sum(weights * (y - slope * x) ** 2))
