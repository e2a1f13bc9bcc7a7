"""What is told of the focuser where a run is cut off."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from statefocus import events
from statefocus.errors import Unreachable
from statefocus.hands import Hands
from statefocus.testing import SimulatedRig


def unreachable() -> int:
    raise Unreachable("The focuser is gone.")


@pytest.mark.parametrize(
    ("leaf", "position", "moving", "told"),
    [
        ("Refocusing.Measuring", lambda: 10_400, False,
         "The focuser was left at 10400, in the middle of run 1; before the run it stood at {start}."),
        ("Refocusing.Measuring", lambda: 10_400, True,
         "The focuser was left moving, just now at 10400, in the middle of run 1; before the run it stood at {start}."),
        ("Refocusing.Measuring", lambda: None, False,
         "The session was cut off in the middle of run 1; the focuser is at {start}, as before the run."),
        ("Refocusing.Measuring", unreachable, False,
         "The focuser was left in the middle of run 1; before the run it stood at {start}; where it is, nobody knows."),
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
