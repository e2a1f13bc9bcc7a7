"""Whole nights through the command line: the two commands of the README, Ctrl-C, a full disk, two runs of one seed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits

from statefocus.trace.auditing import audit
from statefocus.trace.diffing import diff
from statefocus.trace.focus_log import focus_log
from statefocus.trace.reading import TraceReader
from statefocus.trace.replaying import replay
from tests.generate import STORIES

RUN = [sys.executable, "-m", "statefocus", "run"]


def attend(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [*RUN, *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=220, check=False, cwd=cwd, stdin=subprocess.DEVNULL
    )


def last_event(trace: Path) -> dict[str, Any]:
    return [line.body for line in TraceReader(trace) if line.kind == "event"][-1]


@pytest.fixture(scope="module")
def embedded_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    folder = tmp_path_factory.mktemp("night")
    done = attend(cwd=folder)
    return done, next(folder.glob("nights/*/trace.jsonl"))


@pytest.mark.night
def test_a_night_without_a_profile_keeps_its_frames_in_focus(
    embedded_night: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, trace = embedded_night
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if "│ in focus" in line)
    ours, without = (float(cell.strip(" %")) for cell in row.split("│")[2:4])
    assert ours >= 95
    assert without < ours
    first, last = (line.t for line in (*list(TraceReader(trace))[:1], *list(TraceReader(trace))[-1:]))
    assert 3.5 * 3600 < last - first < 5 * 3600


@pytest.mark.night
def test_a_night_replays_and_leaves_frames_with_their_headers(
    embedded_night: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    _, trace = embedded_night
    assert replay(trace).same
    files = sorted((trace.parent / "frames").glob("*.fits"))
    assert len(files) == 112
    header = fits.getheader(files[0])
    assert header["IMAGETYP"] in ("Light", "Dark")
    assert {"FOCUSPOS", "FOCTEMP", "FILTER", "EXPTIME", "DATE-OBS"} <= set(header)
    assert {fits.getheader(path)["IMAGETYP"] for path in files} == {"Light", "Dark"}


@pytest.mark.night
def test_the_same_seed_makes_the_same_decisions_and_another_does_not(tmp_path: Path) -> None:
    story = STORIES / "clouds_over_a_run.toml"
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        assert attend(story, "--seed", seed, "--trace", f"{name}.jsonl", "--no-compare", cwd=tmp_path).returncode == 0
    assert diff(tmp_path / "a.jsonl", tmp_path / "b.jsonl") is None
    assert diff(tmp_path / "a.jsonl", tmp_path / "c.jsonl") is not None


@pytest.mark.night
@pytest.mark.parametrize("moment", ["Refocusing", "TempCompensating", "frame   2"])
def test_ctrl_c_winds_the_session_up(moment: str, tmp_path: Path) -> None:
    command = [*RUN, "--speed", "200", "--no-compare", "--trace", "trace.jsonl"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if moment in line:
                process.send_signal(signal.SIGINT)
                break
        said = process.stdout.read()
        assert process.wait(60) == 0, said
    assert "Ended early: Ctrl-C" in said
    assert "Traceback" not in said
    told = "Ending: what is under way is put back first, which may take a minute; Ctrl-C once more gives that up."
    assert told in said or moment != "Refocusing"
    verdict = replay(tmp_path / "trace.jsonl")
    assert verdict.same
    assert not any(damage.what == "torn" for damage in verdict.damage)
    assert last_event(tmp_path / "trace.jsonl")["event"] == "session_ended"


@pytest.mark.night
def test_a_second_ctrl_c_in_a_run_tells_where_the_focuser_was_left(tmp_path: Path) -> None:
    command = [*RUN, "--speed", "4", "--no-compare", "--trace", "trace.jsonl"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "point 2 of" in line or "Ending: " in line:
                process.send_signal(signal.SIGINT)
        assert process.wait(60) == 1, said
    begun = next(
        line.body for line in TraceReader(tmp_path / "trace.jsonl") if line.body.get("event") == "focuser_prepared"
    )
    last = last_event(tmp_path / "trace.jsonl")
    assert (last["event"], last["reason"].startswith("Ctrl-C. ")) == ("session_ended", True)
    left = last["reason"].removeprefix("Ctrl-C. ")
    assert "the middle of run 1" in left
    assert str(begun["position"]) in left
    assert said.count(left) == 2, "at once, and at the end"
    (row,) = (line for line in said.splitlines() if "first_frame" in line and "cut off" in line)
    (entry,) = focus_log(tmp_path / "trace.jsonl").entries
    assert (entry.outcome, entry.position, entry.reason) == ("cut off", begun["position"], last["reason"])
    assert str(entry.position) in row
    assert str(entry.filter) in row
    assert replay(tmp_path / "trace.jsonl").same
    assert [finding.rule for finding in audit(tmp_path / "trace.jsonl").findings] == ["run"]


@pytest.mark.night
def test_a_night_that_is_killed_leaves_a_trace_that_replays(tmp_path: Path) -> None:
    command = [*RUN, "--no-compare", "--trace", "trace.jsonl"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path) as process:
        trace, end = tmp_path / "trace.jsonl", time.monotonic() + 60
        while time.monotonic() < end and (not trace.exists() or trace.stat().st_size < 200_000):
            time.sleep(0.02)
        process.kill()
    assert replay(trace).same


@pytest.mark.night
def test_a_reader_that_goes_away_does_not_cost_the_night(tmp_path: Path) -> None:
    command = [*RUN, str(STORIES / "cooling_tube.toml"), "--no-compare", "--frames", "9", "--trace", "trace.jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        process.wait(60)
    last = last_event(tmp_path / "trace.jsonl")
    assert (last["event"], last["reason"]) == ("session_ended", "--frames reached")


@pytest.mark.night
def test_a_structured_log_tells_each_decision_as_json(tmp_path: Path) -> None:
    done = attend(STORIES / "cooling_tube.toml", "--frames", 2, "--log", "json", cwd=tmp_path)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert next(line["row"] for line in lines if line.get("outcome") == "taken") == "first-frame-due"


@pytest.mark.night
def test_no_run_begins_after_the_last_frame_that_is_wanted(tmp_path: Path) -> None:
    story = tmp_path / "every_frame.toml"
    story.write_text(
        "schema = 1\n[plan]\njobs = [{ frames = 9, exposure_s = 30.0 }]\n"
        "[triggers]\ncount = { frames = 1 }\n[records]\nsave_frames = false\n"
    )
    done = attend(story, "--trace", tmp_path / "t.jsonl", "--no-compare", "--frames", 3, cwd=tmp_path)
    assert "Ended when the Light frames of --frames were taken." in done.stdout, done.stderr
    assert "Ended early" not in done.stdout
    assert "Ending: " not in done.stdout, "nothing is to be put back"
    runs = [line.body for line in TraceReader(tmp_path / "t.jsonl") if line.kind == "run"]
    assert [run["outcome"] for run in runs] == ["validated"] * 3  # before each frame, none behind the last


@pytest.mark.night
def test_focus_now_and_undo(tmp_path: Path) -> None:
    def focus(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "statefocus", "focus", *words]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=100, check=False, cwd=tmp_path, stdin=subprocess.DEVNULL
        )

    assert focus("--undo").returncode == 2
    done = focus("--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["causes"] == ["manual"]
    assert record["fit"]["accepted"] is True
    assert abs(record["best_position"] - 25_015) <= 5
    assert focus("--undo").returncode == 0


@pytest.mark.night
def test_a_simulated_plan_that_stays_paused_ends_the_night(tmp_path: Path) -> None:
    story = tmp_path / "left_alone.toml"
    story.write_text(
        "schema = 1\n[host]\nrehearsal = [{ at_min = 1.0, do = 'plan_paused' }]\n"
        "[plan]\njobs = [{ frames = 9, exposure_s = 30.0 }]\n"
        "[triggers]\nfirst_frame = false\n[records]\nsave_frames = false\n[observatory]\nrender = false\n"
    )
    done = attend(story, "--trace", tmp_path / "t.jsonl", "--no-compare", cwd=tmp_path)
    assert "nobody resumed it" in done.stdout, done.stderr
    assert replay(tmp_path / "t.jsonl").same
