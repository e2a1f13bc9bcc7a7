"""Another program's own run is a refocus when it found focus (T11), and nothing when it did not."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus import events
from statefocus.context import RightFor
from statefocus.offsetting import owed_steps
from statefocus.testing import SimulatedRig

from .rigs import take_light

PROFILE = {
    "triggers": {"count": {"frames": 3}, "first_frame": False, "temperature": {"min_readings": 3, "limit_c": 5.0}},
    "compensation": {"enabled": True, "steps_per_degree": 10.0, "average_readings": 3},
}


def test_a_run_that_found_focus_restarts_triggers_thermometer_and_compensation() -> None:
    rig = SimulatedRig(PROFILE)
    rig.start_plan()
    rig.read_temperature(*[10.0] * 3, *[9.0] * 3)
    rig.take_frames(2)
    rig.tell(events.HostRefocused(position=10_321, seconds=120.0, filter="L"))
    context = rig.state.context
    assert context.triggers.lights == 0
    assert context.triggers.since_t == rig.t
    assert context.triggers.thermometer.reference_c == 9.0
    assert context.compensation.applied_steps == 0
    assert context.verified_position == 10_321
    assert context.right_for.filter == "L"
    assert context.last_good == {"L": 10_321}
    rig.take_frames(2)
    assert rig.runs == []
    rig.take_frames(1)
    assert [run.causes for run in rig.runs] == [("count",)]


def test_a_run_that_found_none_changes_nothing() -> None:
    rig = SimulatedRig(PROFILE)
    rig.start_plan()
    rig.take_frames(2)
    before = rig.state.context.triggers
    rig.tell(events.HostRefocused(position=None, sentence="no stars"))
    assert rig.state.context.triggers == before
    rig.take_frames(1)
    assert [run.causes for run in rig.runs] == [("count",)]


def test_a_run_that_found_focus_leaves_nothing_owed_for_filters_and_nothing_astray() -> None:
    rig = SimulatedRig({**PROFILE, "filters": {"L": {"offset_steps": 0}, "R": {"offset_steps": 30}}})
    rig.start_plan()
    rig.state = replace(
        rig.state, context=replace(rig.state.context, right_for=RightFor("L", 7), astray=True, lost=True)
    )
    rig.tell(events.HostRefocused(position=10_321, filter="R"))
    context = rig.state.context
    assert (owed_steps(context, "R"), owed_steps(context, "L"), context.astray, context.lost) == (0, -30, False, False)


def test_a_run_that_nobody_here_validated_gives_no_baseline() -> None:
    rig = SimulatedRig({"triggers": {"image_history": {"enabled": True, "frames": 1}}})
    rig.start_plan()
    rig.tell(events.HostRefocused(position=10_321, filter="L"))
    take_light(rig, 2.0, 100, times=2, filter_="L")
    assert rig.state.context.triggers.history.baselines == {}
