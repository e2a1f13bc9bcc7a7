"""Frames that a camera has given twice: a driver that repeats its last image, a file that was copied.

No two exposures agree in the place and the size of every star, to the last digit that is recorded: noise moves each of
them. Frames that do agree are one frame, which counts once; the first in the order they were taken. Where a metric
tells no stars, a measure that follows itself, equal to the last of many digits, is told by the same frame.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from statefocus.focus.limits import Verdict
from statefocus.focus.points import FocusPoint
from statefocus.focus.result import FocusFit, Rejected
from statefocus.stars import StarSize

LEAST_STARS = 3  # fewer might agree by chance
LEAST_POINTS = 5  # of shorter sweeps two exact measures may be equal, to both sides of the focus
ROUNDED_TO = 8  # significant digits; a measure that has no more may have been rounded, and equal others


def copies_of(points: Sequence[FocusPoint]) -> dict[int, int]:
    """Return the index of each copy, and that of the frame that it repeats."""
    first: dict[tuple[StarSize, ...], int] = {}
    copies: dict[int, int] = {}
    for index, point in enumerate(points):
        if point.flaw() is not None:
            continue
        if not point.table and index and len(points) >= LEAST_POINTS and _repeats(point, points[index - 1]):
            copies[index] = copies.get(index - 1, index - 1)
        elif len(point.table) >= LEAST_STARS:
            original = first.setdefault(tuple(point.table), index)
            if original != index:
                copies[index] = original
    return copies


def _repeats(point: FocusPoint, former: FocusPoint) -> bool:
    """Whether a frame without a table of stars measures what the former did, to more digits than anybody rounds to."""
    measure = point.measure
    same = (measure, point.error, point.stars) == (former.measure, former.error, former.stars) and not former.table
    if not same or measure is None:
        return False
    return float(f"{measure:.{ROUNDED_TO}g}") != measure and float(np.float32(measure)) != measure


def without_copies(points: Sequence[FocusPoint], copies: Mapping[int, int]) -> list[FocusPoint]:
    """Return the points; copies measure nothing."""
    return [
        FocusPoint(point.position, None, None, 0) if index in copies else point for index, point in enumerate(points)
    ]


def tell_copies(
    fit: FocusFit, points: Sequence[FocusPoint], copies: Mapping[int, int], most_fraction: float
) -> FocusFit:
    """Say of a fit without the copies which points these were, and refuse it where there were too many.

    Parameters
    ----------
    fit : FocusFit
        Of `without_copies`.
    points : sequence of FocusPoint
    copies : mapping of int to int
        As `copies_of` tells; at least one.
    most_fraction : float
        Most fraction of the points that may repeat a frame of another position. A copy at the same position says
        nothing, and nothing wrong.
    """
    rejected = tuple(_told(one, points, copies) if one.index in copies else one for one in fit.rejected)
    elsewhere = [index for index, original in copies.items() if points[index].position != points[original].position]
    if not elsewhere:
        return replace(fit, rejected=rejected)
    most = math.floor(most_fraction * len(points))
    passed = len(elsewhere) <= most
    sentence = f"{len(elsewhere)} of {len(points)} frames are copies of a frame at another position"
    if not passed:
        sentence += f", more than {most}: the camera, or its driver, repeats an image; restart it"
    verdict = Verdict("own_frames", passed, len(elsewhere), most, sentence + ".")
    reasons = fit.reasons if passed else (verdict.sentence, *fit.reasons)
    return replace(
        fit,
        rejected=rejected,
        verdicts=(*fit.verdicts, verdict),
        accepted=fit.accepted and passed,
        reasons=reasons,
    )


def _told(rejected: Rejected, points: Sequence[FocusPoint], copies: Mapping[int, int]) -> Rejected:
    original = points[copies[rejected.index]].position
    why = f"it is the same frame again as that at {original:.6g}, every star, or its measure, to the last digit"
    return replace(rejected, measure=points[rejected.index].measure, why=why)
