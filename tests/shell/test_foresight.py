"""A hold is foreseen while the frame before it is taken, and nothing comes of asking."""

from __future__ import annotations

from typing import Any

import pytest

from statefocus import events
from statefocus.foresight import Foresight
from statefocus.testing import SimulatedRig, machines
from tests.core.rigs import quiet_rig


def in_a_frame(triggers: dict[str, Any], *, tracking: bool = True) -> SimulatedRig:
    rig = quiet_rig(triggers)
    rig.read_facts(tracking=tracking)
    rig.start_plan()
    rig.open_shutter()
    return rig


def foresees(rig: SimulatedRig, seconds: float, **told: Any) -> bool:
    foresight = Foresight(machines(), rig.profile, lambda: rig.state, lambda: rig.t)
    before = rig.state
    frame = events.FrameSaved(**{"number": 1, "frame_type": "Light", "next_frame_type": "Light", **told})
    said = foresight(frame, seconds)
    assert rig.state is before
    return said


@pytest.mark.parametrize(("frames", "foreseen"), [(1, True), (2, False)])
def test_a_hold_by_count_is_foreseen(frames: int, foreseen: bool) -> None:
    rig = in_a_frame({"count": {"enabled": True, "frames": frames}})
    assert foresees(rig, 2.0) is foreseen


@pytest.mark.parametrize(("seconds", "foreseen"), [(70.0, True), (2.0, False)])
def test_a_hold_by_time_is_foreseen_for_the_end_of_the_frame(seconds: float, foreseen: bool) -> None:
    rig = in_a_frame({"time": {"enabled": True, "minutes_min": 1.0}})
    assert foresees(rig, seconds) is foreseen


def test_facts_do_not_get_old_while_the_frame_is_taken() -> None:
    rig = in_a_frame({"count": {"enabled": True, "frames": 1}})
    assert foresees(rig, 1800.0)


@pytest.mark.parametrize(
    ("tracking", "told"),
    [(False, {}), (True, {"next_frame_type": "Dark"}), (True, {"next_filter": "R"}), (True, {"frame_type": "Dark"})],
    ids=["not tracking", "darks come next", "the filter changes next", "a dark counts for nothing"],
)
def test_what_will_forbid_a_run_is_foreseen_too(tracking: bool, told: dict[str, Any]) -> None:
    rig = in_a_frame({"count": {"enabled": True, "frames": 1}}, tracking=tracking)
    assert not foresees(rig, 2.0, **told)
