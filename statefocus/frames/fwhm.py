"""The full width at half maximum of the brightest stars, fitted by photutils."""

from __future__ import annotations

import warnings

import numpy as np

from statefocus.frames.compiling import FloatArray, Image

STARS = 25


def fit_fwhm_px(image: Image, x: FloatArray, y: FloatArray, hfr: float) -> float | None:
    """Return the median width of two-dimensional Gaussians fitted to the first stars, in px; None when none fits.

    Parameters
    ----------
    image : ndarray, shape (height, width)
    x, y : ndarray, shape (n,)
        Centres of stars, brightest first.
    hfr : float
        Their half-flux radius, in px; it sets the size of the cutouts.
    """
    from astropy.utils.exceptions import AstropyWarning
    from photutils.psf import fit_2dgaussian

    side = 2 * int(np.ceil(3.0 * hfr + 2.0)) + 1
    widths = []
    for cx, cy in zip(x[:STARS], y[:STARS], strict=True):
        left, top = round(float(cx)) - side // 2, round(float(cy)) - side // 2
        if left < 0 or top < 0 or left + side > image.shape[1] or top + side > image.shape[0]:
            continue
        cutout = image[top : top + side, left : left + side].astype(np.float64)
        border = np.concatenate((cutout[0], cutout[-1], cutout[:, 0], cutout[:, -1]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)  # a poor fit is told by its width
            fit = fit_2dgaussian(cutout - np.median(border), fwhm=1.7 * hfr, fix_fwhm=False)
        width = float(fit.results["fwhm_fit"][0])
        if 0.5 * hfr < width < 6.0 * hfr:
            widths.append(width)
    return float(np.median(widths)) if widths else None
