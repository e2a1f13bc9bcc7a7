"""Where the focuser ought to stand (C3, C4, C7, C9, O1), told anew from what was read and done.

It shares no code with the core.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class Ideal:
    """The rule over the averaged, accepted readings, from the last refocus on, and the offset of the filter."""

    per_degree: float
    block: int
    most: float
    offsets: dict[str, int]
    focus: int
    filter: str
    heard: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    since: int = 0
    reference: float | None = None
    steps: float = 0.0
    focus_filter: str = ""

    def __post_init__(self) -> None:
        """The filter that the session begins in is the one in focus."""
        self.focus_filter = self.filter

    def hear(self, celsius: float) -> None:
        """Take a reading in, if it can be true: in the range of air, and no jump that less than four readings show."""
        if math.isnan(celsius) or celsius < -80 or celsius > 60:
            return
        if self.heard and abs(celsius - self.heard[-1]) > 5:
            self.refused = [*self.refused, celsius] if self._agrees(celsius) else [celsius]
            if len(self.refused) == 4:
                if self.since == len(self.heard) < self.block:
                    self.reference = None
                self.heard, self.since, self.refused = self.refused, 4, []
                self._block_may_end()
            return
        self.heard, self.refused, self.since = [*self.heard, celsius], [], self.since + 1
        if self.reference is None and self.since >= self.block:
            self.reference = self.mean()
        self._block_may_end()

    def _agrees(self, celsius: float) -> bool:
        return bool(self.refused) and abs(celsius - self.refused[-1]) <= 5

    def _block_may_end(self) -> None:
        if self.since % self.block == 0 and self.reference is not None:
            wanted = self.per_degree * (self.mean() - self.reference)
            self.steps = math.copysign(min(abs(wanted), self.most), wanted)

    def mean(self) -> float:
        """Of the last block."""
        last = self.heard[-self.block :]
        return math.fsum(last) / len(last)

    def refocused(self, position: int) -> None:
        """A refocus begins everything anew."""
        self.focus, self.focus_filter, self.since, self.steps = position, self.filter, 0, 0.0
        self.reference = self.mean() if self.heard else None

    @property
    def position(self) -> float:
        """Where the focuser ought to stand, in steps and fractions of them."""
        return self.focus + self.offsets[self.filter] - self.offsets[self.focus_filter] + self.steps
