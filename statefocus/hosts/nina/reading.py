"""Reads what N.I.N.A.'s Advanced API sends: its envelope, its events, and numbers that may be none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from math import isfinite
from typing import Any, Literal

from statefocus.errors import Protocol, Refused

FRAME_TYPES = {"LIGHT": "Light", "DARK": "Dark", "FLAT": "Flat", "BIAS": "Bias", "DARKFLAT": "Dark"}
SNAPSHOT = "SNAPSHOT"
TARGET = "statefocus focus frame"
"""What focus frames of N.I.N.A.'s camera are called, so that none of them counts for the plan."""

FOCUSING = ("AUTOFOCUS-STARTING", "AUTOFOCUS-POINT-ADDED")
FOCUSED = ("AUTOFOCUS-FINISHED", "ERROR-AF")

_SAID = 120


@dataclass(frozen=True, slots=True)
class Told:
    """One event: its name, and what it tells besides."""

    name: str
    body: Mapping[str, Any]


def event_of(text: str | bytes) -> Told | None:
    """Read a message of the event socket; None for one that tells no event."""
    try:
        envelope = json.loads(text)
    except (ValueError, RecursionError):
        return None
    body = envelope.get("Response") if isinstance(envelope, dict) else None
    name = body.get("Event") if isinstance(body, dict) else None
    return Told(name, body) if isinstance(name, str) and isinstance(body, dict) else None


def answer_of(asked: str, status: int, content: bytes) -> Any:
    """Take an answer out of its envelope.

    Raises
    ------
    Refused
        Where N.I.N.A. says that it could not be done.
    Protocol
        Where something else answers.
    """
    try:
        envelope = json.loads(content)
        success = envelope["Success"]
    except (ValueError, KeyError, TypeError, RecursionError):
        said = " ".join(content[:_SAID].decode(errors="replace").split())
        raise Protocol(
            f"What answers HTTP {status} to {asked} is not N.I.N.A.'s Advanced API, version 2: {said!r}."
        ) from None
    if success is not True or status != HTTPStatus.OK:
        said = str(envelope.get("Error") or "an error without words")[:_SAID]
        raise Refused(f"N.I.N.A. says to {asked}: {said} ({status}).", status)
    return envelope.get("Response")


def number(value: object) -> float | None:
    """Read a number; None where it is none, or not finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        read = float(value)
    except OverflowError:
        return None
    return read if isfinite(read) else None


def whole(value: object) -> int | None:
    """Read a number of steps or stars; None where it is none."""
    read = number(value)
    return round(read) if read is not None and abs(read) < 1e9 else None


def words(value: object) -> str | None:
    """Read a text; None where there is none."""
    return value if isinstance(value, str) and value.strip() else None


def table(value: object) -> Mapping[str, Any]:
    """Read an object; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def point_of(body: Mapping[str, Any]) -> tuple[float, float] | None:
    """Read position and HFR of an autofocus point, told in a table of their own or beside the event's name."""
    for told in (table(body.get("ImageStatistics")), body):
        position, hfr = number(told.get("Position")), number(told.get("HFR"))
        if position is not None and hfr is not None:
            return position, hfr
    return None


def points_of(report: Mapping[str, Any]) -> tuple[tuple[float, float], ...]:
    """Read the curve of an autofocus report."""
    measured = report.get("MeasurePoints")
    return tuple(_points(measured)) if isinstance(measured, list) else ()


def _points(measured: list[Any]) -> Iterator[tuple[float, float]]:
    for one in measured:
        position, value = number(table(one).get("Position")), number(table(one).get("Value"))
        if position is not None and value is not None:
            yield position, value


Focusing = Literal["runs", "found", "failed", ""]


def focusing_of(history: object, now: float, limit_s: float) -> Focusing:
    """Read off N.I.N.A.'s event history how its last autofocus goes; nothing where it has none, or an old one runs.

    One whose time cannot be read counts as new.
    """
    told = [table(one) for one in history] if isinstance(history, list) else []
    focus = [one for one in told if one.get("Event") in FOCUSING + FOCUSED]
    if not focus:
        return ""
    if focus[-1].get("Event") in FOCUSED:
        return "found" if focus[-1].get("Event") == FOCUSED[0] else "failed"
    t = _time(focus[-1].get("Time"))
    return "runs" if t is None or now - t <= limit_s else ""


def _time(value: object) -> float | None:
    """Read a time as .NET writes it, with seven digits of a second; without a zone it is this machine's own."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.strip()))
        return read.astimezone(UTC).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def runs_sequence(tree: object, depth: int = 40) -> bool:
    """Whether anything in N.I.N.A.'s sequence says that it runs."""
    if depth == 0:
        return False
    if isinstance(tree, list):
        return any(runs_sequence(one, depth - 1) for one in tree)
    branch = table(tree)
    return str(branch.get("Status", "")).upper() == "RUNNING" or runs_sequence(branch.get("Items", []), depth - 1)
