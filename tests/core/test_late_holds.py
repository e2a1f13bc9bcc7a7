"""What a run needs is asked again when the plan is held: a frame may have been taken, and a lot may have changed."""

from __future__ import annotations

from typing import Any

import pytest

from statefocus import events
from statefocus.folding.plan import DOWNLOAD_S
from statefocus.testing import SimulatedRig

from .rigs import between, due, late_hold_rig, measured, quiet_rig


def test_a_late_hold_after_a_frame_that_changed_nothing_is_as_good_as_any() -> None:
    rig, held = late_hold_rig()
    rig.read_facts()
    between(rig)
    (step, *_) = rig.send(held)
    assert (step.row, step.after) == ("held", "Refocusing.Readying")
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["validated"]


@pytest.mark.parametrize(
    ("facts", "saved", "guard"),
    [
        ({}, {"next_frame_type": "Dark"}, "light_plan"),
        ({}, {"next_filter": "R"}, "nothing_ahead"),
        ({}, {"flip_next": True}, "nothing_ahead"),
        ({"flip_in_s": 30.0}, {}, "flip_not_imminent"),
    ],
    ids=["darks come next", "the filter changes next", "a flip comes next", "the flip is near"],
)
def test_a_hold_that_comes_after_a_frame_that_changed_something_begins_no_run_and_leaves_it_due(
    facts: dict[str, Any], saved: dict[str, Any], guard: str
) -> None:
    rig, held = late_hold_rig()
    rig.send(events.MountRead(**{"tracking": True, "parked": False, "flip_in_s": 86_400.0, **facts}))
    rig.send(events.SafetyRead(safe=True))
    between(rig, **saved)
    (step, *_) = rig.send(held)
    assert (step.row, step.after) == ("held-too-late", "Concluding.Resuming")
    (tried,) = (one for one in step.tried if one.row == "held")
    assert {name for name, said in tried.guards.items() if not said.passes} == {guard}
    rig.until("")
    (run,) = rig.runs
    assert (run.outcome, run.points, rig.position) == ("cancelled", (), 10_000)
    assert run.reason == "When the plan was held, what a refocus needs was no longer so."
    assert (rig.emitted("prepare_focuser"), rig.emitted("move_focuser"), rig.held) == ([], [], False)
    assert due(rig) == ["count"]
    assert rig.state.context.triggers.retry_t is None  # nothing has failed
    assert rig.leaf == "Imaging.Idle"


def test_a_person_s_run_needs_no_more_when_it_is_held_than_when_it_was_asked_for() -> None:
    rig = quiet_rig()
    rig.read_facts(tracking=False)
    rig.tell(events.RunRequested())
    assert [run.outcome for run in rig.runs] == ["validated"]
    assert [step.row for happening in rig.log for step in happening.steps if step.after == "Refocusing.Readying"][
        :1
    ] == ["held-by-hand"]


