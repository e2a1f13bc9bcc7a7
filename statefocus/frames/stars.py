"""Which of the measured things are stars that tell the focus."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from statefocus.frames import star as column
from statefocus.frames.compiling import FloatArray, kernel

Flags = npt.NDArray[np.int16]

LEAST_SNR = 15.0
MOST_SHARPNESS = 0.42  # share of the light in one pixel; more is a hot pixel or a cosmic ray
LEAST_AXIS_RATIO = 0.55
LEAST_GROWTH, MOST_GROWTH = (
    0.85,
    1.10,
)  # light within 3/4 of the aperture: less is a blend or a larger star, more a dark surrounding
EDGE_MARGIN = 1.4  # half-flux radii between a star's centre and the edge, at least
LEAST_COVERED = 0.4  # share of the aperture that lies in the frame
NEAR_HIGHEST = 0.99  # of the brightest pixel of all stars: brighter tops may be at the level where pixels are full
ODD_SIZE = 4.0  # robust standard deviations from the median of the frame
LEAST_SCATTER = 0.03  # relative; stars that differ less are never odd


LEAST_TO_COMPARE = 4  # stars whose sizes can be compared
MOST_CANDIDATES = 100  # brightest stars that the likeliest size is one of
MOST_ROUNDS = 8


class StarFlag(IntEnum):
    """Why a thing was not taken for a star; 0 for one that was."""

    ACCEPTED = 0
    EMPTY = 1
    EDGE = 2
    SATURATED = 3
    SHARP = 4
    FAINT = 5
    ELONGATED = 6
    BLENDED = 7
    SMALL = 8
    ODD_SIZE = 9


_ACCEPTED, _EMPTY, _EDGE, _SATURATED, _SHARP, _FAINT, _ELONGATED, _BLENDED, _SMALL, _ODD_SIZE = map(int, StarFlag)

STAR_TYPE = np.dtype(
    [
        ("x", "f8"),
        ("y", "f8"),
        ("hfr", "f8"),
        ("flux", "f8"),
        ("snr", "f8"),
        ("error", "f8"),
        ("axis_ratio", "f8"),
        ("size", "f8"),
        ("accepted", "?"),
        ("flag", "i2"),
    ]
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes a star: `shape` of the image, saturation level (ADU), least size (px, 0 for none), pixels or not.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the image.
    saturation : float
        Level at which a pixel is full.
    least_size : float
        Diameter that holds 90 % of the light, at least, in elements.
    pixels : bool
        False for binned levels, on which the sharpness of one element means nothing.
    """

    shape: tuple[int, int]
    saturation: float = np.inf
    least_size: float = 0.0
    pixels: bool = True


def flag_stars(rows: FloatArray, rules: Rules) -> Flags:
    """Return a `StarFlag` for each row of `statefocus.frames.star.measure_stars`; odd sizes last."""
    flags = np.zeros(len(rows), np.int16)
    sharpness = MOST_SHARPNESS if rules.pixels else np.inf
    _flag_each(rows, rules.shape[0], rules.shape[1], rules.saturation, rules.least_size, sharpness, flags)
    flag_odd_sizes(flags, rows[:, column.HFR], rows[:, column.ERROR])
    return flags


@kernel
def _flag_each(
    rows: FloatArray, height: int, width: int, saturation: float, least_size: float, sharpness: float, flags: Flags
) -> None:
    """Write the first reason that speaks against each star, the gravest first."""
    highest = 0.0
    for row in rows:
        if row[column.FLUX] > 0.0:
            highest = max(highest, row[column.TOP])
    for k in range(len(rows)):
        row = rows[k]
        if row[column.FLUX] <= 0.0:
            flags[k] = _EMPTY
        elif row[column.COVERED] < LEAST_COVERED or _is_outside(row, height, width):
            flags[k] = _EDGE
        elif row[column.TOP] >= saturation or _is_flat(row, highest):
            flags[k] = _SATURATED
        elif row[column.SHARPNESS] > sharpness:
            flags[k] = _SHARP
        else:
            flags[k] = _judge_shape(row, least_size)


