"""Frames of a defocused telescope by wave optics: the pupil's field, transformed, and blurred as the air blurs it.

It shares nothing with the forward model, which knows the pupil's overlap and no field.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SIDE, FINE = 512, 4  # points a side, points a pixel
FloatImage = npt.NDArray[np.float64]


def star_light(
    airy_px: float, obstruction: float, disk_px: float, seeing_px: float, spherical: float = 0.0
) -> FloatImage:
    """Draw a star of light 1 at `FINE` points a pixel, in the middle, before the pixels collect it.

    Parameters
    ----------
    airy_px : float
        Wavelength times focal ratio.
    obstruction : float
        Of the aperture's diameter.
    disk_px : float
        Diameter of the defocused disk, by geometry; negative on the other side of focus.
    seeing_px : float
        Full width at half maximum.
    spherical : float
        Waves of spherical aberration at the pupil's edge.
    """
    radius = SIDE / (2.0 * airy_px * FINE)
    axis = (np.arange(SIDE) - SIDE // 2) / radius
    square = axis[:, None] ** 2 + axis[None] ** 2
    waves = disk_px / (8.0 * airy_px) * square + spherical * square**2
    field = np.where((square <= 1.0) & (square >= obstruction**2), np.exp(2j * np.pi * waves), 0.0)
    light = np.abs(np.fft.fft2(field)) ** 2
    k = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE)[None]) * FINE
    blur = np.exp(-3.44 * (k * seeing_px / 0.976) ** (5.0 / 3.0))
    blurred: FloatImage = np.fft.ifft2(np.fft.fft2(light / light.sum()) * blur).real
    return np.fft.fftshift(blurred)


def expose(
    light: FloatImage, side: int, stars: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.uint16]:
    """Let a camera see the light at the given places (x, y, electrons): square pixels, sky, noise."""
    pixels = np.add.reduce([np.roll(light, (a, b), (0, 1)) for a in range(FINE) for b in range(FINE)])
    half = SIDE // FINE // 2 - 1
    frame = np.full((side, side), 300.0)
    for x, y, electrons in stars:
        column, row = round(x * FINE), round(y * FINE)
        start_x, start_y = SIDE // 2 + FINE // 2 - column % FINE, SIDE // 2 + FINE // 2 - row % FINE
        stamp = pixels[start_y - half * FINE : start_y + half * FINE + 1 : FINE,
                       start_x - half * FINE : start_x + half * FINE + 1 : FINE]  # fmt: skip
        top, left = row // FINE - half, column // FINE - half
        frame[top : top + len(stamp), left : left + len(stamp)] += electrons * stamp
    noisy = rng.poisson(np.maximum(frame, 0.0)) + rng.normal(500.0, 3.0, frame.shape)
    counts: npt.NDArray[np.uint16] = np.clip(np.rint(noisy), 0, 65535).astype(np.uint16)
    return counts
