"""From pixels to a pyramid of images in units of the sky's noise: the one pass over the frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from statefocus.frames.compiling import FloatImage, Image, kernel, over_rows

TILE = 64  # side of a background tile, in blocks
FINE_BLOCK, COARSE_BLOCK = 2, 4  # pixels a side that stars are sought on
LARGE_PIXELS = 6_000_000  # larger frames have coarse blocks
HOT = 0.6  # a pixel with more than this share of its block's light is hot
LEAST_NOISE = 1e-3  # ADU; images without any noise are simulated
LEAST_SIDE = 4  # blocks; a pyramid ends before it is smaller


@dataclass(frozen=True, slots=True)
class Pyramid:
    """Background-free images at halving resolution, each in units of its own noise.

    Parameters
    ----------
    levels : list of ndarray
        Finest first; a level is the mean of 2 x 2 elements of the one before, and twice as far above the noise.
    block : int
        Pixels of the frame that make one element of the finest level, on a side.
    background, noise : ndarray
        Sky and noise (of one element of the finest level) of each tile, in ADU.
    """

    levels: list[FloatImage]
    block: int
    background: FloatImage
    noise: FloatImage

    def scale(self, level: int) -> int:
        """Return the pixels of the frame that make one element of `level`, on a side."""
        return self.block << level


def build_pyramid(pixels: Image) -> Pyramid:
    """Bin a frame, take its sky away and halve it again and again.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        Contiguous, at least 2 x `LEAST_SIDE` on a side. Bayer mosaics are fine: blocks hold whole cells.
    """
    block = COARSE_BLOCK if pixels.size > LARGE_PIXELS else FINE_BLOCK
    height, width = pixels.shape[0] // block, pixels.shape[1] // block
    image, brightest = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    over_rows(bin_rows, height, pixels.size, pixels, block, image, brightest)
    tile = min(TILE, height, width)
    background = np.empty((max(height // tile, 1), max(width // tile, 1)), np.float32)
    noise = np.empty_like(background)
    over_rows(sky_rows, len(background), pixels.size, image, background, noise)
    background, noise = smooth_tiles(background), smooth_tiles(noise)
    np.maximum(noise, max(0.3 * float(np.median(noise)), LEAST_NOISE), out=noise)
    over_rows(whiten_rows, height, pixels.size, image, brightest, block, background, noise)
    levels = [image]
    while min(levels[-1].shape) >= 2 * LEAST_SIDE:
        levels.append(halve(levels[-1]))
    return Pyramid(levels, block, background, noise)


def smooth_tiles(tiles: FloatImage) -> FloatImage:
    """Return each tile's median with its neighbours, so that no single star or nebula makes its own sky."""
    if min(tiles.shape) < 3:
        return np.full_like(tiles, np.median(tiles)) if tiles.size > 2 else tiles
    framed = np.pad(tiles, 1, mode="edge")
    smooth: FloatImage = np.median(np.lib.stride_tricks.sliding_window_view(framed, (3, 3)), axis=(2, 3))
    return np.ascontiguousarray(smooth, dtype=np.float32)


@kernel
def bin_rows(pixels: Image, block: int, mean: FloatImage, brightest: FloatImage, first: int, last: int) -> None:
    """Write mean and maximum of each block of pixels, for the rows first..last of the result."""
    width = mean.shape[1]
    total, top = np.empty(width * block, np.float32), np.empty(width * block, np.float32)
    share = np.float32(1.0 / (block * block))
    for j in range(first, last):
        row = pixels[block * j]
        for i in range(width * block):
            total[i] = top[i] = np.float32(row[i])
        for k in range(1, block):
            row = pixels[block * j + k]
            for i in range(width * block):
                value = np.float32(row[i])
                total[i] += value
                top[i] = max(top[i], value)
        for i in range(width):
            summed, highest = total[block * i], top[block * i]
            for k in range(1, block):
                summed += total[block * i + k]
                highest = max(highest, top[block * i + k])
            mean[j, i] = summed * share
            brightest[j, i] = highest


