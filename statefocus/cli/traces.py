"""`replay`, `diff`, `log`, `explain`: what a trace proves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from statefocus.cli.console import console as make_console
from statefocus.errors import StatefocusError
from statefocus.trace.naming import naming

MOST_DAMAGE = 20
"""Damaged lines of a trace that are told one by one."""
DAMAGED = "the trace is damaged, so this is told from what is left of it; `statefocus audit` tells more."
LONGEST_FIELD = 60


def replay(
    traces: list[Path] = typer.Argument(help="Traces to run through their own machines again."),
    jobs: int | None = typer.Option(None, min=1, help="Processes; as many as processors for a long trace."),
) -> None:
    """Run every recorded event again; exit 0 only if every decision is the same and no line was touched."""
    from statefocus.trace.parts import replay_in_parts

    worst = 0
    for path in traces:
        try:
            with naming(path):
                verdict = replay_in_parts(path, jobs)
        except StatefocusError as error:  # one that cannot be read says nothing of the others
            typer.echo(str(error), err=True)
            worst = max(worst, error.exit_code)
            continue
        worst = max(worst, 0 if verdict.same else 1)
        for damage in verdict.damage:
            said = "note" if damage.what == "torn" else damage.what.upper()
            typer.echo(f"{path}: {said}: {damage.sentence}")
        if verdict.mismatch is not None:
            _mismatch(path, verdict.mismatch)
        if verdict.mismatch is None and not verdict.ended:
            typer.echo(f"{path}: note: it stops before the session ended; a power cut, or a process that was killed.")
        result = "every decision is the same" if verdict.mismatch is None else "the decisions differ"
        counted = f"{verdict.events} events, {verdict.decisions} decisions, {verdict.runs} runs"
        typer.echo(f"{path}: {counted}: {result}.")
    if worst:
        raise typer.Exit(worst)


def _mismatch(path: Path, mismatch: Any) -> None:
    typer.echo(f"{path}: DIFFERS: line {mismatch.line}: {mismatch.key}")
    typer.echo(f"    recorded: {_short(mismatch.recorded)}")
    typer.echo(f"    replayed: {_short(mismatch.replayed)}")


def _short(value: Any, longest: int = 300) -> str:
    text = "(nothing)" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= longest else text[:longest] + " ..."


def diff(left: Path = typer.Argument(help="A trace."), right: Path = typer.Argument(help="Another.")) -> None:
    """Compare the decisions of two traces; exit 0 where they are the same."""
    from statefocus.trace.diffing import Night, parting_of

    nights = Night(left), Night(right)
    parting = parting_of(*nights)
    if parting is None and not any(night.damage for night in nights):
        typer.echo("Same decisions.")
        return
    for letter, night in zip("AB", nights, strict=True):
        for said in _damage_told(night.path, night.damage):
            typer.echo(f"{letter} {said}")
    if parting is None:
        typer.echo("The decisions that are left are the same; of lines that are missing or edited nobody can tell.")
        raise typer.Exit(1)
    typer.echo(f"The first decision that differs is number {parting.number}: {parting.key}")
    if parting.agreed is not None:
        agreed = parting.agreed
        typer.echo(f"  agreed until {_into(agreed.since_s)} into the night, line {agreed.line} of {left}.")
    _parting(parting, left, right)
    raise typer.Exit(1)


def _damage_told(path: Path, damage: Sequence[Any]) -> Iterator[str]:
    """Tell what is wrong with a trace's lines, each with file and line; of many, the first ones and their number."""
    for one in damage[:MOST_DAMAGE]:
        said = one.sentence.partition(": ")[2]
        yield f"{path}:{one.line}: {'note: ' if one.what == 'torn' else ''}{said}"
    if len(damage) > MOST_DAMAGE:
        yield f"{path}: {len(damage) - MOST_DAMAGE} more lines are damaged."


def _as_far_as_readable(path: Path, damage: Sequence[Any]) -> None:
    """Tell a trace's damage on standard error after what could be read of it; exit 1, unless only its end is torn."""
    for said in _damage_told(path, damage):
        typer.echo(said, err=True)
    if any(one.what != "torn" for one in damage):
        typer.echo(f"{path}: {DAMAGED}", err=True)
        raise typer.Exit(1)


def _parting(parting: Any, left: Path, right: Path) -> None:
    from statefocus.trace.diffing import side_by_side
    from statefocus.trace.reading import read_header
    from statefocus.trace.times import show, zone_of

    rows = list(side_by_side(parting))
    for letter, path, decision in (("A", left, parting.left), ("B", right, parting.right)):
        if decision is None:
            typer.echo(f"  {letter} {path}: (the trace has ended)")
            continue
        zone = zone_of(str(read_header(path).body.get("time_zone", "UTC")))
        when = show(decision.t, zone, date=True)
        typer.echo(f"  {letter} {path}: line {decision.line}, {when}, {_into(decision.since_s)} into the night")
        if decision.event is not None:
            typer.echo(f"    it follows from line {decision.event.number}: {_event_told(decision.event.body)}")
    wide = max((len(name) for name, _, _ in rows), default=0)
    broad = min(max((len(one) for _, one, _ in rows), default=1), 60)
    typer.echo(f"    {'':{wide}}  {'A':{broad}}  B")
    for name, one, other in rows:
        typer.echo(f"    {name:{wide}}  {one:{broad}}  {other}")


