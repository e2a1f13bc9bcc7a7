"""The desk and the front door without a gate: what any other resident host's session takes."""

from __future__ import annotations

from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from statefocus import events
from statefocus.audience import Nobody
from statefocus.calling.words import Unsaid
from statefocus.hosts.gate.asking import Answer, Ticket
from statefocus.resident.desk import Desk
from statefocus.resident.front import Front, _Waiting
from statefocus.testing import SimulatedRig, failed
from statefocus.trace.times import show, zone_of


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

    def catches_up(self) -> None:
        """Let the desk see all that has happened to the rig."""
        for one in self.rig.log:
            self.desk.saw(one.event, one.steps, one.state)

    def lets_go(self, mark: int) -> str:
        """The sentence with which a frame is let go, to a caller that has waited since a mark of the desk."""
        ticket = Ticket()
        ticket.settle(Answer("go", "", 1))
        why: str = self.front._body(_Waiting("/gate", {}, ticket, mark, 0.0, inf))["why"]
        return why


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


def failing_room() -> Room:
    """A room whose run after a frame has failed."""
    room = Room()
    room.rig = SimulatedRig({"triggers": {"first_frame": False, "count": {"frames": 1}}})
    room.rig.script("measure_frame", *[failed] * 40)
    room.rig.start_plan()
    room.rig.take_frames(1)
    assert [run.outcome for run in room.rig.runs] == ["restored"]
    return room


def test_a_frame_after_a_run_that_failed_is_let_go_with_what_came_of_it() -> None:
    room = failing_room()
    mark = room.desk.mark()
    room.catches_up()
    run, retry_t = room.rig.runs[0], room.rig.state.context.triggers.retry_t
    assert retry_t is not None
    ends = show(retry_t, zone_of(room.rig.profile.site.time_zone))
    assert room.lets_go(mark) == (
        f"Run 1 (count) found no focus; the focuser is back at 10000, where it stood before: {run.reason} "
        f"Still due: count; the next run may begin at {ends}."
    )


def test_the_wait_after_a_run_that_failed_is_told_with_its_end() -> None:
    room = failing_room()
    retry_t = room.rig.state.context.triggers.retry_t
    assert retry_t is not None
    room.rig.t += 30
    room.rig.take_frames(1)
    room.catches_up()
    ends = show(retry_t, zone_of(room.rig.profile.site.time_zone))
    left_s = retry_t - room.rig.state.context.now
    assert room.lets_go(room.desk.mark()) == (
        f"A refocus is due, and waits: run 1 failed a short while ago, and automatic runs wait for another {left_s:.0f}"
        f" s (`backoff_over` failed); the next run may begin at {ends}."
    )
    assert room.desk.status()["waits_until"][-8:] == ends


def test_a_way_back_that_a_person_asked_for_is_no_run_that_was_cancelled() -> None:
    room = Room()
    for wish in (events.RunRequested(), events.UndoRequested()):
        room.rig.tell(wish)
    mark = room.desk.mark()
    room.catches_up()
    assert room.lets_go(mark) == (
        "Run 1 (manual) is validated at 10000. Run 2 (undo) has put the focuser back at 10000."
    )


def test_status_tells_where_the_focuser_is_and_where_it_stood_on_purpose() -> None:
    room = Room()
    room.rig.send(events.RunRequested())
    room.rig.until("Refocusing.Measuring")
    room.catches_up()
    told = room.desk.status()
    assert told["verified_position"] == 10_000
    assert told["position"] == room.rig.moves[-1] != 10_000
    room = Room()
    cut_off = events.SessionStarted(position=10_450, unfinished=10_000)
    room.desk.saw(cut_off, room.rig.send(cut_off), room.rig.state)
    told = room.desk.status()
    assert (told["position"], told["verified_position"]) == (10_450, 10_000)
    assert room.lets_go(room.desk.mark()).endswith(
        " The focuser stands at 10450, and should at 10000: this frame may be out of focus."
    )
    moved = events.FocuserRead(position=10_600)
    room.desk.saw(moved, room.rig.send(moved), room.rig.state)
    assert room.desk.status()["position"] == 10_600


def test_a_session_that_was_told_to_end_says_so_at_once() -> None:
    room = Room()
    room.catches_up()
    assert room.ask("/ctl", "status")["ending"] is False
    room.ask("/ctl", "stop")
    assert room.ask("/ctl", "status")["ending"] is True


def test_what_a_call_waits_for_is_told_before_anything_has_come_to_it() -> None:
    room, ticket = Room(), Ticket()
    room.catches_up()
    assert room.front._waits_for(ticket) == "the session has not come to it yet"
    ending = events.SessionEnding(reason="Ctrl-C")
    room.desk.saw(ending, room.rig.send(ending), room.rig.state)
    assert room.front._waits_for(ticket) == "the session ends"
    ticket.waits_for = "a refocus is under way"
    assert room.front._waits_for(ticket) == "a refocus is under way"
