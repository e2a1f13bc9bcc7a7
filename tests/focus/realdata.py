"""Where the real data is: STATEFOCUS_DATA, or ../shared/data beside the project; without it a test is skipped."""

import csv
import os
from pathlib import Path

import pytest

from statefocus.focus import FocusPoint


def data_path(*parts: str) -> Path:
    root = Path(os.environ.get("STATEFOCUS_DATA") or Path(__file__).parents[2] / ".." / "shared" / "data")
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the real data {'/'.join(parts)} is not here (set STATEFOCUS_DATA)")
    return path


def read_runs() -> dict[str, list[FocusPoint]]:
    runs: dict[str, list[FocusPoint]] = {}
    with data_path("autofocus_runs", "points.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            point = FocusPoint(float(row["position"]), _number(row["measure"]), _number(row["error"]))
            runs.setdefault(row["run_id"], []).append(point)
    return runs


def _number(text: str) -> float | None:
    return float(text) if text else None
