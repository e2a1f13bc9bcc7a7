"""Where to look next when a sweep did not see its minimum (A9): one point further, or once around the lowest points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from statefocus.focus.points import FocusPoint
from statefocus.focus.result import FocusFit
from statefocus.focus.sweep import Sweep

Side = Literal["inward", "outward"]


def missing_side(points: Sequence[FocusPoint], fit: FocusFit) -> Side | None:
    """Tell on which side of the points the minimum lies, or is not sampled enough; None where no side is known.

    The fit only points the way: a minimum outside of the points is never a result, it has to be swept.
    """
    failed = {verdict.name for verdict in fit.verdicts if not verdict.passed}
    best = fit.best_position
    if best is None or not failed & {"inside_range", "both_sides"}:
        return None
    positions = {points[index].position for index in fit.used}
    inward, outward = sum(one < best for one in positions), sum(one > best for one in positions)
    if inward == outward:
        return None
    return "inward" if inward < outward else "outward"


def next_position(sweep: Sweep, side: Side, step_size: int, max_step: int) -> int | None:
    """Return the position one step beyond the sweep on a side; None where the focuser's travel ends before it."""
    further = min(sweep.positions) - step_size if side == "inward" else max(sweep.positions) + step_size
    return further if 0 <= further <= max_step else None


def lowest_average(points: Sequence[FocusPoint], fit: FocusFit) -> float | None:
    """Return where a sweep that found no curve measured least; None where it found one, or saw no star.

    The lowest average of three neighbours (F4); of fewer points, the lowest one.
    """
    if fit.model == "fallback":
        return fit.best_position
    seen = [(point.measure, point.position) for point in points if point.measure is not None and point.flaw() is None]
    return min(seen)[1] if fit.model == "none" and seen else None
