"""One star: where it is, how wide, how round, how bright. The innermost kernels, on pixels or on any level.

The half-flux radius is where the curve of growth reaches half of its end. Pixels near the centre are divided, so that
the curve is smooth; that spreads the light by one pixel's width once more, which is taken off again in quadrature: the
result is the half-flux radius of the image as it was recorded.
"""

from __future__ import annotations

import numpy as np

from statefocus.frames.compiling import FloatArray, Image, kernel

# columns of a row of measurements
X, Y, FLUX, HFR, R90, SNR, ERROR, SHARPNESS, AXIS_RATIO, GROWTH, TOP, PLATEAU, COVERED, SKY, NOISE = range(15)
COLUMNS = 15
BINS_A_PIXEL = 4
LEAST_RING = 30  # elements of sky around a star
SPREAD = 2.0 * np.log(2.0) / 12.0  # square of the half-flux radius that one pixel's width adds to a Gaussian


@kernel
def measure_stars(
    image: Image, x: FloatArray, y: FloatArray, radius: float, core: float, plateau: float, sky: float, noise: float
) -> FloatArray:
    """Measure stars of about one size at the given positions.

    Parameters
    ----------
    image : ndarray, shape (height, width)
    x, y : ndarray, shape (n,)
        Approximate centres, in elements of the image; the centre of the first element is 0.
    radius, core : float
        Of the aperture that must hold all light of a star, and of the circle that its centre is sought in.
    plateau : float
        Pixels at or above this level are counted as a flat top.
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
        row[SKY], row[NOISE], count = _ring(image, x[star], y[star], radius + 1.0, 1.4 * radius + 4.0)
        if count < LEAST_RING:
            row[SKY], row[NOISE], count = sky, noise, 1000
        if _centre(image, row, core):
            _grow(image, row, radius, count)
            if row[FLUX] > 0:
                _shape(image, row, min(radius, 2.0 * row[HFR] + 2.0), plateau)
    return rows


@kernel
def _ring(image: Image, cx: float, cy: float, inner: float, outer: float) -> tuple[float, float, int]:
    """Return the sky, its noise and the number of pixels in a ring, after clipping stars away."""
    height, width = image.shape
    x0, x1 = max(int(cx - outer), 0), min(int(cx + outer) + 1, width - 1)
    y0, y1 = max(int(cy - outer), 0), min(int(cy + outer) + 1, height - 1)
    stride = max(1, int(outer / 12.0))
    sample = np.empty(((x1 - x0) // stride + 1) * ((y1 - y0) // stride + 1))
    count = 0
    for y in range(y0, y1 + 1, stride):
        for x in range(x0 + (y // stride) % stride, x1 + 1, stride):
            square = (x - cx) ** 2 + (y - cy) ** 2
            if inner * inner < square < outer * outer:
                sample[count] = image[y, x]
                count += 1
    if count < LEAST_RING:
        return 0.0, 0.0, 0
    few = np.sort(sample[: count : max(1, count // 100)])
    middle, spread = few[len(few) // 2], 1.4826 * (few[len(few) // 2] - few[len(few) // 4])
    mean, noise, kept = middle, spread, 0
    for _ in range(3):
        total, squares, kept = 0.0, 0.0, 0
        for k in range(count):
            away = sample[k] - mean
            if abs(away) <= 3.0 * spread:
                total += away
                squares += away * away
                kept += 1
        if kept < 10:
            return middle, spread, count
        shift = total / kept
        noise = np.sqrt(max(squares / kept - shift * shift, 0.0))
        mean, spread = mean + shift, max(noise, 1e-12)
    return mean, noise, kept * stride * stride


@kernel
def _centre(image: Image, row: FloatArray, core: float) -> bool:
    """Move the centre to the centroid of the core, again and again; False when it runs away or holds no light."""
    height, width = image.shape
    start_x, start_y = row[X], row[Y]
    for _ in range(6):
        cx, cy = row[X], row[Y]
        flux, moment_x, moment_y = 0.0, 0.0, 0.0
        for y in range(max(int(cy - core), 0), min(int(cy + core) + 2, height)):
            for x in range(max(int(cx - core), 0), min(int(cx + core) + 2, width)):
                dx, dy = x - cx, y - cy
                if dx * dx + dy * dy <= core * core:
                    light = image[y, x] - row[SKY]
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
    """Fill flux, radii, errors and growth from the curve of growth; where the frame ends, the ring's mean stands in."""
    height, width = image.shape
    cx, cy, sky, noise = row[X], row[Y], row[SKY], row[NOISE]
    bins = int(radius * BINS_A_PIXEL) + 1
    light, area = np.zeros(bins), np.zeros(bins)
    for y in range(max(int(cy - radius), 0), min(int(cy + radius) + 2, height)):
        for x in range(max(int(cx - radius), 0), min(int(cx + radius) + 2, width)):
            distance = np.sqrt((x - cx) ** 2 + (y - cy) ** 2)
            if distance > radius + 0.8:
                continue
            parts = 5 if distance < 3.0 else (3 if distance < 8.0 else (2 if distance < 20.0 else 1))
            value, share = (_cosmetic(image, x, y, sky, noise) - sky) / (parts * parts), 1.0 / (parts * parts)
            for b in range(parts):
                dy = y - cy + (b + 0.5) / parts - 0.5
                for a in range(parts):
                    dx = x - cx + (a + 0.5) / parts - 0.5
                    k = int(np.sqrt(dx * dx + dy * dy) * BINS_A_PIXEL)
                    if k < bins:
                        light[k] += value
                        area[k] += share
    row[COVERED] = _complete(light, area)
    _read_curve(row, np.cumsum(light), np.pi * radius * radius, sky_pixels)


