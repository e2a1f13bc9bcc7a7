"""Every trigger is served by every event that may begin a run, from every state it may begin in (T)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from statefocus import events
from statefocus.effects import Notify
from statefocus.testing import SimulatedRig
from statefocus.triggers import NAMES

from .rigs import due, quiet_rig

LIGHT = events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light", hfr_px=2.0, stars=50)
SETTINGS: dict[str, dict[str, Any]] = {
    "temperature": {"temperature": {"enabled": True, "limit_c": 0.5, "min_readings": 1}},
    "count": {"count": {"enabled": True, "frames": 1}},
    "time": {"time": {"enabled": True, "minutes_min": 1.0}},
    "filter": {"filter_change": True},
    "flip": {"meridian_flip": True},
    "asap": {},
    "first_frame": {"first_frame": True},
    "resume": {"on_resume": True},
    "centering": {"after_centering": True},
    "image_history": {"image_history": {"enabled": True, "no_baseline": "refocus", "frames": 1}},
}
MAKES_DUE: dict[str, tuple[events.Event, ...]] = {
    "temperature": (events.TemperatureRead(focuser_c=10.0), events.TemperatureRead(focuser_c=9.0)),
    "count": (LIGHT,),
    "time": (),
    "filter": (events.FilterChanged(former="L", filter="R"),),
    "flip": (events.FlipStarted(), events.FlipFinished()),
    "asap": (events.RefocusRequested(),),
    "first_frame": (events.PlanStarted(frame_type="Light"),),
    "resume": (events.PlanPaused(), events.PlanResumed()),
    "centering": (events.CenteringFinished(),),
    "image_history": (LIGHT,),
}
ROWS = (*(name for name in NAMES if name != "asap"), "asap")
"""In the order of the machine file: a wish is told last."""
BEGINS: dict[str, events.Event] = {
    "frame_saved": events.FrameSaved(number=2, frame_type="Light", next_frame_type="Light"),
    "filter_changed": events.FilterChanged(former="R", filter="L", by="person"),
    "plan_started": events.PlanStarted(frame_type="Light", resumed=True),
    "plan_resumed": events.PlanResumed(),
    "flip_finished": events.FlipFinished(),
    "centering_finished": events.CenteringFinished(automatic=False),
}


def due_rig(*names: str) -> SimulatedRig:
    """A rig that prepares an exposure, with these triggers due and no other."""
    wanted: dict[str, Any] = {}
    for name in names:
        wanted |= SETTINGS[name]
    rig = quiet_rig(wanted)
    rig.send(events.TriggersPaused())
    rig.send(events.PlanStarted(frame_type="Light", filter="L", resumed=True))
    for name in names:
        for event in MAKES_DUE[name]:
            rig.t += 10.0
            rig.send(event)
    rig.t += 60.0 - (rig.t - rig.log[0].t)
    rig.send(events.FramePreparing(number=1, frame_type="Light"))
    rig.send(events.TriggersResumed())
    assert (rig.leaf, set(due(rig))) == ("Imaging.Preparing", set(names))
    return rig


def row(name: str) -> str:
    """The row of a trigger."""
    return f"{name.replace('_', '-')}-due"


@pytest.mark.parametrize("state", ["Imaging", "Paused"])
@pytest.mark.parametrize("begins", BEGINS)
@pytest.mark.parametrize("name", NAMES)
def test_every_event_that_may_begin_a_run_serves_every_trigger(name: str, begins: str, state: str) -> None:
    rig = due_rig(name)
    if state == "Paused":
        rig.send(events.PlanPaused())
    (step, *_) = rig.send(BEGINS[begins])
    assert (step.before.split(".")[0], step.row, step.after) == (state, row(name), "Refocusing.Holding")


@pytest.mark.parametrize("begins", ["filter_changed", "plan_resumed", "flip_finished", "centering_finished"])
@pytest.mark.parametrize("name", NAMES)
def test_no_trigger_is_served_in_the_middle_of_an_exposure_and_each_is_after_it(name: str, begins: str) -> None:
    rig = due_rig(name)
    rig.send(events.ExposureStarted(number=1, exposure_s=60.0))
    for shutter in (None, events.ExposureEnded(number=1)):
        if shutter is not None:
            rig.send(shutter)
        (step, *_) = rig.send(BEGINS[begins])
        (tried,) = (one for one in step.tried if one.row == row(name))
        assert (step.outcome, tried.guards["between_frames"]) == ("inhibited", "failed")
        assert {guard for guard, said in tried.guards.items() if not said.passes} == {"between_frames"}
    (step, *_) = rig.send(BEGINS["frame_saved"])
    assert (step.row, step.after) == (row(name), "Refocusing.Holding")


@pytest.mark.parametrize("name", NAMES)
def test_every_trigger_is_served_as_the_last_step_of_a_flip_and_not_before(name: str) -> None:
    rig = due_rig(name)
    rig.send(events.FlipStarted())
    for begins in ("frame_saved", "filter_changed", "centering_finished"):
        (step, *_) = rig.send(BEGINS[begins])
        assert (step.after, step.outcome) == ("MeridianFlip", "inhibited")
    (step, *_) = rig.send(events.FlipFinished())
    assert (step.before, step.row, step.after) == ("MeridianFlip", row(name), "Refocusing.Holding")


@pytest.mark.parametrize("name", NAMES)
def test_no_trigger_is_served_before_the_back_off_is_over(name: str) -> None:
    rig = due_rig(name)
    waiting = replace(rig.state.context.triggers, retry_t=rig.t + 1000.0)
    rig.state = replace(rig.state, context=replace(rig.state.context, triggers=waiting))
    (step, *_) = rig.send(BEGINS["frame_saved"])
    assert (step.outcome, step.after, due(rig)) == ("inhibited", "Imaging.Idle", [name])


@pytest.mark.parametrize(("first", "second"), tuple(pairwise(ROWS)))
def test_the_row_that_is_told_is_that_of_the_first_trigger_that_is_due(first: str, second: str) -> None:
    rig = due_rig(first, second)
    (step, *_) = rig.send(BEGINS["frame_saved"])
    assert step.row == row(first)
    assert rig.state.context.run is not None
    assert rig.state.context.run.causes == tuple(sorted((first, second), key=NAMES.index))


# --- the plan, as the host tells it ---

LED: dict[str, tuple[events.Event, ...]] = {
    "Imaging.Idle": (),
    "Imaging.Preparing": (events.FramePreparing(number=1, frame_type="Light"),),
    "Imaging.Exposing": (events.ExposureStarted(number=1, exposure_s=60.0),),
    "Imaging.Downloading": (events.ExposureEnded(number=1),),
    "Paused": (events.PlanPaused(),),
    "MeridianFlip": (events.FlipStarted(),),
    "MeridianFlip, paused": (events.PlanPaused(), events.FlipStarted()),
    "Imaging.Preparing, paused": (events.FramePreparing(number=1, frame_type="Light"), events.PlanPaused()),
}
"""How each state is reached."""
FRAME = events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light")
LEADS: tuple[tuple[str, events.Event, str, str], ...] = (
    *(
        (state, events.FramePreparing(number=1, frame_type="Light"), "preparing", "Imaging.Preparing")
        for state in ("Imaging.Idle", "Imaging.Downloading", "Paused")
    ),
    *(
        (state, events.ExposureStarted(number=1, exposure_s=1.0), "exposing", "Imaging.Exposing")
        for state in ("Imaging.Preparing", "Imaging.Idle", "Paused")
    ),
    ("Imaging.Exposing", events.ExposureEnded(number=1), "downloading", "Imaging.Downloading"),
    ("Imaging.Downloading", FRAME, "between-frames", "Imaging.Idle"),
    ("Imaging.Exposing", events.PlanStarted(frame_type="Light"), "between-frames", "Imaging.Idle"),
    ("Imaging.Exposing", events.PlanFinished(), "between-frames", "Imaging.Idle"),
    ("Imaging.Exposing", events.ExposureFailed(number=1), "exposure-failed", "Imaging.Idle"),
    ("Imaging.Exposing", events.PlanPaused(), "paused", "Paused"),
    ("Paused", events.PlanResumed(), "resumed", "Imaging.Idle"),
    ("Paused", events.PlanStarted(frame_type="Light"), "resumed", "Imaging.Idle"),
    ("Paused", events.PlanFinished(), "paused-plan-ends", "Imaging.Idle"),
    ("Imaging.Idle", events.FlipStarted(), "flip-begins", "MeridianFlip"),
    ("Paused", events.FlipStarted(), "flip-begins", "MeridianFlip"),
    ("MeridianFlip", events.FlipFinished(), "flipped", "Imaging.Idle"),
    ("MeridianFlip, paused", events.FlipFinished(), "flipped-while-paused", "Paused"),
    ("MeridianFlip", events.PlanFinished(), "plan-ends-in-flip", "Imaging.Idle"),
)


@pytest.mark.parametrize(("state", "event", "told", "after"), LEADS)
def test_what_the_host_tells_leads_where_it_should(state: str, event: events.Event, told: str, after: str) -> None:
    rig = quiet_rig()
    for former in (events.PlanStarted(frame_type="Light"), *LED[state]):
        rig.send(former)
    (step, *_) = rig.send(event)
    assert (step.before, step.row, step.after) == (state.partition(",")[0], told, after)
    assert rig.waiting == type(rig.waiting)()


def test_a_frame_that_was_being_prepared_at_the_pause_leads_back_to_it() -> None:
    rig = quiet_rig()
    rig.send(events.PlanStarted(frame_type="Light"))
    rig.send(events.FramePreparing(number=1, frame_type="Light"))
    rig.send(events.PlanPaused())
    rig.send(events.ExposureStarted(number=1, exposure_s=1.0))
    rig.send(events.ExposureEnded(number=1))
    (step, *_) = rig.send(FRAME)
    assert (step.row, step.after) == ("pause-begins", "Paused")


# --- what a person may ask for, in every state ---

WISHES: dict[str, tuple[events.Event, str]] = {
    "refocus": (events.RefocusRequested(), "asap-later"),
    "run": (events.RunRequested(), "run-not-now"),
    "undo": (events.UndoRequested(), "run-not-now"),
    "pause": (events.TriggersPaused(), "triggers-paused"),
    "resume": (events.TriggersResumed(), "triggers-resumed"),
}
STATES = (
    "Imaging.Idle",
    "Imaging.Exposing",
    "Paused",
    "MeridianFlip",
    "Refocusing.Exposing",
    "Validating.Exposing",
    "Restoring.Halting",
    "Concluding.Releasing",
)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("wish", WISHES)
def test_a_wish_that_cannot_be_served_now_is_heard_in_every_state(wish: str, state: str) -> None:
    rig = quiet_rig()
    rig.send(events.PlanStarted(frame_type="Light"))
    if state in LED:
        for event in (*LED[state], events.SafetyRead(safe=False)):
            rig.send(event)
    else:
        rig.send(events.RunRequested())
        rig.until("Refocusing.Exposing" if state == "Restoring.Halting" else state)
        if state == "Restoring.Halting":
            rig.send(events.CancelRequested())
    event, row_ = WISHES[wish]
    (step, *_) = rig.send(event)
    assert (step.before, step.row, step.after) == (state, row_, state)
    told = [effect.sentence for effect in step.effects if isinstance(effect, Notify)]
    assert [sentence.split()[0] for sentence in told] == {"run": ["Not"], "undo": ["Not"], "resume": ["Triggers"]}.get(
        wish, []
    )


@pytest.mark.parametrize("state", ["Imaging.Idle", "Paused"])
def test_a_person_may_focus_and_undo_while_nothing_is_exposing(state: str) -> None:
    rig = quiet_rig(best=10_020)
    rig.send(events.PlanStarted(frame_type="Light"))
    for event in LED[state]:
        rig.send(event)
    (step, *_) = rig.tell(events.RunRequested())
    assert (step.before, step.row, rig.leaf, rig.position) == (state, "run-by-hand", state, 10_020)
    (step, *_) = rig.tell(events.UndoRequested())
    assert (step.before, step.row, rig.leaf, rig.position) == (state, "undo", state, 10_000)
