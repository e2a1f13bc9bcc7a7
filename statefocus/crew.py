"""Carries out tasks that take time, one at a time in each lane (a lane is a device).

A task is a generator that yields the seconds it wants to wait, and returns the event that answers it. So the same code
of a device runs in real time, in a thread for each lane, and in virtual time, in one thread, in a fixed order.
"""

from __future__ import annotations

import heapq
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from typing import Protocol

from statefocus.clock import RealClock, VirtualClock
from statefocus.events import Event

Task = Generator[float, None, Event | None]

PATIENCE_S = 0.2
"""How long a thread waits before it looks whether it is to stop."""

STOP_WITHIN_S = 6.0
"""How long a lane may take to close; a little more than one answer of a device."""

WORKED_OFF = -1.0
"""A task that yields this goes on when every event posted so far has been worked off."""


class Crew(Protocol):
    """Whoever carries out tasks."""

    def start(self, lane: str, task: Task, key: int = 0) -> None:
        """Carry a task out, after those that were started in the same lane before; `key` is for giving it up.

        In real time from any thread.
        """

    def cancel(self, keys: Collection[int]) -> None:
        """Give tasks up by their keys; they are closed, and answer no more."""

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
    key: int = field(compare=False)


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

    def start(self, lane: str, task: Task, key: int = 0) -> None:
        """Carry a task out, after those in the same lane."""
        self._started += 1
        waiting = _Waiting(self._clock.now(), self._started, lane, task, key)
        line = self._lanes.setdefault(lane, deque())
        line.append(waiting)
        if len(line) == 1:
            heapq.heappush(self._awake, waiting)

    def cancel(self, keys: Collection[int]) -> None:
        """Give tasks up by their keys."""
        for line in self._lanes.values():
            for waiting in [waiting for waiting in line if waiting.key in keys]:
                self._give_up(line, waiting)

    def _give_up(self, line: deque[_Waiting], waiting: _Waiting) -> None:
        first = line[0] is waiting
        line.remove(waiting)
        if first:
            self._awake = [other for other in self._awake if other is not waiting]
            heapq.heapify(self._awake)
            self._wake_next(line)
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
        lines, self._lanes, self._awake = self._lanes, {}, []
        for line in lines.values():
            for waiting in line:
                waiting.task.close()

    def _go_on(self, waiting: _Waiting) -> None:
        self._clock.advance_to(waiting.wake)
        try:
            seconds = next(waiting.task)
        except StopIteration as done:
            self._finish(waiting, done.value)
        else:
            waiting.wake = self._clock.now() + max(seconds, 0.0)
            heapq.heappush(self._awake, waiting)

    def _finish(self, waiting: _Waiting, answer: Event | None) -> None:
        if answer is not None:
            self._inbox.append(answer)
        line = self._lanes[waiting.lane]
        line.popleft()
        self._wake_next(line)

    def _wake_next(self, line: deque[_Waiting]) -> None:
        if line:
            line[0].wake = self._clock.now()
            heapq.heappush(self._awake, line[0])


class _Lane:
    """One thread that carries the tasks of one lane out, in real time."""

    def __init__(self, crew: ThreadCrew, name: str) -> None:
        self._crew = crew
        self._tasks: queue.SimpleQueue[tuple[Task, int]] = queue.SimpleQueue()
        self.woken = threading.Event()
        self.thread = threading.Thread(target=self._work, name=f"statefocus {name}", daemon=True)
        self.thread.start()

    def put(self, task: Task, key: int) -> None:
        self._tasks.put((task, key))

    def _work(self) -> None:
        while not self._crew.stopped:
            try:
                task, key = self._tasks.get(timeout=PATIENCE_S)
            except queue.Empty:
                continue
            try:
                self._carry_out(task, key)
            except Exception as error:  # noqa: BLE001  # one task's fault; the lane's next ones are still to be done
                self._crew.tell(f"{self.thread.name} ran into a fault of statefocus ({type(error).__name__}: {error}).")

    def _carry_out(self, task: Task, key: int) -> None:
        while not self._crew.given_up(key):
            try:
                seconds = next(task)
            except StopIteration as done:
                if done.value is not None:
                    self._crew.post(done.value)
                return
            if seconds == WORKED_OFF:
                self._crew.wait_until_worked_off()
            else:
                self._pause(seconds / self._crew.speed, key)
        task.close()

    def _pause(self, seconds: float, key: int) -> None:
        """Wait, unless the task is given up meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._crew.given_up(key):
            self.woken.wait(left)
            self.woken.clear()


class ThreadCrew:
    """Carries tasks out in real time, a thread for each lane; a slow device holds nobody else up.

    Parameters
    ----------
    clock
        How fast time goes.
    tell
        Tells a person of a task that ran into a fault of ours, and that the lane goes on without it.
    """

    def __init__(self, clock: RealClock, tell: Callable[[str], None] = print) -> None:
        self.speed = clock.speed
        self.stopped = False
        self.tell = tell
        self._given_up: set[int] = set()
        self._inbox: queue.SimpleQueue[Event | threading.Event] = queue.SimpleQueue()
        self._lanes: dict[str, _Lane] = {}
        self._opening = threading.Lock()

    def start(self, lane: str, task: Task, key: int = 0) -> None:
        """Carry a task out, after those in the same lane; from any thread."""
        with self._opening:
            if lane not in self._lanes:
                self._lanes[lane] = _Lane(self, lane)
            self._lanes[lane].put(task, key)

    def cancel(self, keys: Collection[int]) -> None:
        """Give tasks up by their keys; each is closed at its next pause."""
        self._given_up |= set(keys)
        self._wake_all()

    def given_up(self, key: int) -> bool:
        """Whether the task with that key is to be closed."""
        return self.stopped or (key != 0 and key in self._given_up)

    def post(self, event: Event) -> None:
        """Put an event into the queue, from any thread."""
        self._inbox.put(event)

    def next_event(self) -> Event | None:
        """Give the next event, or None after a moment without one."""
        while True:
            try:
                item = self._inbox.get(timeout=PATIENCE_S)
            except queue.Empty:
                return None
            if not isinstance(item, threading.Event):
                return item
            item.set()

    def wait_until_worked_off(self) -> None:
        """Wait, in a lane's thread, until every event posted so far has been worked off."""
        reached = threading.Event()
        self._inbox.put(reached)
        while not reached.wait(PATIENCE_S) and not self.stopped:
            pass

    def stop(self) -> None:
        """Give everything up, and wait a moment for what is under way to be closed."""
        self.stopped = True
        self._wake_all()
        for lane in self._opened():
            lane.thread.join(STOP_WITHIN_S)

    def _wake_all(self) -> None:
        for lane in self._opened():
            lane.woken.set()

    def _opened(self) -> list[_Lane]:
        with self._opening:
            return list(self._lanes.values())
