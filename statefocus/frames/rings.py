"""The light around a place in a frame, by distance: the sky in a wide ring, and a star's light in narrow ones.

A pixel is a square of even light; what the frame's edge cuts off is completed from the rest of its ring.
"""

from __future__ import annotations

import numpy as np

from statefocus.frames.compiling import FloatArray, FloatImage, Image, kernel
from statefocus.frames.pyramid import HOT_SHARE, neighbours
from statefocus.frames.sky import ordered

BINS_A_PIXEL = 4
MARGIN = 2 * BINS_A_PIXEL  # rings beyond the aperture that its outermost pixels reach into
NEAR, PARTS = 3.0, 5  # px from a star's centre: pixels within are divided into so many squares, a side
ONE, ACROSS = np.uint64(1), np.uint64(BINS_A_PIXEL)  # unsigned: an index that is never negative needs no test
FEW = 60  # values of a ring that the clipping begins with
HOT_PIXEL = 10.0  # noises that a hot pixel is above the sky, at least
LEAST_RING = 30  # elements of sky around a star


@kernel
def span(centre: float, radius: float, size: int) -> tuple[int, int]:
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
def sky_ring(image: Image, cx: float, cy: float, inner: float, outer: float) -> tuple[float, float, int]:
    """Return the sky, its noise and the number of pixels in a ring, after clipping stars away."""
    width = image.shape[1]
    top, bottom = span(cy, outer, image.shape[0])
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
def light_in_rings(
    image: Image, cx: float, cy: float, radius: float, sky: float, noise: float
) -> tuple[FloatArray, float]:
    """Return the light above the sky in rings of 1 / `BINS_A_PIXEL` px out to `radius`, and the share that was seen.

    Hot pixels count as their neighbours do.
    """
    height, width = image.shape
    reach = radius + 0.5
    rings = int(radius * BINS_A_PIXEL) + 1
    light, steps = np.zeros(rings + MARGIN), np.zeros(rings + MARGIN)
    top, bottom = span(cy, reach, height)
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
    if cx < reach or cy < reach or cx > width - 1 - reach or cy > height - 1 - reach:
        return light, _complete(light, _areas(cx, cy, reach, rings, width, height))
    return light, 1.0


@kernel
def _areas(cx: float, cy: float, reach: float, rings: int, width: int, height: int) -> FloatArray:
    """Return what the frame holds of the area of each ring around a star, in pixels."""
    area, steps = np.zeros(rings + MARGIN), np.zeros(rings + MARGIN)
    top, bottom = span(cy, reach, height)
    for y in range(top, bottom):
        dy = y - cy
        left, right = _chord(cx, reach * reach - dy * dy, width)
        for x in range(left, right):
            _add(area, steps, x - cx, dy, 1.0)
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
