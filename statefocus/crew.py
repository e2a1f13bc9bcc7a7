"""Carries out tasks that take time, one at a time in each lane (a lane is a device).

A task is a generator that yields the seconds it wants to wait, and returns the event that answers it. So the same code
of a device runs in real time, in a thread for each lane, and in virtual time, in one thread, in a fixed order.
"""

from __future__ import annotations

import heapq
import queue
import threading
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Protocol

from statefocus.clock import RealClock, VirtualClock
from statefocus.events import Event

Task = Generator[float, None, Event | None]

WORKED_OFF = -1.0
"""A task that yields this goes on when every event posted so far has been worked off."""


class Crew(Protocol):
    """Whoever carries out tasks."""

    def start(self, lane: str, task: Task) -> None:
        """Carry a task out, after those that were started in the same lane before."""

    def cancel(self, lane: str) -> None:
        """Give up what is under way and what waits in a lane; the tasks are closed, and answer no more."""

    def next_event(self) -> Event | None:
        """Give the next event, after waiting for it; None where a while has passed without one."""

    def post(self, event: Event) -> None:
        """Put an event into the queue, from any thread."""

    def stop(self) -> None:
        """Give everything up."""


@dataclass(order=True)
class _Waiting:
    wake: float
    order: int
    lane: str = field(compare=False)
    task: Task = field(compare=False)


class VirtualCrew:
    """Carries tasks out in one thread; the clock moves only when nothing else is to be done.

    Tasks that wake at the same time go in the order in which they were started, so the same night is always the same.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._inbox: deque[Event] = deque()
        self._lanes: dict[str, deque[_Waiting]] = {}
        self._awake: list[_Waiting] = []
        self._started = 0

    def start(self, lane: str, task: Task) -> None:
        """Carry a task out, after those in the same lane."""
        self._started += 1
        waiting = _Waiting(self._clock.now(), self._started, lane, task)
        line = self._lanes.setdefault(lane, deque())
        line.append(waiting)
        if len(line) == 1:
            heapq.heappush(self._awake, waiting)

    def cancel(self, lane: str) -> None:
        """Give a lane's tasks up."""
        given_up = self._lanes.pop(lane, deque())
        self._awake = [waiting for waiting in self._awake if waiting.lane != lane]
        heapq.heapify(self._awake)
        for waiting in given_up:
            waiting.task.close()

    def post(self, event: Event) -> None:
        """Put an event into the queue."""
        self._inbox.append(event)

    def next_event(self) -> Event | None:
        """Give the next event; tasks go on, and the clock jumps, until there is one."""
        while not self._inbox and self._awake:
            self._go_on(heapq.heappop(self._awake))
        return self._inbox.popleft() if self._inbox else None

    def stop(self) -> None:
        """Give everything up."""
        for lane in list(self._lanes):
            self.cancel(lane)

    def _go_on(self, waiting: _Waiting) -> None:
        self._clock.advance_to(waiting.wake)
        try:
            seconds = next(waiting.task)
        except StopIteration as done:
            self._finish(waiting, done.value)
            return
        if any(other is waiting for other in self._lanes.get(waiting.lane, ())):  # else it cancelled its own lane
            waiting.wake = self._clock.now() + max(seconds, 0.0)
            heapq.heappush(self._awake, waiting)

    def _finish(self, waiting: _Waiting, answer: Event | None) -> None:
        if answer is not None:
            self._inbox.append(answer)
        line = self._lanes.get(waiting.lane)
        if line and line[0] is waiting:
            line.popleft()
            if line:
                line[0].wake = self._clock.now()
                heapq.heappush(self._awake, line[0])


class _Lane:
    """One thread that carries the tasks of one lane out, in real time."""

    def __init__(self, crew: ThreadCrew, name: str) -> None:
        self._crew = crew
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"statefocus {name}", daemon=True)
        self._thread.start()

    def put(self, task: Task) -> None:
        self._tasks.put(task)

    def cancel(self) -> None:
        """Close what is under way at its next pause, and drop what waits."""
        self._cancelled.set()
        self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._carry_out(task)

    def _carry_out(self, task: Task) -> None:
        while not self._cancelled.is_set():
            try:
                seconds = next(task)
            except StopIteration as done:
                if done.value is not None:
                    self._crew.post(done.value)
                return
            if seconds == WORKED_OFF:
                self._crew.wait_until_worked_off(self._cancelled)
            else:
                self._cancelled.wait(seconds / self._crew.speed)
        task.close()


class ThreadCrew:
    """Carries tasks out in real time, a thread for each lane; a slow device holds nobody else up."""

    def __init__(self, clock: RealClock) -> None:
        self.speed = clock.speed
        self._inbox: queue.SimpleQueue[Event | threading.Event] = queue.SimpleQueue()
        self._lanes: dict[str, _Lane] = {}

    def start(self, lane: str, task: Task) -> None:
        """Carry a task out, after those in the same lane."""
        if lane not in self._lanes:
            self._lanes[lane] = _Lane(self, lane)
        self._lanes[lane].put(task)

    def cancel(self, lane: str) -> None:
        """Give a lane's tasks up; the lane's thread ends at its next pause, and a new one serves the next task."""
        if lane in self._lanes:
            self._lanes.pop(lane).cancel()

    def post(self, event: Event) -> None:
        """Put an event into the queue, from any thread."""
        self._inbox.put(event)

    def next_event(self) -> Event | None:
        """Give the next event, or None after a moment without one."""
        while True:
            try:
                item = self._inbox.get(timeout=0.2)
            except queue.Empty:
                return None
            if not isinstance(item, threading.Event):
                return item
            item.set()

    def wait_until_worked_off(self, cancelled: threading.Event) -> None:
        """Wait, in a lane's thread, until every event posted so far has been worked off."""
        reached = threading.Event()
        self._inbox.put(reached)
        while not reached.wait(0.1) and not cancelled.is_set():
            pass

    def stop(self) -> None:
        """Give everything up."""
        for lane in list(self._lanes):
            self.cancel(lane)
