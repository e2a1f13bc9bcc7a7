"""What Ekos's signals mean: sequences of signals as KStars 3.6.2 sent them."""

from __future__ import annotations

from typing import Any

import pytest

from statefocus import events
from statefocus.hosts.ekos.attendant import time_to_flip
from statefocus.hosts.ekos.following import Following
from statefocus.hosts.ekos.sight import Capturing as State
from statefocus.hosts.ekos.sight import Job, Queue

LIGHT = Job("Light", "Luminance", 2.0, 0, 3)
RED = Job("Light", "Red", 2.0, 0, 2)
DARK = Job("Dark", "Red", 1.0, 0, 2)


def at(done: int, job: Job = LIGHT, *others: Job) -> Queue:
    """The sequence while a job is active, of which so many frames are counted."""
    return Queue((Job(job.frame_type, job.filter, job.exposure_s, done, job.count), *others), 0)


def saved(number: int, kind: int = 0, **told: Any) -> dict[str, Any]:
    return {"filename": f"/out/frame_{number:03}.fits", "type": kind, "hfr": 1.5, "starCount": 9, **told}


def names(told: list[events.Event]) -> list[str]:
    return [event.kind for event in told]


class Told:
    """A following, and what it has told so far."""

    def __init__(self, *, joined: bool = False) -> None:
        self.following = Following(joined=joined)
        self.events: list[events.Event] = []

    def states(self, queue: Queue, *states: int) -> None:
        for state in states:
            self.events += self.following.capture(state, queue)

    def stands(self, state: int, queue: Queue) -> None:
        self.events += self.following.stands(state, queue)
        if state == State.CAPTURING:
            self.events += self.following.exposes(queue)

    def completed(self, number: int, queue: Queue, kind: int = 0, **told: Any) -> None:
        self.events += self.following.completed(saved(number, kind, **told), queue)

    def new(self) -> list[str]:
        told, self.events = names(self.events), []
        return told


@pytest.fixture
def running() -> Told:
    """A sequence that takes its first frame."""
    told = Told()
    told.states(
        at(0),
        State.PROGRESS,
        State.CHANGING_FILTER,
        State.PROGRESS,
        State.CAPTURING,
        State.CHANGING_FILTER,
        State.CAPTURING,
    )
    told.stands(State.CAPTURING, at(0))
    assert told.new() == ["plan_started", "filter_changed", "frame_preparing", "exposure_started"]
    return told


def test_a_frame_is_told_once_with_what_comes_next(running: Told) -> None:
    running.states(at(0), State.IMAGE_RECEIVED)
    for _ in range(2):
        running.completed(1, at(1))
    *_, frame = running.events
    assert running.new() == ["exposure_ended", "frame_saved"]
    assert frame == events.FrameSaved(
        number=1, frame_type="Light", filter="Luminance", file="frame_001.fits", hfr_px=1.5, stars=9,
        next_frame_type="Light", next_filter="Luminance",
    )  # fmt: skip


def test_the_first_filter_has_no_former(running: Told) -> None:
    assert running.following.filter == "Luminance"
    fresh = Told()
    fresh.states(at(0), State.PROGRESS)
    fresh.stands(State.CAPTURING, at(0))
    changed = next(event for event in fresh.events if isinstance(event, events.FilterChanged))
    assert (changed.former, changed.filter, changed.by) == (None, "Luminance", "plan")


def test_the_capturing_before_a_filter_has_turned_begins_no_exposure(running: Told) -> None:
    running.completed(3, Queue((Job("Light", "Luminance", 2.0, 3, 3), RED), 1))
    running.new()
    turned = Queue((Job("Light", "Luminance", 2.0, 3, 3), RED), 1)
    running.states(turned, State.IDLE, State.CHANGING_FILTER, State.PROGRESS, State.CAPTURING, State.CHANGING_FILTER)
    assert running.new() == ["filter_changing"]
    running.states(turned, State.CAPTURING)
    running.stands(State.CAPTURING, turned)
    assert running.new() == ["filter_changed", "frame_preparing", "exposure_started"]


def test_idle_between_two_jobs_ends_nothing_and_complete_does(running: Told) -> None:
    done = Queue((Job("Light", "Luminance", 2.0, 3, 3), DARK), 1)
    running.states(done, State.IDLE, State.PROGRESS, State.CAPTURING)
    running.stands(State.CAPTURING, done)
    assert "plan_finished" not in running.new()
    running.states(Queue(), State.IDLE, State.COMPLETE)
    running.stands(State.COMPLETE, Queue())
    running.stands(State.COMPLETE, Queue())
    assert running.new().count("plan_finished") == 1


def test_a_dark_has_no_hfr(running: Told) -> None:
    running.completed(1, at(1, DARK), kind=2, hfr=-1.0, starCount=0)
    frame = running.events[-1]
    assert isinstance(frame, events.FrameSaved)
    assert (frame.frame_type, frame.hfr_px, frame.stars) == ("Dark", None, None)


