"""Crews: lanes keep their order, virtual time jumps, tasks are given up by key and by nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest

from statefocus import crew as crews
from statefocus.clock import RealClock, VirtualClock
from statefocus.crew import WORKED_OFF, Crew, ThreadCrew, VirtualCrew
from statefocus.events import Event, TimerElapsed


def timer(number: int, *waits: float) -> Generator[float, None, Event]:
    yield from waits
    return TimerElapsed(effect=number)


def answers(crew: Crew, count: int) -> list[int]:
    found: list[int] = []
    end = time.monotonic() + 10
    while len(found) < count and time.monotonic() < end:
        event = crew.next_event()
        if isinstance(event, TimerElapsed):
            found.append(event.effect)
    return found


@pytest.fixture(params=["virtual", "threads"])
def crew(request: pytest.FixtureRequest) -> Crew:
    if request.param == "virtual":
        return VirtualCrew(VirtualClock(0.0))
    return ThreadCrew(RealClock(0.0, speed=100.0))


def test_tasks_of_one_lane_keep_their_order(crew: Crew) -> None:
    crew.start("focuser", timer(1, 5.0))
    crew.start("focuser", timer(2, 0.0))
    assert answers(crew, 2) == [1, 2]
    crew.stop()


def test_lanes_do_not_wait_for_each_other(crew: Crew) -> None:
    crew.start("focuser", timer(1, 30.0))
    crew.start("camera", timer(2, 1.0))
    assert answers(crew, 2) == [2, 1]
    crew.stop()


def test_a_task_that_is_given_up_never_answers_and_lets_the_next_one_go_on(crew: Crew) -> None:
    closed = []

    def endless() -> Generator[float, None, Event | None]:
        try:
            while True:
                yield 1.0
        finally:
            closed.append(True)

    crew.start("focuser", endless(), key=7)
    crew.start("focuser", timer(2, 0.0), key=8)
    crew.start("camera", timer(3, 5.0), key=9)
    assert answers(crew, 1) == [3]
    crew.cancel({7})
    assert answers(crew, 1) == [2]
    assert closed == [True]
    crew.stop()


def test_worked_off_waits_for_the_queue(crew: Crew) -> None:
    def task() -> Generator[float, None, Event]:
        crew.post(TimerElapsed(effect=1))
        yield WORKED_OFF
        return TimerElapsed(effect=2)

    crew.start("plan", task())
    assert answers(crew, 2) == [1, 2]
    crew.stop()


def test_a_lane_that_two_threads_open_at_once_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    class Lane(crews._Lane):
        def __init__(self, crew: ThreadCrew, name: str) -> None:
            opened.append(name)
            time.sleep(0.2)  # the other thread comes meanwhile
            super().__init__(crew, name)

    monkeypatch.setattr(crews, "_Lane", Lane)
    crew = ThreadCrew(RealClock(0.0))
    both = [threading.Thread(target=crew.start, args=("focuser", timer(number, 0.0))) for number in (1, 2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert opened == ["focuser"]
    assert sorted(answers(crew, 2)) == [1, 2]
    crew.stop()


def test_virtual_time_jumps_and_ties_go_in_the_order_of_their_start() -> None:
    clock = VirtualClock(0.0)
    crew = VirtualCrew(clock)
    for number in (1, 2, 3):
        crew.start(f"lane {number}", timer(number, 3600.0))
    assert answers(crew, 3) == [1, 2, 3]
    assert clock.now() == 3600.0


def test_a_task_that_runs_into_a_fault_is_told_and_its_lane_goes_on() -> None:
    told: list[str] = []
    crew = ThreadCrew(RealClock(0.0, speed=100.0), told.append)

    def faulty() -> Generator[float, None, Event]:
        yield 0.0
        message = "no number"
        raise ValueError(message)

    crew.start("focuser", faulty())
    crew.start("focuser", timer(7, 0.0))
    assert answers(crew, 1) == [7]
    crew.stop()
    assert told == ["statefocus focuser ran into a fault of statefocus (ValueError: no number)."]
