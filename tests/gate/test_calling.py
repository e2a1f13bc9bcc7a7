"""The callers' side alone: what is typed, whom they find, what they make of no answer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from statefocus.calling import wire
from statefocus.calling.main import main
from statefocus.calling.words import CTL, EVENTS, GATE, Unsaid
from statefocus.hosts.gate.hearing import Hearing
from statefocus.resident.desk import WORLD


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("STATEFOCUS_SESSION", raising=False)
    monkeypatch.setattr(wire, "BEAT_S", 0.1)
    monkeypatch.setattr(wire, "GRACE_S", 0.1)
    folder = tmp_path / "statefocus" / "sessions"
    folder.mkdir(parents=True)
    return folder


def leave(folder: Path, rig: str = "rig", port: int = 1, **told: Any) -> Path:
    path = folder / f"{rig}.json"
    path.write_text(json.dumps({"rig": rig, "port": port, "token": "t", "pid": 1, "wait_s": 60, **told}), "utf-8")
    return path


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@contextmanager
def answering(*parts: bytes, listens: bool = True) -> Iterator[int]:
    """A server that reads a question, and sends these parts."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            asked = b""
            while not asked:  # who only looks whether anybody listens says nothing
                connection, _ = server.accept()
                with connection:
                    asked = connection.recv(65536)
                    if asked:
                        answer(connection)

        def answer(connection: socket.socket) -> None:
            for part in parts:
                connection.sendall(part)
            if listens:
                connection.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(1)


HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def test_only_the_standard_library_is_imported() -> None:
    known = "import sys; sys.argv = ['statefocus', 'gate']; from statefocus.cli import main\n"
    known += "try: main()\nexcept SystemExit: pass\n"
    known += "print([name for name in sys.modules if not name.startswith(('_', 'statefocus'))], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", known], capture_output=True, text=True, timeout=60)
    foreign = set(eval(done.stderr)) - set(sys.stdlib_module_names)  # noqa: S307
    assert {name.split(".")[0] for name in foreign} - set(sys.stdlib_module_names) <= {"sitecustomize"}
    assert not {"typer", "pydantic", "msgspec", "dataclasses", "asyncio"} & set(eval(done.stderr))  # noqa: S307


def test_every_word_is_heard() -> None:
    for name in EVENTS:
        assert name in WORLD or callable(getattr(Hearing, f"_hear_{name.replace('-', '_')}", None)), name


