"""What a run's picture shows: taken from its record, so that a trace is enough to draw it years later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from statefocus.errors import StatefocusError
from statefocus.focus.points import FocusPoint
from statefocus.focus.shared_stars import share_stars
from statefocus.scales import Scale

Told = TypeVar("Told", bound=Struct)


class LeftOut(Struct, frozen=True):
    """A point that did not enter the fit: its index among the points, and why."""

    index: int
    why: str


class CheckTold(Struct, frozen=True):
    """A question that the forward model was asked."""

    passed: bool
    sentence: str


class RefinementTold(Struct, frozen=True):
    """What the forward model made of a curve; see `statefocus.focus.result.Refinement`."""

    used: bool
    checks: tuple[CheckTold, ...] = ()


class FitTold(Struct, frozen=True):
    """A fit as its record tells it; see `statefocus.focus.FocusFit`."""

    model: str
    best_position: float | None
    sigma_position: float | None
    predicted_measure: float | None
    accepted: bool
    reasons: tuple[str, ...] = ()
    rejected: tuple[LeftOut, ...] = ()
    coefficients: tuple[float, ...] = ()
    refinement: RefinementTold | None = None

    @property
    def curve_minimum(self) -> float | None:
        """Where the curve itself is lowest, steps, while the best position is the forward model's; else None."""
        used = self.refinement is not None and self.refinement.used
        return self.coefficients[0] if used and self.coefficients else None


class PointTold(Struct, frozen=True):
    """A point as a record tells it."""

    position: float
    measure: float | None
    error: float | None = None
    stars: int | None = None


class RunTold(Struct, frozen=True):
    """What a picture needs of a run's record; see `statefocus.trace.records.run_record`."""

    number: int
    outcome: str
    reason: str
    causes: tuple[str, ...]
    started_t: float
    filter: str | None
    temperature_c: float | None
    best_position: int | None
    predicted_measure: float | None
    validation_measures: tuple[float | None, ...]
    points: tuple[PointTold, ...]
    earlier_points: tuple[PointTold, ...] = ()
    fit: FitTold | None = None
    doubted_fit: FitTold | None = None
    cfz_steps: float | None = None


class Sheet(Struct, frozen=True):
    """What is drawn.

    Attributes
    ----------
    verdict, good
        The answer in a few words, and whether it is one to rely on.
    why
        Why it is not; empty where it is.
    note
        What the forward model made of the curve; empty where it was not asked.
    facts
        When, why, in which filter, how warm.
    scale
        Of the metric; None where nobody knows what was measured.
    points
        What the frames measured, in the order of the sweep.
    fitted
        What the curve was fitted to at the same positions: by the stars that the frames share, where the joint fit or
        a learned curve took those; else the points themselves.
    earlier
        Points of a sweep that was given up; no part of the curve.
    validations
        Measures of the frames at the new position; None for one without stars.
    validated_at
        That position, steps.
    """

    verdict: str
    good: bool
    why: str
    facts: str
    points: tuple[FocusPoint, ...]
    fitted: tuple[FocusPoint, ...]
    scale: Scale | None = None
    fit: FitTold | None = None
    earlier: tuple[FocusPoint, ...] = ()
    validations: tuple[float | None, ...] = ()
    validated_at: float | None = None
    cfz_steps: float | None = None
    note: str = ""


def refining_told(fit: FitTold | None) -> str:
    """What the forward model made of a curve, and where the curve itself is lowest; empty where it was not asked."""
    if fit is None or fit.refinement is None:
        return ""
    doubt = next((check.sentence for check in fit.refinement.checks if not check.passed), None)
    if doubt is not None:
        return f"forward model not used: {doubt}"
    lowest = "" if fit.curve_minimum is None else f"; the curve's own minimum is at {fit.curve_minimum:.2f}"
    return f"refined by the forward model, from the shape of the stars{lowest}"


