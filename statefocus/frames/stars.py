"""Which of the measured things are stars that tell the focus."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from statefocus.frames import star as column
from statefocus.frames.compiling import FloatArray

BoolArray = npt.NDArray[np.bool_]

LEAST_SNR = 15.0
MOST_SHARPNESS = 0.42  # share of the light in one pixel; more is a hot pixel or a cosmic ray
LEAST_AXIS_RATIO = 0.55
GROWTH = (0.85, 1.10)  # light within 3/4 of the aperture: less is a blend or a larger star, more a dark surrounding
LEAST_COVERED = 0.4  # share of the aperture that lies in the frame
NEAR_HIGHEST = 0.99  # of the brightest pixel of all stars: brighter tops may be at the level where pixels are full
ODD_SIZE = 4.0  # robust standard deviations from the median of the frame
LEAST_SCATTER = 0.03  # relative; stars that differ less are never odd


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


def flag_stars(rows: FloatArray, rules: Rules) -> npt.NDArray[np.int16]:
    """Return a `StarFlag` for each row of `statefocus.frames.star.measure_stars`, before sizes are compared."""
    flags = np.zeros(len(rows), np.int16)
    hfr, size = rows[:, column.HFR], 2.0 * rows[:, column.R90]
    margin = 1.4 * hfr
    height, width = rules.shape
    x, y = rows[:, column.X], rows[:, column.Y]
    outside = (x < margin) | (y < margin) | (x > width - 1 - margin) | (y > height - 1 - margin)
    growth = rows[:, column.GROWTH]
    tests: list[tuple[StarFlag, BoolArray]] = [
        (StarFlag.SMALL, size < rules.least_size),
        (StarFlag.BLENDED, (growth < GROWTH[0]) | (growth > GROWTH[1])),
        (StarFlag.ELONGATED, rows[:, column.AXIS_RATIO] < LEAST_AXIS_RATIO),
        (StarFlag.FAINT, rows[:, column.SNR] < LEAST_SNR),
        (StarFlag.SATURATED, _saturated(rows, rules.saturation)),
        (StarFlag.EDGE, outside | (rows[:, column.COVERED] < LEAST_COVERED)),
        (StarFlag.EMPTY, rows[:, column.FLUX] <= 0.0),
    ]
    if rules.pixels:
        tests.insert(3, (StarFlag.SHARP, rows[:, column.SHARPNESS] > MOST_SHARPNESS))
    for flag, failing in tests:
        flags[failing] = flag
    return flags


def _saturated(rows: FloatArray, saturation: float) -> BoolArray:
    """Full pixels, or a top at the frame's highest level with more pixels than a round top can have."""
    top = rows[:, column.TOP]
    highest = top.max(initial=0.0, where=rows[:, column.FLUX] > 0.0)
    flat = (top >= NEAR_HIGHEST * highest) & (rows[:, column.PLATEAU] > 3.0 + 0.3 * rows[:, column.HFR] ** 2)
    full: BoolArray = (top >= saturation) | flat
    return full


def flag_odd_sizes(flags: npt.NDArray[np.int16], hfr: FloatArray) -> None:
    """Flag, in place, what differs in size from the other stars: one optical system, one focus, one size."""
    for _ in range(5):
        good = flags == StarFlag.ACCEPTED
        if np.count_nonzero(good) < 4:
            return
        median = float(np.median(hfr[good]))
        scatter = max(1.4826 * float(np.median(np.abs(hfr[good] - median))), LEAST_SCATTER * median)
        odd = good & (np.abs(hfr - median) > ODD_SIZE * scatter)
        if not odd.any():
            return
        flags[odd] = StarFlag.ODD_SIZE


def star_table(rows: FloatArray, flags: npt.NDArray[np.int16]) -> npt.NDArray[Any]:
    """Return the stars as a structured array of `STAR_TYPE`: pixels, ADU, and why each was accepted or not."""
    table = np.zeros(len(rows), STAR_TYPE)
    names = {"x": column.X, "y": column.Y, "hfr": column.HFR, "flux": column.FLUX, "snr": column.SNR,
             "error": column.ERROR, "axis_ratio": column.AXIS_RATIO}  # fmt: skip
    for name, number in names.items():
        table[name] = rows[:, number]
    table["size"] = 2.0 * rows[:, column.R90]
    table["flag"], table["accepted"] = flags, flags == StarFlag.ACCEPTED
    return table
