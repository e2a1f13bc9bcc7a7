"""`measure`, `fit`: one frame, or one curve, without any device."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import typer

from statefocus.errors import StatefocusError, UsageError

METRICS = ("hfr",)


def measure(
    frames: list[Path] = typer.Argument(help="FITS files."),
    metric: str = typer.Option("hfr", help="hfr (others follow)."),
    _json: bool = typer.Option(True, "--json", help="One JSON line a frame; this is the only form."),
    overlay: Path | None = typer.Option(None, help="PNG with accepted and rejected stars; one frame only."),
) -> None:
    """Measure the stars of frames: one JSON line each; exit 1 where a frame could not be read."""
    if metric not in METRICS:
        raise UsageError(f"--metric {metric} is not there yet: this version measures {', '.join(METRICS)}.")
    if overlay is not None and len(frames) != 1:
        raise UsageError("--overlay draws one frame: give just one.")
    failed = False
    for path in frames:
        try:
            typer.echo(json.dumps(_measured(path, overlay)))
        except StatefocusError as error:
            failed = True
            typer.echo(str(error), err=True)
    if failed:
        raise typer.Exit(1)


def _measured(path: Path, overlay: Path | None) -> dict[str, Any]:
    from statefocus.frames import draw_overlay, measure_frame, read_frame

    frame = read_frame(path)
    begun = time.perf_counter()
    found = measure_frame(frame.pixels, fwhm=True)
    elapsed_ms = 1000 * (time.perf_counter() - begun)
    if overlay is not None:
        draw_overlay(frame.pixels, found, overlay)
    return {
        "file": str(path),
        "metric": "hfr",
        "value": found.value,
        "error": found.error,
        "stars": found.stars,
        "hfr_px": found.hfr_px,
        "hfd_px": found.hfd_px,
        "fwhm_px": found.fwhm_px,
        "saturated": found.saturated,
        "background_adu": found.background_adu,
        "elapsed_ms": round(elapsed_ms, 3),
    }


def fit(
    points: Path = typer.Argument(help="CSV with the columns position,measure[,error]."),
    model: str = typer.Option("auto", help="auto, hyperbola, parabola or lines."),
    json_: bool = typer.Option(False, "--json", help="The result as one JSON line."),
) -> None:
    """Fit a curve to points; exit 1 where the fit is rejected."""
    from statefocus.focus import MODELS, find_focus
    from statefocus.points_file import read_points
    from statefocus.trace.records import fit_record

    if model not in MODELS:
        raise UsageError(f"--model {model}: write {', '.join(MODELS)}.")
    found = find_focus(read_points(points), model=model)
    if json_:
        typer.echo(json.dumps(fit_record(found)))
    else:
        _tell(found)
    if not found.accepted:
        raise typer.Exit(1)


def _tell(found: Any) -> None:
    """Print a fit for a person: the answer first, then every verdict with its limit."""
    where = "no position" if found.best_position is None else f"{found.best_position:.3f}"
    sigma = "" if found.sigma_position is None else f" ± {found.sigma_position:.3f}"
    typer.echo(f"{found.model}: best focus at {where}{sigma}: {'accepted' if found.accepted else 'REJECTED'}")
    for verdict in found.verdicts:
        typer.echo(f"  {'ok ' if verdict.passed else 'NO '} {verdict.name}: {verdict.sentence}")
    for rejected in found.rejected:
        typer.echo(f"  left out {rejected.position:g}: {rejected.why}")


COMMANDS = (measure, fit)
