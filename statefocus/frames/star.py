"""One star: where it is, how wide, how round, how bright. The innermost kernels, on pixels or on any level.

The half-flux radius is where the curve of growth reaches half of its end: the circle that holds half of the light in an
aperture wide enough for all of it. A pixel is a square of even light, as for other programs: a star of 1.3 px is 3 %
wider by that than the image that the optics formed on the pixels, one of 3 px by half a percent.
"""

from __future__ import annotations

import numpy as np

from statefocus.frames.compiling import FloatArray, Image, kernel
from statefocus.frames.pyramid import neighbours
from statefocus.frames.rings import BINS_A_PIXEL, LEAST_RING, light_in_rings, sky_ring, span

# columns of a row of measurements
X, Y, FLUX, HFR, R90, SNR, ERROR, SHARPNESS, AXIS_RATIO, GROWTH, TOP, PLATEAU, COVERED, SKY, NOISE = range(15)
COLUMNS = 15
NEAR_TOP = 0.99  # of a star's brightest pixel: pixels above are as bright


@kernel
def measure_stars(
    image: Image, x: FloatArray, y: FloatArray, radius: float, core: float, sky: float, noise: float
) -> FloatArray:
    """Measure stars of about one size at the given positions.

    Parameters
    ----------
    image : ndarray, shape (height, width)
    x, y : ndarray, shape (n,)
        Approximate centres, in elements of the image; the centre of the first element is 0.
    radius, core : float
        Of the aperture that must hold all light of a star, and of the circle that its centre is sought in.
    sky, noise : float
        What to take where the frame has no room for a ring of sky around a star.

    Returns
    -------
    ndarray, shape (n, `COLUMNS`)
        A row with a flux of 0 means that there was nothing to measure.
    """
    rows = np.zeros((len(x), COLUMNS))
    for star in range(len(x)):
        row = rows[star]
        row[X], row[Y] = x[star], y[star]
        row[SKY], row[NOISE], count = sky_ring(image, x[star], y[star], radius + 1.0, 1.4 * radius + 4.0)
        if count < LEAST_RING:
            row[SKY], row[NOISE], count = sky, noise, 1000
        if _centre(image, row, core):
            _grow(image, row, radius, count)
            if row[FLUX] > 0:
                _shape(image, row, min(radius, 2.0 * row[HFR] + 2.0))
    return rows


@kernel
def _centre(image: Image, row: FloatArray, core: float) -> bool:
    """Move the centre to the centroid of the core, again and again; False when it runs away or holds no light."""
    start_x, start_y = row[X], row[Y]
    for _ in range(6):
        cx, cy = row[X], row[Y]
        left, right = span(cx, core, image.shape[1])
        top, bottom = span(cy, core, image.shape[0])
        flux, moment_x, moment_y = 0.0, 0.0, 0.0
        for y in range(top, bottom):
            line = image[y, left:right]
            dy = y - cy
            for i in range(len(line)):
                dx = i - (cx - left)
                light = line[i] - row[SKY] if dx * dx + dy * dy <= core * core else 0.0
                flux += light
                moment_x += light * dx
                moment_y += light * dy
        if flux <= 0.0:
            return False
        shift_x, shift_y = moment_x / flux, moment_y / flux
        row[X], row[Y] = cx + shift_x, cy + shift_y
        if (row[X] - start_x) ** 2 + (row[Y] - start_y) ** 2 > core * core:
            return False
        if shift_x * shift_x + shift_y * shift_y < 1e-5:
            break
    return True


@kernel
def _grow(image: Image, row: FloatArray, radius: float, sky_pixels: int) -> None:
    """Fill flux, radii, errors and growth from the curve of growth."""
    light, row[COVERED] = light_in_rings(image, row[X], row[Y], radius, row[SKY], row[NOISE])
    _read_curve(row, np.cumsum(light), np.pi * radius * radius, sky_pixels)


@kernel
def _read_curve(row: FloatArray, curve: FloatArray, pixels: float, sky_pixels: int) -> None:
    """Read flux, half-flux radius, its error, 90 % radius and flatness from a curve of growth."""
    flux = curve[-1]
    if flux <= 0.0:
        return
    half, ninety = _crossing(curve, 0.5 * flux), _crossing(curve, 0.9 * flux)
    row[FLUX], row[HFR], row[R90] = flux, half, ninety
    row[GROWTH] = curve[int(0.75 * len(curve))] / flux
    variance = row[NOISE] ** 2 * pixels * (1.0 + pixels / sky_pixels)
    row[SNR] = flux / np.sqrt(variance + flux)
    low, high = int(0.8 * half * BINS_A_PIXEL), min(int(1.2 * half * BINS_A_PIXEL) + 1, len(curve) - 1)
    steepness = (curve[high] - curve[low]) * BINS_A_PIXEL / (high - low)
    row[ERROR] = np.sqrt(variance + flux) / (2.0 * steepness) if steepness > 0.0 else half


@kernel
def _crossing(curve: FloatArray, level: float) -> float:
    """Return the radius, in pixels, at which the curve first reaches `level`."""
    before = 0.0
    for k in range(len(curve)):
        if curve[k] >= level:
            radius: float = (k + (level - before) / (curve[k] - before)) / BINS_A_PIXEL
            return radius
        before = curve[k]
    return len(curve) / BINS_A_PIXEL


@kernel
def _shape(image: Image, row: FloatArray, radius: float) -> None:
    """Fill axis ratio, sharpness, brightest pixel and the number of pixels that are as bright, within `radius`."""
    cx, cy, sky, noise = row[X], row[Y], row[SKY], row[NOISE]
    steepest = 1.4 + 2.2 / row[HFR] ** 2
    left, right = span(cx, radius, image.shape[1])
    top, bottom = span(cy, radius, image.shape[0])
    flux, xx, yy, xy, highest, sharp = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for y in range(top, bottom):
        line = image[y, left:right]
        dy = y - cy
        for i in range(len(line)):
            dx = i - (cx - left)
            if dx * dx + dy * dy > radius * radius:
                continue
            light = line[i] - sky
            flux += light
            xx += light * dx * dx
            yy += light * dy * dy
            xy += light * dx * dy
            highest = max(highest, light)
            if light > 5.0 * noise and 0 < i < len(line) - 1:
                beside = max(line[i - 1], line[i + 1]) - sky
                if light > beside and light - steepest * (neighbours(image, left + i, y) - sky) > 3.0 * np.sqrt(light):
                    sharp += light
    row[TOP], row[SHARPNESS] = sky + highest, max(highest / row[FLUX], sharp / row[FLUX])
    row[PLATEAU] = _count_above(image, cx, cy, radius, sky + NEAR_TOP * highest)
    if flux <= 0.0:
        return
    middle, half = (xx + yy) / 2.0, np.sqrt(((xx - yy) / 2.0) ** 2 + xy * xy)
    if middle > half:
        row[AXIS_RATIO] = np.sqrt((middle - half) / (middle + half))


@kernel
def _count_above(image: Image, cx: float, cy: float, radius: float, level: float) -> int:
    """Return how many pixels within `radius` reach `level`."""
    left, right = span(cx, radius, image.shape[1])
    top, bottom = span(cy, radius, image.shape[0])
    count = 0
    for y in range(top, bottom):
        line = image[y, left:right]
        for i in range(len(line)):
            dx = i - (cx - left)
            count += line[i] >= level and dx * dx + (y - cy) * (y - cy) <= radius * radius
    return count
