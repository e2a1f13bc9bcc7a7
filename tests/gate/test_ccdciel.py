"""Whole stories with a real CCDciel, where this machine has one: its images wait for statefocus, one by one."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from astropy.io import fits

from .ccdciel import Ccdciel, until, why_not
from .session import Session, serving

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

PROFILE = """
schema = 1
name = "rig"

[devices]
kind = "real"
camera = {{{{ host = "127.0.0.1", port = {port}, number = 0 }}}}
focuser = {{{{ host = "127.0.0.1", port = {port}, number = 0 }}}}
filter_wheel = {{{{ host = "127.0.0.1", port = {port}, number = 0 }}}}
telescope = {{{{ host = "127.0.0.1", port = {port}, number = 0 }}}}

[host]
kind = "gate"
gate.when_down = "{{when_down}}"

[focuser]
um_per_step = 4.0
overshoot_steps = 60
settle_s = 0.2

[autofocus]
points = 7
exposure_s = 1.0

[guards]
safe = "not_used"

[triggers]
time = {{{{ enabled = false }}}}
temperature = {{{{ enabled = false }}}}
count = {{{{ frames = {{frames}} }}}}
"""


@contextmanager
def observatory() -> Iterator[int]:
    """Serve an observatory, and give its port."""
    serve = [sys.executable, "-m", "statefocus", "observatory", "--port", "0"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert found is not None
            yield int(found[1])
        finally:
            process.terminate()


@contextmanager
def beside(folder: Path, when_down: str = "report") -> Iterator[tuple[Ccdciel, Session]]:
    """Start an observatory, a session on it, and CCDciel with its camera, wheel and mount on it as well."""
    with (
        observatory() as port,
        serving(folder, when_down, speed=1, frames=50, text=PROFILE.format(port=port)) as (session, _),
    ):
        program = Ccdciel(folder / "ccdciel", session.environment, port)
        try:
            program.start()
            yield program, session
        finally:
            program.close()


def open_shutters(program: Ccdciel) -> list[tuple[str, float, float]]:
    """Give each saved frame: its type and filter, when its exposure began and ended (unix seconds)."""
    found = []
    for path in program.frames.glob("**/*.fits"):
        header = fits.getheader(path)
        began = datetime.fromisoformat(header["DATE-OBS"]).replace(tzinfo=UTC).timestamp()
        what = f"{str(header['FRAME']).strip()} {str(header.get('FILTER', '')).strip()}".strip()
        found.append((what, began, began + float(header["EXPTIME"])))
    return sorted(found, key=lambda one: one[1])


def test_each_image_waits_until_it_may_begin(tmp_path: Path) -> None:
    with beside(tmp_path) as (program, session):
        program.sequence("night", ("Light", "L", 3, 2), ("Light", "R", 3, 1), ("Dark", "L", 2, 1))
        until(lambda: session.count("plan_finished"), 240, "the plan is over")
        events = session.events()
        shutters = open_shutters(program)
        gates = [call for call in session.calls if call["call"] == "gate"]
    assert [what.split()[0] for what, _, _ in shutters] == ["Light", "Light", "Light", "Dark"]
    assert [what for what, _, _ in shutters[:3]] == ["Light L", "Light L", "Light R"]
    assert [(call["frame"], call["filter"], call["answer"]) for call in gates] == [
        (1, "L", "go"), (2, "L", "go"), (3, "R", "go"), (4, "L", "go"),
    ]  # fmt: skip
    runs = [run for call in gates for run in call["runs"]]
    assert [(run["for"], run["outcome"]) for run in runs] == [
        (["first_frame"], "validated"), (["filter"], "validated"),
    ]  # fmt: skip
    moving = [event["t"] for event in events if event["event"] in ("focuser_moved", "frame_taken")]
    assert moving
    assert not [(what, t) for what, began, ended in shutters for t in moving if began < t < ended]
    saved = [call["told"] for call in session.calls if call.get("word") == "frame-saved"]
    assert [(told["type"], Path(told["file"]).is_relative_to(program.frames)) for told in saved] == [
        *[("Light", True)] * 3, ("Dark", True),
    ]  # fmt: skip


def test_who_stops_ccdciel_in_a_run_cancels_it(tmp_path: Path) -> None:
    with beside(tmp_path) as (program, session):
        program.sequence("stopped", ("Light", "L", 3, 2))
        until(lambda: session.count("frame_taken"), 60, "a focus frame is taken")
        program.ask("Sequence_Stop")
        until(lambda: program.is_over("stopped"), 60, "CCDciel's sequence has stopped")
        until(lambda: session.count("plan_finished"), 10, "the plan is over")
        assert not open_shutters(program)
        (run,) = [run for call in session.calls if call["call"] == "gate" for run in call["runs"]]
        assert (run["outcome"], run["position"]) == ("cancelled", 25000)
        program.sequence("again", ("Light", "L", 3, 1))
        until(lambda: program.is_over("again"), 120, "the next sequence is over")
        assert [what for what, _, _ in open_shutters(program)] == ["Light L"]


def test_a_stop_is_told_to_ccdciel_before_the_image_begins(tmp_path: Path) -> None:
    with beside(tmp_path, when_down="stop") as (program, session):
        program.sequence("down", ("Light", "L", 3, 9))
        until(lambda: open_shutters(program), 90, "a frame is saved")
        session.call("ctl", "stop")
        until(lambda: program.is_over("down"), 60, "CCDciel's sequence has stopped")
        taken = len(open_shutters(program))
        assert any("statefocus: stop. " in line for line in program.log())
        assert taken < 9
