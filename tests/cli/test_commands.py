"""The commands as a person types them: what they print, what they leave on disk, how they exit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.generate import STORIES, TRACES

NIGHT = TRACES / "cooling_tube.jsonl"


def statefocus(
    *words: object, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "statefocus", *map(str, words)]
    given = None if environment is None else {**os.environ, **environment}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=200, check=False, cwd=cwd, env=given, stdin=subprocess.DEVNULL
    )


def test_a_wrong_option_is_wrong_use() -> None:
    done = statefocus("run", "--sped", "max")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_missing_profile_is_told_in_one_sentence() -> None:
    done = statefocus("run", "nowhere.toml")
    assert done.returncode == 2
    assert done.stderr == "There is no profile nowhere.toml: give the path of a TOML file, or none at all.\n"


def test_check_tells_every_value_and_its_origin() -> None:
    done = statefocus("check", STORIES / "cooling_tube.toml")
    assert done.returncode == 0
    assert "triggers.temperature.limit_c" in done.stdout
    assert re.search(r"limit_c += 0.5  \(.*cooling_tube.toml:\d+\)", done.stdout)
    assert "(default)" in done.stdout


def test_check_tells_every_problem_with_file_and_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('schema = 1\n[focuser]\nsettel_s = 1\nbacklash = "overshot"\n', "utf-8")
    done = statefocus("check", bad)
    assert done.returncode == 2
    assert f"{bad}:3: `focuser.settel_s` is no key of a profile. Did you mean `settle_s`?" in done.stderr
    assert f"{bad}:4: `focuser.backlash` is 'overshot'" in done.stderr


def test_check_publishes_a_json_schema() -> None:
    assert json.loads(statefocus("check", "--schema").stdout)["title"] == "Profile"


def test_machine_draws_and_tells() -> None:
    assert statefocus("machine", "--format", "mermaid").stdout.startswith("stateDiagram-v2\n")
    assert "| `count-due` |" in statefocus("machine", "session").stdout
    part = statefocus("machine", "flip").stdout
    assert ("`flip-begins`" in part, "`count-due`" in part) == (True, False)
    assert statefocus("machine", "sesion").returncode == 2


def test_replay_of_a_golden_night_exits_zero() -> None:
    done = statefocus("replay", NIGHT)
    assert done.returncode == 0
    assert "every decision is the same" in done.stdout


def test_replay_names_the_edited_line_and_the_first_differing_decision(tmp_path: Path) -> None:
    lines = NIGHT.read_text("utf-8").splitlines(keepends=True)
    number = max(index for index, line in enumerate(lines[: len(lines) // 4]) if '"temperature_read"' in line)
    reading = json.loads(lines[number])
    edited = lines[number].replace(f'"focuser_c":{reading["focuser_c"]}', '"focuser_c":9.5')
    assert edited != lines[number]
    trace = tmp_path / "edited.jsonl"
    trace.write_text("".join([*lines[:number], edited, *lines[number + 1 :]]), "utf-8")
    done = statefocus("replay", trace)
    assert done.returncode == 1
    assert f"line {number + 1}: its text is not what was written" in done.stdout
    assert "DIFFERS: line" in done.stdout


def test_replay_survives_a_torn_last_line(tmp_path: Path) -> None:
    trace = tmp_path / "torn.jsonl"
    trace.write_bytes(NIGHT.read_bytes()[:-25])
    done = statefocus("replay", trace)
    assert done.returncode == 0
    assert "the last line was cut off" in done.stdout


@pytest.mark.parametrize("command", ["replay", "log", "diff", "explain", "audit", "what-if"])
def test_rubbish_is_no_trace_and_no_traceback(command: str, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.jsonl"
    rubbish.write_bytes(b"\x00\xff not a trace\n" * 3)
    profile = STORIES / "cooling_tube.toml"
    more: dict[str, list[object]] = {
        "diff": [NIGHT],
        "explain": ["--at", "21:00"],
        "what-if": ["--profile", profile],
    }
    done = statefocus(command, rubbish, *more.get(command, []))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{rubbish}: line 1: it is not UTF-8 text")
    assert "Traceback" not in done.stderr


def test_a_trace_that_cannot_be_read_is_named_once_and_the_others_are_replayed(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    done = statefocus("replay", empty, NIGHT)
    assert done.returncode == 2
    assert done.stderr == f"{empty} holds no lines: it is no trace, or the night ended before it began.\n"
    assert "every decision is the same" in done.stdout


@pytest.mark.parametrize(("name", "said"), [("folder", "it is a folder"), ("binary", "it is no text")])
def test_a_profile_that_is_none_is_told_in_plain_words(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(bytes(range(128, 256)))
    done = statefocus("check", tmp_path / name)
    assert done.returncode == 2
    assert done.stderr.startswith(f"The profile {tmp_path / name} cannot be read: {said}")
    assert "Errno" not in done.stderr
    assert "codec" not in done.stderr


def test_log_gives_one_json_line_a_run() -> None:
    entries = [json.loads(line) for line in statefocus("log", NIGHT, "--json").stdout.splitlines()]
    assert [entry["causes"] for entry in entries][:2] == [["first_frame"], ["temperature"]]


def test_log_tells_below_the_table_what_a_person_was_warned_of() -> None:
    path = TRACES / "focuser_jams.jsonl"
    notes = [
        told for line in statefocus("log", path, "--json").stdout.splitlines() if "note" in (told := json.loads(line))
    ]
    assert [note["note"] for note in notes] == ["error", "error", "warning"]
    assert notes[1]["sentence"].startswith("The plan stays paused")
    shown = statefocus("log", path).stdout
    assert "20:36:49  error: The plan stays paused, since focus failed" in shown
    assert "warning: Autofocus run 2 failed" not in shown, "its reason is told already"


def cut_within_run(path: Path) -> Path:
    """The night's trace, cut off within its first run."""
    lines = NIGHT.read_text("utf-8").splitlines(keepends=True)
    begun = next(n for n, line in enumerate(lines) if '"event":"frame_taken"' in line)
    path.write_text("".join(lines[: begun + 1]), "utf-8")
    return path


