"""One point from several frames at the same position (A16)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median, median_low

from statefocus.focus.copies import copies_of
from statefocus.focus.points import FocusPoint

_NORMAL = 1.4826  # median absolute deviation of a normal distribution to its standard deviation
_FEW = {2: 1.196, 3: 1.495, 4: 1.363, 5: 1.206, 6: 1.200, 7: 1.140, 8: 1.129, 9: 1.107}
"""What that deviation is too small by among few values (Croux and Rousseeuw, 1992, Computational Statistics 1, 411)."""


def point_of(frames: Sequence[FocusPoint]) -> FocusPoint:
    """Take several frames of one position for one point: the median of those that show stars.

    The median, and not the mean weighted by the errors: an error is the scatter of the stars within a frame, and knows
    nothing of the gust, the wisp of cloud or the satellite that spoils that frame as a whole. One such frame of three
    leaves the median where it was.

    >>> point_of([FocusPoint(990, 2.0, 0.1, 40), FocusPoint(990, 9.0, 0.1, 8), FocusPoint(990, 2.2, 0.1, 42)]).measure
    2.2

    Parameters
    ----------
    frames : sequence of FocusPoint
        At least one, all of the same position. One that repeats another to the last digit counts once (`copies_of`).

    Returns
    -------
    FocusPoint
        Its error is the larger of what the stars and what the frames scatter by, as that of a median; without a single
        frame that shows stars it is no measurement. Its table and growth are those of the frame nearest to the median.
    """
    copies = copies_of(frames)
    seen = [frame for index, frame in enumerate(frames) if frame.flaw() is None and index not in copies]
    if len(frames) == 1:
        return frames[0]
    if not seen:
        return FocusPoint(frames[0].position, None, None, 0)
    measures = [frame.measure for frame in seen if frame.measure is not None]
    stars = [frame.stars for frame in seen if frame.stars is not None]
    middle = median(measures)
    typical = min(seen, key=lambda frame: abs((frame.measure or 0.0) - middle))
    return FocusPoint(
        frames[0].position,
        middle,
        _error(seen, measures),
        median_low(stars) if stars else None,
        typical.table,
        typical.growth,
    )


def points_of(frames: Sequence[FocusPoint], each: int) -> tuple[FocusPoint, ...]:
    """Take the frames of a sweep, `each` at a position, for its points; a last position that lacks frames is none."""
    return tuple(point_of(frames[first : first + each]) for first in range(0, len(frames) - each + 1, each))


def _error(frames: Sequence[FocusPoint], measures: Sequence[float]) -> float | None:
    """Return the standard error of the median; None where neither the stars nor the frames tell one."""
    told = [frame.error for frame in frames if frame.error is not None and math.isfinite(frame.error)]
    one_frame = max(math.sqrt(sum(error**2 for error in told) / len(told)) if told else 0.0, _scatter(measures))
    count = len(measures)
    return one_frame * math.sqrt(math.pi / (2 * count + math.pi - 2)) or None


def _scatter(measures: Sequence[float]) -> float:
    """Return the standard deviation of one frame, as a spoilt one cannot change it; 0 of a single frame."""
    if len(measures) < 2:
        return 0.0
    middle = median(measures)
    return _NORMAL * _FEW.get(len(measures), 1.0) * median(abs(measure - middle) for measure in measures)
