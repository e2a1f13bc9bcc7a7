"""Look-ahead and coalescing (T14, T9, T8), and a wish that is served as soon as it can be (T6)."""

from __future__ import annotations

from typing import Any

import pytest

from statefocus import events
from statefocus.machine.vocabulary import Ruling
from statefocus.session import Step
from statefocus.testing import SimulatedRig

from .rigs import begin_run, due, fail, quiet_rig, run_now, to_filter, tried

COUNT_1: dict[str, Any] = {"count": {"enabled": True, "frames": 1}}
WELL = events.MountRead(tracking=True, parked=False, flip_in_s=86_400.0)


def counting_rig(**triggers: Any) -> SimulatedRig:
    """A rig that is due after every frame; its plan runs in L."""
    rig = quiet_rig(COUNT_1 | triggers)
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    return rig


def saved(rig: SimulatedRig, next_filter: str | None = None, *, flip_next: bool | None = None) -> tuple[Step, ...]:
    """Take a frame, which announces what comes before the next one."""
    rig.open_shutter()
    rig.t += 60.0
    rig.read_facts()
    rig.tell(events.ExposureEnded(number=1))
    return rig.tell(
        events.FrameSaved(
            number=1,
            frame_type="Light",
            filter="L",
            next_frame_type="Light",
            next_filter=next_filter,
            flip_next=flip_next,
        )
    )


# --- T14: a due trigger waits for what is known to come ---


def test_t14_a_due_trigger_waits_for_an_announced_filter_change_and_one_run_serves_both() -> None:
    rig = counting_rig(filter_change=True)
    steps = saved(rig, "R")
    assert tried(steps, "count-due").guards["nothing_ahead"] is Ruling.FAILED
    assert (steps[0].outcome, rig.runs, due(rig)) == ("inhibited", [], ["count"])
    to_filter(rig, "R")
    assert [run.causes for run in rig.runs] == [("count", "filter")]


def test_t14_the_change_ends_the_waiting_also_where_it_makes_nothing_due_itself() -> None:
    rig = counting_rig()
    saved(rig, "R")
    to_filter(rig, "R")
    assert [run.causes for run in rig.runs] == [("count",)]


def test_t14_a_due_trigger_waits_for_an_announced_flip_and_one_run_serves_both() -> None:
    rig = counting_rig(meridian_flip=True)
    steps = saved(rig, flip_next=True)
    assert tried(steps, "count-due").guards["nothing_ahead"] is Ruling.FAILED
    rig.tell(events.FlipStarted())
    assert rig.runs == []
    rig.tell(events.FlipFinished())
    assert [run.causes for run in rig.runs] == [("count", "flip")]


@pytest.mark.parametrize(("next_filter", "flip_next"), [(None, None), ("L", False), (None, False), ("L", None)])
def test_t14_with_nothing_announced_or_the_same_filter_it_runs_at_once(
    next_filter: str | None, *, flip_next: bool | None
) -> None:
    rig = counting_rig()
    saved(rig, next_filter, flip_next=flip_next)
    assert [run.causes for run in rig.runs] == [("count",)]


@pytest.mark.parametrize("first", ["filter", "flip"])
def test_t14_where_both_are_announced_it_waits_for_the_second(first: str) -> None:
    rig = counting_rig(filter_change=True, meridian_flip=True)
    saved(rig, "R", flip_next=True)
    for happening in (first, "flip" if first == "filter" else "filter"):
        assert rig.runs == []
        if happening == "filter":
            to_filter(rig, "R")
        else:
            rig.tell(events.FlipStarted())
            rig.tell(events.FlipFinished())
    assert [run.causes for run in rig.runs] == [("count", "filter", "flip")]


@pytest.mark.parametrize("announced", [{"next_filter": "R"}, {"flip_next": True}], ids=["filter", "flip"])
def test_t14_an_announcement_that_is_broken_costs_one_frame_at_most(announced: dict[str, Any]) -> None:
    rig = counting_rig()
    saved(rig, **announced)
    rig.take_frames(1)
    assert [run.causes for run in rig.runs] == [("count",)]


