"""From the sizes of stars to the size that stands for the frame, and how well it is known.

Each star counts by what it is known to: its own error, from photons and sky, and what stars differ by besides (optics
across the field, where a star falls on its pixels, blends too close to see), which the stars themselves tell.
"""

from __future__ import annotations

import math

import numpy as np

from statefocus.frames.compiling import FloatArray, kernel

PIXEL_PHASE = 0.006  # px; stars differ so much at least, by where they fall on their pixels
MIDDLE_HALF = 0.6745  # standard deviations from the mean within which half of all normal values lie
HALVINGS = 12  # of the interval in which the scatter is sought: to a four-thousandth


def frame_value(size: FloatArray, error: FloatArray) -> tuple[float | None, float | None]:
    """Return the median size, each star weighted by how well it is known, and its standard error; None without stars.

    Parameters
    ----------
    size, error : ndarray, shape (n,)
        Half-flux radii of stars and their own standard errors, in px.
    """
    if len(size) == 0:
        return None, None
    value = float(np.median(size))
    for _ in range(2):
        sigma = np.hypot(error, own_scatter(np.abs(size - value), error, PIXEL_PHASE))
        value = weighted_median(size, 1.0 / sigma)
    # a median of weights 1 / sigma has pi / 2 times the variance of the best mean; a single star is no median
    price = 0.5 * math.pi if len(size) > 2 else 1.0
    return value, math.sqrt(price / float(np.sum(sigma**-2.0)))


def weighted_median(values: FloatArray, weights: FloatArray) -> float:
    """Return the value that has half of the weight on either side, between the two next to the middle."""
    order = np.argsort(values, kind="stable")
    inner = np.cumsum(weights[order]) - 0.5 * weights[order]
    return float(np.interp(0.5 * float(np.sum(weights)), inner, values[order]))


@kernel
def own_scatter(away: FloatArray, error: FloatArray, least: float) -> float:
    """Return what values scatter by beyond their errors, so that half of them lie in the middle half of a normal law.

    Parameters
    ----------
    away : ndarray, shape (n,)
        How far each value is from the middle, without sign.
    error : ndarray, shape (n,)
        What each is known to.
    least : float
        The result is not smaller.
    """
    low, high = least, max(least, np.max(away) / MIDDLE_HALF)
    for _ in range(HALVINGS):
        scatter = 0.5 * (low + high)
        if np.median(away / np.sqrt(error * error + scatter * scatter)) > MIDDLE_HALF:
            low = scatter
        else:
            high = scatter
    return high
