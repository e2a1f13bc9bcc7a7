"""The ready scripts of docs/hosts, as far as they run here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.generate import ROOT

SCRIPTS = ROOT / "docs" / "hosts"


@pytest.fixture
def called(tmp_path: Path) -> dict[str, str]:
    """An environment whose `statefocus` only writes down how it was called, and exits with `$CODE`."""
    for name, prefix in (("statefocus", ""), ("dbus-send", "dbus-send ")):
        program = tmp_path / name
        text = f'#!/bin/sh\nprintf "%s\\n" "{prefix}$*" >> {tmp_path}/calls\nexit "${{CODE:-0}}"\n'
        program.write_text(text, "utf-8")
        program.chmod(0o755)
    return {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "CALLS": str(tmp_path / "calls")}


def calls(environment: dict[str, str]) -> list[str]:
    return Path(environment["CALLS"]).read_text("utf-8").splitlines()


@pytest.mark.skipif(os.name != "posix", reason="scripts for a POSIX shell")
@pytest.mark.parametrize(
    ("name", "more", "call", "code"),
    [
        ("ekos-pre-capture.sh", {}, "gate --host ekos --frame light --filter ", 1),
        ("ekos-pre-capture.sh", {"FILTER": "Ha", "EXPOSURE": "300"},
         "gate --host ekos --frame light --filter Ha --exposure 300", 1),
        ("ekos-post-capture.sh", {}, "notify frame-saved", 0),
        ("ekos-pre-job.sh", {}, "notify plan-started", 0),
        ("ekos-post-job.sh", {}, "notify plan-finished", 0),
    ],
)  # fmt: skip
def test_only_the_gate_may_stop_ekos(
    name: str, more: dict[str, str], call: str, code: int, called: dict[str, str]
) -> None:
    assert subprocess.run([SCRIPTS / name], env={**called, **more, "CODE": "1"}).returncode == code
    asked, *told = calls(called)
    assert asked == call
    assert [line.split()[-1] for line in told] == (["org.kde.kstars.Ekos.Capture.abort"] if code else [])


@pytest.mark.skipif(os.name != "posix", reason="scripts for a POSIX shell")
def test_ekos_goes_on_where_the_gate_does_not_say_stop(called: dict[str, str]) -> None:
    for code in (0, 3):
        assert subprocess.run([SCRIPTS / "ekos-pre-capture.sh"], env={**called, "CODE": str(code)}).returncode == code
    assert not [line for line in calls(called) if line.startswith("dbus-send")]


@pytest.mark.skipif(os.name != "posix", reason="scripts for a POSIX shell")
@pytest.mark.parametrize(("code", "gates", "ends"), [(0, 3, 0), (1, 1, 1), (2, 1, 1), (3, 3, 3)])
def test_the_shell_loop_ends_at_a_stop_and_not_without_a_session(
    code: int, gates: int, ends: int, called: dict[str, str]
) -> None:
    environment = {**called, "CODE": str(code), "CAMERA": "true"}
    done = subprocess.run(["sh", SCRIPTS / "shell-loop.sh", "3", "1", "L"], env=environment)
    assert done.returncode == ends
    assert sum(call.startswith("gate") for call in calls(called)) == gates


@pytest.mark.skipif(os.name != "posix", reason="scripts for a POSIX shell")
@pytest.mark.parametrize(("script", "code"), [("shell-loop.sh", 0), ("ekos-pre-capture.sh", 0)])
def test_a_script_calls_again_where_the_session_is_busy(
    script: str, code: int, called: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "statefocus"
    third = f'[ "$(grep -c ^gate {tmp_path}/calls)" -gt 2 ]'
    busy = f'[ "$1" != gate ] || {third} || {{ echo \'{{"answer": "busy"}}\'; exit 1; }}'
    program.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n{busy}\necho \'{{"answer": "go"}}\'\n', "utf-8")
    done = subprocess.run(["sh", SCRIPTS / script, "1", "1", "L"], env={**called, "CAMERA": "true"})
    assert done.returncode == code
    assert sum(call.startswith("gate") for call in calls(called)) == 3
    assert not [line for line in calls(called) if line.startswith("dbus-send")]


@contextmanager
def ccdciel(**answers: Any) -> Iterator[tuple[str, list[tuple[str, list[Any]]]]]:
    """Answer as CCDciel does; gives the port, and what it is asked."""
    known = {
        "LightDir": "Brut", "BiasDir": "Offset", "DarkDir": "Dark", "FlatDir": "PLU", "Capture_GetFrameType": "Brut",
        "Wheel_GetFiltersName": ["L", "Ha"], "Wheel_GetFilter": {"status": "2"}, "Capture_Running": True,
        "Capture_GetLastFilename": "/frames/M42_0001.fits", "Sequence_Stop": {"status": "OK!"},
        "LogMsg": {"status": "OK!"},
    }  # fmt: skip
    asked: list[tuple[str, list[Any]]] = []

    class Ccdciel(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((question["method"], question["params"]))
            told = {"jsonrpc": "2.0", "id": 1, "result": {**known, **answers}[question["method"]]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Ccdciel) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield str(server.server_port), asked
        server.shutdown()


def ccdciel_frames(environment: dict[str, str], *words: str, **more: str) -> int:
    """Run CCDciel's script; gives its exit code."""
    script = [sys.executable, str(SCRIPTS / "ccdciel_frames.py"), *words]
    return subprocess.run(script, env={**environment, **more}, timeout=60).returncode


