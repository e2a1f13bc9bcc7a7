"""Explain, after a run, in a damaged trace, and with states of other names."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from statefocus.cli.app import app
from statefocus.trace.explaining import DAMAGED, explain
from statefocus.trace.reading import TraceReader
from statefocus.trace.times import show, zone_of
from statefocus.what_if.recorded import read
from tests.generate import TRACES

from .tapes import lines_of, put, rechained

NIGHT = TRACES / "cooling_tube.jsonl"
ZONE = zone_of(str(next(iter(TraceReader(NIGHT))).body["time_zone"]))


def end_of(number: int) -> float:
    return next(line.t for line in TraceReader(NIGHT) if line.kind == "run" and line.body["number"] == number)


def renamed(path: Path) -> Path:
    text = NIGHT.read_text("utf-8")
    for old, new in (("Refocusing", "Focusing"), ("Validating", "Checking"), ("Concluding", "Closing")):
        text = text.replace(f'":"{old}', f'":"{new}')
    return put(path, rechained(text.splitlines()))


def test_a_moment_after_a_run_tells_that_it_restarted_the_triggers() -> None:
    t = end_of(2)
    text = "\n".join(explain(NIGHT, show(t + 1, ZONE)))
    assert f"The run of {show(t, ZONE)} restarted every trigger, and none was looked at since." in text
    assert "Triggers were last looked at" not in text


def test_the_next_look_after_a_run_is_told_again() -> None:
    end = end_of(2)
    t = next(line.t for line in TraceReader(NIGHT) if line.t > end and line.body.get("triggers"))
    text = "\n".join(explain(NIGHT, show(t + 1, ZONE)))
    assert "Triggers were last looked at" in text
    assert "restarted every trigger" not in text


def test_a_damaged_trace_is_told_once(tmp_path: Path) -> None:
    path, lines = tmp_path / "damaged.jsonl", lines_of(NIGHT)
    put(path, [*lines[:30], *lines[31:]])
    assert explain(path, show(end_of(2) + 1, ZONE)).count(DAMAGED) == 1
    shown = CliRunner().invoke(app, ["log", str(path)])
    assert shown.output.count(DAMAGED) == 1
    assert DAMAGED not in CliRunner().invoke(app, ["log", str(NIGHT)]).output
    assert DAMAGED not in explain(NIGHT, show(end_of(2) + 1, ZONE))


def test_renamed_states_change_nothing_of_what_is_told(tmp_path: Path) -> None:
    path = renamed(tmp_path / "renamed.jsonl")
    begun = json.loads(next(line for line in lines_of(NIGHT) if '"row":"temperature-due","tried"' in line))
    text = "\n".join(explain(path, show(begun["t"] + 5, ZONE)))
    assert "begun by row `temperature-due`" in text
    assert "a run began, due to temperature" in text
    told = read(path)
    assert (told.runs, told.holds) == (read(NIGHT).runs, read(NIGHT).holds)
