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


def test_a_device_error_is_told_once_and_a_flip_without_a_side_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    rig = SimulatedRig(QUIET)
    progress = Progress(Console(width=200))
    sentence = "The focuser is stuck."
    failed = events.EffectFailed(effect=1, reason="timeout", sentence=sentence)
    for _ in range(2):
        progress.saw(failed, (), rig.state)
    progress.notify("warning", f"Autofocus run 1 failed: {sentence}")
    progress.notify("warning", f"Autofocus run 2 failed: {sentence}")
    progress.saw(failed, (), rig.state)
    progress.saw(events.FlipFinished(pier_side=None), (), rig.state)
    progress.saw(events.FlipFinished(pier_side="west"), (), rig.state)
    said = [line.partition("  ")[2] for line in capsys.readouterr().out.splitlines()]
    assert said == [
        sentence,
        "Autofocus run 1 failed: see above.",
        f"Autofocus run 2 failed: {sentence}",
        "meridian flip done",
        "meridian flip done, mount on the west side",
    ]
