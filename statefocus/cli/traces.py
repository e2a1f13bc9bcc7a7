"""`replay`, `diff`, `log`, `explain`: what a trace proves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from statefocus.cli.console import console as make_console
from statefocus.errors import StatefocusError, TraceError


def replay(
    traces: list[Path] = typer.Argument(help="Traces to run through their own machines again."),
    jobs: int | None = typer.Option(None, min=1, help="Processes; as many as processors for a long trace."),
) -> None:
    """Run every recorded event again; exit 0 only if every decision is the same and no line was touched."""
    from statefocus.trace.parts import replay_in_parts

    same = True
    for path in traces:
        try:
            verdict = replay_in_parts(path, jobs)
        except TraceError as error:
            raise StatefocusError(f"{path}: {error}") from None
        same = same and verdict.same
        for damage in verdict.damage:
            said = "note" if damage.what == "torn" else damage.what.upper()
            typer.echo(f"{path}: {said}: {damage.sentence}")
        if verdict.mismatch is not None:
            _mismatch(path, verdict.mismatch)
        if not verdict.ended:
            typer.echo(f"{path}: note: it stops before the session ended; a power cut, or a process that was killed.")
        result = "every decision is the same" if verdict.mismatch is None else "the decisions differ"
        counted = f"{verdict.events} events, {verdict.decisions} decisions, {verdict.runs} runs"
        typer.echo(f"{path}: {counted}: {result}.")
    if not same:
        raise typer.Exit(1)


def _mismatch(path: Path, mismatch: Any) -> None:
    typer.echo(f"{path}: DIFFERS: line {mismatch.line}: {mismatch.key}")
    typer.echo(f"    recorded: {_short(mismatch.recorded)}")
    typer.echo(f"    replayed: {_short(mismatch.replayed)}")


def _short(value: Any, longest: int = 300) -> str:
    text = "(nothing)" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= longest else text[:longest] + " ..."


def diff(left: Path = typer.Argument(help="A trace."), right: Path = typer.Argument(help="Another.")) -> None:
    """Compare the decisions of two traces; exit 0 where they are the same."""
    from statefocus.trace.diffing import diff as compare
    from statefocus.trace.reading import read_header
    from statefocus.trace.times import zone_of

    zone = zone_of(str(read_header(left).body.get("time_zone", "UTC")))
    parting = compare(left, right)
    if parting is None:
        typer.echo("Same decisions.")
        return
    typer.echo(f"The first decision that differs: {parting.key}")
    for path, decision in ((left, parting.left), (right, parting.right)):
        _decision(path, decision, zone)
    raise typer.Exit(1)


def _decision(path: Path, decision: Any, zone: Any) -> None:
    from statefocus.trace.times import show

    if decision is None:
        typer.echo(f"  {path}: (the trace has ended)")
        return
    typer.echo(f"  {path}: line {decision.line}, {show(decision.t, zone)}")
    for key, value in decision.body.items():
        typer.echo(f"    {key}: {_short(value)}")


def log(
    trace: Path = typer.Argument(help="A trace."),
    json_: bool = typer.Option(False, "--json", help="One JSON line a run."),
) -> None:
    """Show the focusing log of a night: every run, failed ones too."""
    from statefocus.faces.tables import log_table
    from statefocus.trace.focus_log import focus_log

    header, entries = focus_log(trace)
    if json_:
        for entry in entries:
            typer.echo(json.dumps(entry.as_json(), ensure_ascii=False))
        return
    console = make_console()
    console.print(log_table(entries, str(header.body.get("time_zone", "UTC"))))
    for entry in entries:
        if entry.reason:
            console.print(f"run {entry.number} {entry.outcome}: {entry.reason}", soft_wrap=True, markup=False)


def explain(
    trace: Path = typer.Argument(help="A trace."),
    at: str = typer.Option(..., "--at", help="Local time of the site, such as 03:12; Z for UTC."),
) -> None:
    """Tell why it did, or did not, refocus at a moment."""
    from statefocus.trace.explaining import explain as tell

    for sentence in tell(trace, at):
        typer.echo(sentence)


COMMANDS = (replay, diff, log, explain)