def test_a_person_s_run_waits_for_the_exposure_that_goes_on_in_a_pause() -> None:
    rig = quiet_rig()
    rig.start_plan()
    rig.open_shutter()
    rig.tell(events.PlanPaused())
    for wish in (events.RunRequested(), events.UndoRequested()):
        (step, *_) = rig.tell(wish)
        assert (step.row, rig.leaf) == ("run-not-now", "Paused")
    assert "an exposure of the plan" in rig.emitted("notify")[-1].sentence
    rig.t += 60.0
    rig.read_facts()
    rig.tell(events.ExposureEnded(number=1))
    rig.tell(events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light"))
    rig.tell(events.RunRequested())
    assert [run.outcome for run in rig.runs] == ["validated"]


# --- a yes that could not be served at once (T4) ---


def answered_rig(*before: events.Event, **facts: Any) -> SimulatedRig:
    """A rig without a plan, whose filter was changed by hand, and a person has said yes while a guard said no."""
    rig = quiet_rig({"filter_change": True})
    rig.read_facts(**facts)
    for event in (
        *before,
        events.FilterChanged(former="L", filter="R", by="person"),
        events.ConfirmationGiven(yes=True),
    ):
        rig.send(event)
    assert (rig.runs, due(rig)) == ([], ["filter"])
    return rig


def test_t4_a_yes_is_served_once_the_mount_tracks_again() -> None:
    rig = answered_rig(tracking=False)
    rig.read_facts(tracking=True)
    assert [(run.causes, run.outcome) for run in rig.runs] == [(("filter",), "validated")]


def test_t4_a_yes_is_served_once_the_triggers_are_resumed() -> None:
    rig = answered_rig(events.TriggersPaused())
    rig.tell(events.TriggersResumed())
    assert [run.causes for run in rig.runs] == [("filter",)]


def test_t4_a_yes_is_served_in_a_plan_and_in_a_pause_too() -> None:
    pauses: tuple[tuple[events.Event, ...], ...] = ((), (events.PlanPaused(),))
    for pause in pauses:
        rig = quiet_rig({"filter_change": True})
        rig.start_plan()
        rig.read_facts(tracking=False)
        rig.send(events.FilterChanged(former="L", filter="R", by="person"))
        rig.send(events.ConfirmationGiven(yes=True))
        for event in pause:
            rig.send(event)
        assert rig.runs == []
        rig.read_facts(tracking=True)
        assert [run.causes for run in rig.runs] == [("filter",)]


@pytest.mark.parametrize("end", [events.PlanFinished(), events.PlanPaused()], ids=["finished", "paused"])
def test_t4_what_the_plan_itself_has_changed_begins_no_run_once_it_stands_still(end: events.Event) -> None:
    rig = quiet_rig({"filter_change": True})
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    rig.read_facts(tracking=False)
    rig.tell(events.FilterChanged(former="L", filter="R", by="plan"))
    rig.tell(end)
    for _ in range(20):
        rig.t += 600.0
        rig.read_facts(tracking=True)
    assert (rig.runs, due(rig)) == ([], ["filter"])


def test_t4_a_yes_whose_run_has_failed_is_not_served_again_and_again() -> None:
    rig = answered_rig(tracking=False)
    rig.script("measure_frame", *[measured(None)] * 40)
    for _ in range(20):
        rig.read_facts(tracking=True)
        rig.t += 1800.0
    assert [run.outcome for run in rig.runs] == ["restored"]


# --- a host that does not tell how its exposure ended ---


def test_a_frame_of_which_no_end_is_told_is_over_some_minutes_after_its_exposure() -> None:
    rig = quiet_rig()
    rig.start_plan()
    rig.open_shutter()
    rig.tell(events.PlanPaused())
    rig.t += 60.0 + DOWNLOAD_S - 1.0
    rig.read_facts()
    rig.tell(events.RunRequested())
    assert rig.runs == []
    rig.t += 1.0
    rig.tell(events.RunRequested())
    assert [run.outcome for run in rig.runs] == ["validated"]


def test_a_host_that_says_held_has_nothing_exposing() -> None:
    rig, held = late_hold_rig()
    rig.read_facts()
    rig.send(held)
    assert rig.state.context.plan.shutter_until is None


def test_a_plan_that_goes_on_in_the_middle_of_an_exposure_begins_no_run_in_it() -> None:
    rig = quiet_rig({"on_resume": True})
    rig.start_plan()
    rig.open_shutter()
    rig.read_facts()
    rig.tell(events.PlanStarted(frame_type="Light", resumed=True))
    assert (rig.runs, due(rig)) == ([], ["resume"])


def test_an_aid_that_is_opened_before_the_hold_stops_a_person_s_run_too() -> None:
    rig = quiet_rig()
    rig.read_facts()
    rig.send(events.RunRequested())
    held = rig.ideal(rig.waiting.popleft())
    rig.send(events.AidOpened(aid="Bahtinov Aid"))
    rig.send(held)
    rig.until("")
    assert [(run.outcome, run.points) for run in rig.runs] == [("cancelled", ())]


# --- a flip whose end is never told (T5) ---


def test_t5_a_host_that_takes_frames_again_has_ended_its_flip() -> None:
    rig = quiet_rig({"meridian_flip": True})
    rig.start_plan()
    rig.tell(events.FlipStarted())
    rig.take_frames(1)
    assert "never told the end of its meridian flip" in rig.emitted("notify")[0].sentence
    assert [(run.causes, run.outcome) for run in rig.runs] == [(("flip",), "validated")]
    assert not rig.state.context.plan.flip_under_way


# --- what a plan began with ends with it (T7, T8) ---


def test_t7_a_first_frame_that_was_never_focused_for_is_not_owed_to_the_next_plan() -> None:
    rig = quiet_rig({"first_frame": True})
    rig.read_facts(tracking=False)
    rig.start_plan()
    assert due(rig) == ["first_frame"]
    rig.tell(events.PlanFinished())
    rig.read_facts(tracking=True)
    rig.tell(events.PlanStarted(frame_type="Light", resumed=True))
    assert (rig.runs, due(rig)) == ([], [])


# --- the baseline of a filter that is focused by way of another (T10, O2) ---


@pytest.mark.parametrize("filter_", ["L", "Ha"])
def test_t10_the_baseline_is_taken_in_the_plan_s_own_filter(filter_: str) -> None:
    rig = quiet_rig(
        {"first_frame": True, "image_history": {"enabled": True, "metric": "hfr", "frames": 2, "hfr_percent": 15.0}},
        filters={"L": {"offset_steps": 0}, "Ha": {"focus": "via", "via": "L", "offset_steps": 20}},
    )
    rig.tell(events.PlanStarted(frame_type="Light", filter=filter_))
    for number, hfr in enumerate((2.0, 2.0, 2.0, 4.0, 4.0, 4.0), 1):
        rig.tell(events.FramePreparing(number=number, frame_type="Light"))
        rig.tell(events.ExposureStarted(number=number, exposure_s=60.0))
        rig.t += 60.0
        rig.read_facts(east=True)
        rig.tell(events.ExposureEnded(number=number))
        told: dict[str, Any] = {"filter": filter_, "hfr_px": hfr, "stars": 100}
        rig.tell(events.FrameSaved(number=number, frame_type="Light", next_frame_type="Light", **told))
    assert [run.causes for run in rig.runs][:2] == [("first_frame",), ("image_history",)]
