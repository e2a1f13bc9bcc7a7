"""The one lane in which everything at the gate is worked off, whichever thread it comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator

from statefocus.crew import Task
from statefocus.events import Event
from statefocus.hosts.gate.asking import Answer, Asking
from statefocus.hosts.protocol import Surroundings

Waiting = Generator[float, None, None]


class Lane(ABC):
    """Works off one task after the other; each goes on with what can be done after it.

    Parameters
    ----------
    given
        What surrounds it.
    """

    def __init__(self, given: Surroundings) -> None:
        self.failure = ""
        self._clock, self._crew = given.clock, given.crew
        self._asking: Asking | None = None
        for lane in ("gate", "gate clock", "gate files"):  # they begin here: no other thread may begin one
            self._crew.start(lane, iter_none())

    @abstractmethod
    def _go_on(self) -> Task:
        """Do what can be done now, now that something may have changed."""

    def _begin(self, task: Task) -> None:
        self._crew.start("gate", self._guarded(task))

    def _guarded(self, task: Task) -> Task:
        """Carry a task out; a fault of ours answers whoever waits, and never wedges the host's sequence."""
        try:
            return (yield from task)
        except Exception as error:  # noqa: BLE001  # whatever it is, the next call must be answered again
            self.failure = f"The gate has a fault ({type(error).__name__}: {error})."
            asking, self._asking = self._asking, None
            if asking is not None:
                asking.settle(Answer("down", self.failure))
            return None

    def _post(self, event: Event) -> None:
        self._crew.post(event)

    def _now(self) -> float:
        return self._clock.now()


def iter_none() -> Task:
    """Do nothing; a lane begins with its first task."""
    yield 0.0
    return None
