"""What is told of the focuser where a run is cut off."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from statefocus import events
from statefocus.context import Run
from statefocus.errors import Unreachable
from statefocus.hands import Hands
from statefocus.testing import SimulatedRig


def unreachable() -> int:
    raise Unreachable("The focuser is gone.")


BLURRED = " Frames that the host takes now are out of focus."


@pytest.mark.parametrize(
    ("leaf", "position", "moving", "told"),
    [
        ("Refocusing.Measuring", lambda: 10_400, False,
         "The focuser was left at 10400, in the middle of run 1; before the run it stood at {start}."
         + BLURRED),
        ("Refocusing.Measuring", lambda: 10_400, True,
         "The focuser was left moving, just now at 10400, in the middle of run 1; before the run it stood at {start}."
         + BLURRED),
        ("Refocusing.Measuring", lambda: None, False,
         "The session was cut off in the middle of run 1; the focuser is at {start}, as before the run."),
        ("Refocusing.Measuring", unreachable, False,
         "The focuser was left in the middle of run 1; before the run it stood at {start}; where it is, nobody knows."
         + BLURRED),
        ("Refocusing.Holding", lambda: 10_400, False,
         "The session was cut off in the middle of run 1, which had not moved the focuser yet."),
    ],
)  # fmt: skip
def test_where_the_focuser_was_left(leaf: str, position: Any, moving: bool, told: str) -> None:
    simulated = SimulatedRig({})
    simulated.send(events.PlanStarted(frame_type="Light"))
    simulated.until(leaf)
    run = simulated.state.context.run
    assert run is not None
    start = run.start_position
    focuser = SimpleNamespace(position=lambda: position() or start, moving=lambda: moving)
    nobody: Any = None
    rig: Any = SimpleNamespace(focuser=focuser)
    hands = Hands(rig, nobody, nobody, nobody, nobody, nobody)
    assert hands.left_behind(run) == told.format(start=start)


FILTER = "The filter wheel was left at L, to which it was turned for the run; the plan's filter is Ha."
DRIVER = "The driver's own temperature compensation was on, and is left off: the next session sets it back."


@pytest.mark.parametrize(
    ("run", "driver_off", "told"),
    [
        ({"filter_turned": True, "filter": "L", "home_filter": "Ha"}, False, FILTER),
        ({"driver_compensation": True}, False, DRIVER),
        ({"driver_compensation": False}, True, DRIVER),
        ({"filter_turned": True, "filter": "L", "home_filter": "Ha"}, True, f"{FILTER} {DRIVER}"),
        ({}, False, "before the run it stood at 10000. Frames that the host takes now are out of focus."),
    ],
)
def test_what_was_switched_for_a_run_is_told_too(run: dict[str, Any], driver_off: bool, told: str) -> None:
    nobody: Any = None
    rig: Any = SimpleNamespace(focuser=SimpleNamespace(position=lambda: 10_400, moving=lambda: False))
    hands = Hands(rig, nobody, nobody, nobody, nobody, nobody)
    cut_off = Run(number=1, causes=("count",), started_t=0.0, start_position=10_000, **run)
    assert hands.left_behind(cut_off, driver_off=driver_off).endswith(told)
