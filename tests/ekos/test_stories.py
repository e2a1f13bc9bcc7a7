"""Whole stories against a real, headless KStars: one test, since only one KStars runs at a time."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from .beside import Beside, Line, beside
from .kstars import CAPTURE, GUIDE, MOUNT, KStars, until, why_not
from .relay import Relay
from .sequences import Frames

BEST, DRIFTED = 36_700, 40_000
TRACKING = 3
GUIDING, GUIDING_SUSPENDED = 12, 13
IDLE, CAPTURING, PAUSED, SUSPENDED, ABORTED, COMPLETE = 0, 2, 4, 5, 6, 19


@pytest.fixture
def kstars() -> Iterator[KStars]:
    missing = why_not()
    if missing:
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="statefocus-kstars-"))
    one = KStars(folder)
    try:
        one.start()
        yield one
    finally:
        one.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(420)
def test_stories_beside_a_real_kstars(kstars: KStars, subtests: pytest.Subtests) -> None:
    slew_to_just_before_the_meridian(kstars)
    set_best_focus(kstars, BEST)
    for story in (
        own_autofocus_is_refused,
        drift_filters_and_darks,
        guiding_stands_still_during_a_run,
        a_meridian_flip,
        a_person_stops_the_sequence_while_we_hold,
        a_person_starts_the_sequence_while_we_hold,
        the_connection_is_cut_while_we_hold,
        statefocus_is_killed_while_it_holds,
        kstars_is_killed_while_we_hold,
    ):
        with subtests.test(story.__name__):
            story(kstars)


# --- the stories ---


def own_autofocus_is_refused(kstars: KStars) -> None:
    one = Beside(kstars, "refused")
    one.load(Frames(1), own_autofocus=True)
    one.start({})
    assert until(lambda: kstars.wait("refused", 1.0), 30, "refused has ended") == 3
    said = " ".join(kstars.log("refused").split())
    assert "Ekos focuses by itself during its sequence (autofocus by HFR)" in said
    one.load(Frames(1))  # switches it off again


def drift_filters_and_darks(kstars: KStars) -> None:
    set_best_focus(kstars, DRIFTED)
    wanted = {"triggers.count.enabled": "true", "triggers.count.frames": "3", "triggers.filter_change": "true"}
    with beside(kstars, "drift", wanted) as one:
        one.load(Frames(4), Frames(2, filter="Red"), Frames(2, 1.0, filter="Red", kind="Dark"))
        kstars.call(CAPTURE, "start")
        one.wait_for("plan_finished", 120)
        counted, changed = one.lines("run")
        for run, cause, held in ((counted, "count", 3), (changed, "filter", 4)):
            assert (run["outcome"], run["causes"]) == ("validated", [cause])
            assert abs(run["end_position"] - DRIFTED) < 700
            assert frames_before(one, run) == held
        hfrs = [line["hfr_px"] for line in one.events("frame_saved") if line["frame_type"] == "Light"]
        assert hfrs[0] > 1.03 * hfrs[-1]
        assert one.events("exposure_failed") == []
    assert one.frames() == ["Dark"] * 2 + ["Light_Luminance"] * 4 + ["Light_Red"] * 2


def guiding_stands_still_during_a_run(kstars: KStars) -> None:
    until(lambda: kstars.get(MOUNT, "status") == TRACKING, 60, "the mount tracks")
    kstars.call(GUIDE, "setAutoStarEnabled", "b", True)
    assert kstars.call(GUIDE, "guide")
    until(lambda: kstars.get(GUIDE, "status") == GUIDING, 90, "Ekos has calibrated, and guides")
    with beside(kstars, "guided", {"triggers.first_frame": "true", "host.guiding.settle_s": "1.0"}) as one:
        one.load(Frames(2, 1.0))
        kstars.call(CAPTURE, "start")
        one.wait_for("plan_held", 30)
        assert kstars.get(GUIDE, "status") == GUIDING_SUSPENDED
        one.wait_for("plan_finished", 90)
        assert kstars.get(GUIDE, "status") == GUIDING
        assert [run["outcome"] for run in one.lines("run")] == ["validated"]
        paused, held, settled, released = (
            one.events(name)[0]["seq"] for name in ("guiding_paused", "plan_held", "guiding_settled", "plan_released")
        )
        assert paused < held < settled < released
    assert one.frames() == ["Light_Luminance"] * 2
    assert kstars.call(GUIDE, "abort")


def a_meridian_flip(kstars: KStars) -> None:
    """The flip's own pause, half a second, is nobody's."""
    until(lambda: kstars.get(MOUNT, "hourAngle") > 0, 60, "the target has passed the meridian")
    device = '"device"'
    wanted = {"triggers.meridian_flip": "true", "guards.tracking": device, "guards.flip_not_imminent": device}
    with beside(kstars, "flip", wanted) as one:
        one.load(Frames(2))
        kstars.call(MOUNT, "setMeridianFlipValues", "bd", True, 0.0)
        kstars.call(CAPTURE, "start")
        one.wait_for("plan_finished", 120)
        assert [line["event"] for line in one.events() if line["event"].startswith("flip_")] == [
            "flip_started",
            "flip_finished",
        ]
        assert one.events("plan_paused") == []
        (run,) = one.lines("run")
        assert (run["outcome"], run["causes"]) == ("validated", ["flip"])
    assert one.frames() == ["Light_Luminance"] * 2


def a_person_stops_the_sequence_while_we_hold(kstars: KStars) -> None:
    with beside(kstars, "person", {"triggers.first_frame": "true"}) as one:
        one.load(Frames(2, 1.0))
        kstars.call(CAPTURE, "start")
        one.wait_for("plan_held", 30)
        assert kstars.get(CAPTURE, "status") == SUSPENDED
        kstars.call(CAPTURE, "abort")
        one.wait_for("plan_paused", 10)
        one.wait_for("plan_released", 60)
        assert kstars.get(CAPTURE, "status") in (IDLE, ABORTED)
        assert one.frames() == []
        kstars.call(CAPTURE, "start")
        one.wait_for("plan_finished", 30)
        assert [run["outcome"] for run in one.lines("run")] == ["validated"]
    assert one.frames() == ["Light_Luminance"] * 2


def a_person_starts_the_sequence_while_we_hold(kstars: KStars) -> None:
    """It is suspended within its first moments: an exposure that went on would be out of focus, or spoilt by ours."""
    with beside(kstars, "started", {"triggers.first_frame": "true", "autofocus.exposure_s": "1.5"}) as one:
        one.load(Frames(2, 4.0))
        kstars.call(CAPTURE, "start")
        one.wait_for("frame_taken", 60)
        time.sleep(0.5)
        kstars.call(CAPTURE, "start")
        until(lambda: kstars.get(CAPTURE, "status") == SUSPENDED, 2, "it is held again")
        one.wait_for("plan_finished", 120)
        assert [run["outcome"] for run in one.lines("run")] == ["validated"]
        moves = [line["t"] for line in one.events() if line["event"] in ("focuser_moved", "plan_released")]
        assert min(saved["t"] - 4.0 for saved in one.events("frame_saved")) > max(moves) - 1.0
    assert one.frames() == ["Light_Luminance"] * 2


def the_connection_is_cut_while_we_hold(kstars: KStars) -> None:
    relay = Relay(kstars.folder / "run/relay", kstars.folder / "run/bus")
    wanted = {"triggers.first_frame": "true", "host.ekos.bus": f'"{relay.address}"'}
    with closing(relay), beside(kstars, "cut", wanted) as one:
        one.load(Frames(2, 1.0))
        kstars.call(CAPTURE, "start")
        one.wait_for("plan_held", 30)
        relay.cut()
        one.wait_for("host_lost", 10)
        one.wait_for("host_found", 10)
        assert kstars.get(CAPTURE, "status") == SUSPENDED
        one.wait_for("plan_released", 60)
        one.wait_for("plan_finished", 30)
    assert one.frames() == ["Light_Luminance"] * 2


def statefocus_is_killed_while_it_holds(kstars: KStars) -> None:
    one = Beside(kstars, "murdered")
    one.start({"triggers.first_frame": "true"})
    one.wait_for("session_started", 30)
    one.load(Frames(2, 1.0))
    kstars.call(CAPTURE, "start")
    one.wait_for("plan_held", 30)
    one.wait_for("frame_taken", 30)
    kstars.kill("murdered")
    assert kstars.wait("murdered", 10) is not None
    assert kstars.get(CAPTURE, "status") == SUSPENDED
    with beside(kstars, "after", {}) as after:
        paused = after.wait_for("plan_paused", 10)
        assert paused["by"] == "an earlier statefocus"
        before = one.events("focuser_prepared")[0]["position"]
        assert after.events("session_started")[0]["unfinished"] == before
        after.wait_for("plan_finished", 60)
        assert [(run["outcome"], run["causes"]) for run in after.lines("run")] == [("validated", ["asap"])]
        assert frames_before(after, after.lines("run")[0]) == 0
    assert one.frames() == ["Light_Luminance"] * 2


def kstars_is_killed_while_we_hold(kstars: KStars) -> None:
    with beside(kstars, "killed", {"triggers.first_frame": "true"}) as one:
        one.load(Frames(2, 1.0))
        kstars.call(CAPTURE, "start")
        one.wait_for("plan_held", 30)
        kstars.kill_kstars()
        one.wait_for("host_lost", 10)
        kstars.start_kstars()
        kstars.call(MOUNT, "unpark")
        one.wait_for("host_found", 30)
        one.load(Frames(2, 1.0))
        kstars.call(CAPTURE, "start")
        begun = one.wait_for("plan_started", 30, lambda line: line["resumed"])
        one.wait_for("plan_finished", 60, lambda line: line["seq"] > begun["seq"])
    assert one.frames() == ["Light_Luminance"] * 2


# --- what they need ---


def set_best_focus(kstars: KStars, position: int) -> None:
    """Let the best focus be somewhere else; the simulator sees that when the focuser moves."""
    kstars.set_indi("CCD Simulator", "SIM_FOCUSING", SIM_FOCUS_POSITION=position)
    for moved in (BEST + 500, BEST):
        kstars.set_indi("Focuser Simulator", "ABS_FOCUS_POSITION", FOCUS_ABSOLUTE_POSITION=moved)
        time.sleep(0.3)


def slew_to_just_before_the_meridian(kstars: KStars) -> None:
    """So that it has passed the meridian, and the mount has not flipped, when the flip's story begins."""
    kstars.call(MOUNT, "unpark")
    kstars.call(MOUNT, "setMeridianFlipValues", "bd", False, 0.0)
    since_2000_days = time.time() / 86_400 - 10_957.5
    sidereal_h = 18.697_374_558 + 24.065_709_824_419_08 * since_2000_days  # at Greenwich, where KStars believes to be
    assert kstars.call(MOUNT, "slew", "dd", (sidereal_h + 0.006) % 24, 45.0)


def frames_before(one: Beside, run: Line) -> int:
    return len([line for line in one.events("frame_saved") if line["seq"] < first_held(one, run)["seq"]])


def first_held(one: Beside, run: Line) -> Line:
    return next(line for line in one.events("plan_held") if line["t"] >= run["started_t"])