def test_log_of_a_trace_that_is_cut_within_a_run_has_a_row_for_it(tmp_path: Path) -> None:
    path = cut_within_run(tmp_path / "cut.jsonl")
    whole = json.loads(next(line for line in NIGHT.read_text("utf-8").splitlines() if '"kind":"run"' in line))
    shown = statefocus("log", path).stdout
    assert "No run is in this trace." not in shown
    assert "run 1 cut off: the trace is cut off within it." in shown
    entry, note = map(json.loads, statefocus("log", path, "--json").stdout.splitlines())
    assert (entry["number"], entry["outcome"], entry["causes"]) == (1, "cut off", ["first_frame"])
    assert (entry["position"], entry["filter"]) == (whole["start_position"], whole["filter"])
    assert (note["note"], note["sentence"]) == ("error", "Run 1 never ended: the trace is cut off within it.")


def test_log_of_a_session_that_is_attended_tells_of_the_run_under_way(tmp_path: Path) -> None:
    from statefocus.resident.rendezvous import Rendezvous, alone, told
    from statefocus.trace.reading import read_header

    path, state = cut_within_run(tmp_path / "trace.jsonl"), tmp_path / "statefocus" / "sessions"
    rig = str(read_header(path).body["profile"]["name"])
    environment = {"XDG_STATE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    with alone(rig, state / f"{rig}.json") as file:
        with told(Rendezvous(rig, 1, "secret", 1, "report", 60.0, str(path.resolve())), file):
            shown = statefocus("log", path, environment=environment).stdout
            killed = file.read_bytes()
        assert "under way" in shown
        assert "info: Run 1 is under way." in shown
        assert "cut off" not in shown
        file.write_bytes(killed)
    assert "run 1 cut off" in statefocus("log", path, environment=environment).stdout, "nobody holds its lock"


def notes_of(path: Path, *lines: tuple[str, float, dict[str, Any]]) -> list[tuple[float, str, str]]:
    """What the focusing log notes of a trace with these lines."""
    from statefocus.trace.focus_log import focus_log
    from statefocus.trace.writing import TraceWriter

    header = json.loads(NIGHT.read_text("utf-8").splitlines()[0])
    body = {key: value for key, value in header.items() if key not in ("v", "seq", "t", "kind", "run", "digest")}
    writer = TraceWriter(path)
    writer.write("header", 1.0, body)
    for line in lines:
        writer.write(*line)
    writer.close()
    return [(note.t, note.level, note.sentence) for note in focus_log(path).notes]


def test_log_tells_of_a_host_that_was_gone(tmp_path: Path) -> None:
    told = {"effect": "notify", "id": 1, "level": "error", "sentence": "The host is gone: N.I.N.A. is silent."}
    assert notes_of(
        tmp_path / "gone.jsonl",
        ("event", 2.0, {"event": "host_lost", "sentence": "N.I.N.A. is silent."}),
        ("effect", 2.0, told),
        ("event", 3.0, {"event": "host_found"}),
    ) == [(2.0, "error", "N.I.N.A. is silent."), (3.0, "info", "The host tells of its plan again.")]


def test_log_tells_of_a_run_that_an_earlier_session_was_cut_off_in(tmp_path: Path) -> None:
    started = {"event": "session_started", "position": 46_700, "unfinished": 36_700}
    ((_, level, sentence),) = notes_of(tmp_path / "cut.jsonl", ("event", 2.0, started))
    assert level == "warning"
    said = "the focuser stood at 46700, and at 36700 before it."
    assert sentence.endswith(f"{said} The trigger asap makes that run again.")
    ((_, _, sentence),) = notes_of(tmp_path / "hand.jsonl", ("event", 2.0, {**started, "by_hand": True}))
    assert sentence.endswith(said)


def test_explain_tells_what_was_due_and_what_forbade_it() -> None:
    done = statefocus("explain", TRACES / "dusk.jsonl", "--at", "19:30")
    assert done.returncode == 0
    assert "`astro_night` failed" in done.stdout
    assert "first_frame has been due and inhibited since 19:25:00." in done.stdout


def test_explain_wants_a_time_inside_the_night() -> None:
    assert statefocus("explain", NIGHT, "--at", "12:00").returncode == 2


def test_fit_answers_as_json(tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    rows = [f"{x},{(4 + (0.03 * (x - 1907)) ** 2) ** 0.5}" for x in range(1700, 2101, 50)]
    points.write_text("position,measure\n" + "\n".join(rows) + "\n", "utf-8")
    done = statefocus("fit", points, "--model", "hyperbola", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer["accepted"] is True
    assert answer["best_position"] == pytest.approx(1907)


def test_fit_rejects_a_flat_line_with_exit_one(tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text("position,measure\n" + "".join(f"{x},3.0\n" for x in range(9)), "utf-8")
    assert statefocus("fit", points).returncode == 1


def test_fit_names_the_line_that_is_no_number(tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text("position,measure\n1,2\n3,oops\n", "utf-8")
    done = statefocus("fit", points)
    assert done.returncode == 2
    assert f"{points}:3: measure is 'oops'" in done.stderr


def test_a_trace_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("mine", "utf-8")
    done = statefocus("run", "--trace", trace)
    assert done.returncode == 2
    assert trace.read_text("utf-8") == "mine"


def test_a_rig_that_cannot_be_reached_exits_three(tmp_path: Path) -> None:
    profile = tmp_path / "rig.toml"
    device = '{ host = "127.0.0.1", port = 9 }'
    unused = "".join(f'guards.{name} = "not_used"\n' for name in ("tracking", "unparked", "flip_not_imminent", "safe"))
    profile.write_text(
        f'{unused}schema = 1\nname = "rig"\n[devices]\nkind = "alpaca"\ncamera = {device}\nfocuser = {device}\n',
        "utf-8",
    )
    done = statefocus("focus", profile, "--trace", "t.jsonl", cwd=tmp_path)
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr
    assert not (tmp_path / "t.jsonl").exists(), "the name is free for the next try"