def test_a_person_s_pause_tells_its_frame_at_once_and_not_again(running: Told) -> None:
    running.states(at(0), State.PAUSE_PLANNED, State.PAUSED)
    assert running.new() == ["frame_saved", "plan_paused"]
    running.states(at(0), State.CAPTURING, State.IMAGE_RECEIVED)
    running.completed(1, at(1))
    running.states(at(1), State.PROGRESS, State.CAPTURING)
    running.stands(State.CAPTURING, at(1))
    assert running.new() == ["plan_resumed", "frame_preparing", "exposure_started"]
    running.completed(2, at(2))
    frame = running.events[-1]
    assert isinstance(frame, events.FrameSaved)
    assert frame.number == 2


def test_a_pause_of_ours_is_nobody_s(running: Told) -> None:
    running.following.holds = True
    running.states(at(0), State.PAUSE_PLANNED, State.PAUSED)
    assert running.new() == ["frame_saved"]


def test_the_last_frame_before_a_pause_knows_the_next_job(running: Told) -> None:
    running.states(at(2, LIGHT, DARK), State.PAUSE_PLANNED, State.PAUSED)
    frame = next(event for event in running.events if isinstance(event, events.FrameSaved))
    assert frame.next_frame_type == "Dark"


@pytest.mark.parametrize("between", [State.PAUSED, State.IDLE])
@pytest.mark.parametrize("first", ["signal", "state"])
def test_the_pause_of_a_flip_is_not_a_person_s(running: Told, first: str, between: int) -> None:
    running.completed(1, at(1))
    running.new()
    running.states(at(1), State.PROGRESS)
    told = running.following.flip() if first == "signal" else []
    running.events += told
    running.states(at(1), State.MERIDIAN_FLIP)
    running.events += running.following.flip()
    running.following.pier_side(1)
    running.states(at(1), between)
    running.stands(between, at(1))
    running.states(at(1), State.CAPTURING)
    finished = running.events[-1]
    running.stands(State.CAPTURING, at(1))
    assert isinstance(finished, events.FlipFinished)
    assert finished.pier_side == "east"
    assert running.new() == ["flip_started", "flip_finished", "frame_preparing", "exposure_started"]
    assert not running.following.flipping


def test_a_sequence_that_stays_idle_after_a_flip_is_over(running: Told) -> None:
    running.states(at(1), State.MERIDIAN_FLIP, State.IDLE)
    running.stands(State.IDLE, at(1))
    assert "plan_finished" not in running.new()
    running.events += running.following.stays(State.IDLE)
    assert "plan_finished" in running.new()


def test_a_person_s_stop_in_our_hold_is_a_pause_and_their_start_ends_it(running: Told) -> None:
    running.following.holds = True
    running.events += running.following.given_up("held")
    running.states(at(0), State.SUSPENDED)
    running.stands(State.SUSPENDED, at(0))
    assert running.new() == ["exposure_failed"]
    running.states(at(0), State.ABORTED)
    running.stands(State.ABORTED, at(0))
    assert running.new() == ["plan_paused"]
    running.following.holds = False
    running.states(at(0), State.PROGRESS, State.CAPTURING)
    running.stands(State.CAPTURING, at(0))
    assert running.new() == ["plan_resumed", "frame_preparing", "exposure_started"]


def test_a_stop_without_a_hold_ends_the_plan(running: Told) -> None:
    running.states(at(0), State.ABORTED)
    running.stands(State.ABORTED, at(0))
    *_, finished = running.events
    assert running.new() == ["exposure_failed", "plan_finished"]
    assert isinstance(finished, events.PlanFinished)
    assert finished.reason == "The sequence was stopped in Ekos."


def test_whoever_joins_a_running_sequence_goes_on_with_it() -> None:
    told = Told(joined=True)
    told.states(at(1), State.CAPTURING)
    assert told.events == [events.PlanStarted(frame_type="Light", frames=3, filter="Luminance", resumed=True)]


def test_a_rig_without_filters_changes_none() -> None:
    told, queue = Told(), Queue((Job("Light", None, 2.0, 0, 1),), 0)
    told.states(queue, State.PROGRESS, State.CAPTURING)
    told.stands(State.CAPTURING, queue)
    assert told.new() == ["plan_started", "frame_preparing", "exposure_started"]


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_measure_that_is_no_number_is_none(number: float) -> None:
    told = Told()
    told.states(at(0), State.PROGRESS, State.CAPTURING)
    (frame,) = told.following.completed(saved(1, hfr=number, starCount=number), at(1))
    assert isinstance(frame, events.FrameSaved)
    assert (frame.hfr_px, frame.stars) == (None, None)


@pytest.mark.parametrize(
    ("mount", "after_min", "seconds"),
    [((23.0, 0), 0.0, 3590.2), ((-0.5, 0), 6.0, 2154.1), ((0.3, 0), 6.0, 0.0), ((-0.5, 1), 6.0, 86_400.0),
     ((0.3, -1), 6.0, 86_400.0), ((-0.5, 0), None, 86_400.0), ((0.7, 0), 6.0, 86_400.0)],
)  # fmt: skip
def test_the_time_to_a_flip(mount: tuple[float, int], after_min: float | None, seconds: float) -> None:
    assert time_to_flip(mount, after_min) == pytest.approx(seconds, abs=0.1)
