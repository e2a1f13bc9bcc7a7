"""How the light of a defocused star lies around its centre: a pupil with a hole, blurred by seeing and by the pixels.

In the frequency domain the three multiply: the transfer function of the defocused pupil (H. H. Hopkins, Proc. R. Soc.
A 231, 91 (1955)); that of a long exposure through the atmosphere, exp(-3.44 (k w / 0.976)^(5/3)) for a width w at half
maximum (D. L. Fried, J. Opt. Soc. Am. 56, 1372 (1966)); and that of square pixels, once for what they collect and once
for the even squares that the light is summed over. The light within a radius is a Hankel integral of their product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from statefocus.focus.points import BoolArray, FloatArray, IntArray

SEEING_POWER = 5.0 / 3.0
HIGHEST = 1.0  # cycles a pixel; beyond, the pixels leave nothing
FEWEST, MOST = 96, 640  # frequencies
NODES = 96  # across the pupil
DIAMETER_STEP_PX = 0.5  # between the nodes that the pupil's transfer is interpolated from


@dataclass(frozen=True, slots=True)
class Pupil:
    """What of the telescope matters.

    Parameters
    ----------
    obstruction : float
        Diameter of the central obstruction, of that of the aperture.
    airy_px : float
        Wavelength times focal ratio, in pixels.
    """

    obstruction: float
    airy_px: float


@dataclass(frozen=True, slots=True)
class OpticalModel:
    """The growth of light with radius in each frame of a sweep.

    Parameters
    ----------
    frequency, pixel : ndarray, shape (k,)
        Cycles a pixel, and what the pixels leave of them, times the width of the interval that each stands for.
    transfer : ndarray, shape (diameters + 3, k)
        Of the pupil, at disk diameters of -1, 0, 1, 2, ... steps of `DIAMETER_STEP_PX`.
    inside : ndarray, shape (frames, radii, k)
        What each frequency adds to the light within a radius.
    """

    frequency: FloatArray
    pixel: FloatArray
    transfer: FloatArray
    inside: FloatArray

    @classmethod
    def of(cls, reach_px: FloatArray, radii: int, pupil: Pupil, widest_px: float) -> OpticalModel:
        """Prepare the model for frames that are known out to `reach_px`, in equal steps, and disks up to `widest_px`.

        Parameters
        ----------
        reach_px : ndarray, shape (frames,)
        radii : int
        pupil : Pupil
        widest_px : float
        """
        count = min(max(math.ceil(4.0 * float(reach_px.max())), FEWEST), MOST)
        part: FloatArray = (np.arange(count, dtype=np.float64) + 0.5) / count
        frequency = HIGHEST * part**2  # most of them where the far wings of a star are told
        nodes = np.arange(-1, math.ceil(widest_px / DIAMETER_STEP_PX) + 3, dtype=np.float64)
        diameters: FloatArray = DIAMETER_STEP_PX * nodes
        radius = (reach_px[:, None] * np.arange(1, radii + 1) / radii)[:, :, None]
        inside = radius * bessel_j1(2.0 * np.pi * radius * frequency)
        return cls(frequency, _pixels(frequency) * part, _defocused(frequency, diameters, pupil), inside)

    def keep(self, mask: BoolArray) -> OpticalModel:
        """Return the model of the frames for which `mask`, a boolean array of shape (frames,), is true."""
        return OpticalModel(self.frequency, self.pixel, self.transfer, self.inside[mask])

    def growth(self, diameter_px: FloatArray, seeing_px: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the light within each radius, as a fraction of that within the outermost, and its slopes.

        Parameters
        ----------
        diameter_px : ndarray, shape (frames,)
            Of the defocused disk, by geometry.
        seeing_px : ndarray, shape (frames,)
            Full width at half maximum.

        Returns
        -------
        growth, by_diameter, by_log_seeing : ndarray, shape (frames, radii)
        """
        damped = 3.44 * (seeing_px[:, None] * self.frequency / 0.976) ** SEEING_POWER
        blur = np.exp(-damped) * self.pixel
        pupil, by_diameter = self._pupil(diameter_px)
        spectra = np.stack((pupil * blur, by_diameter * blur, pupil * blur * (-SEEING_POWER * damped)))
        light = np.add.reduce(self.inside * spectra[:, :, None, :], axis=-1)
        whole = light[0, :, -1:]
        growth = light[0] / whole
        slopes = (light[1:] - growth * light[1:, :, -1:]) / whole
        return growth, slopes[0], slopes[1]

    def _pupil(self, diameter_px: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Interpolate the pupil's transfer by cubics, with its slope in the diameter; both of shape (frames, k)."""
        at = np.clip(diameter_px / DIAMETER_STEP_PX, 0.0, len(self.transfer) - 3.000001)
        node: IntArray = np.floor(at).astype(np.intp)
        t = (at - node)[:, None]
        before, here, there, after = (self.transfer[node + i] for i in range(4))
        rise, fall = (there - before) / 2.0, (after - here) / 2.0
        bend, twist = 3.0 * (there - here) - 2.0 * rise - fall, 2.0 * (here - there) + rise + fall
        value = here + t * (rise + t * (bend + t * twist))
        return value, (rise + t * (2.0 * bend + 3.0 * t * twist)) / DIAMETER_STEP_PX


def _pixels(frequency: FloatArray) -> FloatArray:
    """Return the transfer of square pixels, twice, averaged over all directions."""
    angle = (np.arange(32) + 0.5) * (np.pi / 64.0)
    along, across = frequency[:, None] * np.cos(angle), frequency[:, None] * np.sin(angle)
    mean: FloatArray = np.add.reduce((np.sinc(along) * np.sinc(across)) ** 2, axis=1) / len(angle)
    return mean


def _defocused(frequency: FloatArray, diameter_px: FloatArray, pupil: Pupil) -> FloatArray:
    """Return the transfer of a defocused pupil, shape (diameters, k).

    It is the overlap of two pupils at a distance s, in radii, each of its chords x weighted by cos(pi k D x).
    """
    half = np.minimum(frequency * pupil.airy_px, 1.0)[:, None]  # s / 2
    angle = (np.arange(NODES) + 0.5) * (np.pi / 2.0 / NODES)
    x = (1.0 - half) * np.sin(angle)
    near, far = np.abs(x - half), x + half
    outer = np.sqrt(np.maximum(1.0 - far**2, 0.0))
    inner = np.sqrt(np.maximum(pupil.obstruction**2 - near**2, 0.0))
    width = np.maximum(outer - inner, 0.0) * (1.0 - half) * np.cos(angle)
    scale = 2.0 * np.pi / NODES / (np.pi * (1.0 - pupil.obstruction**2))
    rows = [np.add.reduce(width * np.cos(np.pi * frequency[:, None] * d * x), axis=1) for d in diameter_px]
    return scale * np.stack(rows)


def bessel_j1(x: FloatArray) -> FloatArray:
    """Return the Bessel function J1 of x >= 0, to 1e-7.

    Polynomials of Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 9.4.4 and 9.4.6.
    """
    near, far = np.minimum(x, 3.0), np.maximum(x, 3.0)
    u = 3.0 / far
    large = _polynomial(u, _AMPLITUDE) * np.cos(far + _polynomial(u, _PHASE)) / np.sqrt(far)
    return np.where(x <= 3.0, near * _polynomial((near / 3.0) ** 2, _NEAR), large)


def _polynomial(x: FloatArray, coefficients: tuple[float, ...]) -> FloatArray:
    value = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value


_NEAR = (0.5, -0.56249985, 0.21093573, -0.03954289, 0.00443319, -0.00031761, 0.00001109)
_AMPLITUDE = (0.79788456, 0.00000156, 0.01659667, 0.00017105, -0.00249511, 0.00113653, -0.00020033)
_PHASE = (-2.35619449, 0.12499612, 0.0000565, -0.00637879, 0.00074348, 0.00079824, -0.00029166)