@pytest.mark.parametrize("announced", [{"next_filter": "R"}, {"flip_next": True}], ids=["filter", "flip"])
@pytest.mark.parametrize(
    "end",
    [
        events.PlanFinished(),
        events.PlanStarted(frame_type="Light"),
        events.FramePreparing(number=2, frame_type="Light"),
    ],
    ids=lambda event: str(event.kind),
)
def test_t14_what_was_announced_ends_with_the_plan_and_with_the_next_frame(
    announced: dict[str, Any], end: events.Event
) -> None:
    rig = quiet_rig()
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    saved(rig, **announced)
    rig.tell(end)
    assert (rig.state.context.plan.filter_ahead, rig.state.context.plan.flip_ahead) == (False, False)


def test_t14_what_was_announced_ends_with_a_plan_that_we_gave_up() -> None:
    rig = quiet_rig({"filter_change": True}, failure={"policy": "abort"})
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    saved(rig, "R", flip_next=True)
    rig.tell(events.FlipFinished())
    rig.send(events.FilterChanged(former="L", filter="R"))
    rig.until("Refocusing.Moving")
    rig.send(events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light", next_filter="B"))
    fail(rig, "measure_frame")
    rig.until("")
    assert len(rig.emitted("abort_plan")) == 1
    run_now(rig)
    assert rig.runs[-1].outcome == "validated"


def test_t14_a_wish_with_no_plan_running_does_not_wait_for_what_the_last_plan_announced() -> None:
    rig = quiet_rig()
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    saved(rig, "R")
    rig.tell(events.PlanFinished())
    run_now(rig)
    assert [run.causes for run in rig.runs] == [("asap",)]


def test_t14_a_run_waits_while_the_wheel_turns_and_begins_when_it_stands() -> None:
    """Begun before, it would be interrupted by the change."""
    rig = quiet_rig({"filter_change": True})
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    rig.tell(events.FilterChanging(filter="R"))
    rig.tell(events.RefocusRequested())
    assert rig.state.context.runs == 0
    rig.tell(events.FilterChanged(former="L", filter="R"))
    assert [(run.causes, run.outcome) for run in rig.runs] == [(("filter", "asap"), "validated")]


@pytest.mark.parametrize(
    "end", [events.ExposureFailed(number=1), events.PlanFinished()], ids=lambda event: str(event.kind)
)
def test_t14_a_wheel_that_never_told_of_its_end_holds_nothing_up(end: events.Event) -> None:
    rig = quiet_rig()
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    rig.tell(events.FilterChanging(filter="R"))
    rig.tell(end)
    run_now(rig)
    assert [run.causes for run in rig.runs] == [("asap",)]


# --- T6: as soon as possible, from everywhere ---


@pytest.mark.parametrize("leaf", ["Refocusing.Exposing", "Validating.Measuring", "Restoring.Moving"])
def test_t6_during_a_run_that_is_put_away_the_wish_is_kept(leaf: str) -> None:
    rig = quiet_rig()
    rig.tell(events.PlanStarted(frame_type="Light"))
    rig.send(events.RunRequested())
    rig.until(leaf.replace("Restoring.Moving", "Refocusing.Exposing"))
    rig.send(events.CancelRequested())
    rig.until("Restoring.Moving")
    (step, *_) = rig.send(events.RefocusRequested())
    assert (step.row, step.outcome) == ("asap-later", "stayed")
    rig.until("")
    rig.take_frames(1)
    assert [(run.outcome, run.causes) for run in rig.runs] == [("cancelled", ("manual",)), ("validated", ("asap",))]


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize(
    ("forbids", "allows"),
    [
        (events.MountRead(tracking=False, parked=False, flip_in_s=86_400.0), WELL),
        (events.MountRead(tracking=True, parked=True, flip_in_s=86_400.0), WELL),
        (events.MountRead(tracking=True, parked=False, flip_in_s=60.0), WELL),
        (events.SafetyRead(safe=False), events.SafetyRead(safe=True)),
        (events.AidOpened(aid="Bahtinov Aid"), events.AidClosed(aid="Bahtinov Aid")),
        (events.SunRead(altitude_deg=0.0), events.SunRead(altitude_deg=-20.0)),
        (events.TriggersPaused(), events.TriggersResumed()),
    ],
    ids=["tracking", "parked", "flip-imminent", "unsafe", "aid", "sun", "triggers-paused"],
)
def test_t6_with_nothing_exposing_an_inhibited_wish_is_served_as_soon_as_what_forbade_it_is_over(
    forbids: events.Event, allows: events.Event, *, paused: bool
) -> None:
    rig = quiet_rig(guards={"astro_night": "require"})
    rig.tell(events.SunRead(altitude_deg=-20.0))
    if paused:
        rig.tell(events.PlanStarted(frame_type="Light"))
        rig.tell(events.PlanPaused())
    rig.tell(forbids)
    rig.tell(events.RefocusRequested())
    assert (rig.state.context.runs, due(rig)) == (0, ["asap"])
    rig.tell(allows)
    assert [run.causes for run in rig.runs] == [("asap",)]
    assert rig.leaf == ("Paused" if paused else "Imaging.Idle")


@pytest.mark.parametrize(
    "told",
    [WELL, events.SafetyRead(safe=True), events.AidClosed(aid="none"), events.SunRead(altitude_deg=0.0)],
    ids=lambda event: str(event.kind),
)
@pytest.mark.parametrize("leaf", ["Imaging.Preparing", "Imaging.Exposing", "Imaging.Downloading", "MeridianFlip"])
def test_t6_an_exposure_or_a_flip_is_never_interrupted_for_a_wish(leaf: str, told: events.Event) -> None:
    rig = quiet_rig()
    rig.tell(events.PlanStarted(frame_type="Light"))
    scenes: dict[str, tuple[events.Event, ...]] = {
        "Imaging.Preparing": (events.FramePreparing(number=1, frame_type="Light"),),
        "Imaging.Exposing": (events.ExposureStarted(number=1, exposure_s=60.0),),
        "Imaging.Downloading": (events.ExposureEnded(number=1),),
        "MeridianFlip": (events.FlipStarted(),),
    }
    for event in scenes[leaf]:
        rig.tell(event)
    rig.tell(events.RefocusRequested())
    rig.tell(told)
    assert (rig.leaf, rig.state.context.runs) == (leaf, 0)


def test_t12_triggers_resumed_in_the_middle_of_an_exposure_tell_and_wait_for_its_end() -> None:
    rig = quiet_rig()
    rig.tell(events.TriggersPaused())
    rig.tell(events.PlanStarted(frame_type="Light"))
    rig.open_shutter()
    rig.tell(events.RefocusRequested())
    rig.tell(events.TriggersResumed())
    assert (rig.emitted("notify")[-1].sentence, rig.runs) == ("Triggers resumed; due now: asap.", [])
    rig.close_shutter()
    assert [run.causes for run in rig.runs] == [("asap",)]


def test_t12_triggers_resumed_with_nothing_running_tell_too_what_is_served() -> None:
    rig = quiet_rig()
    rig.tell(events.TriggersPaused())
    rig.tell(events.RefocusRequested())
    rig.tell(events.TriggersResumed())
    assert "Triggers resumed; due now: asap." in [told.sentence for told in rig.emitted("notify")]
    assert [run.causes for run in rig.runs] == [("asap",)]


# --- T8: on resume ---


def resumed_rig(*, on_resume: bool = True) -> SimulatedRig:
    """A rig that refocuses when its plan is resumed."""
    rig = quiet_rig({"on_resume": on_resume, "first_frame": True})
    rig.tell(events.TriggersPaused())
    rig.tell(events.PlanStarted(frame_type="Light"))
    run_now(rig)
    rig.tell(events.RunRequested())
    rig.tell(events.TriggersResumed())
    return rig


@pytest.mark.parametrize("on_resume", [True, False])
def test_t8_runs_when_a_paused_plan_is_resumed_before_its_next_frame(*, on_resume: bool) -> None:
    rig = resumed_rig(on_resume=on_resume)
    rig.tell(events.PlanPaused())
    (step, *_) = rig.tell(events.PlanResumed())
    assert [run.causes for run in rig.runs[1:]] == [("resume",)] * on_resume
    assert step.row == ("resume-due" if on_resume else "resumed")
    assert rig.leaf == "Imaging.Idle"


def test_t8_a_plan_that_was_not_paused_cannot_be_resumed() -> None:
    rig = resumed_rig()
    rig.tell(events.PlanResumed())
    assert due(rig) == []


def test_t8_a_resume_that_is_inhibited_stays_due_over_another_word_of_it() -> None:
    rig = resumed_rig()
    rig.tell(events.PlanPaused())
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    rig.tell(events.PlanResumed())
    rig.tell(events.PlanResumed())
    assert (due(rig), rig.leaf) == (["resume"], "Imaging.Idle")
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    rig.take_frames(1)
    assert rig.runs[-1].causes == ("resume",)


@pytest.mark.parametrize(
    ("resumed", "causes"), [(True, ("resume",)), (False, ("first_frame",))], ids=["resumed", "begun"]
)
def test_t7_t8_a_plan_that_goes_on_where_it_was_left_is_resumed_not_begun(
    causes: tuple[str, ...], *, resumed: bool
) -> None:
    rig = resumed_rig()
    rig.tell(events.PlanStarted(frame_type="Light", resumed=resumed))
    assert [run.causes for run in rig.runs[1:]] == [causes]


def test_t7_a_plan_that_goes_on_makes_no_first_frame_due_even_without_t8() -> None:
    rig = resumed_rig(on_resume=False)
    rig.tell(events.PlanStarted(frame_type="Light", resumed=True))
    assert (due(rig), len(rig.runs)) == ([], 1)


# --- T9: after centering ---


@pytest.mark.parametrize(("wanted", "automatic", "runs"), [(True, True, 1), (True, False, 0), (False, True, 0)])
def test_t9_runs_after_an_automatic_centering_where_the_profile_wants_it(
    *, wanted: bool, automatic: bool, runs: int
) -> None:
    rig = quiet_rig({"after_centering": wanted})
    rig.tell(events.PlanStarted(frame_type="Light"))
    rig.tell(events.CenteringFinished(automatic=automatic))
    assert [run.causes for run in rig.runs] == [("centering",)] * runs


def test_t9_a_flip_that_also_centres_makes_one_run() -> None:
    rig = quiet_rig({"after_centering": True, "meridian_flip": True})
    rig.tell(events.PlanStarted(frame_type="Light"))
    rig.tell(events.FlipStarted())
    rig.tell(events.CenteringFinished())
    assert (rig.leaf, rig.runs) == ("MeridianFlip", [])
    rig.tell(events.FlipFinished())
    assert [run.causes for run in rig.runs] == [("flip", "centering")]


def test_t9_during_an_exposure_it_waits_for_the_frame() -> None:
    rig = quiet_rig({"after_centering": True})
    rig.tell(events.PlanStarted(frame_type="Light"))
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    rig.tell(events.CenteringFinished())
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    assert rig.runs == []
    rig.take_frames(1)
    assert [run.causes for run in rig.runs] == [("centering",)]


# --- a flip in the middle of a run, which ends before the run is put away ---


@pytest.mark.parametrize("released", ["restored", "unrestored"])
def test_t5_a_flip_that_ends_while_the_run_is_put_away_is_followed_by_its_run_before_the_plan_resumes(
    released: str,
) -> None:
    rig = quiet_rig({"meridian_flip": True})
    rig.tell(events.PlanStarted(frame_type="Light"))
    begin_run(rig)
    rig.send(events.FlipStarted())
    if released == "unrestored":
        fail(rig, "halt_devices")
    rig.send(events.FlipFinished())
    rig.until("")
    assert [(run.outcome, run.causes) for run in rig.runs] == [
        ("cancelled", ("asap",)),
        ("validated", ("flip", "asap")),
    ]
    assert (len(rig.emitted("resume_plan")), rig.held, rig.leaf) == (1, False, "Imaging.Idle")


def test_t5_a_flip_that_goes_on_when_the_run_is_put_away_is_followed_by_its_run_when_it_ends() -> None:
    rig = quiet_rig({"meridian_flip": True})
    rig.tell(events.PlanStarted(frame_type="Light"))
    begin_run(rig)
    rig.tell(events.FlipStarted())
    assert (rig.leaf, len(rig.runs)) == ("MeridianFlip", 1)
    rig.tell(events.FlipFinished())
    assert [run.causes for run in rig.runs][1:] == [("flip", "asap")]


@pytest.mark.parametrize("how", [events.CancelRequested(), events.SessionEnding()], ids=lambda event: str(event.kind))
def test_t5_a_run_that_a_person_or_the_sessions_end_cancelled_is_not_followed_by_another_at_once(
    how: events.Event,
) -> None:
    rig = quiet_rig({"meridian_flip": True})
    rig.tell(events.PlanStarted(frame_type="Light"))
    begin_run(rig)
    rig.send(how)
    rig.send(events.FlipStarted())
    rig.send(events.FlipFinished())
    rig.until("")
    assert len(rig.runs) == 1


def test_t5_a_run_interrupted_by_something_else_is_not_followed_by_another_at_once() -> None:
    rig = quiet_rig({"meridian_flip": True})
    rig.tell(events.PlanStarted(frame_type="Light"))
    begin_run(rig)
    rig.send(events.SafetyRead(safe=False))
    rig.send(events.SafetyRead(safe=True))
    rig.until("")
    assert (len(rig.runs), due(rig)) == (1, ["asap"])


def test_t5_after_an_interrupting_flip_a_guard_that_forbids_lets_the_plan_go_on() -> None:
    rig = quiet_rig({"meridian_flip": True})
    rig.tell(events.PlanStarted(frame_type="Light"))
    begin_run(rig)
    rig.send(events.FlipStarted())
    rig.send(events.FlipFinished())
    rig.send(events.AidOpened(aid="Bahtinov Aid"))
    rig.until("")
    assert (len(rig.runs), rig.leaf, due(rig)) == (1, "Imaging.Idle", ["flip", "asap"])


# --- a filter change in the middle of a run ---


@pytest.mark.parametrize("by", ["plan", "person"])
@pytest.mark.parametrize("leaf", ["Refocusing.Holding", "Refocusing.Exposing", "Validating.Exposing"])
def test_a_filter_change_in_the_middle_of_a_run_interrupts_it_and_leaves_it_due(leaf: str, by: str) -> None:
    rig = quiet_rig(best=10_020)
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    begin_run(rig, leaf)
    rig.send(events.FilterChanged(former="L", filter="R", by=by))
    assert rig.leaf == "Restoring.Halting"
    rig.until("")
    assert [(run.outcome, run.reason) for run in rig.runs] == [("cancelled", "The filter was changed to R.")]
    assert (rig.position, due(rig), rig.emitted("set_filter")) == (10_000, ["asap"], [])


def test_a_filter_change_while_the_focuser_is_read_ends_the_run_before_any_move() -> None:
    rig = quiet_rig()
    rig.driver_compensation = True
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    begin_run(rig, "Refocusing.Readying")
    (step, *_) = rig.send(events.FilterChanged(former="L", filter="R"))
    assert (step.row, step.after) == ("filter-while-readying", "Refocusing.Readying")
    rig.until("")
    assert ([run.outcome for run in rig.runs], rig.moves, rig.driver_compensation) == (["cancelled"], [], True)


@pytest.mark.parametrize("leaf", ["Refocusing.Readying", "Refocusing.Exposing", "Validating.Moving"])
def test_a_filter_that_is_told_once_more_interrupts_nothing(leaf: str) -> None:
    rig = quiet_rig()
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    begin_run(rig, leaf)
    rig.send(events.FilterChanged(former="L", filter="L"))
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["validated"]


def test_t5_a_frame_in_the_middle_of_a_flip_ends_it_and_is_told() -> None:
    rig = quiet_rig()
    rig.start_plan()
    rig.tell(events.FlipStarted())
    assert rig.leaf == "MeridianFlip"
    (step, *_) = rig.send(events.ExposureStarted(number=1, exposure_s=60.0))
    assert (step.row, rig.leaf) == ("flip-end-untold", "Imaging.Exposing")
    assert [effect.level for effect in rig.emitted("notify")] == ["warning"]