def sheet_of_run(
    body: Mapping[str, Any], scale: Scale, shown_time: str, points: Sequence[FocusPoint] | None = None
) -> Sheet:
    """Lay a run out by its record.

    Parameters
    ----------
    body
        The record of a run.
    scale
        Of its metric.
    shown_time
        When it began, as people read it.
    points
        Its points with their tables of stars, where those are known; else those of the record are shown.

    Raises
    ------
    StatefocusError
        Where the record is none.
    """
    run = told(body, RunTold)
    measured = tuple(points) if points is not None else tuple(map(_point, run.points))
    return Sheet(
        verdict=f"{run.outcome.upper()}{_focus_told(run.fit)}",
        good=run.outcome == "validated",
        why=run.reason or _first_reason(run.fit) or _doubt(run.doubted_fit),
        facts=joined(*facts_of(run, shown_time)),
        points=measured,
        fitted=_fitted(measured, run.fit),
        scale=scale,
        fit=run.fit,
        earlier=tuple(map(_point, run.earlier_points)),
        validations=run.validation_measures,
        validated_at=None if run.best_position is None else float(run.best_position),
        cfz_steps=run.cfz_steps,
        note=refining_told(run.fit),
    )


def sheet_of_fit(
    body: Mapping[str, Any],
    points: Sequence[FocusPoint],
    facts: Sequence[str],
    scale: Scale | None = None,
    cfz_steps: float | None = None,
) -> Sheet:
    """Lay a fit out that is no run: points from a file, or from a package.

    Parameters
    ----------
    body
        The record of the fit.
    points, facts, scale, cfz_steps
        As in `Sheet`.
    """
    fit = told(body, FitTold)
    return Sheet(
        verdict=f"{'ACCEPTED' if fit.accepted else 'REJECTED'}{_focus_told(fit)}",
        good=fit.accepted,
        why=_first_reason(fit),
        facts=joined(*facts),
        points=tuple(points),
        fitted=_fitted(tuple(points), fit),
        scale=scale,
        fit=fit,
        cfz_steps=cfz_steps,
        note=refining_told(fit),
    )


def facts_of(run: RunTold, shown_time: str) -> tuple[str, ...]:
    """When a run was made, why, in which filter, how warm it was."""
    filter_ = f"filter {run.filter}" if run.filter else ""
    warmth = "" if run.temperature_c is None else f"{run.temperature_c:.1f} °C"
    return f"run {run.number}", shown_time, ", ".join(run.causes), filter_, warmth


def joined(*facts: str) -> str:
    """Facts in one line."""
    return "   ·   ".join(filter(None, facts))


def told(body: Any, kind: type[Told]) -> Told:
    """Read what a record tells.

    Raises
    ------
    StatefocusError
        Where it is no such record.
    """
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        said = f"its record does not hold what it must ({error})"
        raise StatefocusError(f"This run cannot be drawn: {said}; `statefocus audit` tells more of a trace.") from None


def _point(point: PointTold) -> FocusPoint:
    return FocusPoint(point.position, point.measure, point.error, point.stars)


def _focus_told(fit: FitTold | None) -> str:
    if fit is None:
        return "   no curve"
    if fit.best_position is None:
        return "   no position found"
    if fit.model == "fallback":
        return f"   no curve   (lowest near {fit.best_position:.0f})"
    sigma = "" if fit.sigma_position is None else f" ± {fit.sigma_position:.2f}"
    model = fit.model if fit.curve_minimum is None else f"{fit.model} + forward model"
    return f"   best focus {fit.best_position:.1f}{sigma} steps   ({model})"


def _first_reason(fit: FitTold | None) -> str:
    return fit.reasons[0] if fit and fit.reasons else ""


def _doubt(fit: FitTold | None) -> str:
    if fit is None:
        return ""
    return f"Two frames did not suffice: {_first_reason(fit) or 'the frame at the new position missed twice.'}"


def _fitted(points: tuple[FocusPoint, ...], fit: FitTold | None) -> tuple[FocusPoint, ...]:
    """What the curve went through; a point that shares no star keeps its own measure."""
    if fit is None or fit.model not in ("joint", "learned"):
        return points
    with np.errstate(all="ignore"):  # a trace that was edited may hold any number
        shared = share_stars(points, least_frames=2) if fit.model == "learned" else share_stars(points)
    if shared is None:
        return points
    both = zip(points, shared.points, strict=True)
    return tuple(own if one.measure is None else replace(one, table=()) for own, one in both)
