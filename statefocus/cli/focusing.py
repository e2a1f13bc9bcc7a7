"""`focus`: one autofocus run now, or the run again from saved frames."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer

from statefocus.cli.console import console as make_console
from statefocus.cli.console import warn_of
from statefocus.errors import UsageError
from statefocus.scales import Scale


def focus(
    profile: Path | None = typer.Argument(None, help="Profile of the rig; none uses the embedded observatory."),
    package: Path | None = typer.Option(None, help="Folder of saved frames: the run again, without any device."),
    json_: bool = typer.Option(False, "--json", help="Only the run record, as JSON, on standard output."),
    again: bool = typer.Option(False, "--again", help="Centre the run on the last best position."),
    undo: bool = typer.Option(False, "--undo", help="Return to where the last run by hand began."),
    trace: Path | None = typer.Option(None, help="Where the trace goes."),
    seed: int = typer.Option(1, help="Seed of the embedded observatory."),
    picture: Path | None = typer.Option(None, help="PNG of the run's curve; needs matplotlib."),
) -> None:
    """Focus now. Ctrl-C cancels, and the focuser goes back to where it was."""
    if again and undo:
        raise UsageError("--again and --undo exclude each other.")
    if package is not None and (again or undo or trace):
        raise UsageError("--package measures saved frames and moves nothing: leave --again, --undo and --trace out.")
    if undo and picture:
        raise UsageError("--undo takes no frames, so there is nothing to draw: leave --picture out.")
    if picture is not None:
        from statefocus.pictures import drawable

        drawable(picture)
    if package is not None:
        _from_package(package, profile, picture, json_=json_)
        return
    wish = "undo" if undo else "again" if again else "run"
    _now(profile, wish, trace, seed, picture, json_=json_)


def _now(path: Path | None, wish: Any, trace: Path | None, seed: int, picture: Path | None, *, json_: bool) -> None:
    from statefocus import first_start
    from statefocus.by_hand import focus_now
    from statefocus.cli.nights import interruptible, new_trace, speed_of
    from statefocus.faces.progress import Progress
    from statefocus.loading import load_profile
    from statefocus.metrics import measurer
    from statefocus.trace.reading import TraceReader

    loaded = load_profile(path)
    warn_of(loaded, plan=False)
    profile = loaded.profile
    console = make_console(stderr=json_)
    first_start.tell_by(lambda said: console.print(said, soft_wrap=True))
    focused = focus_now(
        loaded,
        wish=wish,
        trace=trace or new_trace(profile),
        measure=measurer(profile, "hfr" if wish == "undo" else None),  # an undo measures nothing, and needs no tool
        audience=Progress(console),
        ask=_ask,
        interruptible=interruptible,
        seed=seed,
        speed=speed_of(None, profile),
    )
    if json_:
        for line in TraceReader(focused.trace):
            if line.kind == "run":
                typer.echo(json.dumps(line.body, ensure_ascii=False))
    if picture is not None and focused.runs:
        _draw_last(focused.trace, picture)
    if focused.refusal:
        typer.echo(f"Refused: {focused.refusal}", err=True)
        raise typer.Exit(1)
    good = ("cancelled",) if wish == "undo" else ("validated", "unvalidated")
    if not focused.runs or focused.runs[-1].outcome not in good:
        raise typer.Exit(1)


def _ask(run: Any) -> Any:
    """On a terminal, ask what to do with the result; elsewhere it is accepted."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "accept"
    choices = {"a": "accept", "r": "again", "c": "cancel"}
    while True:
        typed = typer.prompt(f"Run {run.number} {run.outcome}: [a]ccept, [r]un again, [c]ancel", default="a")
        choice = choices.get(typed.strip().lower()[:1])
        if choice:
            return choice


def _draw_last(trace: Path, picture: Path) -> None:
    """Draw the last run of a trace that has frames; an undo after it has none."""
    from statefocus.cli.drawing import sheets_of
    from statefocus.pictures import save_picture

    sheets = [sheet for _, sheet in sheets_of(trace) if sheet is not None]
    if sheets:
        save_picture(sheets[-1], picture)
    else:
        typer.echo("No frame was measured, so there is nothing to draw.", err=True)


def _from_package(folder: Path, path: Path | None, picture: Path | None, *, json_: bool) -> None:
    from statefocus.loading import load_profile
    from statefocus.package import answer_of

    loaded = load_profile(path) if path else None
    if loaded:
        warn_of(loaded, plan=False)
    answer = answer_of(folder, loaded.profile if loaded else None)
    if picture is not None:
        from statefocus.cli.drawing import sheet_of_answer
        from statefocus.pictures import save_picture

        save_picture(sheet_of_answer(answer), picture)
    if json_:
        typer.echo(json.dumps(answer.record, ensure_ascii=False))
    else:
        _tell(answer.record, answer.profile.scale)
    if not answer.record["accepted"]:
        raise typer.Exit(1)


def _tell(record: dict[str, Any], scale: Scale) -> None:
    """Print a run from saved frames for a person."""
    from msgspec import convert

    from statefocus.pictures.sheet import FitTold, refining_told

    for point in record["points"]:
        shown = "no star"
        if point["measure"] is not None:
            shown = f"{scale.title} {scale.text(point['measure'], point['error'] or 0.0, digits=3)}"
        typer.echo(f"  {point['position']:10.1f}  {shown}")
    if record["best_position"] is None:
        typer.echo("No position found: REJECTED")
    else:
        sigma = "?" if record["sigma_position"] is None else f"{record['sigma_position']:.2f}"
        said = "accepted" if record["accepted"] else "REJECTED"
        typer.echo(f"{record['model']}: best focus at {record['best_position']:.2f} ± {sigma}: {said}")
    told = refining_told(convert(record, FitTold))
    if told:
        typer.echo(f"  {told}")
    for reason in record["reasons"]:
        typer.echo(f"  {reason}")
    for rejected in record["rejected"]:
        typer.echo(f"  left out {rejected['position']:g}: {rejected['why']}")
    for remark in record["remarks"]:
        typer.echo(f"  note: {remark}")
    recorded = record.get("recorded", {})
    if recorded.get("best_position") is not None:
        typer.echo(f"  the run itself found {recorded['best_position']:.2f}, and ended {recorded['outcome']}.")


COMMANDS = (focus,)
