"""Tables that people read at the end of a night, and in the morning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table

from statefocus.scales import SCALES, Scale
from statefocus.telescope import Figures
from statefocus.trace.focus_log import LogEntry, Note
from statefocus.trace.times import show, zone_of

_STYLES = {
    "validated": "green",
    "unvalidated": "yellow",
    "restored": "yellow",
    "cancelled": "dim",
    "lost": "bold red",
    "cut off": "bold red",
}


def log_table(entries: Sequence[LogEntry], time_zone: str, scale: Scale) -> Table:
    """Show the focusing log (L1); `scale` is that of its runs' metric, another program's runs tell HFR."""
    zone = zone_of(time_zone)
    table = Table(title=f"Focusing log ({time_zone})", title_justify="left")
    for name in ("time", "trigger", "outcome"):
        table.add_column(name)
    for name in (scale.heading, "position", "filter", "temp. C", "took s"):
        table.add_column(name, justify="right")
    for entry in entries:
        table.add_row(
            show(entry.t, zone),
            ", ".join(entry.causes),
            f"[{_STYLES.get(entry.outcome, '')}]{entry.outcome}[/]" if _STYLES.get(entry.outcome) else entry.outcome,
            "-" if entry.measure is None else _measured(entry, scale),
            "-" if entry.position is None else str(entry.position),
            entry.filter or "-",
            "-" if entry.temperature_c is None else f"{entry.temperature_c:.2f}",
            "-" if entry.seconds is None else f"{entry.seconds:.0f}",
        )
    return table


def note_lines(notes: Sequence[Note], time_zone: str) -> Iterator[tuple[str, str]]:
    """Tell what a person was warned of: a line, and its style."""
    zone, styles = zone_of(time_zone), {"error": "bold red", "warning": "yellow"}
    for note in notes:
        yield f"{show(note.t, zone)}  {note.level}: {note.sentence}", styles.get(note.level, "")


def _measured(entry: LogEntry, scale: Scale) -> str:
    if entry.number is None and scale is not SCALES["hfr"]:
        return SCALES["hfr"].told(entry.measure or 0.0)
    return scale.number(entry.measure or 0.0)


def figures_table(ours: Figures, theirs: Figures | None, focusing_s: float) -> Table:
    """Show what a night was worth, beside the same night without statefocus."""
    table = Table(title="The night, by the truth that the observatory knows", title_justify="left")
    table.add_column("")
    table.add_column("with statefocus", justify="right")
    if theirs is not None:
        table.add_column("without", justify="right")
    rows = (
        ("Light frames taken", f"{ours.lights}", theirs and f"{theirs.lights}"),
        ("out of focus (> CFZ/2 at mid-exposure)", f"{ours.out_of_focus}", theirs and f"{theirs.out_of_focus}"),
        ("in focus", f"{ours.in_focus_percent:.1f} %", theirs and f"{theirs.in_focus_percent:.1f} %"),
        ("spent focusing", f"{focusing_s:.0f} s", theirs and "0 s"),
    )
    for name, one, other in rows:
        table.add_row(name, one, *([str(other)] if theirs is not None else []))
    return table
