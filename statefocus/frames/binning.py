"""From pixels to blocks of pixels: the one pass over the whole frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from statefocus.frames.compiling import FloatImage, Image, kernel

Words = npt.NDArray[np.uint64]
COARSE_BLOCK = 4  # pixels a side; the width of a block that `bin_words` knows

_EVEN = np.uint64(0x0000FFFF0000FFFF)  # the first and third of four 16-bit pixels in a word
_LOW = np.uint64(0x00000000FFFFFFFF)
_PIXEL, _HALF = np.uint64(16), np.uint64(32)  # bits


def as_words(pixels: Image, block: int) -> Words | None:
    """Return a frame as words of four pixels each; None where its type, width, place in memory or blocks forbid it."""
    fits = pixels.dtype == np.uint16 and block == COARSE_BLOCK and pixels.shape[1] % 4 == 0
    return pixels.view(np.uint64) if fits and pixels.ctypes.data % 8 == 0 else None


@kernel
def bin_words(words: Words, mean: FloatImage, first: int, last: int) -> None:
    """Write the mean of 4 x 4 pixels for the rows first..last of the result, each word being four pixels of a row.

    Within a word the pixels are added in pairs, two sums of 32 bits at a time: sixteen pixels of 16 bits cannot
    overflow them, and the processor adds whole vectors of words.
    """
    share = np.float32(1.0 / 16.0)
    for j in range(first, last):
        a, b, c, d = words[4 * j], words[4 * j + 1], words[4 * j + 2], words[4 * j + 3]
        row = mean[j]
        for i in range(len(row)):
            even = (a[i] & _EVEN) + (b[i] & _EVEN) + (c[i] & _EVEN) + (d[i] & _EVEN)
            odd = ((a[i] >> _PIXEL) & _EVEN) + ((b[i] >> _PIXEL) & _EVEN)
            odd += ((c[i] >> _PIXEL) & _EVEN) + ((d[i] >> _PIXEL) & _EVEN)
            both = even + odd
            row[i] = np.float32(np.int32((both + (both >> _HALF)) & _LOW)) * share


@kernel
def bin_rows(pixels: Image, block: int, mean: FloatImage, first: int, last: int) -> None:
    """Write the mean of each block of pixels, of any width and type, for the rows first..last of the result."""
    width = mean.shape[1]
    total = np.empty(width * block, np.float32)
    share = np.float32(1.0 / (block * block))
    for j in range(first, last):
        row = pixels[block * j]
        for i in range(width * block):
            total[i] = np.float32(row[i])
        for k in range(1, block):
            row = pixels[block * j + k]
            for i in range(width * block):
                total[i] += np.float32(row[i])
        _add_across(total, block, share, mean[j])


@kernel
def _add_across(total: FloatImage, block: int, share: np.float32, row: FloatImage) -> None:
    if block == 2:  # the compiler makes vectors of it only when it knows the number
        for i in range(len(row)):
            row[i] = (total[2 * i] + total[2 * i + 1]) * share
    else:
        for i in range(len(row)):
            row[i] = (total[4 * i] + total[4 * i + 1] + total[4 * i + 2] + total[4 * i + 3]) * share


@kernel
def halve_rows(image: FloatImage, half: FloatImage, first: int, last: int) -> None:
    """Write the mean of each 2 x 2 elements, for the rows first..last of the result."""
    quarter = np.float32(0.25)
    for y in range(first, last):
        upper, lower = image[2 * y], image[2 * y + 1]
        row = half[y]
        for x in range(len(row)):
            row[x] = quarter * (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1])
