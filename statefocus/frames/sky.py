"""The sky and its noise, tile by tile, from a small sample of each."""

from __future__ import annotations

import numpy as np

from statefocus.frames.compiling import FloatImage, kernel

SAMPLE = 110.0  # elements of a tile that its sky is read from; its neighbours' median steadies it further
LEAST_NOISE = 1e-3  # ADU; images without any noise are simulated
LEAST_SHARE = 0.3  # of the frame's usual noise; a tile with less is padding or saturated


def smooth_tiles(tiles: FloatImage) -> FloatImage:
    """Return each tile's median with its neighbours, so that no single star or nebula makes its own sky."""
    if min(tiles.shape) < 3:
        return np.full_like(tiles, np.median(tiles)) if tiles.size > 2 else tiles
    framed = np.pad(tiles, 1, mode="edge")
    nine = np.stack([framed[j : j + tiles.shape[0], i : i + tiles.shape[1]] for j in range(3) for i in range(3)])
    nine.partition(4, axis=0)
    return np.ascontiguousarray(nine[4])


def smooth_noise(tiles: FloatImage) -> FloatImage:
    """Return the noise of each tile as `smooth_tiles` does, never far below the frame's usual noise."""
    noise = smooth_tiles(tiles)
    return np.maximum(noise, np.float32(max(LEAST_SHARE * float(np.median(noise)), LEAST_NOISE)))


@kernel
def read_sky(image: FloatImage, top: int, bottom: int, left: int, right: int) -> tuple[float, float]:
    """Return the level of the sky and the noise of one element, in ADU, in a part of an image."""
    stride = max(1, int(np.sqrt((bottom - top) * (right - left) / SAMPLE)))
    sample = np.empty(((bottom - top) // stride + 1) * ((right - left) // stride + 1), np.float32)
    count = 0
    for y in range(top, bottom, stride):
        for x in range(left + (y // stride) % stride, right, stride):
            sample[count] = image[y, x]
            count += 1
    return crowded_level(ordered(sample[:count]))


@kernel
def ordered(values: FloatImage) -> FloatImage:
    """Return some hundred values in rising order: each goes where the number of smaller ones says, found in vectors."""
    result = np.empty(len(values), np.float32)
    plain = values.copy()
    for k in range(len(plain)):
        value, place = plain[k], np.int32(0)
        for other in plain:
            place += np.int32(other < value)
        for other in plain[:k]:
            place += np.int32(other == value)
        result[place] = value
    return result


@kernel
def crowded_level(rising: FloatImage) -> tuple[float, float]:
    """Return level and noise of the sky in a sorted sample of which stars may fill more than half.

    The densest 40 % of the values are sky, whatever lies above (the shorth; for normal noise it is 1.05 sigma wide);
    the mean of what is within three sigma of their middle is the level.
    """
    count = len(rising)
    window = max(int(0.4 * count), 1)
    best = 0
    for k in range(count - window):
        if rising[k + window] - rising[k] < rising[best + window] - rising[best]:
            best = k
    low, high = rising[best], rising[min(best + window, count - 1)]
    level, sigma = 0.5 * (float(low) + float(high)), (float(high) - float(low)) / 1.05
    for _ in range(3):
        total, squares, kept = 0.0, 0.0, 0
        for value in rising:
            away = float(value) - level
            near = abs(away) <= 3.0 * sigma
            total += away if near else 0.0
            squares += away * away if near else 0.0
            kept += near
        if kept == 0:
            break
        shift = total / kept
        sigma = 1.02 * np.sqrt(max(squares / kept - shift * shift, 0.0))
        level += shift
    return level, sigma


@kernel
def between_tiles(tiles: FloatImage, row: float, column: float) -> float:
    """Return the value of a surface through the middles of tiles, at a place given in tiles (0.5 is a middle)."""
    rows, columns = tiles.shape
    v, u = min(max(row - 0.5, 0.0), rows - 1.0), min(max(column - 0.5, 0.0), columns - 1.0)
    j, i = int(v), int(u)
    down, across = v - j, u - i
    below, right = min(j + 1, rows - 1), min(i + 1, columns - 1)
    upper = tiles[j, i] + across * (tiles[j, right] - tiles[j, i])
    lower = tiles[below, i] + across * (tiles[below, right] - tiles[below, i])
    value: float = upper + down * (lower - upper)
    return value
