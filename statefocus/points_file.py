"""Reads the points of a sweep from a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path

from statefocus.errors import UsageError, why_unread
from statefocus.focus import FocusPoint


def read_points(path: Path) -> list[FocusPoint]:
    """Read points from a CSV file with the columns `position, measure` and perhaps `error`; an empty measure is none.

    Raises
    ------
    UsageError
        With file and line of what cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = {"position", "measure"} - set(reader.fieldnames or ())
            if missing:
                raise UsageError(f"{path}:1: the column {' and '.join(sorted(missing))} is missing.")
            return [_point(path, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"The points {path} cannot be read: {why_unread(error)}.") from None


def _point(path: Path, line: int, row: dict[str, str | None]) -> FocusPoint:
    position = _number(path, line, "position", row)
    if position is None:
        raise UsageError(f"{path}:{line}: position is empty.")
    return FocusPoint(position, _number(path, line, "measure", row), _number(path, line, "error", row))


def _number(path: Path, line: int, column: str, row: dict[str, str | None]) -> float | None:
    text = (row.get(column) or "").strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{path}:{line}: {column} is {text!r}, which is no number.") from None
