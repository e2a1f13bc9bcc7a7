"""Weighted least squares for curves of three coefficients, many problems at once.

Sums and solutions are written out in elementary operations, without BLAS, so that a night that is replayed on another
machine gives the same digits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from statefocus.focus.points import BoolArray, FloatArray

Bounds = tuple[FloatArray, FloatArray]
# model(parameters (b, 3)) -> values (b, n), partial derivatives (3, b, n)
Model = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

TOLERANCE = 1e-12  # a smaller step is none
GAIN = 1e-6  # a smaller relative gain in chi square is a crawl, or the last digits
DAMPING = (np.array(1e-6), np.array(1e6))  # least and largest
PATIENCE = 8  # iterations with no more than that, after which a problem counts as solved
PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
_FIRST, _SECOND = ([pair[side] for pair in PAIRS] for side in (0, 1))


def levenberg_marquardt(
    model: Model,
    values: FloatArray,
    weights: FloatArray,
    start: FloatArray,
    bounds: Bounds,
    iterations: int,
    groups: BoolArray,
) -> tuple[FloatArray, FloatArray]:
    """Minimise sum(weights * (values - model)^2) for b problems together.

    Parameters
    ----------
    model : callable
        Takes parameters of shape (b, 3), returns the curve (b, n) and its partial derivatives.
    values : ndarray, shape (n,)
    weights : ndarray, shape (b, n)
    start : ndarray, shape (b, 3)
    bounds : tuple of two ndarrays, shape (3,)
        Least and largest value of each parameter.
    iterations : int
        At most so many; a group ends earlier where none of its parameters moves any more.
    groups : ndarray of bool, shape (g, b)
        Which problems end together. Each is in one group, and a group's result does not depend on the others.

    Returns
    -------
    parameters : ndarray, shape (b, 3)
    chi_square : ndarray, shape (b,)
        D. W. Marquardt, SIAM J. Appl. Math. 11, 431 (1963).
    """
    here = _within(start, bounds)
    damping = np.full(len(here), 1e-2)
    curve, slopes = model(here)
    chi = np.nan_to_num(_sums(weights * (values - curve) ** 2), nan=np.inf)
    done, quiet = np.zeros(len(here), dtype=np.bool_), np.zeros(len(here), dtype=np.int64)
    going = np.ones(len(here), dtype=np.bool_)
    for _ in range(iterations):
        move = _step(weights, values - curve, slopes, damping)
        there = _within(here + move, bounds)
        curve_there, slopes_there = model(there)
        chi_there = _sums(weights * (values - curve_there) ** 2)
        better = (chi_there <= chi) & going
        quiet = np.where(chi_there < chi * (1.0 - GAIN), 0, quiet + 1)
        done |= (np.abs(there - here).max(axis=1) <= TOLERANCE) | (quiet >= PATIENCE)
        pick = better[:, None]
        here, chi = np.where(pick, there, here), np.where(better, chi_there, chi)
        curve, slopes = np.where(pick, curve_there, curve), np.where(pick, slopes_there, slopes)
        damping = _within(np.where(better, damping * 0.2, damping * 5.0), DAMPING)
        unfinished = groups[(groups & ~done).any(axis=1)]
        if not len(unfinished):
            break
        going = np.any(unfinished, axis=0)
    return here, chi


def _within(array: FloatArray, bounds: Bounds) -> FloatArray:
    return np.minimum(np.maximum(array, bounds[0]), bounds[1])


def _sums(array: FloatArray) -> FloatArray:
    """Sum over the last axis."""
    summed: FloatArray = np.add.reduce(array, axis=-1)
    return summed


def normal_sums(weights: FloatArray, slopes: FloatArray) -> list[FloatArray]:
    """Return the six different sums of the normal matrix, each of shape (b,), in the order of `PAIRS`."""
    return list(_sums((weights * slopes)[_FIRST] * slopes[_SECOND]))


def solve_symmetric(sums: list[FloatArray], right: list[FloatArray]) -> tuple[FloatArray, BoolArray]:
    """Solve b symmetric 3 x 3 systems by Cholesky's method.

    Parameters
    ----------
    sums : list of six ndarrays, shape (b,)
        The matrix in the order of `PAIRS`.
    right : list of three ndarrays, shape (b,)

    Returns
    -------
    solution : ndarray, shape (b, 3)
    regular : ndarray of bool, shape (b,)
        Whether the matrix was positive definite to working precision; where it was not, the solution means nothing.
    """
    a00, a01, a02, a11, a12, a22 = sums
    tiny = 1e-14
    d0, ok0 = _pivot(a00, a00, tiny)
    l1, l2 = a01 / d0, a02 / d0
    d1, ok1 = _pivot(a11 - l1 * a01, a11, tiny)
    l3 = (a12 - l2 * a01) / d1
    d2, ok2 = _pivot(a22 - l2 * a02 - l3 * l3 * d1, a22, tiny)
    y0 = right[0]
    y1 = right[1] - l1 * y0
    y2 = right[2] - l2 * y0 - l3 * y1
    x2 = y2 / d2
    x1 = y1 / d1 - l3 * x2
    x0 = y0 / d0 - l1 * x1 - l2 * x2
    return np.stack((x0, x1, x2), axis=1), ok0 & ok1 & ok2


def _pivot(value: FloatArray, of: FloatArray, tiny: float) -> tuple[FloatArray, BoolArray]:
    good = (value > tiny * of) & (of > 0)
    return np.where(good, value, 1.0), good


def _step(weights: FloatArray, residuals: FloatArray, slopes: FloatArray, damping: FloatArray) -> FloatArray:
    sums = normal_sums(weights, slopes)
    for diagonal in (0, 3, 5):
        sums[diagonal] = sums[diagonal] * (1.0 + damping) + 1e-30
    move, regular = solve_symmetric(sums, list(_sums(weights * residuals * slopes)))
    return np.where(regular[:, None] & np.isfinite(move), move, 0.0)
