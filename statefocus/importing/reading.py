"""Reads a log, and writes it as a trace: events through the real session, under a profile that only watches."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, get_args

from pydantic import BaseModel

from statefocus.errors import StatefocusError, UsageError
from statefocus.events import Event
from statefocus.importing import asiair, ekos, nina
from statefocus.importing.account import Account
from statefocus.importing.lines import LocalClock, LogLines
from statefocus.loading import load_machines
from statefocus.profile import Guards, Profile, Triggers
from statefocus.session import Session
from statefocus.trace.encoding import encode_event
from statefocus.trace.header import header_body
from statefocus.trace.telling import derived
from statefocus.trace.times import zone_of
from statefocus.trace.writing import TraceWriter

PROGRAMS: Mapping[str, Any] = {"asiair": asiair, "nina": nina, "ekos": ekos}
"""The module of each program, by the name that people type."""

NO_POSITION = "where the focuser stood when the log begins"
NONE_YET = 5000
"""Lines without one of the program's own, after which a file is no log of it."""
SHOWN = 3


class _Log(Protocol):
    version: str
    first_t: float
    last_t: float

    def take(self, text: str) -> str:
        """Take a line."""


@dataclass
class Imported:
    """What an import has made.

    Attributes
    ----------
    lines, told, unknown
        Lines in all, those that told an event, those of no known meaning.
    unknown_lines
        The first few of these.
    time_zone
        IANA name of the zone that local times were taken in, and where it came from.
    """

    program: str
    version: str
    trace: Path
    time_zone: str
    lines: int = 0
    told: int = 0
    unknown: int = 0
    unknown_lines: list[str] = field(default_factory=list)
    cannot_tell: tuple[str, ...] = ()
    events: int = 0


def import_log(
    program: str, log: Path, trace: Path, *, time_zone: str | None = None, fallback: str = "UTC"
) -> Imported:
    """Turn another program's log into a trace.

    Parameters
    ----------
    program
        One of `PROGRAMS`.
    log, trace
        What is read, and what is written; an existing trace is refused.
    time_zone
        IANA name of the zone of the log's local times; None for what the log tells, or else for `fallback`.

    Raises
    ------
    UsageError
        Where the file cannot be read, or is no log of that program.
    StatefocusError
        Where the trace cannot be written.
    """
    module = PROGRAMS[program]
    told_by_log = module.WITH_ZONE and time_zone is None
    clock = LocalClock(None if told_by_log else zone_of(time_zone or fallback))
    account, lines = Account(), LogLines(log)
    reading: _Log = module.Log(account, clock)
    made = Imported(module.TITLE, "", trace, "", cannot_tell=module.CANNOT_TELL)
    _read(lines, reading, made, program, log)
    if hasattr(reading, "finish"):
        reading.finish()
    zone = clock.zone or zone_of(fallback)
    made.version, made.time_zone, made.lines = reading.version, zone.key, lines.count
    night = account.night(reading.first_t, reading.last_t)
    if len(night) <= 2:  # the start and the end
        raise UsageError(
            f"The {module.TITLE} log {log} tells of no frame, focus run or reading: there is no night in it."
        )
    made.events = len(night)
    if account.first_position is None:
        made.cannot_tell += (NO_POSITION,)
    _write(night, made, log)
    return made


def _read(lines: LogLines, reading: _Log, made: Imported, program: str, log: Path) -> None:
    own = 0
    for text in lines:
        use = reading.take(text)
        made.told += use == "told"
        own += use != "unknown"
        if use == "unknown":
            made.unknown += 1
            if len(made.unknown_lines) < SHOWN:
                made.unknown_lines.append(text[:100])
        if own == 0 and made.unknown >= NONE_YET:
            break
    if not made.told:
        raise _no_log(program, log, lines)


def _no_log(program: str, log: Path, lines: LogLines) -> StatefocusError:
    module = PROGRAMS[program]
    if lines.count == 0:
        return UsageError(f"{log} is empty: there is no night in it.")
    other = next((name for name in PROGRAMS if name != program and _knows(name, log)), None)
    hint = f"it looks like one of {PROGRAMS[other].TITLE}: use `import {other}`" if other else "is it the right file?"
    return UsageError(f"{log} is no {module.TITLE} log, none of its lines looks like `{module.SIGN}`; {hint}")


def _knows(program: str, log: Path, first_lines: int = 200) -> bool:
    reading = PROGRAMS[program].Log(Account(), LocalClock(zone_of("UTC")))
    for index, text in enumerate(LogLines(log)):
        if index >= first_lines:
            break
        if reading.take(text) == "told":
            return True
    return False


def watching_profile(name: str, time_zone: str) -> Profile:
    """Make a profile that only watches: every trigger off, every guard whose fact the log may lack not used."""
    triggers = {key: _off(info.annotation) for key, info in Triggers.model_fields.items()}
    guards = {key: "not_used" for key, info in Guards.model_fields.items() if "not_used" in _choices(info.annotation)}
    return Profile.model_validate(
        {
            "name": name,
            "site": {"time_zone": time_zone},
            "triggers": {key: value for key, value in triggers.items() if value is not None},
            "guards": guards,
        }
    )


def _choices(annotation: Any) -> tuple[Any, ...]:
    parts = get_args(annotation)
    inner = tuple(choice for part in parts for choice in get_args(part))
    return (*parts, *inner)


def _off(annotation: Any) -> Any:
    if annotation is bool:
        return False
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and "enabled" in annotation.model_fields:
        return {"enabled": False}
    return None


def _write(night: list[tuple[float, Event]], made: Imported, log: Path) -> None:
    machines = load_machines()
    profile = watching_profile(f"imported from {made.program}", made.time_zone)
    session = Session(machines, profile)
    header = header_body(profile, {}, machines, seed=0, speed="real")
    header["imported"] = {
        "program": made.program,
        "version": made.version,
        "file": log.name,
        "cannot_tell": list(made.cannot_tell),
        "lines": made.lines,
        "unknown_lines": made.unknown,
    }
    with closing(TraceWriter(made.trace)) as writer:
        start = night[0][0]
        writer.write("header", start, header)
        state = session.begin(start)
        for count, (t, event) in enumerate(night, 1):
            seq = writer.write("event", t, encode_event(event))
            state, steps = session.step(state, event, t)
            for kind, body in derived(seq, count, steps, state):
                writer.write(kind, t, body)
