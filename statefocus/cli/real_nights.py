"""`import` and `what-if`: other programs' nights, and the same night under another profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from statefocus.cli.console import warn_of
from statefocus.errors import UsageError
from statefocus.trace.naming import naming


def import_(
    program: str = typer.Argument(help="Who wrote the log: asiair, nina or ekos."),
    log: Path = typer.Argument(help="The log: Autorun_Log_*.txt, N.I.N.A.'s *.log, or *.analyze of Ekos."),
    trace: Path | None = typer.Option(None, help="Where the trace goes; LOG's name with .jsonl, in this folder."),
    time_zone: str | None = typer.Option(
        None, "--time-zone", help="IANA name of the zone of the log's local times; UTC, or what the log tells."
    ),
) -> None:
    """Turn another program's log into a trace, so that replay, explain, audit and what-if can be asked about it."""
    from statefocus.importing import PROGRAMS, import_log

    if program not in PROGRAMS:
        raise UsageError(f"There is no import from {program!r}; known: {', '.join(PROGRAMS)}.")
    made = import_log(program, log, trace or Path(f"{log.stem}.jsonl"), time_zone=time_zone)
    _told(made, guessed=time_zone is None and not PROGRAMS[program].WITH_ZONE)


def _told(made: Any, *, guessed: bool) -> None:
    version = f" {made.version}" if made.version else ""
    typer.echo(f"{made.trace}: {made.events} events from {made.lines} lines of {made.program}{version}.")
    hint = "; the log does not tell it: name it with --time-zone where that is wrong" if guessed else ""
    typer.echo(f"Local times are taken in {made.time_zone}{hint}.")
    if made.unknown:
        typer.echo(f"{made.unknown} lines have no known meaning and were left out, such as:")
        for text in made.unknown_lines:
            typer.echo(f"    {text or '(a line longer than 65536 bytes)'}")
    typer.echo("The log cannot tell:")
    for sentence in made.cannot_tell:
        typer.echo(f"    {sentence}")


def what_if(
    trace: Path = typer.Argument(help="A trace, recorded or imported."),
    profile: Path = typer.Option(..., "--profile", help="The profile to be tried."),
    json_: bool = typer.Option(False, "--json", help="The answer as one JSON object."),
) -> None:
    """Tell what another profile would have done on a recorded night."""
    from statefocus.loading import load_machines, load_profile
    from statefocus.what_if import what_if as ask
    from statefocus.what_if.telling import sentences

    loaded = load_profile(profile)
    warn_of(loaded, plan=False)
    with naming(trace):
        answer = ask(trace, loaded.profile, load_machines(loaded))
    if json_:
        typer.echo(json.dumps(answer.as_json(), ensure_ascii=False))
        return
    for sentence in sentences(answer):
        typer.echo(sentence)


COMMANDS = (import_, what_if)
