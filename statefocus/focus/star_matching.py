"""Which star of one frame is which of another, while the field drifts by a few pixels from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from statefocus.focus.points import FloatArray, IntArray
from statefocus.stars import StarSize

FARTHEST_PX = 40.0  # that the field drifts between two frames of a sweep
MOST = 100  # stars of a frame that are followed; no frame is recorded with more
CLOSE_PX, CLOSE_HFR = 2.0, 0.5  # a star stands within so many px, and so much of its HFR, of where it is expected


def follow_stars(tables: Sequence[Sequence[StarSize]]) -> tuple[FloatArray, FloatArray]:
    """Follow the stars of the frame that shows most of them through all frames.

    Parameters
    ----------
    tables : sequence of sequences of StarSize
        One a frame, in the order in which the frames were taken.

    Returns
    -------
    hfr, error : ndarray, shape (stars, frames)
        In px; NaN where a star was not found.
    """
    frames = [_numbers(table) for table in tables]
    first = max(range(len(frames)), key=lambda k: (len(frames[k]), -k))
    reference = frames[first]
    found = np.full((2, len(reference), len(frames)), np.nan)
    for course in (range(first, len(frames)), range(first - 1, -1, -1)):
        shift = np.zeros(2)
        for k in course:
            shift, stars, theirs = _match(reference, frames[k], shift)
            found[:, stars, k] = frames[k][theirs, 2:].T
    return found[0], found[1]


def _numbers(table: Sequence[StarSize]) -> FloatArray:
    """Return the stars as an array of shape (stars, 4): x, y, HFR, error."""
    return np.array(table[:MOST], dtype=np.float64).reshape(-1, 4)


def _match(reference: FloatArray, frame: FloatArray, shift: FloatArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Return the field's drift, and the indices of the stars that are each other's nearest, here and there."""
    none = np.zeros(0, dtype=np.intp)
    if not len(frame):
        return shift, none, none
    away = frame[None, :, :2] - reference[:, None, :2]
    reach = CLOSE_PX + CLOSE_HFR * float(np.median(frame[:, 2]))
    shift = _drift(away, shift, reach)
    distance = np.hypot(away[..., 0] - shift[0], away[..., 1] - shift[1])
    nearest = np.argmin(distance, axis=1)
    stars = np.arange(len(reference))
    mutual = (np.argmin(distance, axis=0)[nearest] == stars) & (distance[stars, nearest] <= reach)
    return shift, stars[mutual], nearest[mutual]


def _drift(away: FloatArray, shift: FloatArray, reach: float) -> FloatArray:
    """Return the displacement that most pairs of stars agree on, near the last one; of equals, the smallest change."""
    change = np.hypot(away[..., 0] - shift[0], away[..., 1] - shift[1])
    pairs = away[change <= FARTHEST_PX]
    if not len(pairs):
        return shift
    apart = np.hypot(pairs[:, None, 0] - pairs[None, :, 0], pairs[:, None, 1] - pairs[None, :, 1])
    votes = np.add.reduce(apart <= reach, axis=1)
    order = np.lexsort((change[change <= FARTHEST_PX], -votes))
    agreeing = pairs[apart[order[0]] <= reach]
    median: FloatArray = np.median(agreeing, axis=0)
    return median
