"""The hyperbola y = sqrt(a^2 + (b (x - x0))^2): seeing and defocus, added in quadrature.

It is the curve of N.I.N.A. and Ekos, there written a cosh(asinh((x0 - x) a / b ...)) in one of several forms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from statefocus.focus.curves import Curve, variance_scale, weighted_r_squared
from statefocus.focus.least_squares import levenberg_marquardt, normal_sums, solve_symmetric
from statefocus.focus.points import BoolArray, FloatArray, Samples

# x0, a, b in units of half the sampled range and of the largest measure
BOUNDS = (np.array([-5.0, 0.0, 1e-6]), np.array([5.0, 10.0, 1e3]))
SEARCH, POLISH = 10, 50  # iterations from every start, and then from the best


@dataclass(frozen=True, slots=True)
class Hyperbola:
    """One of many fits: its three coefficients, its chi square, and sigma of x0 before scaling.

    How good it is takes longer to tell than where it has its vertex, and is asked of few (`curve`).
    """

    best_position: float
    a: float
    b: float
    chi_square: float
    sigma: float

    def curve(self, samples: Samples) -> Curve:
        """Return it as a curve; `samples` are those that it was fitted to."""
        dof = len(samples) - 3
        factor = variance_scale(self.chi_square, dof, absolute=samples.absolute)
        sigma_position = self.sigma * math.sqrt(factor) if math.isfinite(factor * self.sigma) else math.inf
        coefficients = (self.best_position, self.a, self.b)
        r_squared = weighted_r_squared(samples, self.chi_square)
        return Curve(
            "hyperbola", coefficients, self.best_position, sigma_position, self.a, self.chi_square, dof, r_squared
        )


def fit_hyperbola(samples: Samples) -> Curve | None:
    """Fit a hyperbola to at least three samples; None when they hold no curve (all at one position)."""
    found = fit_hyperbolas(samples, np.ones((1, len(samples)), dtype=np.bool_), (1,))[0]
    return found.curve(samples) if found else None


def fit_hyperbolas(samples: Samples, masks: BoolArray, groups: Sequence[int]) -> list[Hyperbola | None]:
    """Fit one hyperbola to each choice of the samples, all of them together.

    Parameters
    ----------
    samples : Samples
        n samples.
    masks : ndarray of bool, shape (m, n)
        Which samples enter each of the m fits.
    groups : sequence of int, of sum m
        Sizes of the groups of fits that do not depend on each other, to the last bit.

    Returns
    -------
    list of Hyperbola or None
        m of them; None where fewer than three different positions are chosen.
    """
    if len(samples) < 3 or samples.span <= 0:
        return [None] * len(masks)
    centre = 0.5 * float(samples.positions[0] + samples.positions[-1])
    half, top = 0.5 * samples.span, float(samples.measures.max())
    u, v = (samples.positions - centre) / half, samples.measures / top
    weights = masks * (top / samples.sigmas) ** 2
    starts = [_from_squares(u, v, weights), _from_lowest(u, v, masks, -1), _from_lowest(u, v, masks, 0),
              _from_lowest(u, v, masks, 1)]  # fmt: skip

    def model(parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        return hyperbola(parameters, u)

    repeated = np.concatenate([weights] * len(starts))
    together = np.arange(len(groups))[:, None] == np.repeat(np.arange(len(groups)), groups)
    grouped = np.concatenate([together] * len(starts), axis=1)
    found, chi = levenberg_marquardt(model, v, repeated, np.concatenate(starts), BOUNDS, SEARCH, grouped)
    best = np.argmin(chi.reshape(len(starts), -1), axis=0) * len(masks) + np.arange(len(masks))
    parameters, chi = levenberg_marquardt(model, v, weights, found[best], BOUNDS, POLISH, together)
    sigmas = half * _vertex_sigma(weights, model(parameters)[1])
    scaled = (centre + half * parameters[:, 0], top * parameters[:, 1], top * parameters[:, 2] / half, chi, sigmas)
    told = zip(*(column.tolist() for column in scaled), strict=True)
    return [Hyperbola(*one) if _distinct(u[mask]) >= 3 else None for mask, one in zip(masks, told, strict=True)]


def _distinct(ordered: FloatArray) -> int:
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + 1


def hyperbola(parameters: FloatArray, u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the values, shape (b, n), and the derivatives to x0, a and b, shape (3, b, n), of b hyperbolas."""
    vertex, a, b = parameters[:, 0:1], parameters[:, 1:2], parameters[:, 2:3]
    away = u[None, :] - vertex
    value = np.maximum(np.sqrt(a * a + (b * away) ** 2), 1e-12)
    slopes = np.empty((3, *value.shape))
    slopes[0], slopes[1], slopes[2] = -b * b * away, a, b * away * away
    slopes /= value
    return value, slopes


def _from_squares(u: FloatArray, v: FloatArray, weights: FloatArray) -> FloatArray:
    """Start from y^2 = c0 + c1 u + c2 u^2, which is linear: a residual of y^2 is 2 y times one of y."""
    columns = np.stack((np.ones_like(u), u, u * u))[:, None, :]
    square_weights = weights / (4.0 * np.maximum(v, 1e-3) ** 2)
    right = list(np.add.reduce(square_weights * v * v * columns, axis=-1))
    c, _ = solve_symmetric(normal_sums(square_weights, columns), right)
    opening = np.maximum(c[:, 2], 1e-6)
    vertex = np.clip(-0.5 * c[:, 1] / opening, -3.0, 3.0)
    floor = c[:, 0] + vertex * (c[:, 1] + vertex * opening)
    return np.stack((vertex, np.sqrt(np.maximum(floor, 1e-4)), np.sqrt(opening)), axis=1)


def _from_lowest(u: FloatArray, v: FloatArray, masks: BoolArray, shift: int) -> FloatArray:
    """Start from the lowest sample of each choice, or half the range to one side of it."""
    lowest = np.argmin(np.where(masks, v, np.inf), axis=1)
    vertex, floor = u[lowest] + 0.5 * shift, v[lowest]
    slope = np.sqrt(np.maximum(1.0 - floor * floor, 0.01)) / (1.0 + np.abs(vertex))
    return np.stack((vertex, floor, slope), axis=1)


def _vertex_sigma(weights: FloatArray, slopes: FloatArray) -> FloatArray:
    """Return sigma of x0 before scaling, shape (b,): root of the first element of the inverse normal matrix."""
    sums = normal_sums(weights, slopes)
    unit = np.ones(len(weights))
    flat = sums[3] <= 1e-12 * sums[0]  # a is next to nothing (a sharp V): x0 and b alone carry the covariance
    sums[3] = np.where(flat, unit, sums[3])
    sums[1], sums[4] = np.where(flat, 0.0, sums[1]), np.where(flat, 0.0, sums[4])
    inverse, regular = solve_symmetric(sums, [unit, 0.0 * unit, 0.0 * unit])
    return np.sqrt(np.where(regular & (inverse[:, 0] > 0), inverse[:, 0], np.inf))
