"""Simulated sweeps: good ones with seeing that changes from frame to frame, and everything that is not a focus."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from statefocus.focus import FocusPoint

STEP = 50.0
Sweep = list[FocusPoint]


def good_sweep(
    rng: np.random.Generator, n: int = 9, off: float = 0.0, jitter: float = 0.1, error: float | None = None
) -> tuple[Sweep, float]:
    """A sweep whose ends show three times the best HFR; `off` steps from its middle. Returns it and the true focus.

    Seeing (`jitter`, relative, a frame) and defocus add in quadrature; the measurement itself is good to 2 %.
    """
    x = np.arange(n) - (n - 1) / 2
    truth = off * rng.choice([-1.0, 1.0]) + rng.uniform(-0.5, 0.5) * (off == 0)
    seeing = 1.5 * np.exp(jitter * rng.standard_normal(n))
    defocus = 1.5 * np.sqrt(8.0) / (0.5 * (n - 1)) * (x - truth)
    y = np.hypot(seeing, defocus) * (1 + 0.02 * rng.standard_normal(n))
    return as_points(x, y, error), float(5000 + STEP * truth)


def noise(rng: np.random.Generator, n: int) -> Sweep:
    return as_points(np.arange(n), 3 * np.exp(rng.choice([0.1, 0.3, 0.5]) * rng.standard_normal(n)))


def uniform(rng: np.random.Generator, n: int) -> Sweep:
    return as_points(np.arange(n), rng.uniform(1.2, 8.0, n))


def clouds(rng: np.random.Generator, n: int) -> Sweep:
    """Stars fade, hot pixels take their place, and half of the frames show nothing."""
    points = as_points(np.arange(n), rng.uniform(1.0, 6.0, n))
    return [p if rng.random() < 0.7 else FocusPoint(p.position, None) for p in points]


def monotone(rng: np.random.Generator, n: int) -> Sweep:
    y = np.hypot(1.5, 1.1 * (np.arange(n) + rng.uniform(0.2, 5.0)))
    return as_points(rng.choice([-1, 1]) * np.arange(n), y * (1 + 0.1 * rng.standard_normal(n)))


def flat(rng: np.random.Generator, n: int) -> Sweep:
    return as_points(np.arange(n), 2.5 * (1 + 0.08 * rng.standard_normal(n)))


def zigzag(rng: np.random.Generator, n: int) -> Sweep:
    y = 4 * (1 + rng.uniform(0.15, 0.5) * np.where(np.arange(n) % 2, 1, -1)) * (1 + 0.05 * rng.standard_normal(n))
    return as_points(np.arange(n), y)


def bad_errors(rng: np.random.Generator, n: int) -> Sweep:
    """Noise whose stated errors are far too small."""
    return as_points(np.arange(n), 3 * np.exp(0.3 * rng.standard_normal(n)), 0.02)


def dome(rng: np.random.Generator, n: int) -> Sweep:
    """A curve upside down."""
    x = np.arange(n) - (n - 1) / 2
    return as_points(x, (8 - 0.3 * x**2).clip(0.5) * (1 + 0.1 * rng.standard_normal(n)))


NOT_A_FOCUS: dict[str, Callable[[np.random.Generator, int], Sweep]] = {
    f.__name__: f for f in (noise, uniform, clouds, monotone, flat, zigzag, bad_errors, dome)
}


def as_points(x: npt.NDArray[Any], y: npt.NDArray[Any], error: float | None = None) -> Sweep:
    return [
        FocusPoint(5000 + STEP * float(a), float(max(b, 0.05)), None if error is None else error * float(b))
        for a, b in zip(x, y, strict=True)
    ]
