"""Every trigger is served by every event that may begin a run, from every state it may begin in (T)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from statefocus import events
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
    """A rig in the middle of an exposure, with these triggers due and no other."""
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
    rig.send(events.ExposureStarted(number=1, exposure_s=60.0))
    rig.send(events.TriggersResumed())
    assert (rig.leaf, set(due(rig))) == ("Imaging.Exposing", set(names))
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