@kernel
def _judge_shape(row: FloatArray, least_size: float) -> int:
    """Return what speaks against a star that is complete, and neither full nor sharp."""
    if row[column.SNR] < LEAST_SNR:
        return _FAINT
    if row[column.AXIS_RATIO] < LEAST_AXIS_RATIO:
        return _ELONGATED
    if row[column.GROWTH] < LEAST_GROWTH or row[column.GROWTH] > MOST_GROWTH:
        return _BLENDED
    return _SMALL if 2.0 * row[column.R90] < least_size else _ACCEPTED


@kernel
def _is_outside(row: FloatArray, height: int, width: int) -> bool:
    """Whether a star's centre is too near to the edge."""
    margin = EDGE_MARGIN * row[column.HFR]
    x, y = row[column.X], row[column.Y]
    outside: bool = x < margin or y < margin or x > width - 1 - margin or y > height - 1 - margin
    return outside


@kernel
def _is_flat(row: FloatArray, highest: float) -> bool:
    """Whether a top at the frame's highest level has more pixels than a round top can have."""
    flat: bool = row[column.PLATEAU] > 3.0 + 0.3 * row[column.HFR] ** 2
    return flat and row[column.TOP] >= NEAR_HIGHEST * highest


@kernel
def flag_odd_sizes(flags: Flags, hfr: FloatArray, error: FloatArray) -> None:
    """Flag, in place, what differs in size from the other stars: one optical system, one focus, one size.

    The search begins at the likeliest size, where most stars agree within what each is known to: galaxies have many
    sizes, stars have one. What is near it tells how much stars differ, and that is widened until nothing joins.
    """
    good = np.flatnonzero(flags == _ACCEPTED)
    if len(good) < LEAST_TO_COMPARE:
        return
    size, known = hfr[good], error[good]
    centre = likeliest(size, known)
    scatter = LEAST_SCATTER * centre
    near = np.ones(len(good), np.bool_)
    for _ in range(MOST_ROUNDS):
        before = near
        near = np.abs(size - centre) <= ODD_SIZE * np.sqrt(scatter**2 + known**2)
        if np.all(near == before):
            break
        centre = float(np.median(size[near]))
        scatter = max(1.4826 * float(np.median(np.abs(size[near] - centre))), LEAST_SCATTER * centre)
    for k in range(len(good)):
        if not near[k]:
            flags[good[k]] = _ODD_SIZE


@kernel
def likeliest(size: FloatArray, error: FloatArray) -> float:
    """Return the size that most light-rich stars agree on: the mode of their sizes, each blurred by its error."""
    best, most = float(size[0]), 0.0
    for candidate in size[:MOST_CANDIDATES]:
        votes = 0.0
        for k in range(len(size)):
            blur = LEAST_SCATTER * size[k] + error[k]
            away = (size[k] - candidate) / (3.0 * blur)
            votes += max(1.0 - away * away, 0.0) / blur
        if votes > most:
            best, most = float(candidate), votes
    return best


def star_table(rows: FloatArray, flags: Flags) -> npt.NDArray[Any]:
    """Return the stars as a structured array of `STAR_TYPE`: pixels, ADU, and why each was accepted or not."""
    table = np.zeros(len(rows), STAR_TYPE)
    names = {"x": column.X, "y": column.Y, "hfr": column.HFR, "flux": column.FLUX, "snr": column.SNR,
             "error": column.ERROR, "axis_ratio": column.AXIS_RATIO}  # fmt: skip
    for name, number in names.items():
        table[name] = rows[:, number]
    table["size"] = 2.0 * rows[:, column.R90]
    table["flag"], table["accepted"] = flags, flags == StarFlag.ACCEPTED
    return table
