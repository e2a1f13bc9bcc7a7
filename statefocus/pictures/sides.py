"""The two sides of a curve as straight lines (F1)."""

from __future__ import annotations

from collections.abc import Sequence

from statefocus.focus.lines import fit_lines, sides_of
from statefocus.focus.points import FocusPoint, collect
from statefocus.pictures.sheet import FitTold, Sheet


def side_lines(sheet: Sheet, fit: FitTold) -> tuple[tuple[float, ...], str]:
    """Intercept and slope of both sides, and what they are called; none where a side has no point."""
    if fit.model == "lines":
        return fit.coefficients[:4], "side lines"
    kept = _kept(sheet, fit)
    if not _both_sides(fit, kept):
        return (), ""
    lines = fit_lines(collect(kept, 0.0, 0.0)) if kept and fit.model != "learned" else None
    if lines is not None:
        return lines.coefficients[:4], "side lines"
    if fit.model not in ("hyperbola", "joint", "learned") or len(fit.coefficients) != 3:
        return (), ""
    x0, _, slope = fit.coefficients
    name = "side lines, the taught V" if fit.model == "learned" else "side lines, the curve's own"
    return (slope * x0, -slope, -slope * x0, slope), name


def _both_sides(fit: FitTold, kept: Sequence[FocusPoint]) -> bool:
    """Whether points rise from the lowest one on both sides; a learned V needs one a side."""
    if fit.model == "learned" and fit.coefficients:
        places = [point.position for point in kept]
        return bool(places) and min(places) < fit.coefficients[0] < max(places)
    return all(side.any() for side in sides_of(collect(kept, 0.0, 0.0))) if kept else False


def _kept(sheet: Sheet, fit: FitTold) -> list[FocusPoint]:
    left_out = {one.index for one in fit.rejected}
    return [point for index, point in enumerate(sheet.fitted) if index not in left_out and point.flaw() is None]
