"""From pixels to a pyramid of images at halving resolution, and the sky that they lie on.

The frame is read once, strip by strip: a strip is binned, its sky read from a small sample, its hot pixels are taken
out and it is halved, all while it is in the processor's cache. Everything after that looks at a sixteenth of the frame
(a quarter where the frame is small) and at the pixels around stars.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from statefocus.frames.binning import COARSE_BLOCK, as_words, bin_rows, bin_words, halve_rows
from statefocus.frames.compiling import FloatImage, Image, kernel, share_out
from statefocus.frames.sky import read_sky, smooth_noise, smooth_tiles

FINE_BLOCK = 2  # pixels a side that stars are sought on in small frames, where every one of them counts
LARGE_PIXELS = 6_000_000  # larger frames have coarse blocks
PARALLEL_PIXELS = 3_000_000  # smaller frames are read before a second thread has woken
TILE, LARGE_TILE = 64, 128  # side of a background tile, in blocks: a strip of them fits into the cache
TILES = 12  # along the shorter side, at least, where tiles are large
CHUNK = 16  # elements of a row that are compared at once: one line of the processor's cache
LEAST_SIDE = 4  # blocks; a pyramid ends before it is smaller
HOT_NOISE = 5.0  # noises of a block that a hot pixel lifts it by, at least; fainter ones never look like a star
HOT_SHARE = 6.0  # a pixel so many times above the mean of its neighbours is hot; a star of 1.5 px FWHM has 4


@dataclass(frozen=True, slots=True)
class Pyramid:
    """Images at halving resolution, in ADU, and their sky.

    Parameters
    ----------
    levels : list of ndarray, shape (height, width)
        Finest first; an element is the mean of its pixels, so the noise of one halves with each level.
    block : int
        Pixels of the frame that make one element of the finest level, on a side.
    tile : int
        Elements of the finest level that make a tile, on a side; the last of a row or column takes the remainder.
    sky, noise : ndarray, shape (rows, columns)
        Level and noise (of one element of the finest level) of each tile, in ADU.
    """

    levels: list[FloatImage]
    block: int
    tile: int
    sky: FloatImage
    noise: FloatImage

    def scale(self, level: int) -> int:
        """Return the pixels of the frame that make one element of `level`, on a side."""
        return self.block << level


def build_pyramid(pixels: Image) -> Pyramid:
    """Bin a frame, read its sky and halve it again and again.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        Contiguous, at least 2 x `LEAST_SIDE` on a side. Bayer mosaics are fine: blocks hold whole cells.
    """
    block = COARSE_BLOCK if pixels.size > LARGE_PIXELS else FINE_BLOCK
    height, width = pixels.shape[0] // block, pixels.shape[1] // block
    levels = _empty_levels(height, width)
    side = LARGE_TILE if min(height, width) >= TILES * LARGE_TILE else TILE
    tile = min(side, 1 << (min(height, width).bit_length() - 1))  # a power of two: halving keeps strips apart
    sky = np.empty((height // tile, width // tile), np.float32)
    noise = np.empty_like(sky)
    words = as_words(pixels, block)

    def strip(part: int) -> None:
        first, last = part * tile, height if part == len(sky) - 1 else (part + 1) * tile
        if words is None:
            bin_rows(pixels, block, levels[0], first, last)
        else:
            bin_words(words, levels[0], first, last)
        clean_strip(pixels, block, levels[0], tile, sky, noise, part)
        if len(levels) > 1:
            halve_rows(levels[0], levels[1], first // 2, last // 2)

    share_out(strip, len(sky), alone=pixels.size < PARALLEL_PIXELS)
    for fine, coarse in itertools.pairwise(levels[1:]):
        halve_rows(fine, coarse, 0, len(coarse))
    return Pyramid(levels, block, tile, smooth_tiles(sky), smooth_noise(noise))


def _empty_levels(height: int, width: int) -> list[FloatImage]:
    """Return room for the levels of a pyramid, in the memory of the frame before if that is not in use any more."""
    shapes = [(height, width)]
    while min(shapes[-1]) >= 2 * LEAST_SIDE:
        shapes.append((shapes[-1][0] // 2, shapes[-1][1] // 2))
    ends = list(itertools.accumulate(rows * columns for rows, columns in shapes))
    room = _ROOM.take(ends[-1])
    return [
        room[end - rows * columns : end].reshape(rows, columns)
        for end, (rows, columns) in zip(ends, shapes, strict=True)
    ]


class _Room:
    """Memory that was written before: to be given fresh pages costs as much as to bin the frame."""

    def __init__(self) -> None:
        self._spare: list[FloatImage] = []

    def take(self, size: int) -> FloatImage:
        """Return `size` elements of what was given back, or new ones; threads that measure at once share none."""
        try:
            room = self._spare.pop()
        except IndexError:
            return np.empty(size, np.float32)
        return room if len(room) == size else np.empty(size, np.float32)

    def give_back(self, levels: list[FloatImage]) -> None:
        """Keep the memory of some levels for the next frame, and forget what was kept before."""
        room = levels[0].base
        if room is not None:
            self._spare = [room]


_ROOM = _Room()


def release(pyramid: Pyramid) -> None:
    """Leave a pyramid's memory to the next frame; its levels must not be looked at any more."""
    _ROOM.give_back(pyramid.levels)
    pyramid.levels.clear()


