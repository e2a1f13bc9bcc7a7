"""What scripts of another program ask at the gate, and what they are answered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Word = Literal["go", "stop", "down", "told", "ignored"]
"""Of a gate call: the frame may start, the host should stop, the session cannot say. Of a notification: it was taken
up, or it told nothing new."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller is told, in one word and in one sentence; `frame` is the number of the frame that may start."""

    word: Word
    why: str
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class GateCall:
    """The frame that a host wants to take next.

    Attributes
    ----------
    frame_type
        Light, Dark, Flat or Bias.
    filter
        The filter that it wants; None where it does not tell.
    exposure_s
        How long its shutter will be open; None where it does not tell.
    by
        Who asks: the name that its calls give, or else their parent process.
    """

    frame_type: str = "Light"
    filter: str | None = None
    exposure_s: float | None = None
    by: str = ""


class Ticket:
    """A question that waits for its answer; made and answered in different threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._then: Callable[[], None] = lambda: None
        self.answer: Answer | None = None
        self.abandoned = self.promised = False
        self.waits_for = ""

    def settle(self, answer: Answer) -> bool:
        """Give the answer; False where there is one already, or where nobody waits for it any more."""
        with self._lock:
            if self.answer is not None or self.abandoned:
                return False
            self.answer = answer
        self._then()
        return True

    def promise(self) -> bool:
        """Have whoever waits stay for the answer, which comes at once; False where nobody waits any more."""
        with self._lock:
            self.promised = self.answer is None and not self.abandoned
            return self.promised

    def abandon(self) -> bool:
        """Wait for it no longer; False where it was answered already, or is about to be."""
        with self._lock:
            self.abandoned = self.answer is None and not self.promised
            return self.abandoned

    def then(self, call: Callable[[], None]) -> None:
        """Call this, in whichever thread, once there is an answer."""
        self._then = call
        if self.answer is not None:
            call()


class Asking(Ticket):
    """A gate call that waits for its answer."""

    def __init__(self, call: GateCall) -> None:
        super().__init__()
        self.call = call
        self.gap_told = False