def _event_told(body: dict[str, Any]) -> str:
    """An event in a line: its kind, and the fields that hold anything."""
    fields = {key: value for key, value in body.items() if key not in ("event", "effect") and value is not None}
    said = ", ".join(f"{key} {_short(value, LONGEST_FIELD)}" for key, value in fields.items())
    return f"{body.get('event')} ({said})" if said else str(body.get("event"))


def _into(seconds: float) -> str:
    return f"{int(seconds // 3600)}:{int(seconds // 60 % 60):02d}:{seconds % 60:04.1f}"


def log(
    trace: Path = typer.Argument(help="A trace."),
    json_: bool = typer.Option(False, "--json", help="One JSON line a run, then one a warning or error (`note`)."),
    pictures: Path | None = typer.Option(None, help="Folder for a PNG of each run; needs matplotlib."),
) -> None:
    """Show the focusing log of a night: every run, failed ones too, and what a person was warned of."""
    from statefocus.resident.rendezvous import attends
    from statefocus.trace.focus_log import focus_log
    from statefocus.trace.reading import read_header

    with naming(trace):
        profile = read_header(trace).body.get("profile")
        rig = str(profile.get("name", "")) if isinstance(profile, dict) else ""
        found = focus_log(trace, goes_on=bool(rig) and attends(rig, trace))
        drawn = _draw(trace, pictures) if pictures is not None else ""
    if json_:
        for entry in found.entries:
            typer.echo(json.dumps(entry.as_json(), ensure_ascii=False))
        for note in found.notes:
            typer.echo(json.dumps(note.as_json(), ensure_ascii=False))
    else:
        _log_shown(found)
        if drawn:
            make_console().print(drawn, soft_wrap=True, markup=False)
    _as_far_as_readable(trace, found.damage)


def _log_shown(found: Any) -> None:
    from statefocus.faces.tables import log_table, note_lines
    from statefocus.trace.focus_log import scale_of

    console, zone = make_console(), str(found.header.body.get("time_zone", "UTC"))
    console.print(log_table(found.entries, zone, scale_of(found.header)))
    for entry in found.entries:
        if entry.reason:
            name = f"run {entry.number}" if entry.number else "another program's run"
            console.print(f"{name} {entry.outcome}: {entry.reason}", soft_wrap=True, markup=False)
    if not found.entries:
        console.print("No run is in this trace.")
    for text, style in note_lines(found.notes_beside, zone):
        console.print(text, style=style, soft_wrap=True, markup=False, highlight=False)


def _draw(trace: Path, folder: Path) -> str:
    """Draw every run of a trace; gives what is to be said of it."""
    from statefocus.cli.drawing import sheets_of
    from statefocus.pictures import drawable, save_picture

    folder.mkdir(parents=True, exist_ok=True)
    count = bare = 0
    for name, sheet in sheets_of(trace):
        drawable(folder / f"{name}.png")
        if sheet is None:
            bare += 1
        else:
            save_picture(sheet, folder / f"{name}.png")
            count += 1
    if not count + bare:
        return "This trace holds no run of statefocus that could be drawn."
    without = f"; {bare} without a measured frame cannot be drawn" if bare else ""
    return f"{count} of {count + bare} runs drawn in {folder}{without}."


def explain(
    trace: Path = typer.Argument(help="A trace."),
    at: str = typer.Option(
        ...,
        "--at",
        help="Local time of the site, such as 03:12, which stands for the end of that minute, or 03:12:30, the end of "
        "that second; 03:12Z is UTC, 03:12+02:00 has an offset.",
    ),
) -> None:
    """Tell why it did, or did not, refocus at a moment."""
    from statefocus.trace.explaining import explain as tell

    with naming(trace):
        told = tell(trace, at)
    typer.echo(told.text)
    _as_far_as_readable(trace, told.damage)


def audit(trace: Path = typer.Argument(help="A trace, with or without the profile that made it.")) -> None:
    """Check a trace against its digests, its schema and the inviolable rules; exit 0 only if nothing is wrong."""
    from statefocus.trace.auditing import audit as check

    with naming(trace):
        found = check(trace)
    for finding in found.findings:
        typer.echo(f"{trace}:{finding.line}: {finding.sentence} [{finding.rule}]")
    if found.more:
        typer.echo(f"{trace}: {found.more} more findings.")
    for note in found.notes:
        typer.echo(f"{trace}: note: {note}")
    wrong = len(found.findings) + found.more
    result = "nothing is wrong" if found.clean else f"{wrong} finding{'s' if wrong > 1 else ''}"
    typer.echo(f"{trace}: {found.lines} lines, {found.events} events, {found.runs} runs: {result}.")
    if not found.clean:
        raise typer.Exit(1)


COMMANDS = (replay, diff, log, explain, audit)