@kernel
def clean_strip(
    pixels: Image, block: int, image: FloatImage, tile: int, sky: FloatImage, noise: FloatImage, strip: int
) -> None:
    """Write sky and noise of a row of tiles, and take the light of hot pixels out of its elements."""
    rows, columns = sky.shape
    height, width = image.shape
    top, bottom = strip * tile, height if strip == rows - 1 else (strip + 1) * tile
    floor = np.empty(columns, np.float32)
    for i in range(columns):
        left, right = i * tile, width if i == columns - 1 else (i + 1) * tile
        sky[strip, i], noise[strip, i] = read_sky(image, top, bottom, left, right)
        floor[i] = sky[strip, i] + HOT_NOISE * noise[strip, i]
    for y in range(top, bottom):
        over, row, under = image[max(y - 1, top)], image[y], image[min(y + 1, bottom - 1)]
        for start in range(0, width, CHUNK):
            i, end = min(start // tile, columns - 1), min(start + CHUNK, width)
            if not reaches(row, start, end, floor[i]):
                continue
            for x in range(start, end):
                here = row[x]
                beside = here >= row[max(x - 1, 0)] and here >= row[min(x + 1, width - 1)]
                if here > floor[i] and beside and over[x] <= here >= under[x]:
                    excess = hot_excess(pixels, block, y, x, sky[strip, i], noise[strip, i] * block)
                    row[x] -= excess / (block * block)


@kernel
def reaches(row: FloatImage, start: int, end: int, floor: float) -> bool:
    """Whether anything in a chunk of a row may be above `floor`; an incomplete chunk is not looked at."""
    if end - start < CHUNK:
        return True
    first = np.uint64(start)
    top = row[first]
    for k in range(1, CHUNK):
        top = max(top, row[first + np.uint64(k)])
    return bool(top > floor)


@kernel
def hot_excess(pixels: Image, block: int, row: int, column: int, sky: float, noise: float) -> float:
    """Return what the brightest pixel of a block has above its neighbours' mean if it is hot, else 0; in ADU."""
    y, x = row * block, column * block
    for b in range(row * block, (row + 1) * block):
        for a in range(column * block, (column + 1) * block):
            if pixels[b, a] > pixels[y, x]:
                y, x = b, a
    around = neighbours(pixels, x, y)
    return float(pixels[y, x]) - around if pixels[y, x] - sky > HOT_SHARE * max(around - sky, noise) else 0.0


@kernel
def neighbours(image: Image, x: int, y: int) -> float:
    """Return the mean of the eight elements around one."""
    height, width = image.shape
    total, count = 0.0, 0
    if 0 < x < width - 1 and 0 < y < height - 1:
        for a in range(x - 1, x + 2):
            total += float(image[y - 1, a]) + float(image[y, a]) + float(image[y + 1, a])
        count = 9
    else:
        for b in range(max(y - 1, 0), min(y + 2, height)):
            for a in range(max(x - 1, 0), min(x + 2, width)):
                total += float(image[b, a])
                count += 1
    mean: float = (total - float(image[y, x])) / (count - 1)
    return mean
