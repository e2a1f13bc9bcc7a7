"""Triggers (T): when each is due, what restarts it, and how one run serves all."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from statefocus import events
from statefocus.testing import SimulatedRig, failed
from statefocus.triggers import NAMES

from .rigs import begin_run, due, fail, measured, quiet_rig, reading, run_now

BLOCK = 60
TEMPERATURE = {"temperature": {"enabled": True, "limit_c": 0.5, "min_readings": BLOCK, "reading_every_s": 10.0}}
COUNT_3 = {"count": {"enabled": True, "frames": 3}}


# --- T1: temperature ---


def test_t1_status_counts_through_each_block_and_stars_once_one_was_full() -> None:
    rig = quiet_rig(TEMPERATURE)
    assert reading(rig, "temperature").text == "[0.0 #00]"
    rig.read_temperature(10.0)
    assert reading(rig, "temperature").text == "[0.0 #01]"
    rig.read_temperature(*[10.0] * (BLOCK - 1))
    assert reading(rig, "temperature").text == "[0.0 #60*]"
    rig.read_temperature(*[9.6] * BLOCK)
    assert reading(rig, "temperature").text == "[-0.4 #60*]"
    rig.read_temperature(9.6)
    assert reading(rig, "temperature").text == "[-0.4 #01*]"


def test_t1_is_due_when_the_mean_of_the_last_block_has_moved_by_the_limit_and_not_before() -> None:
    rig = quiet_rig(TEMPERATURE)
    rig.read_temperature(*[10.0] * BLOCK, *[9.0] * (BLOCK // 2 - 1))
    assert not reading(rig, "temperature").due
    rig.read_temperature(9.0)
    assert reading(rig, "temperature").reading == pytest.approx(-0.5)
    assert due(rig) == ["temperature"]


def test_t1_is_due_on_a_rise_as_on_a_drop() -> None:
    rig = quiet_rig(TEMPERATURE)
    rig.read_temperature(*[10.0] * BLOCK, *[10.6] * BLOCK)
    assert due(rig) == ["temperature"]


def test_t1_is_never_due_before_a_full_block_since_the_last_refocus() -> None:
    rig = quiet_rig(TEMPERATURE)
    rig.read_temperature(*[10.0] * BLOCK)
    run_now(rig)
    assert reading(rig, "temperature").text == "[0.0 #00]"
    rig.read_temperature(*[7.0] * (BLOCK - 1))
    assert not due(rig)
    rig.read_temperature(7.0)
    assert due(rig) == ["temperature"]


def test_t1_refers_to_the_mean_of_the_last_readings_at_the_end_of_the_run() -> None:
    rig = quiet_rig(TEMPERATURE)
    rig.read_temperature(*[10.0] * BLOCK, *[9.0] * (BLOCK // 2))
    run_now(rig)
    rig.read_temperature(*[9.0] * BLOCK)
    assert reading(rig, "temperature").reading == pytest.approx(-0.5)


def test_t1_passes_over_readings_that_come_too_soon() -> None:
    rig = quiet_rig(TEMPERATURE)
    rig.read_temperature(*[10.0] * 10, every_s=5.0)
    assert reading(rig, "temperature").text == "[0.0 #05]"


@pytest.mark.parametrize(("source", "expected"), [("focuser", 10.0), ("external", 12.0), ("average", 11.0)])
def test_t1_reads_its_source(source: str, expected: float) -> None:
    rig = quiet_rig({"temperature": {"source": source}})
    rig.tell(events.TemperatureRead(focuser_c=10.0, external_c=12.0))
    assert rig.state.context.triggers.thermometer.mean_c == expected


@pytest.mark.parametrize(
    ("source", "focuser_c", "external_c"),
    [("focuser", None, 10.0), ("external", 10.0, None), ("average", 10.0, None), ("average", None, 10.0)],
)
def test_t1_takes_no_stand_in_for_a_sensor_that_fails(
    source: str, focuser_c: float | None, external_c: float | None
) -> None:
    rig = quiet_rig({"temperature": {"source": source}}, compensation={"source": source})
    (step, *_) = rig.tell(events.TemperatureRead(focuser_c=focuser_c, external_c=external_c))
    assert rig.state.context.triggers.thermometer.recent == ()
    assert step.outcome == "ignored"


def test_t1s_its_status_over_a_whole_block_after_a_refocus() -> None:
    """`[-0.4 #01*]`: the difference, the number of the reading in its block, and a star once one block was full."""
    rig = quiet_rig({"temperature": {"enabled": True, "limit_c": 5.0, "min_readings": 4, "reading_every_s": 10.0}})
    texts = []
    for celsius in (10.0, 10.0, 10.0, 10.0, 9.6, 9.6, 9.6, 9.6, 9.6):
        rig.read_temperature(celsius)
        texts.append(reading(rig, "temperature").text)
    assert texts == [
        *("[0.0 #01]", "[0.0 #02]", "[0.0 #03]", "[0.0 #04*]"),
        *("[-0.1 #01*]", "[-0.2 #02*]", "[-0.3 #03*]", "[-0.4 #04*]", "[-0.4 #01*]"),
    ]
    run_now(rig)
    texts = [reading(rig, "temperature").text]
    for celsius in (9.6, 10.4, 10.4, 10.4, 10.4):
        rig.read_temperature(celsius)
        texts.append(reading(rig, "temperature").text)
    assert texts == ["[0.0 #00]", "[0.0 #01]", "[+0.2 #02]", "[+0.4 #03]", "[+0.6 #04*]", "[+0.8 #01*]"]


def test_t1_is_off_unless_the_profile_wants_it() -> None:
    rig = quiet_rig({"temperature": {"enabled": False, "limit_c": 0.5, "min_readings": 2}})
    rig.read_temperature(10.0, 10.0, 8.0, 8.0)
    assert due(rig) == []


# --- T2: count ---


def test_t2_runs_after_every_n_light_frames() -> None:
    rig = quiet_rig(COUNT_3)
    rig.start_plan()
    rig.take_frames(2)
    assert (reading(rig, "count").text, rig.runs) == ("[2]", [])
    rig.take_frames(4)
    assert [run.causes for run in rig.runs] == [("count",)] * 2
    assert reading(rig, "count").text == "[0]"


def test_t2_counts_no_dark_flat_or_bias_frames() -> None:
    rig = quiet_rig(COUNT_3)
    rig.start_plan("Dark")
    for kind in ("Dark", "Flat", "Bias") * 2:
        rig.take_frames(1, kind)
    assert reading(rig, "count").text == "[0]"


# --- T3: time ---


def test_t3_counts_minutes_from_the_session_start_then_from_the_last_refocus() -> None:
    rig = quiet_rig({"time": {"enabled": True, "minutes_min": 30.0}})
    rig.start_plan()
    rig.take_frames(29)
    assert (reading(rig, "time").text, rig.runs) == ("[29]", [])
    rig.take_frames(1)
    assert [run.causes for run in rig.runs] == [("time",)]
    assert reading(rig, "time").text == "[0]"


def test_t3_never_interrupts_an_exposure() -> None:
    rig = quiet_rig({"time": {"enabled": True, "minutes_min": 1.0}})
    rig.start_plan()
    rig.open_shutter()
    rig.t += 600
    rig.read_facts()
    assert (due(rig), rig.leaf) == (["time"], "Imaging.Exposing")
    rig.close_shutter()
    assert len(rig.runs) == 1


# --- T4: filter change ---


@pytest.mark.parametrize(
    ("change", "runs"),
    [
        (events.FilterChanged(former="L", filter="R", by="plan"), 1),
        (events.FilterChanged(former="L", filter="R", by="person"), 0),
        (events.FilterChanged(former="L", filter="L", by="plan"), 0),
        (events.FilterChanged(former=None, filter="L", by="plan"), 0),
    ],
    ids=["by-plan", "by-person", "the-same", "the-first"],
)
def test_t4_runs_after_a_change_by_the_plan_only(change: events.FilterChanged, runs: int) -> None:
    rig = quiet_rig({"filter_change": True})
    rig.start_plan()
    rig.tell(change)
    assert [run.causes for run in rig.runs] == [("filter",)] * runs


# --- T5: meridian flip ---


def test_t5_runs_as_the_last_step_of_the_flip_while_the_plan_is_held() -> None:
    rig = quiet_rig({"meridian_flip": True})
    rig.start_plan()
    rig.tell(events.FlipStarted())
    assert rig.leaf == "MeridianFlip"
    (step, *_) = rig.send(events.FlipFinished(pier_side="west"))
    assert (step.before, step.row, step.effects[0].kind) == ("MeridianFlip", "flip-due", "pause_plan")
    rig.until("")
    assert [run.causes for run in rig.runs] == [("flip",)]
    assert rig.leaf == "Imaging.Idle"


@pytest.mark.parametrize(
    "meanwhile",
    [
        events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light"),
        events.FilterChanged(former="L", filter="R"),
        events.PlanResumed(),
        events.PlanStarted(frame_type="Light"),
    ],
    ids=lambda event: str(event.kind),
)
def test_t5_no_run_begins_while_the_mount_is_flipping(meanwhile: events.Event) -> None:
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}})
    rig.start_plan()
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    rig.take_frames(1)
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    rig.tell(events.FlipStarted())
    rig.tell(meanwhile)
    assert (rig.state.context.runs, rig.leaf) == (0, "MeridianFlip")


def test_t5_a_plan_that_a_person_paused_is_still_paused_after_the_flip() -> None:
    rig = quiet_rig()
    rig.start_plan()
    rig.tell(events.PlanPaused())
    rig.tell(events.FlipStarted())
    rig.tell(events.FlipFinished())
    assert rig.leaf == "Paused"


def test_t5_a_flip_that_ended_with_its_plan_does_not_hold_the_next_plan_up() -> None:
    """The mount fails in the flip: the plan ends, and nobody ever tells `flip_finished`."""
    rig = quiet_rig(COUNT_3)
    rig.start_plan()
    begin_run(rig)
    rig.send(events.FlipStarted())
    rig.send(events.PlanFinished(reason="the mount does not answer"))
    rig.until("")
    rig.start_plan()
    rig.take_frames(3)
    assert rig.leaf == "Imaging.Idle"
    assert [(run.outcome, run.causes) for run in rig.runs[1:]] == [("validated", ("asap",)), ("validated", ("count",))]


# --- T6: as soon as possible ---


def test_t6_with_nothing_running_runs_now() -> None:
    rig = quiet_rig()
    (step, *_) = rig.tell(events.RefocusRequested())
    assert step.row == "asap-now"
    assert [run.causes for run in rig.runs] == [("asap",)]


def test_t6_during_an_exposure_runs_after_it() -> None:
    rig = quiet_rig()
    rig.start_plan()
    rig.open_shutter()
    (step, *_) = rig.tell(events.RefocusRequested())
    assert (step.row, rig.leaf, rig.runs) == ("asap-later", "Imaging.Exposing", [])
    rig.close_shutter()
    assert [run.causes for run in rig.runs] == [("asap",)]


def test_t6_while_the_next_exposure_is_prepared_runs_after_that_whole_exposure() -> None:
    rig = quiet_rig()
    rig.start_plan()
    rig.tell(events.FramePreparing(number=1, frame_type="Light"))
    rig.tell(events.RefocusRequested())
    rig.tell(events.ExposureStarted(number=1, exposure_s=60.0))
    assert (rig.leaf, rig.runs) == ("Imaging.Exposing", [])
    rig.close_shutter()
    assert [run.causes for run in rig.runs] == [("asap",)]


def test_t6_holds_too_when_the_host_goes_on_after_a_pause_without_a_word() -> None:
    rig = quiet_rig()
    rig.start_plan()
    rig.tell(events.PlanPaused())
    rig.tell(events.FramePreparing(number=1, frame_type="Light"))
    rig.tell(events.RefocusRequested())
    assert (rig.leaf, rig.state.context.runs) == ("Imaging.Preparing", 0)


def test_t6_clears_itself_once_served() -> None:
    rig = quiet_rig()
    rig.start_plan()
    run_now(rig)
    rig.take_frames(3)
    assert (due(rig), len(rig.runs)) == ([], 1)


# --- T7: before the first frame ---


def test_t7_runs_when_a_plan_starts_and_not_when_it_is_resumed() -> None:
    rig = quiet_rig({"first_frame": True})
    rig.start_plan()
    assert [run.causes for run in rig.runs] == [("first_frame",)]
    rig.take_frames(1)
    rig.tell(events.PlanPaused())
    rig.tell(events.PlanResumed())
    assert (len(rig.runs), rig.leaf) == (1, "Imaging.Idle")


def test_t7_stays_due_until_the_plan_was_focused_for() -> None:
    rig = quiet_rig({"first_frame": True})
    rig.read_facts(safe=False)
    rig.start_plan()
    rig.take_frames(1)
    rig.read_facts(safe=True)
    rig.take_frames(1)
    assert [run.causes for run in rig.runs] == [("first_frame",)]


def test_t7_waits_for_the_first_light_frame_where_a_plan_begins_with_darks() -> None:
    rig = quiet_rig({"first_frame": True})
    rig.start_plan("Dark")
    rig.take_frames(1, "Dark")
    assert rig.state.context.runs == 0
    rig.open_shutter("Dark")
    rig.close_shutter("Dark", next_frame_type="Light")
    assert [run.causes for run in rig.runs] == [("first_frame",)]


# --- T11: every refocus restarts every trigger ---


def all_due() -> SimulatedRig:
    """A rig with every trigger due, and paused."""
    everything: dict[str, Any] = {
        "temperature": {"limit_c": 0.5, "min_readings": 3},
        "count": {"frames": 2},
        "time": {"minutes_min": 1.0},
        "filter_change": True,
        "meridian_flip": True,
        "first_frame": True,
        "on_resume": True,
        "after_centering": True,
        "image_history": {"enabled": True, "no_baseline": "refocus", "frames": 1},
    }
    rig = SimulatedRig({"triggers": everything})
    rig.tell(events.TriggersPaused())
    rig.start_plan()
    rig.read_temperature(*[10.0] * 3, *[9.0] * 3)
    rig.take_frames(2)
    rig.tell(events.FilterChanged(former="L", filter="R"))
    rig.tell(events.FrameSaved(number=3, frame_type="Light", filter="R", hfr_px=2.0, stars=50, next_frame_type="Light"))
    rig.tell(events.FlipStarted())
    rig.tell(events.FlipFinished())
    rig.tell(events.CenteringFinished())
    rig.tell(events.PlanPaused())
    rig.tell(events.PlanResumed())
    rig.tell(events.RefocusRequested())
    return rig


def test_one_run_serves_all_that_are_due_and_names_them_all() -> None:
    rig = all_due()
    assert tuple(due(rig)) == NAMES
    rig.tell(events.TriggersResumed())
    assert [run.causes for run in rig.runs] == [NAMES]
    assert due(rig) == []


def test_t11_a_manual_run_restarts_every_trigger_too() -> None:
    rig = all_due()
    rig.tell(events.RunRequested())
    assert [(run.causes, run.outcome) for run in rig.runs] == [(("manual",), "validated")]
    assert due(rig) == []


@pytest.mark.parametrize("how", ["restored", "cancelled"])
def test_t11_a_run_that_was_restored_or_cancelled_restarts_none(how: str) -> None:
    rig = all_due()
    if how == "restored":
        rig.script("measure_frame", *[measured(None)] * 9)
        rig.tell(events.RunRequested())
    else:
        rig.send(events.RunRequested())
        rig.until("Refocusing.Measuring")
        rig.tell(events.CancelRequested())
    assert [run.outcome for run in rig.runs] == [how]
    assert tuple(due(rig)) == NAMES


# --- T12: pause and resume of all triggers ---


def test_t12_what_came_due_while_the_triggers_were_paused_is_told_and_served() -> None:
    rig = quiet_rig(COUNT_3)
    rig.start_plan()
    rig.tell(events.TriggersPaused())
    rig.take_frames(4)
    assert (due(rig), rig.runs) == (["count"], [])
    rig.tell(events.TriggersResumed())
    assert rig.emitted("notify")[-1].sentence == "Triggers resumed; due now: count."
    rig.take_frames(1)
    assert [run.causes for run in rig.runs] == [("count",)]


def test_t12_says_so_when_nothing_came_due() -> None:
    rig = quiet_rig(COUNT_3)
    rig.tell(events.TriggersPaused())
    rig.tell(events.TriggersResumed())
    assert rig.emitted("notify")[-1].sentence == "Triggers resumed; nothing is due."


def test_t12_a_refocus_while_paused_leaves_the_triggers_paused() -> None:
    rig = quiet_rig(COUNT_3)
    rig.tell(events.TriggersPaused())
    rig.tell(events.RunRequested())
    assert rig.state.context.triggers.paused


# --- T13: a failed run ---


def failing_rig(**failure: Any) -> SimulatedRig:
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}}, failure=failure)
    rig.start_plan()
    return rig


def test_t13_a_failed_run_leaves_its_trigger_due_and_backs_off_twice_as_long_each_time() -> None:
    rig = failing_rig(retry_after_min=5.0)
    rig.script("take_frame", *[failed] * 6)
    begun: list[float] = []
    for _ in range(60):
        rig.take_frames(1)
        begun = [run.started_t for run in rig.runs]
        if len(begun) == 4:
            break
    waits = [(later - earlier) / 60 for earlier, later in pairwise(begun)]
    assert [run.outcome for run in rig.runs] == ["restored", "restored", "restored", "validated"]
    assert [wait >= limit for wait, limit in zip(waits, (5, 10, 20), strict=True)] == [True] * 3
    assert waits == pytest.approx([5.5, 10.5, 20.5], abs=1.0)


def test_t13_no_run_before_every_following_frame() -> None:
    rig = failing_rig()
    fail(rig, "take_frame", 2)
    rig.take_frames(5)
    assert (len(rig.runs), due(rig)) == (1, ["count"])


def test_t13_the_back_off_ends_at_its_very_moment() -> None:
    rig = failing_rig(retry_after_min=5.0)
    fail(rig, "take_frame", 2)
    rig.take_frames(1)
    over_t = rig.state.context.triggers.retry_t
    assert over_t == rig.runs[0].started_t + (rig.t - rig.runs[0].started_t) + 300.0
    for t, runs in ((over_t - 0.1, 1), (over_t, 2)):
        rig.t = t
        rig.read_facts()
        rig.tell(events.FrameSaved(number=2, frame_type="Light", next_frame_type="Light"))
        assert len(rig.runs) == runs


def test_t13_the_back_off_grows_to_eight_times_and_no_further_and_ends_with_a_refocus() -> None:
    rig = failing_rig(retry_after_min=1.0)
    waits = []
    for _ in range(6):
        fail(rig, "take_frame", 2)
        rig.t += 3600.0
        rig.take_frames(1)
        retry_t = rig.state.context.triggers.retry_t
        assert retry_t is not None
        waits.append(retry_t - rig.t)
    assert waits == pytest.approx([60.0, 120.0, 240.0, 480.0, 480.0, 480.0])
    rig.t += 3600.0
    rig.take_frames(1)
    assert (rig.state.context.triggers.retry_t, rig.state.context.triggers.failures) == (None, 0)


def test_t13_a_person_who_asks_need_not_wait_for_the_back_off() -> None:
    rig = failing_rig()
    fail(rig, "take_frame", 2)
    rig.take_frames(1)
    run_now(rig)
    assert [run.outcome for run in rig.runs] == ["restored", "validated"]


def test_t13_policy_continue_resumes_the_plan_and_tells() -> None:
    rig = failing_rig(policy="continue")
    fail(rig, "take_frame", 2)
    rig.take_frames(1)
    assert (rig.leaf, rig.held) == ("Imaging.Idle", False)
    assert "Autofocus run 1 failed" in rig.emitted("notify")[-1].sentence


def test_t13_policy_pause_leaves_the_plan_held_and_tells() -> None:
    rig = failing_rig(policy="pause")
    fail(rig, "take_frame", 2)
    rig.take_frames(1)
    assert (rig.leaf, rig.held) == ("Paused", True)
    assert any("The plan stays paused" in told.sentence for told in rig.emitted("notify"))


def test_t13_policy_abort_gives_the_plan_up_and_tells() -> None:
    rig = failing_rig(policy="abort")
    fail(rig, "take_frame", 2)
    rig.take_frames(1)
    assert (rig.leaf, rig.state.context.plan.running) == ("Imaging.Idle", False)
    assert len(rig.emitted("abort_plan")) == 1
    assert any("The plan was given up" in told.sentence for told in rig.emitted("notify"))


@pytest.mark.parametrize("policy", ["continue", "pause", "abort"])
def test_t13_the_policy_is_for_automatic_runs_only(policy: str) -> None:
    rig = quiet_rig(failure={"policy": policy})
    rig.start_plan()
    fail(rig, "take_frame", 2)
    rig.tell(events.RunRequested())
    assert [run.outcome for run in rig.runs] == ["restored"]
    assert (rig.leaf, rig.held) == ("Imaging.Idle", False)


# --- what comes due while a run is put away (T11) ---


@pytest.mark.parametrize("meanwhile", [events.FlipFinished(), events.RefocusRequested()])
def test_t11_what_comes_due_while_a_good_run_is_put_away_is_served_after_it(
    meanwhile: events.Event,
) -> None:
    rig = quiet_rig({"meridian_flip": True})
    rig.start_plan()
    begin_run(rig, "Concluding")
    rig.tell(meanwhile)
    rig.take_frames(1)
    assert [run.outcome for run in rig.runs] == ["validated", "validated"]


def test_t11_c7_readings_while_a_run_is_put_away_count_from_the_end_of_its_validation() -> None:
    rig = quiet_rig({"temperature": {"min_readings": 2, "limit_c": 5.0}})
    rig.start_plan()
    rig.read_temperature(10.0, 10.0)
    begin_run(rig, "Concluding")
    rig.t += 10.0
    rig.send(events.TemperatureRead(focuser_c=20.0, external_c=20.0))
    before = rig.state.context.triggers.thermometer
    rig.until("")
    assert rig.state.context.triggers.thermometer == before