@kernel
def sky_rows(image: FloatImage, background: FloatImage, noise: FloatImage, first: int, last: int) -> None:
    """Write sky and noise of each tile, from a sample of some 250 elements."""
    rows, columns = background.shape
    height, width = image.shape
    for j in range(first, last):
        top, bottom = j * height // rows, (j + 1) * height // rows
        for i in range(columns):
            left, right = i * width // columns, (i + 1) * width // columns
            stride = max(1, int(np.sqrt((bottom - top) * (right - left) / 250.0)))
            sample = np.empty(((bottom - top) // stride + 1) * ((right - left) // stride + 1), np.float32)
            count = 0
            for y in range(top, bottom, stride):
                for x in range(left + (y // stride) % stride, right, stride):
                    sample[count] = image[y, x]
                    count += 1
            background[j, i], noise[j, i] = crowded_level(np.sort(sample[:count]))


@kernel
def crowded_level(ordered: FloatImage) -> tuple[float, float]:
    """Return level and noise of the sky in a sorted sample of which stars may fill more than half.

    The densest 40 % of the values are sky, whatever lies above (the shorth; for normal noise it is 1.05 sigma wide);
    the mean of what is within three sigma of their middle is the level.
    """
    count = len(ordered)
    window = max(int(0.4 * count), 1)
    best = 0
    for k in range(count - window):
        if ordered[k + window] - ordered[k] < ordered[best + window] - ordered[best]:
            best = k
    low, high = ordered[best], ordered[min(best + window, count - 1)]
    level, sigma = 0.5 * (float(low) + float(high)), (float(high) - float(low)) / 1.05
    for _ in range(3):
        total, squares, kept = 0.0, 0.0, 0
        for value in ordered:
            away = float(value) - level
            if abs(away) <= 3.0 * sigma:
                total += away
                squares += away * away
                kept += 1
        if kept == 0:
            break
        shift = total / kept
        sigma = 1.02 * np.sqrt(max(squares / kept - shift * shift, 0.0))
        level += shift
    return level, sigma


@kernel
def whiten_rows(
    image: FloatImage,
    brightest: FloatImage,
    block: int,
    background: FloatImage,
    noise: FloatImage,
    first: int,
    last: int,
) -> None:
    """Take the interpolated sky away, divide by the noise, and replace hot pixels, in place."""
    rows, columns = background.shape
    height, width = image.shape
    count = block * block
    sky, scale = np.empty(columns), np.empty(columns)
    for y in range(first, last):
        v = min(max((y + 0.5) * rows / height - 0.5, 0.0), rows - 1.0)
        j = min(int(v), max(rows - 2, 0))
        down, below = v - j, min(j + 1, rows - 1)
        for i in range(columns):
            sky[i] = background[j, i] + down * (background[below, i] - background[j, i])
            scale[i] = 1.0 / (noise[j, i] + down * (noise[below, i] - noise[j, i]))
        # between the middles of two tiles both run straight; half a tile at each end they are level
        for i in range(-1, columns):
            a, b = max(i, 0), min(i + 1, columns - 1)
            start = 0 if i < 0 else int((i + 0.5) * width / columns)
            end = width if i == columns - 1 else int((i + 1.5) * width / columns)
            origin = (i + 0.5) * width / columns - 0.5
            slope = np.float32((sky[b] - sky[a]) * columns / width)
            grade = np.float32((scale[b] - scale[a]) * columns / width)
            for x in range(start, end):
                away = np.float32(x - origin)
                here, unit = np.float32(sky[a]) + slope * away, np.float32(scale[a]) + grade * away
                excess, highest = image[y, x] - here, brightest[y, x] - here
                if highest * unit > 5.0 * block and highest > HOT * count * excess:
                    excess = (count * excess - highest) / (count - 1)
                image[y, x] = excess * unit


@kernel
def halve(image: FloatImage) -> FloatImage:
    """Return the sum of each 2 x 2 elements, halved: the noise of white images stays one."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    half = np.empty((height, width), np.float32)
    for y in range(height):
        upper, lower = image[2 * y], image[2 * y + 1]
        for x in range(width):
            half[y, x] = np.float32(0.5) * (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1])
    return half
