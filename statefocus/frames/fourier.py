r"""The inverse power: how much of the stars' light stands at fine detail, by the power of their Fourier transform.

The method is that of Tan & Schulz, "A Fourier method for the determination of focus for telescopes with stars", MNRAS
511, 2008 (2022): the power spectrum of a frame, less the noise, which is white and is read off at the high frequencies
where stars have no power, summed over all frequencies. The sharper the stars, the more power: for a Gaussian star of
light F the sum is F^2 / (4 pi sigma^2), so its reciprocal is a parabola over the focuser's positions.

Two things differ from their program, which transforms the frame as a whole. Each star is transformed by itself, so that
what is no star (hot pixels, trails, the gradient of the sky, stars that are saturated) does not count. And each is
divided by the square of its light, so that neither a thin cloud nor a star that saturates only in focus changes the
result: it is the power of a star of `LIGHT_ADU`. A hot pixel inside a star's own cutout has a flat spectrum, which goes
with the noise; the median over the stars deals with the rest. The reciprocal, times `LIGHT_ADU` squared, is known as
the noise-equivalent area of a star, in px^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from statefocus.frames.compiling import FloatArray
from statefocus.frames.typical import typical

LIGHT_ADU = 1000.0  # of the star that the power is told for
STARS = 100  # brightest ones that are transformed
REACH = 3.0  # half a cutout's side, in half-flux radii
FINEST = 0.5  # cycles a pixel; beyond lie the corners of the spectrum, where a telescope's stars have no power
ALIKE = 0.03  # relative scatter of the stars of one frame that no noise explains


@dataclass(frozen=True, slots=True)
class InversePower:
    """Inverse power of a frame and its standard error, in ADU^2 for a star of `LIGHT_ADU`, from so many stars."""

    value: float
    error: float
    stars: int


def inverse_power(image: npt.NDArray[Any], stars: npt.NDArray[Any], hfr: float) -> InversePower | None:
    """Measure the Fourier power of the brightest stars; None where none stands above its noise.

    Parameters
    ----------
    image : ndarray, shape (height, width)
        Finite numbers, ADU.
    stars : structured ndarray of `statefocus.frames.stars.STAR_TYPE`
        The accepted stars, brightest first.
    hfr : float
        Half-flux radius of the frame, px; it sets the size of the cutouts.

    Returns
    -------
    InversePower or None
        The median over as many of the brightest stars as make it surest, and its standard error from their scatter
        and from the noise of each.
    """
    half = int(np.ceil(REACH * hfr + 3.0))
    found = [_of_star(image, star, half) for star in stars[:STARS]]
    rows = np.array([row for row in found if row is not None])
    if len(rows) == 0:
        return None
    rows = rows[: _surest(rows)]
    value, error = typical(rows[:, 0], rows[:, 1])
    return InversePower(value, error, len(rows)) if value > 0 else None


def _surest(rows: FloatArray) -> int:
    """Return how many of the first rows (value, error) give the median with the least error."""
    variances = rows[:, 1] ** 2 + (ALIKE * rows[0, 0]) ** 2
    counts = np.arange(1, len(rows) + 1)
    return int(np.argmin(np.sqrt(np.cumsum(variances)) / counts)) + 1


def _of_star(image: npt.NDArray[Any], star: Any, half: int) -> tuple[float, float] | None:
    """Return the power of one star scaled to `LIGHT_ADU`, and its standard error."""
    x, y, light = round(float(star["x"])), round(float(star["y"])), float(star["flux"])
    cutout = image[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1].astype(np.float64)
    if min(cutout.shape) < half or light <= 0:
        return None
    border = np.concatenate((cutout[0], cutout[-1], cutout[:, 0], cutout[:, -1]))
    power, error = star_power(cutout - np.median(border))
    if power <= 0:
        return None
    relative = np.hypot(error / power, 2.0 / float(star["snr"]))
    scaled = power * (LIGHT_ADU / light) ** 2
    return scaled, scaled * float(relative)


def star_power(cutout: FloatArray) -> tuple[float, float]:
    """Return the sum over a star's power spectrum less its white noise, and the standard error of that.

    Parameters
    ----------
    cutout : ndarray, shape (height, width)
        One star on a sky of 0, ADU; at least 5 x 5.

    Returns
    -------
    power, error : float
        ADU^2; by Parseval's theorem the sum of the squares of the pixels, were there no noise.

    >>> down, across = np.mgrid[-20:21, -20:21]
    >>> star = np.exp(-(down**2 + across**2) / (2 * 2.0**2))
    >>> power, _ = star_power(1000.0 * star / star.sum())
    >>> round(power / (1000.0**2 / (4 * np.pi * 2.0**2)), 6)
    1.0
    """
    spectrum = np.abs(np.fft.fft2(cutout)) ** 2 / cutout.size
    down, across = (np.fft.fftfreq(side) for side in cutout.shape)
    corners = spectrum[np.hypot(down[:, None], across[None]) > FINEST]
    white = float(corners.mean())
    power = float(spectrum.sum()) - white * cutout.size
    independent = max(len(corners) / 2.0, 1.0)  # a real image's spectrum holds everything twice
    of_white = cutout.size * float(corners.std()) / np.sqrt(independent)
    of_pixels = 4.0 * white * max(power, 0.0) + 2.0 * cutout.size * white**2
    return power, float(np.sqrt(of_pixels + of_white**2))