@kernel
def _cosmetic(image: Image, x: int, y: int, sky: float, noise: float) -> float:
    """Return a pixel, or the mean of its neighbours where it is hot: far above the noise and six times that mean."""
    value = float(image[y, x])
    if value - sky < 10.0 * noise:
        return value
    mean = _beside(image, x, y)
    return mean if value - sky > 6.0 * max(mean - sky, noise) else value


@kernel
def _complete(light: FloatArray, area: FloatArray) -> float:
    """Scale rings that the frame's edge cuts to their whole area; return the share of the aperture that was seen."""
    seen, whole = 0.0, 0.0
    for k in range(len(light)):
        full = np.pi * (2 * k + 1) / BINS_A_PIXEL**2
        seen += min(area[k], full)
        whole += full
    if seen < 0.98 * whole:
        for k in range(len(light)):
            full = np.pi * (2 * k + 1) / BINS_A_PIXEL**2
            if area[k] > 0.2 * full:
                light[k] *= full / area[k]
            elif k > 0:
                light[k] = light[k - 1] * (2 * k + 1) / (2 * k - 1)
    return seen / whole


@kernel
def _read_curve(row: FloatArray, curve: FloatArray, pixels: float, sky_pixels: int) -> None:
    """Read flux, half-flux radius, its error, 90 % radius and flatness from a curve of growth."""
    flux = curve[-1]
    if flux <= 0.0:
        return
    half, ninety = _crossing(curve, 0.5 * flux), _crossing(curve, 0.9 * flux)
    raw = half * half - SPREAD
    if raw <= 0.0:
        return
    row[FLUX], row[HFR], row[R90] = flux, np.sqrt(raw), ninety
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
def _shape(image: Image, row: FloatArray, radius: float, plateau: float) -> None:
    """Fill axis ratio, sharpness, brightest pixel and number of pixels at the plateau, within `radius`."""
    height, width = image.shape
    cx, cy, sky, noise = row[X], row[Y], row[SKY], row[NOISE]
    steepest = 1.4 + 2.2 / row[HFR] ** 2
    flux, xx, yy, xy, top, level, sharp = 0.0, 0.0, 0.0, 0.0, -1e30, 0, 0.0
    for y in range(max(int(cy - radius), 0), min(int(cy + radius) + 2, height)):
        for x in range(max(int(cx - radius), 0), min(int(cx + radius) + 2, width)):
            dx, dy = x - cx, y - cy
            if dx * dx + dy * dy > radius * radius:
                continue
            light = image[y, x] - sky
            flux += light
            xx += light * dx * dx
            yy += light * dy * dy
            xy += light * dx * dy
            top = max(top, float(image[y, x]))
            level += image[y, x] >= plateau
            if light > 5.0 * noise and light - steepest * (_beside(image, x, y) - sky) > 3.0 * np.sqrt(light):
                sharp += light
    row[TOP], row[PLATEAU], row[SHARPNESS] = top, level, max((top - sky) / row[FLUX], sharp / row[FLUX])
    if flux <= 0.0:
        return
    middle, half = (xx + yy) / 2.0, np.sqrt(((xx - yy) / 2.0) ** 2 + xy * xy)
    if middle > half:
        row[AXIS_RATIO] = np.sqrt((middle - half) / (middle + half))


@kernel
def _beside(image: Image, x: int, y: int) -> float:
    """Return the mean of the neighbours of a pixel."""
    total, count = 0.0, 0
    for b in range(max(y - 1, 0), min(y + 2, image.shape[0])):
        for a in range(max(x - 1, 0), min(x + 2, image.shape[1])):
            total += image[b, a]
            count += 1
    mean: float = (total - image[y, x]) / (count - 1)
    return mean
