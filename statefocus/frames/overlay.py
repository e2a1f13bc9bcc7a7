"""The picture that shows which stars were measured, and which were not."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from statefocus.frames.errors import FrameError
from statefocus.frames.measuring import FrameMeasurement
from statefocus.frames.stars import StarFlag
from statefocus.whole_file import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDEST_PX = 1600  # of the picture; larger frames are binned
ACCEPTED, REJECTED, INK, PAPER = "#4ade80", "#f87171", "#e5e7eb", "#0b0f14"
DOTS_AN_INCH = 100
NARROWEST_PX = 560
BAND_PX = 46.0  # height of the caption
LEAST_RADIUS_PX = 7.0  # of a circle
MOST_RADIUS = 0.48  # of the frame's shorter side: a star that fills the frame keeps its circle in the picture


def draw_overlay(
    pixels: npt.NDArray[Any], measurement: FrameMeasurement, path: str | os.PathLike[str], headline: str | None = None
) -> None:
    """Draw a frame as PNG, with a green circle around each accepted star and a red one around each rejected.

    Parameters
    ----------
    pixels : ndarray, shape (height, width)
        The frame that was measured; row 0 is drawn at the top.
    measurement : FrameMeasurement
        What `measure_frame` returned for it.
    path : path-like
        The picture to write.
    headline : str, optional
        What to write below it in place of the half-flux radius.

    Raises
    ------
    FrameError
        When matplotlib is not installed, or the picture cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise FrameError("Pictures need matplotlib: pip install 'statefocus[plot]'.") from None
    shown, scale = _shrink(np.asarray(pixels, dtype=np.float32))
    height, width = shown.shape
    wide = max(width, NARROWEST_PX)
    tall = height * wide / width
    whole = tall + BAND_PX
    figure = Figure(figsize=(wide / DOTS_AN_INCH, whole / DOTS_AN_INCH), dpi=DOTS_AN_INCH, facecolor=PAPER)
    axes = figure.add_axes((0.0, BAND_PX / whole, 1.0, tall / whole))
    axes.imshow(_stretch(shown), cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    limits = LEAST_RADIUS_PX * width / wide, MOST_RADIUS * min(width, height)
    _circle(axes, measurement.star_table, scale, limits)
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    hfr, detail = _captions(measurement)
    figure.text(12 / wide, 0.62 * BAND_PX / whole, headline or hfr, color=INK, fontsize=11, va="center", weight="bold")
    figure.text(12 / wide, 0.24 * BAND_PX / whole, detail, color=REJECTED, fontsize=8.5, va="center")
    FigureCanvasAgg(figure)
    try:
        with whole_file(Path(path)) as file:
            figure.savefig(file, format="png", facecolor=PAPER)
    except OSError as error:
        raise FrameError(f"{os.fspath(path)} could not be written: {error.strerror or error}.") from error


def _shrink(frame: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], int]:
    """Return the frame binned to a width that a screen can show, and by how much."""
    scale = max(1, -(-max(frame.shape) // WIDEST_PX))
    height, width = frame.shape[0] // scale * scale, frame.shape[1] // scale * scale
    blocks = frame[:height, :width].reshape(height // scale, scale, width // scale, scale)
    return blocks.mean(axis=(1, 3)) if scale > 1 else frame, scale


def _stretch(frame: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Map the sky to dark grey and stars to white: an inverse hyperbolic sine between two percentiles."""
    finite = np.where(np.isfinite(frame), frame, np.nanmedian(np.where(np.isfinite(frame), frame, np.nan)))
    dark, sky, bright = np.percentile(finite, (1.0, 50.0, 99.7))
    unit = max(float(sky - dark), float(bright - sky) / 50.0, 1e-6)
    span = np.arcsinh((float(finite.max()) - dark) / (3.0 * unit))
    stretched: npt.NDArray[np.float32] = np.arcsinh(np.clip(finite - dark, 0.0, None) / (3.0 * unit)) / max(span, 1e-6)
    return stretched


def _circle(axes: Axes, stars: npt.NDArray[Any], scale: int, limits: tuple[float, float]) -> None:
    from matplotlib.collections import EllipseCollection

    seen = stars[stars["flag"] != StarFlag.EMPTY]
    for accepted, colour, line in ((False, REJECTED, 0.9), (True, ACCEPTED, 1.3)):
        some = seen[seen["accepted"] == accepted]
        if len(some) == 0:
            continue
        typical = float(np.median(seen["hfr"][seen["accepted"]])) if seen["accepted"].any() else 3.0
        radius = np.clip(2.2 * np.minimum(some["hfr"], 2.0 * typical) / scale, limits[0], max(limits))
        centres = np.column_stack((some["x"], some["y"]))
        centres = (centres + 0.5) / scale - 0.5
        axes.add_collection(
            EllipseCollection(
                2 * radius,
                2 * radius,
                np.zeros(len(some)),
                units="xy",
                offsets=centres,
                facecolors="none",
                edgecolors=colour,
                linewidths=line,
                transOffset=axes.transData,
            )
        )


def _captions(measurement: FrameMeasurement) -> tuple[str, str]:
    """Return what was found, and what was left out and why."""
    if measurement.value is None:
        headline = "no star to measure"
    else:
        noun = "star" if measurement.stars == 1 else "stars"
        error = measurement.error or 0.0
        digits = min(max(math.ceil(-math.log10(error)), 1), 3) if error > 0 else 2
        headline = f"HFR {measurement.value:.{digits}f} ± {error:.{digits}f} px   ·   {measurement.stars} {noun}"
    flags = measurement.star_table["flag"]
    left_out = [f for f in StarFlag if f not in (StarFlag.ACCEPTED, StarFlag.EMPTY) and np.any(flags == f)]
    reasons = [f"{np.count_nonzero(flags == flag)} {flag.name.lower().replace('_', ' ')}" for flag in left_out]
    return headline, "left out: " + ", ".join(reasons) if reasons else ""
