"""The desk and the front door without a gate: what any other resident host's session takes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from statefocus import events
from statefocus.audience import Nobody
from statefocus.calling.words import Unsaid
from statefocus.hosts.gate.asking import Ticket
from statefocus.resident.desk import Desk
from statefocus.resident.front import Front
from statefocus.testing import SimulatedRig


class Room:
    """A desk whose session is stepped by hand."""

    def __init__(self) -> None:
        self.posted: list[events.Event] = []
        crew: Any = SimpleNamespace(post=self.posted.append)
        self.rig = SimulatedRig({"triggers": {"first_frame": False}})
        self.desk = Desk(Nobody(), crew, Path("trace.jsonl"))
        self.front = Front(self.desk, None, "token", 1, lambda _line: None)

    def ask(self, path: str, word: str, **told: object) -> Any:
        """Ask at the front door, and let the core see it."""
        ticket = self.front._asked(path, {"word": word, "told": told})
        for event in self.posted:
            steps = self.rig.send(event)
            self.desk.saw(event, steps, self.rig.state)
            self.rig.until("")
        self.posted.clear()
        return ticket.answer if isinstance(ticket, Ticket) else ticket


def test_a_host_that_tells_its_frames_itself_needs_no_gate() -> None:
    room = Room()
    for path, told in (("/gate", {}), ("/notify", {"word": "frame-saved"}), ("/notify", {"word": "plan-started"})):
        with pytest.raises(Unsaid):
            room.front._asked(path, dict(told))
    assert room.ask("/notify", "filter-changed", filter="R", by="hand").word == "told"
    assert room.rig.state.context.plan.filter == "R"
    assert room.ask("/notify", "aid-opened").word == "told"
    assert room.rig.state.context.plan.aids == {"Bahtinov Aid"}
    assert room.ask("/notify", "mount-read", tracking=False).word == "told"
    assert room.rig.state.context.known("tracking") is False


def test_wishes_are_answered_with_what_the_core_made_of_them() -> None:
    room = Room()
    assert room.desk.status()["state"] == "beginning"
    assert room.ask("/ctl", "pause").word == "told"
    assert room.ask("/ctl", "status")["paused"] is True
    waits = room.ask("/ctl", "asap")
    assert (waits.word, "the triggers are paused, until somebody resumes them" in waits.why) == ("told", True)
    assert room.ask("/ctl", "resume").word == "told"
    assert room.rig.runs[-1].causes == ("asap",)
    assert room.ask("/ctl", "focus").why == "A run begins."
    assert room.ask("/ctl", "undo").word == "told"
    assert room.ask("/ctl", "confirm").why == "No question is open."
    ended: list[str] = []
    room.desk.end = ended.append
    assert room.ask("/ctl", "stop").word == "told"
    assert ended == ["statefocus ctl stop"]


def test_why_a_refocus_waits_is_told_by_what_is_so() -> None:
    room = Room()
    room.rig.start_plan()
    room.rig.t += 3600.0
    waits = room.ask("/ctl", "asap").why
    assert "which frame comes next is not known: the host told it last 3600 s ago, limit " in waits
    assert "whether the mount tracks is not known: the device told it last " in waits
    room = Room()
    assert room.ask("/notify", "aid-opened").word == "told"
    assert room.ask("/notify", "mount-read", tracking=False, parked=True).word == "told"
    waits = room.ask("/ctl", "asap").why
    for clause in (
        "Bahtinov Aid is open (`aids_closed` failed)",
        "the mount does not track, told 0 s ago (`tracking` failed)",
        "the mount is parked, told 0 s ago (`unparked` failed)",
    ):
        assert clause in waits
