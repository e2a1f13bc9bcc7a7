"""One measure a frame from the stars that the frames of a sweep share: the per-star fit of HFR^2.

Seeing and defocus add to the square of every star's half-flux radius by the same amount, whatever the star is and
wherever it stands in the field. So HFR^2 of star i in frame j is a_i + f_j: a star's own part, and the frame's. Fitting
both at once takes out of the sweep what a frame's median suffers from: that not all frames show the same stars. The
f_j then follow b (x - x0)^2, whose square root is the hyperbola; its outlier test and verdicts stay what they are.

The additive model is that of a two-way table (Tukey, Exploratory Data Analysis, 1977), with his biweight against stars
that do not follow it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from statefocus.focus.points import FloatArray, FocusPoint
from statefocus.focus.star_matching import follow_stars

LEAST_FRAMES = 5  # a shorter sweep shares too little
MODEL_FRACTION = 0.02  # how exactly a star's HFR^2 is additive; errors below this fraction of it are raised to it
ROUNDS, INNER = 6, 8  # of reweighting, and of alternating between stars and frames within each
BIWEIGHT = 5.0  # robust standard deviations at which a star's weight is nothing


@dataclass(frozen=True, slots=True)
class SharedStars:
    """A sweep measured by the stars that its frames share.

    Parameters
    ----------
    points : tuple of FocusPoint
        The caller's points, with measures and errors of the shared stars (px); a frame that shares none has no measure.
    unshared : tuple of int
        Indices of the points that had a measure of their own, and share no star with the others.
    """

    points: tuple[FocusPoint, ...]
    unshared: tuple[int, ...]


def share_stars(points: Sequence[FocusPoint], *, least_frames: int = LEAST_FRAMES) -> SharedStars | None:
    """Measure a sweep by its shared stars, on the scale of the frames' own measures.

    Returns
    -------
    SharedStars or None
        None where fewer than `least_frames` frames share stars.
    """
    usable = [i for i, point in enumerate(points) if point.table and point.flaw() is None]
    if len(usable) < least_frames:
        return None
    hfr, error = follow_stars([points[i].table for i in usable])
    level, sigma, seen = _frame_parts(hfr, error)
    linked = seen > 0
    if np.count_nonzero(linked) < least_frames:
        return None
    own = np.array([points[i].measure for i in usable], dtype=np.float64)
    squares = level + _common_part(own[linked], level[linked])
    if not (squares[linked] > 0).all():
        return None
    told = list(points)
    for k, i in enumerate(usable):
        measure = float(np.sqrt(squares[k])) if linked[k] else None
        told[i] = replace(points[i], measure=measure, error=float(sigma[k] / (2.0 * measure)) if measure else None)
    return SharedStars(tuple(told), tuple(i for k, i in enumerate(usable) if not linked[k]))


def _frame_parts(hfr: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return f_j up to a constant and its standard error, px^2, and the number of stars behind it.

    All three of shape (frames,). `hfr` and `error`, of shape (stars, frames), are NaN where a star was not seen.
    """
    seen = np.isfinite(hfr)
    seen &= (np.add.reduce(seen, axis=1) >= 2)[:, None]
    squares = np.where(seen, hfr * hfr, 0.0)
    variance = np.where(seen, (2.0 * hfr * error) ** 2 + (MODEL_FRACTION * hfr * hfr) ** 2, 1.0)
    trust = np.ones_like(squares)
    level = np.zeros(hfr.shape[1])
    residual = squares
    for _ in range(ROUNDS):
        weight = np.where(seen, trust / variance, 0.0)
        for _ in range(INNER):
            star = _weighted_mean(squares - level[None, :], weight, axis=1)
            level = _weighted_mean(squares - star[:, None], weight, axis=0)
        residual = np.where(seen, (squares - star[:, None] - level[None, :]) / np.sqrt(variance), 0.0)
        trust = _biweight(residual, seen)
    weight = np.where(seen, trust / variance, 0.0)
    total = np.add.reduce(weight, axis=0)
    spread = max(1.0, float(np.add.reduce((residual * residual * trust)[seen]) / max(_freedom(seen), 1)))
    sigma = np.sqrt(spread / np.where(total > 0, total, np.inf))
    return level, sigma, np.add.reduce(weight > 0, axis=0).astype(np.float64)


def _weighted_mean(values: FloatArray, weights: FloatArray, axis: int) -> FloatArray:
    total = np.add.reduce(weights, axis=axis)
    mean: FloatArray = np.add.reduce(weights * values, axis=axis) / np.where(total > 0, total, 1.0)
    return mean


def _biweight(residual: FloatArray, seen: FloatArray) -> FloatArray:
    """Return Tukey's weights of standardised residuals."""
    scale = max(1.4826 * float(np.median(np.abs(residual[seen]))), 0.5) if seen.any() else 1.0
    away = np.clip(residual / (BIWEIGHT * scale), -1.0, 1.0)
    weights: FloatArray = (1.0 - away * away) ** 2
    return weights


def _freedom(seen: FloatArray) -> int:
    """Return how many residuals tell the scatter: all that was seen, less one a star and one a frame."""
    stars, frames = np.count_nonzero(seen.any(axis=1)), np.count_nonzero(seen.any(axis=0))
    return int(np.count_nonzero(seen)) - int(stars) - int(frames) + 1


def _common_part(own: FloatArray, level: FloatArray) -> float:
    """Return what makes the shared measures agree with the frames' own, most of all near focus."""
    weight = own**-4.0
    return float(np.add.reduce(weight * (own * own - level)) / np.add.reduce(weight))
