"""One star: where it is, how wide, how round, how bright. The innermost kernels, on pixels or on any level.

The half-flux radius is where the curve of growth reaches half of its end: the circle that holds half of the light in an
aperture wide enough for all of it. A pixel is a square of even light, as for other programs: a star of 1.3 px is 3 %
wider by that than the image that the optics formed on the pixels, one of 3 px by half a percent.
"""

from __future__ import annotations

import numpy as np

from statefocus.frames.compiling import FloatArray, FloatImage, Image, kernel
from statefocus.frames.pyramid import HOT_SHARE, neighbours
from statefocus.frames.sky import ordered

# columns of a row of measurements
X, Y, FLUX, HFR, R90, SNR, ERROR, SHARPNESS, AXIS_RATIO, GROWTH, TOP, PLATEAU, COVERED, SKY, NOISE = range(15)
COLUMNS = 15
BINS_A_PIXEL = 4
MARGIN = 2 * BINS_A_PIXEL  # rings beyond the aperture that its outermost pixels reach into
NEAR, PARTS = 3.0, 5  # px from a star's centre: pixels within are divided into so many squares, a side
ONE, ACROSS = np.uint64(1), np.uint64(BINS_A_PIXEL)  # unsigned: an index that is never negative needs no test
FEW = 60  # values of a ring that the clipping begins with
HOT_PIXEL = 10.0  # noises that a hot pixel is above the sky, at least
LEAST_RING = 30  # elements of sky around a star
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
        row[SKY], row[NOISE], count = _ring(image, x[star], y[star], radius + 1.0, 1.4 * radius + 4.0)
        if count < LEAST_RING:
            row[SKY], row[NOISE], count = sky, noise, 1000
        if _centre(image, row, core):
            _grow(image, row, radius, count)
            if row[FLUX] > 0:
                _shape(image, row, min(radius, 2.0 * row[HFR] + 2.0))
    return rows


@kernel
def _span(centre: float, radius: float, size: int) -> tuple[int, int]:
    """Return the first and the last but one element of an axis within `radius` of a place on it."""
    return min(max(int(centre - radius), 0), size), max(min(int(centre + radius) + 2, size), 0)


@kernel
def _chord(centre: float, square: float, size: int) -> tuple[int, int]:
    """Return the first and the last but one element of a row within a circle, `square` being its half width's."""
    if square < 0.0:
        middle = min(max(int(centre), 0), size)
        return middle, middle
    half = np.sqrt(square)
    return min(max(int(np.ceil(centre - half)), 0), size), max(min(int(np.floor(centre + half)) + 1, size), 0)


