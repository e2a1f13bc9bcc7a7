"""The full width at half maximum of the brightest stars, fitted by photutils."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from statefocus.frames.compiling import FloatArray, Image
from statefocus.frames.typical import typical

STARS = 25
LEAST_WIDTH, MOST_WIDTH = 0.5, 6.0  # of a fit that is believed, in half-flux radii
LEAST_ERROR = 1e-3  # relative; the pixels of a simulated star without noise would claim less


@dataclass(frozen=True, slots=True)
class Widths:
    """Full width at half maximum of a frame and its standard error, in px, from so many stars."""

    value: float
    error: float
    stars: int


def fit_widths(image: Image, x: FloatArray, y: FloatArray, hfr: float) -> Widths | None:
    """Fit two-dimensional round Gaussians to the first stars; None when none fits.

    Parameters
    ----------
    image : ndarray, shape (height, width)
        Finite numbers, ADU.
    x, y : ndarray, shape (n,)
        Centres of stars, brightest first, in px.
    hfr : float
        Their half-flux radius, in px; it sets the size of the cutouts, and the widths that are believed.

    Returns
    -------
    Widths or None
        The median, and its standard error from the scatter of the stars and from what each fit is known to.
    """
    fits = [_fit(image, float(cx), float(cy), hfr) for cx, cy in zip(x[:STARS], y[:STARS], strict=True)]
    good = np.array([fit for fit in fits if fit is not None and LEAST_WIDTH * hfr < fit[0] < MOST_WIDTH * hfr])
    if len(good) == 0:
        return None
    value, error = typical(good[:, 0], good[:, 1])
    return Widths(value, error, len(good))


def fit_fwhm_px(image: Image, x: FloatArray, y: FloatArray, hfr: float) -> float | None:
    """Return only the width of `fit_widths`, in px."""
    widths = fit_widths(image, x, y, hfr)
    return None if widths is None else widths.value


def load() -> None:
    """Import photutils, which takes seconds, so that the first frame of a night is as quick as the others."""
    import photutils.psf  # noqa: F401


def _fit(image: Image, cx: float, cy: float, hfr: float) -> tuple[float, float] | None:
    """Return the width of one star and its standard error, in px; None where the frame's edge cuts too much off."""
    from astropy.utils.exceptions import AstropyWarning
    from photutils.psf import fit_2dgaussian

    half, x, y = int(np.ceil(3.0 * hfr + 2.0)), round(cx), round(cy)
    cutout = image[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1].astype(np.float64)
    if min(cutout.shape) < half:
        return None
    border = np.concatenate((cutout[0], cutout[-1], cutout[:, 0], cutout[:, -1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)  # a poor fit is told by its width
        fit = fit_2dgaussian(cutout - np.median(border), fwhm=1.7 * hfr, fix_fwhm=False)
    width, error = float(fit.results["fwhm_fit"][0]), float(fit.results["fwhm_err"][0])
    if not np.isfinite(width):
        return None
    return width, max(error, LEAST_ERROR * width) if np.isfinite(error) else 0.5 * width
