"""From pixels to the half-flux radius of a frame.

The scale is found by trying: at each level of a pyramid the brightest maxima are measured as if stars had that size,
and the size that accounts for most light in round, separate, complete stars is believed. A focused field is settled at
the finest level, a donut of an obstructed telescope at one where its hole has closed. Then all stars are measured on
the pixels themselves, with one aperture for the whole frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from statefocus.frames import star as column
from statefocus.frames.binning import bin_words
from statefocus.frames.combining import frame_value
from statefocus.frames.compiling import FloatArray, Image, share_out
from statefocus.frames.errors import FrameError
from statefocus.frames.growth import stack_growth
from statefocus.frames.peaks import Peaks
from statefocus.frames.pyramid import FINE_BLOCK, LEAST_SIDE, Pyramid, build_pyramid, release
from statefocus.frames.star import measure_stars
from statefocus.frames.stars import Rules, StarFlag, flag_stars, star_table
from statefocus.stars import Growth

TRIALS = 40  # brightest maxima that a size is tried on
MOST_STARS, MANY_STARS = 300, 100  # large stars take longer each, and a hundred tell the focus as well
MOST_PIXELS = 200_000  # in all apertures, where there are more than `MANY_STARS`
STARS_A_PART = 20  # so few that two threads end together, so many that a call costs nothing
PARALLEL_WORK = 6_000  # squared pixels of all radii; fewer are measured before a second thread has woken
DIVIDED = 8.0  # px of radius whose area takes as long as a star's inner pixels, which are divided
MANY = 10  # good stars of one size that are no accident
PATIENCE = 3  # levels above the best one that are tried: a ring's thickness is not mistaken for a star's size
FINER = 2  # sizes are tried on an image so many levels below the one that the stars were found on
LEAST_PIXELS = 2 * LEAST_SIDE * 2  # side of the smallest frame
FULL_UINT16 = 64_000  # ADU; cameras of 12 and 14 bits reach no more when their values are scaled up


@dataclass(frozen=True, slots=True)
class FrameMeasurement:
    """How large the stars of a frame are.

    Parameters
    ----------
    value, error : float or None
        Half-flux radius of the frame, in px, and its standard error; None when no star was found.
    stars : int
        Accepted stars.
    hfr_px, hfd_px, fwhm_px : float or None
        Half-flux radius and diameter; full width at half maximum, only when it was asked for.
    saturated : int
        Stars that were left out because their tops are flat.
    background_adu : float
        Median sky.
    star_table : structured ndarray of `statefocus.frames.stars.STAR_TYPE`
        Everything that was looked at, accepted or not, brightest first.
    growth : Growth or None
        The shape of its stars, only when it was asked for.
    """

    value: float | None
    error: float | None
    stars: int
    hfr_px: float | None
    hfd_px: float | None
    fwhm_px: float | None
    saturated: int
    background_adu: float
    star_table: npt.NDArray[Any]
    growth: Growth | None = None


def measure_frame(
    pixels: npt.NDArray[Any],
    *,
    saturation_adu: float | None = None,
    min_star_px: float | None = None,
    crop_percent: float = 0.0,
    fwhm: bool = False,
    growth: bool = False,
) -> FrameMeasurement:
    """Measure the half-flux radius of the stars of a frame.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        ADU; any real type. Monochrome, or a Bayer mosaic as it is. Values that are not numbers count as sky.
    saturation_adu : float, optional
        Level at which a pixel is full; 64 000 for unsigned 16-bit pixels. Flat tops are recognised besides.
    min_star_px : float, optional
        Least diameter that holds 90 % of a star's light, in px of this frame (so already divided by its binning).
    crop_percent : float
        Part of the width and of the height that is left out, half of it at each edge.
    fwhm : bool
        Whether to fit the full width at half maximum too (photutils; takes its time).
    growth : bool
        Whether to tell how the light of the stars grows with the radius too, for the forward model.

    Returns
    -------
    FrameMeasurement
        With `value` None when there is no star; that is not an error.

    Raises
    ------
    FrameError
        When the array is no frame: not two-dimensional, smaller than 16 x 16, or without any number.
    """
    image, transposed = _prepare(pixels)
    left, top = _crop(image.shape, crop_percent)
    inner = cast("Image", np.ascontiguousarray(image[top : image.shape[0] - top, left : image.shape[1] - left]))
    if min(inner.shape) < LEAST_PIXELS:
        raise FrameError(f"A crop of {crop_percent:g} % leaves {_size(inner.shape)}: too small to hold a star.")
    pyramid = build_pyramid(inner)
    rules = Rules((inner.shape[0], inner.shape[1]), _saturation(pixels, saturation_adu), min_star_px or 0.0)
    rows, flags = _measure(inner, pyramid, rules)
    release(pyramid)
    good = flags == StarFlag.ACCEPTED
    value, error = frame_value(rows[good, column.HFR], rows[good, column.ERROR])
    fitted = _fwhm(inner, rows[good], value) if fwhm and value is not None else None
    grown = stack_growth(inner, rows[good], value) if growth and value is not None else None
    rows[:, column.X] += left
    rows[:, column.Y] += top
    if transposed:
        rows[:, [column.X, column.Y]] = rows[:, [column.Y, column.X]]
    return FrameMeasurement(
        value=value,
        error=error,
        stars=int(np.count_nonzero(good)),
        hfr_px=value,
        hfd_px=None if value is None else 2.0 * value,
        fwhm_px=fitted,
        saturated=int(np.count_nonzero(flags == StarFlag.SATURATED)),
        background_adu=float(np.median(pyramid.sky)),
        star_table=star_table(rows, flags),
        growth=grown,
    )


def _prepare(pixels: npt.NDArray[Any]) -> tuple[Image, bool]:
    """Return a contiguous frame of a type that the kernels know, and whether its axes were exchanged for that."""
    frame = np.asarray(pixels)
    if frame.ndim != 2:
        raise FrameError(f"A frame has two dimensions, this one has {frame.ndim}: give one colour, or the raw mosaic.")
    if min(frame.shape) < LEAST_PIXELS:
        raise FrameError(f"A frame of {_size(frame.shape)} is too small to hold a star: the least is 16 x 16.")
    if frame.dtype.kind not in "uifb":
        raise FrameError(f"A frame holds real numbers, this one holds {frame.dtype}.")
    transposed = bool(frame.flags.f_contiguous and not frame.flags.c_contiguous)
    frame = frame.T if transposed else frame
    if frame.dtype.kind == "u" and frame.dtype.itemsize <= np.dtype(np.uint16).itemsize:
        return np.ascontiguousarray(frame, dtype=np.uint16), transposed
    image = np.ascontiguousarray(frame, dtype=np.float32)
    if frame.dtype.kind == "f":
        bad = ~np.isfinite(image)
        if bad.all():
            raise FrameError("The frame holds no number at all: every pixel is NaN or infinite.")
        if bad.any():
            image = np.where(bad, np.median(image[~bad]), image)
    return image, transposed


def _crop(shape: tuple[int, ...], percent: float) -> tuple[int, int]:
    if not 0.0 <= percent < 100.0:
        raise FrameError(f"A crop is a percentage from 0 to less than 100, not {percent:g}.")
    return int(shape[1] * percent / 200.0), int(shape[0] * percent / 200.0)


def _saturation(pixels: npt.NDArray[Any], level: float | None) -> float:
    if level is not None:
        return level
    return float(FULL_UINT16) if pixels.dtype.itemsize == 2 and pixels.dtype.kind == "u" else math.inf


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"


def _measure(image: Image, pyramid: Pyramid, rules: Rules) -> tuple[FloatArray, npt.NDArray[np.int16]]:
    """Find the size of the stars, let the pixels of the brightest correct it, then measure them all."""
    peaks = Peaks(pyramid)
    hfr = _try_sizes(pyramid, peaks)
    most = MOST_STARS if pyramid.block == FINE_BLOCK else TRIALS  # on fine blocks the size is right at once
    for _ in range(3):
        rows, flags = _measure_all(image, pyramid, peaks, hfr, rules, most)
        good = flags == StarFlag.ACCEPTED
        found = float(np.median(rows[good, column.HFR])) if good.any() else hfr
        close, hfr = abs(found - hfr) <= 0.1 * hfr + 0.2, found
        if close:
            break
    if len(rows) < most or most == MOST_STARS:
        return rows, flags
    return _measure_all(image, pyramid, peaks, hfr, rules, MOST_STARS)


def _try_sizes(pyramid: Pyramid, peaks: Peaks) -> float:
    """Return the half-flux radius, in pixels, that accounts for most light in good stars."""
    best, best_light, sure = 1.5 * pyramid.block, 0.0, len(pyramid.levels)
    sky, noise = float(np.median(pyramid.sky)), float(np.median(pyramid.noise))
    for level in range(len(pyramid.levels)):
        x, y = peaks.few(level, 2.0, TRIALS)
        finer = max(level - FINER, 0)
        ratio = 1 << (level - finer)
        fine = pyramid.levels[finer]
        x, y = (x + 0.5) * ratio - 0.5, (y + 0.5) * ratio - 0.5
        rows = _measure_at(fine, x, y, 2.2 * ratio + 2.0, 1.5 * ratio + 1.0, sky, noise / (1 << finer))
        flags = flag_stars(rows, Rules((fine.shape[0], fine.shape[1]), pixels=False))
        good = flags == StarFlag.ACCEPTED
        light = float(rows[good, column.FLUX].sum()) * 4.0**finer * math.sqrt(min(int(np.count_nonzero(good)), 4))
        if light > 1.2 * best_light:
            best, best_light = float(np.median(rows[good, column.HFR])) * pyramid.scale(finer), light
            sure = level + PATIENCE if np.count_nonzero(good) >= MANY else len(pyramid.levels)
        elif level >= sure:
            break
    return best


def _measure_at(
    image: Image, x: FloatArray, y: FloatArray, radius: float, core: float, sky: float, noise: float
) -> FloatArray:
    """Measure stars as `measure_stars` does, in a few threads when they are worth it."""
    rows = np.empty((len(x), column.COLUMNS))

    def measure(part: int) -> None:
        some = slice(part * STARS_A_PART, (part + 1) * STARS_A_PART)
        rows[some] = measure_stars(image, x[some], y[some], radius, core, sky, noise)

    share_out(measure, -(-len(x) // STARS_A_PART), alone=len(x) * (radius + DIVIDED) ** 2 < PARALLEL_WORK)
    return rows


def _aperture(hfr: float) -> float:
    """Return the radius, in px, of the circle that holds all light of a star."""
    return 2.2 * hfr + 4.0


def _measure_all(
    image: Image, pyramid: Pyramid, peaks: Peaks, hfr: float, rules: Rules, most: int
) -> tuple[FloatArray, npt.NDArray[np.int16]]:
    """Find stars at the level that fits their size and measure them on the pixels."""
    level = min(max(round(math.log2(hfr / pyramid.block)), 0), len(pyramid.levels) - 1)
    scale = pyramid.scale(level)
    most = min(most, max(MANY_STARS, int(MOST_PIXELS / (math.pi * _aperture(hfr) ** 2))))
    x, y = peaks.all(level, (1.6 * hfr + 1.0) / scale, most)
    sky, noise = float(np.median(pyramid.sky)), float(np.median(pyramid.noise)) * pyramid.block
    x, y, radius, core = (x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5, _aperture(hfr), 1.5 * hfr + 2.0
    rows = _measure_at(image, x, y, radius, core, sky, noise)
    flags = flag_stars(rows, rules)
    return rows, flags


def _fwhm(image: Image, rows: FloatArray, hfr: float | None) -> float | None:
    from statefocus.frames.fwhm import fit_fwhm_px

    return fit_fwhm_px(image, rows[:, column.X], rows[:, column.Y], hfr or 1.0)


def warm_up() -> None:
    """Compile the kernels, or load them from disk, so that the first frame of a night is as quick as the others."""
    down, across = np.mgrid[:64, :64]
    noise = 100 + (7 * down + 13 * across) % 5
    star = 20_000 * np.exp(-((down - 32) ** 2 + (across - 31) ** 2) / 8.0) + noise
    measure_frame(star.astype(np.uint16))
    measure_frame(np.tile(star, (2, 2)).astype(np.float32))  # a table of one row lies in memory otherwise than others
    bin_words(np.zeros((4, 1), np.uint64), np.empty((1, 1), np.float32), 0, 1)  # only large frames come to it
