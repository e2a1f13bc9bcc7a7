"""Averaging of temperature readings: one small value that serves trigger T1 and compensation C alike.

A reading that cannot be true (NaN, beyond the range of air, a jump no tube makes between two readings) is dropped (C9).
"""

from __future__ import annotations

from math import fsum
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

COLDEST_C = -80.0
HOTTEST_C = 60.0
LARGEST_JUMP_C = 5.0
BELIEVED_AFTER = 3
"""Readings in a row that agree with each other are believed after this many, however far they jumped."""

_JITTER_S = 0.5
"""A reading may come this much early and still count as the next one; clocks and wires are not exact."""

Source = Literal["focuser", "external", "average"]


def _mean(readings: tuple[float, ...]) -> float:
    """Mean by an exactly rounded sum: the built-in one rounds differently from Python 3.12 on, and a night must not."""
    return fsum(readings) / len(readings)


def pick(source: Source, focuser_c: float | None, external_c: float | None) -> float | None:
    """Choose or average the sensors' readings; None where one that is needed is missing."""
    if source == "focuser":
        return focuser_c
    if source == "external":
        return external_c
    return None if focuser_c is None or external_c is None else (focuser_c + external_c) / 2


class Thermometer(Struct, frozen=True):
    """Readings since the last refocus.

    Attributes
    ----------
    size
        Readings in one block.
    every_s
        Time between two readings; what comes sooner belongs to somebody else and is passed over.
    recent
        The last `size` accepted readings, degrees Celsius.
    since
        Accepted readings since the last restart.
    reference_c
        The temperature at the last refocus; before any, that of the first full block; None until then.
    last_t
        When the last reading was accepted, unix seconds.
    dropped
        Readings that could not be true, since the session's start.
    doubted
        The last readings in a row that jumped away from `recent`, and agree with each other.
    """

    size: int
    every_s: float
    recent: tuple[float, ...] = ()
    since: int = 0
    reference_c: float | None = None
    last_t: float | None = None
    dropped: int = 0
    doubted: tuple[float, ...] = ()

    def wants(self, t: float) -> bool:
        """Whether the next reading is due at that time."""
        return self.last_t is None or t - self.last_t >= self.every_s - _JITTER_S

    def read(self, celsius: float, t: float) -> Thermometer:
        """Take a reading in, or drop it."""
        if not COLDEST_C <= celsius <= HOTTEST_C:  # NaN lies in no range
            return replace(self, dropped=self.dropped + 1, last_t=t)
        if self.recent and abs(celsius - self.recent[-1]) > LARGEST_JUMP_C:
            return self._doubt(celsius, t)
        kept = self.recent if len(self.recent) < self.size else self.recent[1:]
        recent = (*kept, celsius)
        since = self.since + 1
        reference = self.reference_c
        if reference is None and since >= self.size:
            reference = _mean(recent)
        return replace(self, recent=recent, since=since, reference_c=reference, last_t=t, doubted=())

    def _doubt(self, celsius: float, t: float) -> Thermometer:
        """Drop a jump; but where several readings in a row agree on it, they were right, and the old ones are gone."""
        agree = not self.doubted or abs(celsius - self.doubted[-1]) <= LARGEST_JUMP_C
        doubted = (*self.doubted, celsius) if agree else (celsius,)
        doubting = replace(self, dropped=self.dropped + 1, last_t=t, doubted=doubted)
        if len(doubted) <= BELIEVED_AFTER:
            return doubting
        first_was_wrong = self.since == len(self.recent) and self.since < self.size
        reference = None if first_was_wrong else self.reference_c
        return replace(doubting, recent=doubted[-self.size :], since=len(doubted), reference_c=reference, doubted=())

    def restart(self) -> Thermometer:
        """Begin anew after a refocus: the mean of the last readings is the reference (T11, C7)."""
        return replace(self, since=0, reference_c=self.mean_c)

    @property
    def mean_c(self) -> float | None:
        """Mean of the last readings, at most `size` of them; None before the first."""
        return _mean(self.recent) if self.recent else None

    @property
    def full(self) -> bool:
        """Whether one full block was gathered since the last refocus."""
        return self.since >= self.size

    @property
    def at_block_end(self) -> bool:
        """Whether the last reading completed a block."""
        return self.since > 0 and self.since % self.size == 0

    @property
    def difference_c(self) -> float | None:
        """Mean of the last readings minus the reference; None while either is missing."""
        mean = self.mean_c
        return None if mean is None or self.reference_c is None else mean - self.reference_c

    @property
    def status(self) -> str:
        """T1s, such as `[-0.4 #01*]`: difference, number of the reading in its block, `*` once a block was full.

        >>> Thermometer(size=60, every_s=10.0).status
        '[0.0 #00]'
        """
        difference = round(self.difference_c or 0.0, 1) + 0.0
        number = (self.since - 1) % self.size + 1 if self.since else 0
        sign = "+" if difference > 0 else ""
        return f"[{sign}{difference:.1f} #{number:02d}{'*' if self.full else ''}]"
