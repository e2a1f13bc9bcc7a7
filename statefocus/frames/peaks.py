"""Where stars may be: separate maxima of an image, brightest first."""

from __future__ import annotations

import numpy as np

from statefocus.frames.compiling import FloatArray, FloatImage, IntArray, kernel, share_out
from statefocus.frames.pyramid import CHUNK, Pyramid, reaches
from statefocus.frames.sky import between_tiles

THRESHOLD = 7.0  # signal to noise of a maximum
DILUTED = 0.35  # a star's signal to noise is halved, at worst, from a level to the next; some peaks also merge
PARALLEL_ELEMENTS = 100_000  # fewer are searched before a second thread has woken
SHARED_LEVELS = 3  # finest levels whose strips are worth a second thread


class Peaks:
    """The maxima of a pyramid's levels, brightest first, at least some elements apart from each other.

    Parameters
    ----------
    pyramid : Pyramid
    """

    def __init__(self, pyramid: Pyramid) -> None:
        self._pyramid = pyramid
        self._found: dict[int, FloatArray] = {}
        self._floor = THRESHOLD

    def all(self, level: int, apart: float, most: int) -> tuple[FloatArray, FloatArray]:
        """Return the brightest maxima of a level.

        Parameters
        ----------
        level : int
        apart : float
            Least distance between two peaks, in elements; of two closer ones the fainter is dropped.
        most : int
            Return no more than so many.

        Returns
        -------
        x, y : ndarray of float, shape (n,)
            Positions in elements of the level, brightest first.
        """
        if level not in self._found:
            self._found[level] = find_maxima(self._pyramid, level, THRESHOLD)
        x, y, _ = self._found[level]
        kept = keep_separate(x, y, apart, most)
        return x[kept], y[kept]

    def few(self, level: int, apart: float, most: int) -> tuple[FloatArray, FloatArray]:
        """Return some of the brightest maxima of a level, as `all` does; the levels are to be asked for in their order.

        Faint maxima are not looked for, once a finer level had enough: what is bright there is bright here.
        """
        if level == 0:
            self._found[0] = find_maxima(self._pyramid, 0, THRESHOLD)
        x, y, signal = self._found[0] if level == 0 else find_maxima(self._pyramid, level, self._floor)
        kept = keep_separate(x, y, apart, most)
        enough = len(kept) == most
        self._floor = max(THRESHOLD, DILUTED * signal[kept[-1]]) if enough else max(THRESHOLD, DILUTED * self._floor)
        return x[kept], y[kept]


