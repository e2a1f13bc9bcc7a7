"""Clocks of the shell: the real one, a faster one, and a virtual one that jumps to the next thing to do."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time of the session, unix seconds."""

    def now(self) -> float:
        """Time of the session."""


class RealClock:
    """The wall clock at the start, and from then on a steady clock times `speed`."""

    def __init__(self, start: float | None = None, speed: float = 1.0) -> None:
        self._start = time.time() if start is None else start
        self._since = time.monotonic()
        self.speed = speed

    def now(self) -> float:
        """Time of the session."""
        return self._start + (time.monotonic() - self._since) * self.speed


class VirtualClock:
    """Stands still until it is told to go on; it never goes back."""

    def __init__(self, start: float) -> None:
        self._now = start

    def now(self) -> float:
        """Time of the session."""
        return self._now

    def advance_to(self, t: float) -> None:
        """Jump forward; a time that has passed already changes nothing."""
        self._now = max(self._now, t)