@kernel
def _ring(image: Image, cx: float, cy: float, inner: float, outer: float) -> tuple[float, float, int]:
    """Return the sky, its noise and the number of pixels in a ring, after clipping stars away."""
    width = image.shape[1]
    top, bottom = _span(cy, outer, image.shape[0])
    stride = max(1, int(outer / 12.0))
    sample = np.empty((int(2.0 * outer) // stride + 4) * ((bottom - top) // stride + 2), np.float32)
    count = 0
    for y in range(top, bottom, stride):
        square = (y - cy) * (y - cy)
        left, right = _chord(cx, outer * outer - square, width)
        hole, end = _chord(cx, inner * inner - square, width)
        if hole >= end:
            hole, end = right, right
        skew = (y // stride) % stride
        for part in (image[y, left + skew : hole : stride], image[y, end + skew : right : stride]):
            for value in part:
                sample[count] = value
                count += 1
    if count < LEAST_RING:
        return 0.0, 0.0, 0
    few = ordered(sample[: count : max(1, count // FEW)])
    middle = few[len(few) // 2]
    return _clipped(sample[:count], float(middle), 1.4826 * float(middle - few[len(few) // 4]), stride * stride)


@kernel
def _clipped(sample: FloatImage, middle: float, spread: float, share: int) -> tuple[float, float, int]:
    """Return mean, standard deviation and number (of pixels, one in `share` being in the sample) of what is no star."""
    mean, noise, kept = middle, spread, 0
    zero = np.float32(0.0)
    for _ in range(3):
        centre, limit = np.float32(mean), np.float32(3.0 * spread)
        total, squares, inside = zero, zero, zero
        for value in sample:
            away = value - centre
            near = abs(away) <= limit
            total += away if near else zero
            squares += away * away if near else zero
            inside += np.float32(1.0) if near else zero
        kept = int(inside)
        if kept < 10:
            return middle, spread, len(sample)
        shift = float(total) / kept
        noise = np.sqrt(max(float(squares) / kept - shift * shift, 0.0))
        mean, spread = float(centre) + shift, max(noise, 1e-12)
    return mean, noise, kept * share


@kernel
def _centre(image: Image, row: FloatArray, core: float) -> bool:
    """Move the centre to the centroid of the core, again and again; False when it runs away or holds no light."""
    start_x, start_y = row[X], row[Y]
    for _ in range(6):
        cx, cy = row[X], row[Y]
        left, right = _span(cx, core, image.shape[1])
        top, bottom = _span(cy, core, image.shape[0])
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
    """Fill flux, radii, errors and growth from the curve of growth; where the frame ends, the ring's mean stands in."""
    height, width = image.shape
    cx, cy, sky, noise = row[X], row[Y], row[SKY], row[NOISE]
    reach = radius + 0.5
    rings = int(radius * BINS_A_PIXEL) + 1
    light, steps = np.zeros(rings + MARGIN), np.zeros(rings + MARGIN)
    top, bottom = _span(cy, reach, height)
    for y in range(top, bottom):
        dy = y - cy
        left, right = _chord(cx, reach * reach - dy * dy, width)
        line = image[y, left:right]
        for i in range(len(line)):
            value = line[i] - sky
            if value > HOT_PIXEL * noise and 0 < i < len(line) - 1 and _alone(value, line[i - 1] + line[i + 1], sky):
                value = _cosmetic(image, left + i, y, sky, noise) - sky
            _add(light, steps, i - (cx - left), dy, value)
    light = (light + np.cumsum(steps))[:rings]
    row[COVERED] = 1.0
    if cx < reach or cy < reach or cx > width - 1 - reach or cy > height - 1 - reach:
        row[COVERED] = _complete(light, _areas(row, reach, rings, width, height))
    _read_curve(row, np.cumsum(light), np.pi * radius * radius, sky_pixels)


@kernel
def _areas(row: FloatArray, reach: float, rings: int, width: int, height: int) -> FloatArray:
    """Return what the frame holds of the area of each ring around a star, in pixels."""
    area, steps = np.zeros(rings + MARGIN), np.zeros(rings + MARGIN)
    top, bottom = _span(row[Y], reach, height)
    for y in range(top, bottom):
        dy = y - row[Y]
        left, right = _chord(row[X], reach * reach - dy * dy, width)
        for x in range(left, right):
            _add(area, steps, x - row[X], dy, 1.0)
    return (area + np.cumsum(steps))[:rings]


@kernel
def _add(rings: FloatArray, steps: FloatArray, dx: float, dy: float, value: float) -> None:
    """Add a pixel to rings of 1 / `BINS_A_PIXEL` px.

    Near the centre it is divided. Elsewhere its light is spread evenly over one pixel of radius, which begins and ends
    within a ring, and only the steps from each ring to the next are kept. Its mean radius is a little more than its
    centre's, since its sides are farther out.
    """
    square = dx * dx + dy * dy
    if square < NEAR * NEAR:
        _divide(rings, dx, dy, value)
        return
    start = (np.sqrt(square + 1.0 / 12.0) - 0.5) * BINS_A_PIXEL
    k = np.uint64(start)
    share = value / BINS_A_PIXEL
    late = (start - k) * share
    steps[k] += share - late
    steps[k + ONE] += late
    steps[k + ACROSS] -= share - late
    steps[k + ACROSS + ONE] -= late


@kernel
def _divide(rings: FloatArray, dx: float, dy: float, value: float) -> None:
    """Add a pixel to rings in `PARTS` x `PARTS` equal squares."""
    step, part = BINS_A_PIXEL / PARTS, value / (PARTS * PARTS)
    left, top = BINS_A_PIXEL * (dx - 0.5) + 0.5 * step, BINS_A_PIXEL * (dy - 0.5) + 0.5 * step
    for b in range(PARTS):
        v = top + b * step
        for a in range(PARTS):
            u = left + a * step
            rings[np.uint64(np.sqrt(u * u + v * v))] += part


@kernel
def _alone(value: float, beside: float, sky: float) -> bool:
    """Whether a pixel can be hot, by its neighbours at left and right alone: none of the other six is below the sky."""
    return value * 8.0 > HOT_SHARE * (beside - 2.0 * sky)


@kernel
def _cosmetic(image: Image, x: int, y: int, sky: float, noise: float) -> float:
    """Return a pixel, or the mean of its neighbours where it is hot: so many times above that mean."""
    value, mean = float(image[y, x]), neighbours(image, x, y)
    return mean if value - sky > HOT_SHARE * max(mean - sky, noise) else value


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
    left, right = _span(cx, radius, image.shape[1])
    top, bottom = _span(cy, radius, image.shape[0])
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
    left, right = _span(cx, radius, image.shape[1])
    top, bottom = _span(cy, radius, image.shape[0])
    count = 0
    for y in range(top, bottom):
        line = image[y, left:right]
        for i in range(len(line)):
            dx = i - (cx - left)
            count += line[i] >= level and dx * dx + (y - cy) * (y - cy) <= radius * radius
    return count