def find_maxima(pyramid: Pyramid, level: int, threshold: float) -> FloatArray:
    """Return position and signal to noise of the local maxima of a level, brightest first.

    Returns
    -------
    ndarray, shape (3, n)
        x and y in elements of the level, and how many times its noise the mean of the 2 x 2 elements there is.
    """
    image, strips = pyramid.levels[level], len(pyramid.sky)
    at_once = 1 if level < SHARED_LEVELS else strips
    found: list[FloatArray] = [np.empty((3, 0))] * -(-strips // at_once)

    def search(part: int) -> None:
        first, last = part * at_once, min((part + 1) * at_once, strips)
        tile = max(pyramid.tile >> level, 1)
        found[part] = box_maxima(image, pyramid.sky, pyramid.noise, tile, 0.5**level, threshold, first, last)

    share_out(search, len(found), alone=image.size < PARALLEL_ELEMENTS)
    peaks = np.concatenate(found, axis=1)
    return np.ascontiguousarray(peaks[:, np.argsort(-peaks[2], kind="stable")])


@kernel
def box_maxima(
    image: FloatImage,
    sky: FloatImage,
    noise: FloatImage,
    tile: int,
    share: float,
    threshold: float,
    first: int,
    last: int,
) -> FloatArray:
    """Return the local maxima of a sliding 2 x 2 box in the strips first..last, as `find_maxima` does.

    Parameters
    ----------
    image : ndarray, shape (height, width)
        A level of a pyramid.
    sky, noise : ndarray, shape (rows, columns)
        Of the tiles of the finest level, in ADU.
    tile : int
        Elements of this level that make a tile, on a side.
    share : float
        Of the noise that is left at this level.
    threshold : float
        Least signal to noise.
    first, last : int
        Rows of tiles to look at.
    """
    height, width = image.shape
    rows = len(sky)
    top, bottom = first * tile, height - 1 if last == rows else min(last * tile, height - 1)
    found = np.empty((3, max(bottom - top, 0) * width // 3 + 1))
    chunks = (width - 2) // CHUNK + 1
    floor = _floors(sky, noise, 0.5 * threshold * share, tile, top, bottom, chunks)
    above, below = np.zeros(chunks, np.bool_), np.zeros(chunks, np.bool_)
    count = 0
    for y in range(top - 1, bottom):
        above, below = below, above
        patch = max(y - top, 0) // CHUNK
        for chunk in range(chunks):
            left, right = chunk * CHUNK, min((chunk + 1) * CHUNK, width - 1)
            level = floor[patch, chunk]
            below[chunk] = reaches(image[y + 1], left, right, level) or image[y + 1, right] > level
            if y >= top and (above[chunk] or below[chunk]):
                count = _search(image, y, left, right, level, found, count)
    kept = 0
    for k in range(count):
        row, column = (found[1, k] + 0.5) / tile, (found[0, k] + 0.5) / tile
        above = found[2, k] - between_tiles(sky, row, column)
        signal = 2.0 * above / (share * between_tiles(noise, row, column))
        if signal >= threshold:
            found[0, kept], found[1, kept], found[2, kept] = found[0, k], found[1, k], signal
            kept += 1
    return found[:, :kept].copy()


@kernel
def _search(image: FloatImage, y: int, left: int, right: int, floor: float, found: FloatArray, count: int) -> int:
    """Add place and mean of the highest boxes of a chunk of a row to what was found; return how many there are."""
    before, here = 0.0, _box(image, y, left)
    if left > 0:
        before = _box(image, y, left - 1)
    for x in range(left, right):
        after = _box(image, y, x + 1) if x + 2 < image.shape[1] else 0.0
        if here >= 4.0 * floor and before <= here >= after and count < found.shape[1] and _is_highest(image, y, x):
            found[0, count], found[1, count], found[2, count] = x + 0.5, y + 0.5, 0.25 * here
            count += 1
        before, here = here, after
    return count


@kernel
def _floors(
    sky: FloatImage, noise: FloatImage, times: float, tile: int, top: int, bottom: int, chunks: int
) -> FloatImage:
    """Return what a maximum reaches at least, in each patch of `CHUNK` x `CHUNK` elements from row `top` on.

    Between the middles of tiles the sky runs straight, so the lowest corner of a patch tells; where tiles are smaller
    than patches, their lowest.
    """
    patches = (bottom - top) // CHUNK + 1
    if tile < CHUNK:
        return np.full((patches, chunks), np.float32(np.min(sky) + times * np.min(noise)), np.float32)
    corners = np.empty((patches + 1, chunks + 1), np.float32)
    for j in range(patches + 1):
        for i in range(chunks + 1):
            row, column = (top + j * CHUNK) / tile, i * CHUNK / tile
            corners[j, i] = between_tiles(sky, row, column) + times * between_tiles(noise, row, column)
    upper, lower = np.minimum(corners[:-1, :-1], corners[:-1, 1:]), np.minimum(corners[1:, :-1], corners[1:, 1:])
    return np.minimum(upper, lower)


@kernel
def _box(image: FloatImage, y: int, x: int) -> float:
    total: float = image[y, x] + image[y, x + 1] + image[y + 1, x] + image[y + 1, x + 1]
    return total


@kernel
def _is_highest(image: FloatImage, y: int, x: int) -> bool:
    """Whether no box beside this one holds more; of equal ones the first in reading order is the highest."""
    here = _box(image, y, x)
    for b in range(max(y - 1, 0), min(y + 2, image.shape[0] - 1)):
        for a in range(max(x - 1, 0), min(x + 2, image.shape[1] - 1)):
            there = _box(image, b, a)
            if there > here or (there == here and (b < y or (b == y and a < x))):
                return False
    return True


@kernel
def keep_separate(x: FloatArray, y: FloatArray, apart: float, most: int) -> IntArray:
    """Return the indices of points that are `apart` from all that come before them, no more than `most`."""
    kept = np.empty(min(most, len(x)), np.int64)
    if len(x) == 0:
        return kept
    cells_x, cells_y = int(x.max() / apart) + 1, int(y.max() / apart) + 1
    head = np.full((cells_y, cells_x), -1, np.int32)
    after = np.full(len(x), -1, np.int32)
    count = 0
    for k in range(len(x)):
        i, j = int(x[k] / apart), int(y[k] / apart)
        free = True
        for b in range(max(j - 1, 0), min(j + 2, cells_y)):
            for a in range(max(i - 1, 0), min(i + 2, cells_x)):
                other = head[b, a]
                while other >= 0 and free:
                    free = (x[other] - x[k]) ** 2 + (y[other] - y[k]) ** 2 >= apart * apart
                    other = after[other]
        if free:
            after[k], head[j, i] = head[j, i], k
            kept[count] = k
            count += 1
            if count == len(kept):
                break
    return kept[:count]