@pytest.mark.parametrize("words", [["gate"], ["notify"], ["ctl"], ["notify", "frame-saved"], ["ctl", "confirm"]])
def test_help_is_given_without_a_session(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: statefocus {' '.join(words)}")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["gate", "--frame", "lihgt"], "--frame lihgt: write light, dark, flat or bias."),
        (["gate", "--exposure", "long"], "--exposure long: write a number, 0 or more."),
        (["gate", "--exposure"], "--exposure needs a value: a number, 0 or more."),
        (["gate", "--exposure", "-5"], "--exposure -5: write a number, 0 or more."),
        (["gate", "--color", "red"], "`gate` knows no --color."),
        (["notify", "sunrise"], "`sunrise` is no word of `statefocus notify`."),
        (["notify", "filter-changed", "--by", "hand"], "`filter-changed` needs --filter."),
        (["notify", "filter-changed", "--filter", "L", "--by", "foot"], "--by foot: write plan or hand."),
        (["notify", "frame-saved", "--binning", "0"], "--binning 0: write a whole number, 1 or more."),
        (["notify", "safety-read", "--safe", "perhaps"], "--safe perhaps: write yes or no."),
        (["ctl", "dance"], "`dance` is no word of `statefocus ctl`."),
    ],
)
def test_what_cannot_be_said_is_wrong_use(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith(sentence)


def test_json_is_held_to_the_same_words() -> None:
    assert GATE.check({"frame": "light", "filter": None, "exposure": 5}) == {"frame": "Light", "exposure": 5.0}
    assert CTL["confirm"].check({"no": True}) == {"no": True}
    wrong: list[dict[str, object]] = [
        {"exposure": "5"},
        {"exposure": True},
        {"exposure": float("nan")},
        {"filter": ""},
        {"x": 1},
    ]
    for told in wrong:
        with pytest.raises(Unsaid):
            GATE.check(told)


def test_without_any_session_the_gate_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate"]) == 3
    assert "start `statefocus serve`" in said(capsys)["why"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"start_position": 10000, "low": 10015, "high": 10030}', True),
        ('{"start_position": 10000, "low": 10000, "high": 10000}', False),
        ("", False),
        ("[]", False),
        (None, False),
    ],
)
def test_a_frame_that_is_let_go_without_a_session_is_told_of_a_run_that_was_cut_off(
    content: str | None, told: bool, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = state / "note"
    if content is not None:
        note.write_text(content.replace("}", f', "at": {time.time()}}}'), "utf-8")
    leave(state, when_down="go", left=str(note))
    assert main(["gate"]) == 0
    sentence = "A run was cut off: the focuser may stand out of focus, and stood at 10000 before it."
    assert (sentence in said(capsys)["why"]) == told


@pytest.mark.parametrize(
    ("when_down", "code", "answer"), [("report", 3, "unreachable"), ("go", 0, "go"), ("stop", 1, "stop")]
)
@pytest.mark.parametrize("ended", [False, True])
def test_a_session_that_is_down_is_answered_for_as_its_profile_says(
    when_down: str, code: int, answer: str, ended: bool, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(state, when_down=when_down, ended=ended)
    assert main(["gate", "--frame", "light"]) == code
    told = said(capsys)
    assert told["answer"] == answer
    assert "rig" in told["why"]


def test_several_sessions_want_a_name(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = HEAD + b'{"answer": "told"}\n'
    with answering(told) as one, answering(told) as other:
        leave(state, "a", one)
        leave(state, "b", other)
        assert main(["ctl", "status"]) == 2
        assert "Several sessions are attended" in capsys.readouterr().err
    leave(state, "b", ended=True)
    with answering(HEAD + b'{"answer": "told", "rig": "a"}\n') as port:
        leave(state, "a", port)
        assert main(["ctl", "status"]) == 0
        assert said(capsys)["rig"] == "a"
    assert main(["ctl", "status", "--rig", "c"]) == 3


def test_a_session_that_was_killed_long_ago_does_not_choose_for_another_rig(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = leave(state, "old", when_down="go"), leave(state, "new", when_down="stop", ended=True)
    os.utime(old, (1, 1))
    assert main(["gate"]) == 3
    why = said(capsys)["why"]
    assert why == (
        "No session is attended, and the rigs choose differently for that: new (stop), old (go); say --rig NAME."
    )
    assert main(["gate", "--rig", "old"]) == 0
    leave(state, "old", when_down="stop")
    os.utime(old, (1, 1))
    assert main(["gate"]) == 1
    assert "of new" in capsys.readouterr().out.splitlines()[-1], "the newest one"
    with answering(HEAD + b'{"answer": "go", "frame": 1}\n') as port:
        leave(state, "old", port, when_down="go")
        os.utime(new, None)
        assert main(["gate"]) == 0
    assert said(capsys)["frame"] == 1


def test_a_session_that_hangs_is_there() -> None:
    from statefocus.calling import places

    with socket.create_server(("127.0.0.1", 0), backlog=1) as server:
        assert places.answers(server.getsockname()[1])
    assert not places.answers(1)


def test_a_file_is_named_with_its_folder(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def ask(_session: object, _path: str, body: dict[str, object], _wait_s: float) -> dict[str, object]:
        asked.append(body)
        return {"answer": "told"}

    monkeypatch.setattr(wire, "ask", ask)
    monkeypatch.chdir(tmp_path)
    leave(state)
    assert main(["notify", "frame-saved", "--file", "a.fits"]) == 0
    assert asked == [{"word": "frame-saved", "told": {"file": str(tmp_path / "a.fits")}}]


def test_a_session_can_be_named_by_its_file(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(HEAD + b'{"answer": "told"}\n') as port:
        monkeypatch.setenv("STATEFOCUS_SESSION", str(leave(state.parent, "elsewhere", port)))
        assert main(["ctl", "status"]) == 0


def test_signs_of_life_are_waited_through(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beats = [b'16\r\n{"waiting": "a run"}\n\r\n', b"20\r\n", b'{"answer": "go", ', b'"frame": 7}\n\r\n0\r\n\r\n']
    with answering(HEAD, *beats) as port:
        leave(state, port=port)
        assert main(["gate"]) == 0
    assert said(capsys) == {"answer": "go", "frame": 7}


def test_without_a_console_the_exit_code_still_tells(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(state, when_down="stop")
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["gate"]) == 1


@pytest.mark.parametrize(
    "parts",
    [
        (HEAD, b'{"waiting": ""}\n'),
        (b"",),
        (b"SSH-2.0-OpenSSH\r\n\r\n",),
        (b"HTTP/1.1 500 Oops\r\n\r\n",),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n",),
    ],
)
def test_half_an_answer_is_none(parts: tuple[bytes, ...], state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(*parts, listens=False) as port:
        leave(state, port=port)
        assert main(["gate"]) == 3
    assert said(capsys)["answer"] == "unreachable"


def test_a_session_that_hangs_is_noticed(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wire, "SILENCE_S", 0.2)
    with answering(HEAD) as port:
        leave(state, port=port, when_down="stop")
        assert main(["gate"]) == 1
    assert "it hangs" in said(capsys)["why"]


def test_a_caller_that_may_not_wait_is_never_let_into_a_run(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering(HEAD, b'{"waiting": "a run"}\n') as port:
        leave(state, port=port, when_down="go")
        assert main(["gate", "--wait", "0.2"]) == 1
    assert said(capsys) == {
        "answer": "busy",
        "why": "No frame may start yet: a run. This call may wait no longer: call again.",
    }


def test_a_session_tells_by_itself_that_the_wait_is_over(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So the session knows that the caller gave up, and that it is not dead."""
    with answering(HEAD, b'{"waiting": "a run"}\n{"answer": "busy", "why": "another run"}\n') as port:
        leave(state, port=port, when_down="go")
        assert main(["gate", "--wait", "30"]) == 1
    assert said(capsys)["why"] == "No frame may start yet: another run. This call may wait no longer: call again."


def test_a_call_waits_at_least_for_the_first_word(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(HEAD + b'{"answer": "go", "frame": 7}\n') as port:
        leave(state, port=port)
        assert main(["gate", "--wait", "0"]) == 0
    assert said(capsys)["frame"] == 7
    monkeypatch.setattr(wire, "SILENCE_S", 0.2)
    with answering(HEAD) as port:
        leave(state, port=port)
        assert main(["gate", "--wait", "0"]) == 3
    assert "it hangs" in said(capsys)["why"], "nobody has said that it is busy"


@pytest.mark.parametrize(("words", "code"), [(["notify", "flip-started"], 0), (["ctl", "asap"], 1)])
def test_a_session_that_is_busy_was_told(
    words: list[str], code: int, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(HEAD, b'{"waiting": ""}\n') as port:
        leave(state, port=port)
        assert main([*words, "--wait", "0.2"]) == code
    told = said(capsys)
    assert (told["answer"], "the session has not told what it waits for" in told["why"]) == ("busy", True)


def test_a_damaged_file_is_no_session(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("", "[]", "{"):
        (state / "rig.json").write_text(text, "utf-8")
        assert main(["gate"]) == 3
        assert said(capsys)["answer"] == "unreachable"


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_the_token_is_its_owners_alone(tmp_path: Path) -> None:
    from statefocus.resident.rendezvous import Rendezvous, told

    path = tmp_path / "rig.json"
    with told(Rendezvous("rig", 1, "secret", 1, "report", 60.0), path):
        assert path.stat().st_mode & 0o777 == 0o600
