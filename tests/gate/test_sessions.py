"""Real sessions and real calls: shell loops, dead callers, killed sessions, strangers."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from statefocus.trace.auditing import audit
from statefocus.trace.replaying import replay
from tests.gate.session import PROFILE, SPEED, Session, serving
from tests.generate import ROOT

LOOP = ROOT / "docs" / "hosts" / "shell-loop.sh"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with serving(tmp_path_factory.mktemp("session")) as (session, _):
        yield session
    assert session.told["ended"]
    assert (session.told["token"], session.told["port"]) == ("", 0)
    assert replay(session.trace).same
    assert audit(session.trace).clean
    stale = session.says("gate")
    assert (stale["exit"], stale["answer"]) == (3, "unreachable")
    assert "has ended" in stale["why"]


@pytest.mark.skipif(os.name != "posix", reason="a script for a POSIX shell")
def test_a_shell_loop_of_ten_lines_is_focused_and_logged(session: Session) -> None:
    camera = session.folder / "camera"
    takes = f"time.sleep(float(sys.argv[1]) / {SPEED} + 0.02)"
    fails = 'sys.exit(4 if "0003" in sys.argv[2] else 0)'
    camera.write_text(f"#!{sys.executable}\nimport sys, time\n{takes}\n{fails}\n")
    camera.chmod(0o755)
    done = subprocess.run(
        ["sh", LOOP, "6", "30", "L"],
        cwd=session.folder,
        env={**session.environment, "CAMERA": str(camera)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    session.until_more("plan_finished", 0)
    events = session.events()
    kinds = [event["event"] for event in events]
    assert kinds.count("plan_started") == kinds.count("plan_finished") == 1
    saved = [event for event in events if event["event"] == "frame_saved"]
    assert [event["number"] for event in saved] == [1, 2, 4, 5, 6]
    assert saved[0]["file"].endswith("light_L_0001.fits")
    assert [event["sentence"] for event in events if event["event"] == "exposure_failed"] == [
        "the camera program exited with 4"
    ]
    log = [line for line in session.call("log", session.trace, "--json").stdout.splitlines() if line]
    assert len(log) == 3, "before the first frame, and after two frames each time"
    assert "statefocus notify" not in done.stdout


def test_each_answer_says_why(session: Session) -> None:
    status = session.says("ctl", "status")
    assert (status["exit"], status["host"], status["state"]) == (0, "gate", "Imaging.Idle")
    assert set(status["triggers"]) >= {"count", "temperature", "filter"}
    assert session.says("ctl", "cancel")["exit"] == 1
    assert session.says("ctl", "pause")["exit"] == 0
    assert session.says("ctl", "status")["paused"] is True
    assert "armed" in session.says("ctl", "resume")["why"] or "resumed" in session.says("ctl", "resume")["why"]
    assert session.says("notify", "aid-opened", "--aid", "Bahtinov Aid")["exit"] == 0
    refused = session.says("ctl", "focus")
    assert (refused["exit"], "Bahtinov Aid is open" in refused["why"]) == (1, True)
    assert session.says("notify", "aid-closed")["answer"] == "told"
    assert session.says("notify", "flip-finished", "--pier-side", "east")["answer"] == "told"


def test_a_second_session_of_the_same_rig_is_refused(session: Session) -> None:
    done = session.call("serve", session.folder / "rig.toml", "--speed", SPEED, "--trace", session.folder / "no.jsonl")
    assert done.returncode == 2
    assert "A session of rig is attended already" in done.stderr
    assert not (session.folder / "no.jsonl").exists()


def test_strangers_are_told_nothing(session: Session) -> None:
    told = session.told
    token = {"Authorization": f"Bearer {told['token']}"}
    asked = {
        "no token": ({}, 401),
        "another token": ({"Authorization": "Bearer x"}, 401),
        "a web page": ({**token, "Origin": "http://evil.example"}, 403),
        "a web page without an origin": ({**token, "Sec-Fetch-Site": "cross-site"}, 403),
        "another name": ({**token, "Host": "evil.example"}, 403),
    }
    for who, (headers, status) in asked.items():
        assert _post(told["port"], "/ctl", '{"word": "status"}', headers) == (status, b""), who
    assert _post(told["port"], "/secrets", "{}", token) == (404, b"")
    assert _post(told["port"], "/ctl", "x" * 70_000, token) == (413, b"")
    for body in ("no json", "[" * 60_000, "[]", '{"word": "sing"}', '{"word": "asap", "told": {"loud": true}}'):
        assert _post(told["port"], "/ctl", body, token)[0] == 400
    assert sum(1 for call in session.calls if call.get("refused") == 401) == 2
    assert "without the session's token called it" in (session.folder / "serve.log").read_text("utf-8")


def _post(port: int, path: str, body: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_a_caller_and_a_session_that_are_killed(tmp_path: Path) -> None:
    """A run takes seconds here: time enough to kill one of them in its middle."""
    with serving(tmp_path, "go", speed=20) as (session, process):
        with session.start("gate", "--filter", "L", "--exposure", "30", "--host", "loop") as waiting:
            session.until_more("focuser_prepared", 0)
            second = session.says("gate", "--host", "another program")
            waiting.kill()
        assert (second["exit"], "Two programs" in second["why"]) == (1, True)
        session.until_more("plan_released", 0)
        assert session.count("frame_preparing") == 0, "nobody is there to take a frame"
        let_go = session.says("gate", "--filter", "L", "--exposure", "30", "--host", "loop")
        assert (let_go["exit"], let_go["answer"]) == (0, "go")
        assert session.count("exposure_started") == 1
        assert any(call.get("answer", "") is None for call in session.calls)

        time.sleep(30 / 20)
        with session.start("gate", "--filter", "R", "--host", "loop") as waiting:
            session.until_more("focuser_prepared", 1)
            process.kill()
            out, _ = waiting.communicate(timeout=30)
        process.wait(10)
        assert (waiting.returncode, "host.gate.when_down = go lets the frame go" in out) == (0, True)
        later = session.says("gate")
        assert (later["exit"], later["answer"], later["reached"]) == (0, "go", False)
        assert session.says("notify", "frame-saved")["exit"] == 0
        assert session.says("ctl", "status")["exit"] == 3
    assert replay(session.trace).same


@pytest.mark.skipif(os.name != "posix", reason="a script for a POSIX shell")
def test_no_frame_is_taken_in_a_run_that_takes_longer_than_a_call_may_wait(tmp_path: Path) -> None:
    text = PROFILE.replace("[host.gate]", "[host.gate]\nwait_min = 0.01")
    with serving(tmp_path, "go", speed=4, text=text) as (session, _):
        with session.start("gate", "--filter", "L", "--exposure", "30", "--host", "one") as first:
            out, _err = first.communicate(timeout=60)
        told = json.loads(out)
        assert (first.returncode, told["answer"]) == (1, "busy")
        assert "a refocus is under way" in told["why"]
        assert session.count("curve_published") == 0, "it is in the middle of the run"
        (kept,) = (call for call in session.calls if call["call"] == "gate")
        assert (kept["answer"], kept["why"]) == ("busy", "a refocus is under way")
        assert "was gone before it was answered" not in (tmp_path / "serve.log").read_text("utf-8")
        environment = {**session.environment, "CAMERA": "true"}
        done = subprocess.run(["sh", LOOP, "1", "1", "L"], cwd=tmp_path, env=environment, timeout=120)
        assert done.returncode == 0
        kinds = [event["event"] for event in session.events()]
        assert kinds.index("exposure_started") > kinds.index("plan_released") > kinds.index("curve_published")


@pytest.mark.parametrize("stops", [0, 2])
def test_a_session_that_ends_in_a_run_answers_when_the_focuser_is_back(tmp_path: Path, stops: int) -> None:
    with serving(tmp_path, "go", speed=20) as (session, process):
        log = tmp_path / "serve.log"
        assert log.read_text("utf-8").startswith("statefocus serve is starting with ")
        with session.start("gate", "--filter", "L", "--exposure", "30") as waiting:
            session.until_more("frame_measured", 0)
            told = [session.says("ctl", "stop") for _ in range(stops)]
            process.terminate()
            out, _ = waiting.communicate(timeout=60)
        last = [event["event"] for event in session.events()]
        process.wait(30)
        assert (waiting.returncode, "when_down = go lets the frame go" in out) == (0, True)
        assert "focuser_released" in last, "it was answered when all was put back"
        reason = "statefocus ctl stop" if stops else "it was told to end (SIGTERM)"
        assert f"Ended early: {reason}" in log.read_text("utf-8")
        assert session.events()[-1]["reason"] == reason, "it left nothing behind"
        assert process.returncode == 0
        assert [one["why"].partition(";")[0] for one in told] == [
            "The session ends", "The session is ending already",
        ][:stops]  # fmt: skip
    assert replay(session.trace).same


@pytest.mark.skipif(os.name != "posix", reason="a fifo is POSIX's")
def test_files_that_are_no_frames_are_told_and_hold_nobody_up(tmp_path: Path) -> None:
    text = PROFILE.replace("[triggers]", "[triggers]\nimage_history = {{ enabled = true }}\nfirst_frame = false")
    os.mkfifo(tmp_path / "fifo.fits")
    with serving(tmp_path, frames=100, text=text) as (session, _):
        for name in ("fifo.fits", "nowhere.fits"):
            assert session.says("gate", "--exposure", "1", "--host", "loop")["answer"] == "go"
            time.sleep(0.05)
            assert session.says("notify", "frame-saved", "--file", name)["answer"] == "told"
        assert session.says("gate", "--exposure", "1", "--host", "loop", "--wait", "20")["answer"] == "go"
        told = [call["told"] for call in session.calls if isinstance(call.get("told"), str)]
    assert told[0] == f"Frame 1 is not measured: {tmp_path / 'fifo.fits'} is no regular file."
    assert told[1] in (  # whoever of the two that wait for it looks first, when the time is over
        f"Frame 2 is not measured: its file cannot be read: There is no file {tmp_path / 'nowhere.fits'}.",
        "Frame 2 is not measured: its file could not be read within 20 s (host.gate.file_wait_s).",
    )
    shown = (tmp_path / "serve.log").read_text("utf-8").replace("\n", "")
    assert "is no regular file" in shown
    saved = [event for event in session.events() if event["event"] == "frame_saved"]
    assert [(event["file"], event["hfr_px"]) for event in saved[:2]] == [(None, None)] * 2
