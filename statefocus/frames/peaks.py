"""Where stars may be: separate maxima of an image, brightest first."""

from __future__ import annotations

import numpy as np

from statefocus.frames.compiling import FloatArray, FloatImage, IntArray, kernel

MOST_PEAKS = 50_000


def find_peaks(image: FloatImage, threshold: float, apart: float, most: int) -> tuple[FloatArray, FloatArray]:
    """Find the brightest maxima of an image that are far enough from each other.

    Parameters
    ----------
    image : ndarray
        A level of a pyramid, in units of its noise.
    threshold : float
        Least signal to noise of a 2 x 2 box.
    apart : float
        Least distance between two peaks, in elements; of two closer ones the fainter is dropped.
    most : int
        Return no more than so many.

    Returns
    -------
    x, y : ndarray of float
        Positions in elements, brightest first.
    """
    x, y, height = box_maxima(image, threshold, MOST_PEAKS)
    order = np.argsort(-height, kind="stable")
    kept = keep_separate(x, y, order, apart, most)
    return x[kept], y[kept]


@kernel
def box_maxima(image: FloatImage, threshold: float, most: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return position and signal to noise of the local maxima of a sliding 2 x 2 box."""
    rows, columns = image.shape[0] - 1, image.shape[1] - 1
    x, y, height = np.empty(most), np.empty(most), np.empty(most)
    count = 0
    floor = np.float32(2.0 * threshold)
    for j in range(rows):
        for i in range(columns):
            here = image[j, i] + image[j, i + 1] + image[j + 1, i] + image[j + 1, i + 1]
            if here < floor:
                continue
            highest = True
            for b in range(max(j - 1, 0), min(j + 2, rows)):
                for a in range(max(i - 1, 0), min(i + 2, columns)):
                    there = image[b, a] + image[b, a + 1] + image[b + 1, a] + image[b + 1, a + 1]
                    if there > here or (there == here and (b < j or (b == j and a < i))):
                        highest = False
            if highest and count < most:
                x[count], y[count], height[count] = i + 0.5, j + 0.5, 0.5 * here
                count += 1
    return x[:count], y[:count], height[:count]


@kernel
def keep_separate(x: FloatArray, y: FloatArray, order: IntArray, apart: float, most: int) -> IntArray:
    """Return the indices, in the given order, of points that are `apart` from all that were kept before them."""
    kept = np.empty(min(most, len(order)), np.int64)
    if len(order) == 0:
        return kept
    cells_x, cells_y = int(x.max() / apart) + 1, int(y.max() / apart) + 1
    head = np.full((cells_y, cells_x), -1, np.int64)
    after = np.full(len(order), -1, np.int64)
    count = 0
    for k in order:
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
