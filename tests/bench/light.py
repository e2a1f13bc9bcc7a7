"""The image of a star out of focus, by GalSim: a defocused, obstructed pupil through Kolmogorov seeing.

Nothing here is shared with statefocus, with its observatory or with the fields of its tests: this is wave optics.
Where the defocus is many waves the same comes from geometry alone (`geometric_light`); the tests hold one to the other.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

OVER = 5  # points a pixel that an image is sampled at
WAVELENGTH_UM = 0.55
ARCSEC = 206_264.8  # of one radian

FloatImage = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Telescope:
    """Focal ratio and length (mm), central obstruction as a fraction of the aperture, and the camera's pixel (um)."""

    f_ratio: float
    focal_mm: float
    obstruction: float = 0.0
    pixel_um: float = 3.76

    @property
    def aperture_m(self) -> float:
        return self.focal_mm / self.f_ratio / 1000.0

    @property
    def arcsec_per_px(self) -> float:
        return ARCSEC * self.pixel_um / (1000.0 * self.focal_mm)

    @property
    def cfz_um(self) -> float:
        """Critical focus zone, 4.88 lambda N^2."""
        return 4.88 * WAVELENGTH_UM * self.f_ratio**2

    def blur_arcsec(self, defocus_um: float) -> float:
        """Diameter of the geometric disk."""
        return abs(defocus_um) / self.f_ratio / self.pixel_um * self.arcsec_per_px

    def defocus_waves(self, defocus_um: float) -> float:
        """Noll's fourth Zernike coefficient, in waves: z / (8 N^2) at the pupil's edge, over 2 sqrt(3)."""
        return defocus_um / (8.0 * self.f_ratio**2) / WAVELENGTH_UM / (2.0 * math.sqrt(3.0))


def wave_light(telescope: Telescope, defocus_um: float, seeing_arcsec: float) -> Any:
    """Return the star as an object of GalSim, in arcsec: diffraction of the defocused pupil, and seeing."""
    import galsim

    aperture, blur = telescope.aperture_m, telescope.blur_arcsec(defocus_um)
    airy_arcsec = WAVELENGTH_UM * 1e-6 / aperture * ARCSEC
    field_arcsec = 6.0 * blur + 90.0 * airy_arcsec
    optics = galsim.OpticalPSF(
        lam=1000.0 * WAVELENGTH_UM,
        diam=aperture,
        defocus=telescope.defocus_waves(defocus_um),
        obscuration=telescope.obstruction,
        pupil_plane_scale=WAVELENGTH_UM * 1e-6 * ARCSEC / field_arcsec,
        pupil_plane_size=3.0 * aperture,
    )
    return galsim.Convolve(optics, galsim.Kolmogorov(fwhm=seeing_arcsec))


def geometric_light(telescope: Telescope, defocus_um: float, seeing_arcsec: float) -> Any:
    """Return the star without diffraction: a disk with a hole, and seeing."""
    import galsim

    radius, hole = telescope.blur_arcsec(defocus_um) / 2.0, telescope.obstruction
    disk = galsim.TopHat(radius)
    if hole:
        disk = (disk - galsim.TopHat(hole * radius, flux=hole**2)) / (1.0 - hole**2)
    return galsim.Convolve(disk, galsim.Kolmogorov(fwhm=seeing_arcsec))


def half_px(telescope: Telescope, defocus_um: float, seeing_arcsec: float) -> int:
    """Half the side of a stamp, in px, that holds 99 % of the light."""
    reach = telescope.blur_arcsec(defocus_um) / 2.0 + 6.0 * seeing_arcsec
    return math.ceil(reach / telescope.arcsec_per_px) + 4


def draw(telescope: Telescope, light: Any, half: int, over: int) -> FloatImage:
    """Return light at `over` points a pixel; the sum of all is what falls on the stamp."""
    import galsim

    side = (2 * half + 1) * over
    with warnings.catch_warnings():
        # The field is chosen here by the size of the disk, not by GalSim's rule: with twice the field the half-flux
        # radius is the same to 0.3 %, with four times the time.
        warnings.simplefilter("ignore", galsim.GalSimWarning)
        drawn = light.drawImage(nx=side, ny=side, scale=telescope.arcsec_per_px / over, method="no_pixel")
    image: FloatImage = drawn.array
    return image


def pixel_image(telescope: Telescope, defocus_um: float, seeing_arcsec: float) -> FloatImage:
    """Return what pixels record of a star of flux one: each fifth value of a row belongs to one position of it."""
    import galsim

    light = wave_light(telescope, defocus_um, seeing_arcsec)
    recorded = galsim.Convolve(light, galsim.Pixel(telescope.arcsec_per_px))
    image = draw(telescope, recorded, half_px(telescope, defocus_um, seeing_arcsec), OVER)
    return np.asarray(image * (OVER**2 / image.sum()), np.float32)


def half_flux_radius(telescope: Telescope, light: Any, half: int) -> float:
    """Return the half-flux radius in px of light as it falls on the camera, before pixels."""
    over = max(OVER, 2 * (400 // (2 * half + 1)) + 1)
    image = draw(telescope, light, half, over)
    axis = (np.arange(len(image)) - (len(image) - 1) / 2.0) / over
    radii = np.hypot(axis[:, None], axis[None, :]).ravel()
    order = np.argsort(radii)
    curve = np.cumsum(image.ravel()[order], dtype=np.float64)
    return float(np.interp(0.5 * curve[-1], curve, radii[order]))
