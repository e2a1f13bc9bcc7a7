"""The record of a run: what N.I.N.A.'s autofocus report holds, for failed runs too, and why it ended as it did."""

from __future__ import annotations

from typing import Any

from msgspec import json

from statefocus import focusing
from statefocus.context import Context, Run
from statefocus.focus.points import FocusPoint
from statefocus.focus.result import FocusFit
from statefocus.trace.rendering import render

VERSION = 1


def run_record(run: Run, context: Context) -> dict[str, Any]:
    """Tell a concluded run as plain JSON values.

    Parameters
    ----------
    run
        The run.
    context
        What is known right after it.
    """
    profile = context.profile
    return {
        "version": VERSION,
        "number": run.number,
        "outcome": run.outcome,
        "reason": run.reason,
        "causes": list(run.causes),
        "started_t": run.started_t,
        "ended_t": context.now,
        "held_t": run.held_t,
        "duration_s": (context.now if run.shown_t is None else run.shown_t) - (run.held_t or run.started_t),
        "filter": run.filter,
        "temperature_start_c": run.started_temperature_c,
        "temperature_c": context.triggers.thermometer.mean_c,
        "metric": profile.autofocus.metric,
        "start_position": run.start_position,
        "end_position": run.position,
        "best_position": focusing.best_position(run),
        "predicted_measure": focusing.predicted(run),
        "validation_measures": list(run.validations),
        "validation_tolerance_percent": profile.validation.tolerance_percent,
        "backlash": {
            "method": profile.focuser.backlash,
            "overshoot_steps": profile.focuser.overshoot_steps,
            "in_steps": profile.focuser.backlash_in_steps,
            "out_steps": profile.focuser.backlash_out_steps,
        },
        "sweep": {
            "kind": "learned" if run.sweep.learned else "full",
            "points": profile.autofocus.points,
            "step_size_steps": profile.autofocus.step_size_steps,
            "frames_per_point": profile.autofocus.frames_per_point,
            "shifted_steps": run.sweep.shifted_steps,
            "extended_points": run.sweep.extended,
            "recentred": run.sweep.recentred,
        },
        "points": [_point(point) for point in run.points],
        "remarks": list(run.remarks),
        "earlier_points": [_point(point) for point in run.earlier_points],
        "fit": fit_record(run.fit) if run.fit else None,
        "doubted_fit": fit_record(run.doubted) if run.doubted else None,
        "cfz_steps": profile.cfz_steps,
    }


def _point(point: FocusPoint) -> dict[str, Any]:
    return {"position": point.position, "measure": point.measure, "error": point.error, "stars": point.stars}


def fit_record(fit: FocusFit) -> dict[str, Any]:
    """Tell a fit as plain JSON values: where, how sure, which points, every verdict with its number and limit."""
    told = json.decode(render(fit))
    return {
        name: told[name]
        for name in (
            "best_position",
            "sigma_position",
            "model",
            "r_squared",
            "predicted_measure",
            "used",
            "rejected",
            "accepted",
            "reasons",
            "verdicts",
            "coefficients",
            "refinement",
        )
    }
