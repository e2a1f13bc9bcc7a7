"""Runs the autofocus core over saved frames: the same measurement and the same curve as in a night."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from statefocus.focus import FocusPoint, find_focus
from statefocus.focusing import telescope_of
from statefocus.frames import read_frame, read_package
from statefocus.metrics import measurer
from statefocus.profile import Profile
from statefocus.trace.records import fit_record


def focus_package(folder: Path, profile: Profile | None = None) -> dict[str, Any]:
    """Measure the frames of a folder and fit the curve.

    Parameters
    ----------
    folder
        FITS frames; their positions from the header (FOCUSPOS or FOCUSER), an `index.csv`, or their names.
    profile
        Metric, model and critical focus zone; without one, HFR and the joint fit, judged against the sampling step.

    Returns
    -------
    The run record; `best_position, sigma_position, accepted, reasons` are in it.

    Raises
    ------
    StatefocusError
        Where frames or positions cannot be read, or the metric fails.
    """
    points = []
    measure = measurer(profile or Profile())
    for path, position in read_package(folder):
        found = measure(read_frame(path))
        points.append(
            (path, FocusPoint(float(position), found.value, found.error, found.stars, found.table, found.growth))
        )
    model = profile.fit.model if profile else "joint"
    fit = find_focus(
        [point for _, point in points],
        model=model,
        cfz_steps=profile.cfz_steps if profile else None,
        telescope=telescope_of(profile) if profile else None,
    )
    told = [
        {"file": path.name, "position": p.position, "measure": p.measure, "error": p.error, "stars": p.stars}
        for path, p in points
    ]
    metric = profile.autofocus.metric if profile else "hfr"
    return {"version": 1, "package": str(folder), "metric": metric, "points": told, **fit_record(fit)}
