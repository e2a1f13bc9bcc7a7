"""`measure`, `fit`: one frame, or one curve, without any device."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from statefocus.errors import StatefocusError, UsageError

if TYPE_CHECKING:
    from statefocus.metrics import Measured, Metric
    from statefocus.profile import Profile


def measure(
    frames: list[Path] = typer.Argument(help="FITS files."),
    metric: str = typer.Option("hfr", help="hfr, hfd-astap, fwhm, inverse-power, or a plug-in's."),
    profile: Path | None = typer.Option(None, help="Profile whose [tools] and smallest star are used."),
    _json: bool = typer.Option(True, "--json", help="One JSON line a frame; this is the only form."),
    overlay: Path | None = typer.Option(None, help="PNG with accepted and rejected stars; one frame only."),
) -> None:
    """Measure the stars of frames: one JSON line each; exit 1 where a frame could not be measured."""
    from statefocus.loading import load_profile
    from statefocus.metrics import ready_metric
    from statefocus.profile import Profile

    if overlay is not None and len(frames) != 1:
        raise UsageError("--overlay draws one frame: give just one.")
    rig = load_profile(profile).profile if profile else Profile()
    ruler = ready_metric(rig, metric)
    failed = False
    for path in frames:
        try:
            typer.echo(json.dumps(_measured(path, metric, ruler, rig, overlay)))
        except StatefocusError as error:
            failed = True
            named = str(path) in str(error)
            typer.echo(str(error) if named else f"{path}: {error}", err=True)
        except MemoryError:
            failed = True
            typer.echo(f"{path} is larger than can be measured in the memory that is free.", err=True)
    if failed:
        raise typer.Exit(1)


def _measured(path: Path, name: str, metric: Metric, rig: Profile, overlay: Path | None) -> dict[str, Any]:
    from statefocus.frames import draw_overlay, measure_frame, read_frame
    from statefocus.frames.files import SCALED
    from statefocus.metrics import context_of, measure_with

    frame = read_frame(path)
    if frame.scaled:
        typer.echo(f"{path}: note: {SCALED}", err=True)
    context = context_of(rig, frame.binning)
    begun = time.perf_counter()
    found = measure_with(metric, frame.pixels, context)
    elapsed_ms = 1000 * (time.perf_counter() - begun)
    stars = measure_frame(frame.pixels, min_star_px=context.least_star_px, fwhm=True)
    if overlay is not None:
        draw_overlay(frame.pixels, stars, overlay, _headline(name, found))
    return {
        "file": str(path),
        "metric": name,
        "value": found.value,
        "error": found.error,
        "stars": found.stars,
        "hfr_px": stars.hfr_px,
        "hfd_px": stars.hfd_px,
        "fwhm_px": stars.fwhm_px,
        "saturated": stars.saturated,
        "background_adu": stars.background_adu,
        "elapsed_ms": round(elapsed_ms, 3),
    }


def _headline(name: str, found: Measured) -> str | None:
    """Tell another metric than HFR above the picture, as people read it."""
    from statefocus.metrics import scale_of_metric

    if name == "hfr" or found.value is None:
        return None
    scale = scale_of_metric(name)
    noun = "star" if found.stars == 1 else "stars"
    return f"{scale.title} {scale.told(found.value, found.error, digits=3)}   ·   {found.stars} {noun}"


def fit(
    points: Path = typer.Argument(help="CSV with the columns position,measure[,error]."),
    model: str = typer.Option("auto", help="auto, hyperbola, parabola or lines."),
    json_: bool = typer.Option(False, "--json", help="The result as one JSON line."),
    picture: Path | None = typer.Option(None, help="PNG of points and curve; needs matplotlib."),
) -> None:
    """Fit a curve to points; exit 1 where the fit is rejected."""
    from statefocus.focus import MODELS, find_focus
    from statefocus.points_file import read_points
    from statefocus.trace.records import fit_record

    if model not in MODELS:
        raise UsageError(f"--model {model}: write {', '.join(MODELS)}.")
    measured = read_points(points)
    found = find_focus(measured, model=model)
    if picture is not None:
        from statefocus.pictures import drawable, save_picture, sheet_of_fit

        drawable(picture)
        save_picture(sheet_of_fit(fit_record(found), measured, (points.name, f"{len(measured)} points")), picture)
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
