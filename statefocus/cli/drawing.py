"""Pictures of runs for the commands that read traces, packages and points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from statefocus.package import Answer
    from statefocus.pictures import Sheet


def sheets_of(trace: Path) -> Iterator[tuple[str, Sheet | None]]:
    """Lay out every run of a trace; gives a name for its picture, and None where no frame of it was measured.

    Raises
    ------
    StatefocusError
        Where the trace cannot be read, or a run's record is none.
    """
    from statefocus.pictures import sheet_of_run
    from statefocus.trace.focus_log import scale_of
    from statefocus.trace.reading import TraceReader, headed
    from statefocus.trace.sweeps import swept_runs
    from statefocus.trace.times import run_name, show, zone_of

    lines = iter(TraceReader(trace))
    header = headed(next(lines))
    zone, scale = zone_of(str(header.body.get("time_zone", "UTC"))), scale_of(header)
    for swept in swept_runs(lines):
        body = swept.line.body
        begun = float(body.get("started_t") or swept.line.t - body["duration_s"])
        sheet = sheet_of_run(body, scale, show(begun, zone, date=True), swept.points)
        yield run_name(begun, zone, body["number"]), sheet if sheet.points or sheet.earlier else None


def sheet_of_answer(answer: Answer) -> Sheet:
    """Lay out what a package's frames say, beside what the run itself has said."""
    from msgspec.structs import replace

    from statefocus.pictures import sheet_of_fit
    from statefocus.pictures.sheet import RunTold, facts_of, told
    from statefocus.trace.times import show, zone_of

    record, package = answer.record, answer.package
    facts: tuple[str, ...]
    if package is None:
        facts = (Path(record["package"]).name, f"{len(answer.points)} points", f"settings: {record['settings']}")
        return sheet_of_fit(record, answer.points, facts, answer.profile.scale, answer.cfz_steps)
    run = told(package.run, RunTold)
    begun = show(run.started_t, zone_of(package.time_zone), date=True)
    facts = (*facts_of(run, begun), f"from its package, settings: {record['settings']}")
    sheet = sheet_of_fit(record, answer.points, facts, answer.profile.scale, answer.cfz_steps)
    if run.best_position is None or package.run.get("metric") != record["metric"]:
        return sheet
    return replace(sheet, validations=run.validation_measures, validated_at=float(run.best_position))
