"""docs/rules.md names code and rows that exist."""

from __future__ import annotations

import importlib
import re
from types import ModuleType
from typing import Any

from statefocus.actions import ACTIONS
from statefocus.loading import load_machines
from statefocus.rules import GUARDS
from tests.generate import ROOT

PAGE = (ROOT / "docs" / "rules.md").read_text("utf-8")


def cells(column: int) -> list[str]:
    rows = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    return [name for row in rows[1:] for name in re.findall(r"`([^`]+)`", row[column])]


def exists(dotted: str) -> bool:
    """Resolve `module.Class.method` inside the package; a bare name is looked up in rules and actions."""
    parts = dotted.split(".")
    if parts[-1] in {**GUARDS, **ACTIONS} and parts[0] in ("rules", "actions", parts[-1]):
        return True
    found: Any = importlib.import_module("statefocus")
    for part in parts:
        if isinstance(found, ModuleType) and not hasattr(found, part):
            try:
                found = importlib.import_module(f"{found.__name__}.{part}")
            except ModuleNotFoundError:
                return False
        else:
            found = getattr(found, part, None)
        if found is None:
            return False
    return True


def test_every_place_in_the_code_exists() -> None:
    assert [name for name in cells(1) if not exists(name)] == []


def test_every_row_state_and_conjunction_exists() -> None:
    machines = load_machines()
    known = {row.id for machine in machines for row in machine.rows}
    known |= {state for machine in machines for state in machine.states}
    known |= {name for machine in machines for name in machine.conjunctions}
    assert [name for name in cells(2) if name not in known] == []
