"""What a person follows while a night goes on."""

from __future__ import annotations

import pytest
from rich.console import Console

from statefocus import events
from statefocus.faces.progress import Progress
from statefocus.testing import SimulatedRig

QUIET = {"triggers": {"first_frame": False, "count": {"enabled": False}, "temperature": {"enabled": False}}}


def test_a_frame_is_told_with_what_its_minutes_and_frames_count_from(capsys: pytest.CaptureFixture[str]) -> None:
    rig = SimulatedRig(QUIET)
    rig.start_plan()
    rig.take_frames(2)
    rig.tell(events.HostRefocused(position=10_321, seconds=60.0))
    rig.take_frames(1)
    progress = Progress(Console(width=200))
    for one in rig.log:
        progress.saw(one.event, one.steps, one.state)
    frames = [line for line in capsys.readouterr().out.splitlines() if " frame " in line]
    told = [line.partition("since ")[2].strip() for line in frames]
    assert [line.partition(":")[0] for line in told] == ["session's start", "session's start", "refocus"]
    assert [line.partition("min, ")[2] for line in told] == ["1 frame", "2 frames", "1 frame"]
