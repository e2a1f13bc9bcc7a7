"""A night with N.I.N.A.: a real session on the embedded observatory in a hurry, real gate calls, real events."""

from __future__ import annotations

import io
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from statefocus.hosts.nina.frames import UNASKED
from statefocus.trace.auditing import audit
from statefocus.trace.replaying import replay
from tests.gate.session import PROFILE, SPEED, Session, serving
from tests.nina.server import Nina, opened, until

EXPOSURE_S = 30.0
NINA = """kind = "nina"

[host.nina]
port = {port}
look_every_s = 20.0
lost_after_s = 300.0
{more}
[guards]
stale_after_s = 3600.0
"""

BEST = 24_990
BY_HOST = "image_timeout_s = 600.0\n\n[camera]\nsource = 'host'\n"


def text_of(port: int, more: str = "") -> str:
    """The gate's profile, for N.I.N.A. at that port."""
    return PROFILE.replace('kind = "gate"\n', NINA.replace("{port}", str(port)).replace("{more}", more))


class Sequence:
    """A sequence of N.I.N.A., its External Script before each exposure."""

    def __init__(self, nina: Nina, session: Session) -> None:
        self.nina, self.session, self.taken = nina, session, 0

    def call(self) -> dict[str, Any]:
        """The External Script."""
        return self.session.says(
            "gate", "--host", "nina", "--frame", "light", "--filter", "L", "--exposure", EXPOSURE_S
        )

    def takes(self, *, told: bool = True) -> dict[str, Any]:
        """Call the gate, and take the frame; gives what the call said."""
        said = self.call()
        assert said["answer"] == "go", said
        time.sleep(EXPOSURE_S / SPEED + 0.02)
        self.taken += 1
        if told:
            self.nina.saves(f"L_{self.taken:04}.fits", EXPOSURE_S, Filter="L", HFR=1.5, Stars=60)
            time.sleep(0.1)  # it is heard before the next call
        return said


@contextmanager
def attended(nina: Nina, folder: Path) -> Iterator[Session]:
    with serving(folder, text=text_of(nina.port)) as (session, _):
        until(lambda: nina.listeners)
        yield session
    assert replay(session.trace).same
    assert audit(session.trace).clean


def test_a_night_with_nina(tmp_path: Path) -> None:
    with opened() as nina, attended(nina, tmp_path) as session:
        sequence = Sequence(nina, session)
        nina.tell("SEQUENCE-STARTING")
        runs = [len(sequence.takes()["runs"]) for _ in range(3)]
        assert runs == [1, 0, 1], "before the first frame, and after two"

        nina.say("{rubbish")
        nina.tell("AUTOFOCUS-STARTING")
        nina.tell("AUTOFOCUS-POINT-ADDED", ImageStatistics={"Position": 25_000, "HFR": 2.0})
        session.until_more("host_focusing", 0)
        nina.tell("AUTOFOCUS-FINISHED")
        session.until_more("host_refocused", 0)
        assert [len(sequence.takes()["runs"]) for _ in range(3)] == [0, 0, 1], "it counts anew (T11)"

        nina.stop()
        assert sequence.takes(told=False)["runs"] == [], "the gate goes on without events"
        session.until_more("host_lost", 0)
        nina.start()
        session.until_more("host_found", 0)
        until(lambda: nina.listeners)
        before = session.count("frame_saved")
        assert len(sequence.takes()["runs"]) == 1
        assert session.call("notify", "frame-saved", "--file", "C:\\night\\L_0008.fits").returncode == 0
        nina.tell("SEQUENCE-FINISHED")
        session.until_more("plan_finished", 0)
        assert session.count("frame_saved") == before + 1
        assert session.says("ctl", "status")["plan"]["running"] is False

        nina.tell("SEQUENCE-STARTING")
        for number in range(6):  # it never calls the gate, so it is followed, and cannot be held
            nina.saves(f"R_{number:04}.fits", EXPOSURE_S, Filter="L")
            time.sleep(EXPOSURE_S / SPEED)
        session.until_more("effect_failed", 0)
        session.until_more("plan_released", session.count("plan_held"))
    assert UNASKED in (tmp_path / "serve.log").read_text("utf-8").replace("\n", " ")
    events = session.events()
    saved = [one for one in events if one["event"] == "frame_saved"]
    assert [one["number"] for one in saved][:9] == list(range(1, 10))
    assert (saved[0]["hfr_px"], saved[0]["file"], saved[0]["filter"]) == (1.5, "L_0001.fits", "L")
    (refocused,) = (one for one in events if one["event"] == "host_refocused")
    assert (refocused["position"] > 0, refocused["points"]) == (True, [[25000.0, 2.0]])
    (lost,) = (one for one in events if one["event"] == "host_lost")
    assert "is it open" in lost["sentence"]


def test_focus_frames_by_nina(tmp_path: Path) -> None:
    with opened() as nina:
        with serving(tmp_path, text=text_of(nina.port, BY_HOST)) as (session, _):
            until(lambda: nina.listeners)
            nina.shoots = lambda: stars_at(session)
            said = Sequence(nina, session).takes(told=False)
        assert nina.binning == 1
    (run,) = said["runs"]
    assert (run["outcome"], abs(run["position"] - BEST) <= 2) == ("validated", True)
    assert len(nina.snapshots) == 6, "five points, and one to validate"
    assert [one["number"] for one in session.events() if one["event"] == "frame_saved"] == []
    assert replay(session.trace).same


@pytest.mark.parametrize("killed", [False, True])
def test_guiding_after_a_session_that_was_given_up_or_killed_in_a_run(tmp_path: Path, killed: bool) -> None:
    with opened() as nina:
        nina.guiding = "Guiding"
        with serving(tmp_path, speed=10, text=text_of(nina.port)) as (session, process):
            until(lambda: nina.listeners)
            call = session.start("gate", "--host", "nina", "--frame", "light", "--filter", "L", "--exposure", 30)
            session.until_more("plan_held", 0)
            assert nina.guiding == "Stopped"
            if killed:
                process.kill()
            else:
                for _ in range(2):
                    process.send_signal(signal.SIGINT)
                    time.sleep(0.1)
            process.wait(30)
            call.communicate(timeout=30)
        assert nina.guiding == ("Stopped" if killed else "Guiding")
        if killed:
            session.trace.unlink()
            with serving(tmp_path, text=text_of(nina.port)):
                until(lambda: nina.guiding == "Guiding", within_s=30.0)


def stars_at(session: Session) -> bytes:
    """A frame of stars, as sharp as the focuser's last move has made them."""
    moved = [one["position"] for one in session.events() if one["event"] == "focuser_moved"]
    sigma = float(np.hypot(1.2, 0.05 * (moved[-1] - BEST)))
    dice = np.random.default_rng(7)
    y, x = np.mgrid[0:200, 0:200]
    pixels = np.random.default_rng(len(moved)).normal(800.0, 8.0, x.shape)
    for column, row in ((c, r) for c in range(30, 190, 35) for r in range(30, 190, 35)):
        off_x, off_y, light = dice.uniform(-4, 4), dice.uniform(-4, 4), dice.uniform(1e5, 3e5)
        distance = (x - column - off_x) ** 2 + (y - row - off_y) ** 2
        pixels += light / (2 * np.pi * sigma**2) * np.exp(-distance / (2 * sigma**2))
    content = io.BytesIO()
    fits.PrimaryHDU(np.clip(pixels, 0, 65_000).astype(np.uint16)).writeto(content)
    return content.getvalue()
