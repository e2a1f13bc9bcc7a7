"""Runs the autofocus core over saved frames: the same measurement and the same curve as in a night."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from statefocus.focus import FocusPoint, find_focus
from statefocus.frames import measure_frame, read_frame, read_package, recorded_stars
from statefocus.profile import Profile
from statefocus.trace.records import fit_record


def focus_package(folder: Path, profile: Profile | None = None) -> dict[str, Any]:
    """Measure the frames of a folder and fit the curve.

    Parameters
    ----------
    folder
        FITS frames; their positions from the header (FOCUSPOS or FOCUSER), an `index.csv`, or their names.
    profile
        Model and critical focus zone; without one, the joint fit, judged against the sampling step.

    Returns
    -------
    The run record; `best_position, sigma_position, accepted, reasons` are in it.

    Raises
    ------
    FrameError
        Where frames or positions cannot be read.
    """
    points = []
    for path, position in read_package(folder):
        found = measure_frame(read_frame(path).pixels)
        points.append((path, FocusPoint(float(position), found.value, found.error, found.stars, recorded_stars(found))))
    model = profile.fit.model if profile else "joint"
    fit = find_focus([point for _, point in points], model=model, cfz_steps=profile.cfz_steps if profile else None)
    told = [
        {"file": path.name, "position": p.position, "measure": p.measure, "error": p.error, "stars": p.stars}
        for path, p in points
    ]
    return {"version": 1, "package": str(folder), "metric": "hfr", "points": told, **fit_record(fit)}