_POSIX = pytest.mark.skipif(os.name != "posix", reason="the stand-in for statefocus is a shell script")


@_POSIX
def test_ccdciel_tells_each_frame_by_the_names_it_gives_to_types(called: dict[str, str]) -> None:
    for kind in ("Brut", "PLU", "Mine"):
        with ccdciel(Capture_GetFrameType=kind) as (port, asked):
            assert ccdciel_frames(called, "0,300.000,2,1,10", CCDCIEL_PORT=port) == 0
        assert not {method for method, _ in asked} & {"Sequence_Stop", "LogMsg"}
    with ccdciel() as (port, _):
        assert ccdciel_frames(called, "1", CCDCIEL_PORT=port) == 0
    assert ccdciel_frames(called, "plan-finished", CCDCIEL_PORT="1") == 0
    assert ccdciel_frames(called, "0,5.000,1,1,10", CCDCIEL_PORT="1") == 0
    asks = "gate --host ccdciel --frame"
    assert calls(called) == [
        f"{asks} light --filter Ha --exposure 600.0",
        f"{asks} flat --filter Ha --exposure 600.0",
        f"{asks} dark --filter Ha --exposure 600.0",
        "notify frame-saved --file /frames/M42_0001.fits --type light --filter Ha",
        "notify plan-finished",
        f"{asks} light --exposure 5.0",
    ]


@_POSIX
def test_only_a_stop_of_the_gate_stops_ccdciel(called: dict[str, str]) -> None:
    for code, stops in ((0, False), (1, True), (3, False)):
        with ccdciel() as (port, asked):
            assert ccdciel_frames(called, "0,5.000,1,1,10", CCDCIEL_PORT=port, CODE=str(code)) == code
        assert (("Sequence_Stop", []) in asked) == stops


@_POSIX
def test_who_stops_ccdciel_cancels_the_run_that_its_image_waits_for(called: dict[str, str], tmp_path: Path) -> None:
    waits = '[ "$1" != gate ] || sleep 3'
    (tmp_path / "statefocus").write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n{waits}\n', "utf-8")
    with ccdciel(Capture_Running=False) as (port, _):
        assert ccdciel_frames(called, "0,5.000,1,1,10", CCDCIEL_PORT=port) == 0
    assert [call.split()[:2] for call in calls(called)] == [
        ["gate", "--host"],
        ["ctl", "cancel"],
        ["notify", "plan-finished"],
    ]


@pytest.mark.parametrize(
    "path", sorted(SCRIPTS.glob("*.bat")) + sorted(SCRIPTS.glob("*.ps1")), ids=lambda path: path.name
)
def test_scripts_for_windows_say_only_what_is_known(path: Path) -> None:
    from statefocus.calling.words import EVENTS, GATE

    known = {f"--{option.name}" for option in GATE.options}
    words = path.read_text("utf-8").replace('"', " ").replace(",", " ").split()
    assert {word for word in words if word.startswith("--")} <= known
    assert {after for word, after in pairwise(words) if word == "notify"} <= set(EVENTS)


@_POSIX
def test_a_ccdciel_that_was_stopped_while_the_session_is_paused_is_left_alone(
    called: dict[str, str], tmp_path: Path
) -> None:
    waits = '[ "$1" != gate ] || exec sleep 60\n[ "$1" != ctl ] || exit 1'
    (tmp_path / "statefocus").write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n{waits}\n', "utf-8")
    with ccdciel(Capture_Running=False) as (port, asked):
        assert ccdciel_frames(called, "0,5.000,1,1,10", CCDCIEL_PORT=port) != 0
    assert [call.split()[0] for call in calls(called)] == ["gate", "ctl", "notify"]
    assert "Sequence_Stop" not in {method for method, _ in asked}
