"""Optics: how a star looks at a given defocus and seeing, and how wide the critical focus zone is.

A defocused star is the pupil's shadow, an annulus of outer diameter defocus / f-ratio, blurred by the seeing, a Moffat
profile of beta 3.5 (Trujillo et al. 2001, MNRAS 328, 977). Both are convolved on a grid finer than the pixels, and then
summed over pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statefocus.profile.observatory import ObservatoryOptics

_BETA = 3.5
_WING_FWHM = 4.0
_MAX_TRAIL_PX = 60.0
_ARCSEC_PER_UM_MM = 206.265


@dataclass(frozen=True, slots=True)
class StarImage:
    """One star, centred, on a fine grid.

    Attributes
    ----------
    fine
        Light by cell, sum 1, shape (n * over, n * over) with axes [x, y].
    over
        Cells a pixel, along one axis; odd.
    half_px
        The star reaches this far from its central pixel; n = 2 * half_px + 1.
    """

    fine: NDArray[np.float32]
    over: int
    half_px: int

    def in_pixels(self) -> NDArray[np.float32]:
        """Return the star summed over pixels, for each place of its centre within a pixel.

        Returns
        -------
        array, shape (over, over, n, n)
            The first two axes are the phase: cell (i, j) of the central pixel holds the star's centre.
        """
        n, over, shift = 2 * self.half_px + 1, self.over, self.over // 2
        padded = np.zeros((n * over + over, n * over + over), dtype=np.float32)
        padded[over - shift : over - shift + n * over, over - shift : over - shift + n * over] = self.fine
        summed = padded.cumsum(axis=0, dtype=np.float32)
        summed[over:] -= summed[:-over].copy()
        summed = summed.cumsum(axis=1, dtype=np.float32)
        summed[:, over:] -= summed[:, :-over].copy()
        boxes = summed[over:, over:].reshape(n, over, n, over).transpose(1, 3, 0, 2)
        return np.ascontiguousarray(boxes[::-1, ::-1])

    def half_flux_radius_px(self) -> float:
        """Return the radius that holds half of the light, before it is summed over pixels."""
        offset = (np.arange(self.fine.shape[0]) - (self.fine.shape[0] - 1) / 2) / self.over
        radius = np.hypot(offset[:, None], offset[None, :]).ravel()
        order = np.argsort(radius)
        light = np.cumsum(self.fine.ravel()[order], dtype=np.float64)
        return float(np.interp(0.5 * light[-1], light, radius[order]))


class Optics:
    """The telescope with its camera's pixels.

    Parameters
    ----------
    settings
        Aperture, focal length, obstruction, wavelength.
    pixel_um
        Size of a pixel.
    """

    def __init__(self, settings: ObservatoryOptics, pixel_um: float) -> None:
        self._pixel_um = pixel_um
        self._obstruction = settings.obstruction_percent / 100.0
        self.f_ratio = settings.focal_length_mm / settings.aperture_mm
        self.cfz_um = 4.88 * settings.wavelength_um * self.f_ratio**2
        self.arcsec_per_px = _ARCSEC_PER_UM_MM * pixel_um / settings.focal_length_mm

    def star(self, defocus_um: float, seeing_arcsec: float, trail_px: float = 0.0) -> StarImage:
        """Return a star at a defocus (um along the axis) and a seeing (FWHM, arcsec), trailed along x."""
        fwhm_px = seeing_arcsec / self.arcsec_per_px
        radius_px = abs(defocus_um) / self.f_ratio / self._pixel_um / 2.0
        trail_px = min(trail_px, _MAX_TRAIL_PX)
        over = 5 if radius_px < 6.0 else 3
        half_px = math.ceil(radius_px + _WING_FWHM * fwhm_px + trail_px / 2.0 + 2.0)
        cells = (2 * half_px + 1) * over
        light = np.fft.rfft2(_moffat(cells, over, fwhm_px))
        if radius_px > 0.02:
            light *= np.fft.rfft2(_annulus(cells, over, radius_px, self._obstruction))
        if trail_px > 0.5:
            light *= np.sinc(np.fft.fftfreq(cells) * trail_px * over)[:, None]
        fine = np.fft.fftshift(np.fft.irfft2(light, (cells, cells)))
        np.clip(fine, 0.0, None, out=fine)
        return StarImage((fine / fine.sum()).astype(np.float32), over, half_px)


def _squared_radius(cells: int, over: int) -> NDArray[np.float64]:
    """Return the squared distance from cell (0, 0), in pixels, wrapped around as the Fourier transform wants it."""
    offset = np.fft.fftfreq(cells, 1.0 / cells) / over
    return offset[:, None] ** 2 + offset[None, :] ** 2


def _moffat(cells: int, over: int, fwhm_px: float) -> NDArray[np.float64]:
    squared_width = fwhm_px**2 / (4.0 * (2.0 ** (1.0 / _BETA) - 1.0))
    profile: NDArray[np.float64] = (1.0 + _squared_radius(cells, over) / squared_width) ** -_BETA
    normalised: NDArray[np.float64] = profile / profile.sum()
    return normalised


def _annulus(cells: int, over: int, radius_px: float, obstruction: float) -> NDArray[np.float64]:
    radius = np.sqrt(_squared_radius(cells, over))
    disk = np.clip((radius_px - radius) * over + 0.5, 0.0, 1.0)
    disk -= np.clip((obstruction * radius_px - radius) * over + 0.5, 0.0, 1.0) if obstruction > 0.0 else 0.0
    normalised: NDArray[np.float64] = disk / disk.sum()
    return normalised
