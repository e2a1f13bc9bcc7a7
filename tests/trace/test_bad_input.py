"""Bad input, at every command that reads a trace: one clear error that names the line; no fault, no silent skip."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from statefocus.cli.app import app
from statefocus.errors import StatefocusError
from statefocus.trace.auditing import audit
from tests.generate import STORIES, TRACES

from .tapes import changed, find, lines_of, put, rechained

NIGHT = TRACES / "cooling_tube.jsonl"
AT = "2026-03-14T21:00"
COMMANDS: dict[str, Callable[[Path], list[str]]] = {
    "replay": lambda path: ["replay", str(path)],
    "audit": lambda path: ["audit", str(path)],
    "log": lambda path: ["log", str(path)],
    "explain": lambda path: ["explain", str(path), "--at", AT],
    "diff": lambda path: ["diff", str(path), str(NIGHT)],
    "what-if": lambda path: ["what-if", str(path), "--profile", str(STORIES / "cooling_tube.toml")],
}


def asked(command: str, path: Path) -> tuple[int, str]:
    """Exit code, and all that is said, of a command; what is no sentence fails the test."""
    done: Result = CliRunner().invoke(app, COMMANDS[command](path))
    if done.exception is None or isinstance(done.exception, SystemExit):
        return done.exit_code, done.output
    assert isinstance(done.exception, StatefocusError), done.exception
    return done.exception.exit_code, str(done.exception)


def at(wanted: dict[str, Any], **values: Any) -> Callable[[list[str]], tuple[list[str], int]]:
    """Give the first line with these values others, every digest made right again; and the line's number."""

    def harm(lines: list[str]) -> tuple[list[str], int]:
        index = find(lines, **wanted)
        return rechained([*lines[:index], changed(lines[index], **values), *lines[index + 1 :]]), index + 1

    return harm


def inserted(text: str) -> Callable[[list[str]], tuple[list[str], int]]:
    return lambda lines: ([*lines[:60], text, *lines[60:]], 61)


