"""What goes wrong in the night, as pure functions of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from statefocus.profile.happenings import FocuserSlips, Happening, Timed

TimedHappening = TypeVar("TimedHappening", bound=Timed)


class Happenings:
    """The script of a night.

    Parameters
    ----------
    script
        What happens, in any order.
    started_at
        Start of the session, unix seconds.
    """

    def __init__(self, script: Sequence[Happening], started_at: float) -> None:
        self._script = tuple(script)
        self._started_at = started_at

    def of(self, kind: type[TimedHappening]) -> tuple[TimedHappening, ...]:
        """Return all happenings of a kind, whenever they are."""
        return tuple(happening for happening in self._script if isinstance(happening, kind))

    def starts(self, happening: Timed) -> float:
        """Return when a happening starts, unix seconds."""
        return self._started_at + happening.at_min * 60.0

    def ends(self, happening: Timed) -> float:
        """Return when a happening ends, unix seconds; infinity when it lasts."""
        if happening.for_min is None:
            return float("inf")
        return self.starts(happening) + happening.for_min * 60.0

    def active(self, kind: type[TimedHappening], t: float) -> tuple[TimedHappening, ...]:
        """Return the happenings of a kind that are under way at `t` (unix seconds; the end is excluded)."""
        return tuple(item for item in self.of(kind) if self.starts(item) <= t < self.ends(item))

    def first_start(self, kind: type[TimedHappening], after: float, before: float) -> float | None:
        """Return when a happening of a kind first starts within [after, before), or None."""
        starts = (self.starts(item) for item in self.of(kind))
        return min((start for start in starts if after <= start < before), default=None)

    def slipped_steps(self, t: float) -> float:
        """Return how far the draw tube has slipped by `t`, in steps; positive is outward."""
        slips = (item for item in self._script if isinstance(item, FocuserSlips))
        return sum(item.steps for item in slips if self._started_at + item.at_min * 60.0 <= t)