READ_BY_ALL: dict[str, Callable[[list[str]], tuple[list[str], int]]] = {
    "unknown kind": at({"kind": "effect"}, kind="omen"),
    "unknown event": at({"event": "safety_read"}, event="omen"),
    "newer version": at({"kind": "effect"}, v=2),
    "a time of no calendar": at({"kind": "effect"}, t=1e18),
    "NaN": inserted('{"v":1,"seq":60,"t":NaN,"kind":"event","digest":"0123456789abcdef"}'),
    "a line of megabytes": inserted("x" * 9_000_000),
    "nested too deep": inserted("[" * 100_000),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("harm", READ_BY_ALL.values(), ids=READ_BY_ALL)
def test_a_line_that_cannot_be_read_is_named_by_every_command(
    tmp_path: Path, harm: Callable[[list[str]], tuple[list[str], int]], command: str
) -> None:
    lines, number = harm(lines_of(NIGHT))
    path = put(tmp_path / "bad.jsonl", lines)
    code, said = asked(command, path)
    assert code == 1
    assert f"{path}:{number}: " in said or f"{path}: line {number}: " in said


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_regular_file_is_refused_before_anything_waits_for_it(
    tmp_path: Path, kind: str, command: str
) -> None:
    path = Path(os.devnull)
    if kind == "pipe":
        path = tmp_path / "pipe"
        os.mkfifo(path)
    code, said = asked(command, path)
    assert code == 2
    assert f"{path} is a pipe or a device; a trace has to be a regular file" in said


ODD_RUNS: dict[str, dict[str, Any]] = {
    "causes": {"causes": [1, {}]},
    "measures": {"validation_measures": ["x"]},
    "metric": {"metric": None},
    "end": {"ended_t": 1e17},
    "before all": {"ended_t": -1e15},
    "duration": {"duration_s": 1e300},
}


@pytest.mark.parametrize("command", ["replay", "audit", "log", "explain", "what-if"])
@pytest.mark.parametrize("values", ODD_RUNS.values(), ids=ODD_RUNS)
def test_a_run_that_cannot_be_is_named(tmp_path: Path, values: dict[str, Any], command: str) -> None:
    lines, number = at({"kind": "run"}, **values)(lines_of(NIGHT))
    path = put(tmp_path / "bad.jsonl", lines)
    code, said = asked(command, path)
    assert code == 1
    assert f"{path}:{number}: " in said or f"line {number}: " in said


HEADERS: dict[str, tuple[dict[str, Any], str, set[str]]] = {
    "time zone": (
        {"time_zone": "Mars/Base"},
        "time_zone is 'Mars/Base'",
        {"audit", "log", "explain", "diff", "what-if"},
    ),
    "a folder of zones": ({"time_zone": "Europe"}, "time_zone is 'Europe'", {"log", "explain", "what-if"}),
    "no profile": ({"profile": None}, "the header's profile cannot be read", {"replay"}),
    "no machine": ({"machines": []}, "the header's machine files", {"replay"}),
    "another machine": (
        {"machines": [{"name": "session", "file": "x.toml", "text": "title = 1"}]},
        "a machine in the header cannot be run: x.toml:1: `title` is no key here.",
        {"replay"},
    ),
    "10,000 rows": (
        {"machines": [{"name": "session", "file": "x.toml", "text": "[[transition]]\n" * 10_000}]},
        "a machine in the header cannot be run: x.toml:1001: this is row 1001 of 10000",
        {"replay"},
    ),
}


@pytest.mark.parametrize(("values", "sentence", "commands"), HEADERS.values(), ids=HEADERS)
def test_a_header_that_cannot_be_used_is_told_where_it_is_needed(
    tmp_path: Path, values: dict[str, Any], sentence: str, commands: set[str]
) -> None:
    lines = lines_of(NIGHT)
    path = put(tmp_path / "bad.jsonl", rechained([changed(lines[0], **values), *lines[1:]]))
    for command in COMMANDS:
        code, said = asked(command, path)
        if command in commands:
            assert (code, sentence in said) == (1 if command == "audit" else 2, True), command
            assert f"{path}:1: " in said or f"{path}: line 1: " in said


def test_a_night_without_its_header_is_no_trace_for_diff_either(tmp_path: Path) -> None:
    path = put(tmp_path / "bad.jsonl", lines_of(NIGHT)[1:])
    assert asked("diff", path) == (
        2,
        f"{path}: line 1: the first line is no header; the beginning of the trace is missing.",
    )


def test_a_moment_that_may_lie_in_damaged_lines_is_told_with_them(tmp_path: Path) -> None:
    path = put(tmp_path / "bad.jsonl", [lines_of(NIGHT)[0], *["rain"] * 9])
    code, said = asked("explain", path)
    assert code == 2
    assert "lies outside this trace" in said
    assert "But line 2: it is not JSON" in said


def test_an_audit_says_honestly_what_it_checked_of_a_trace_with_a_line_of_megabytes(tmp_path: Path) -> None:
    lines = lines_of(NIGHT)
    found = audit(put(tmp_path / "bad.jsonl", [*lines[:60], "x" * 9_000_000, *lines[60:]]))
    assert found.lines == len(lines) + 1
    assert [(one.line, one.rule) for one in found.findings] == [(61, "unreadable")]
    (note,) = found.notes
    assert note.startswith("From line 61 on, only digests, fields and times were checked")


def test_an_audit_blames_no_power_cut_where_the_last_line_is_garbage(tmp_path: Path) -> None:
    lines = lines_of(NIGHT)
    last = find(lines, event="session_ended")
    found = audit(put(tmp_path / "bad.jsonl", [*lines[:last], "rain"]))
    assert found.notes[1:] == ["No line that can be read tells that the session ended."]
    assert "power cut" not in json.dumps(found.notes)
