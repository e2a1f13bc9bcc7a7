"""The filter wheel (IFilterWheelV3)."""

from __future__ import annotations

from bisect import bisect_right
from typing import ClassVar

from statefocus.observatory.device import Clock, Device, commands, reads
from statefocus.observatory.errors import require_range
from statefocus.profile.observatory import ObservatoryFilter, ObservatoryFilters

_MOVING = -1


class FilterWheel(Device):
    """A filter wheel; the first slot is in at the start."""

    kind: ClassVar = "filterwheel"
    type_name: ClassVar = "FilterWheel"
    interface_version: ClassVar = 3
    state: ClassVar = ("Position",)

    def __init__(self, settings: ObservatoryFilters, now: Clock) -> None:
        self._settings = settings
        self._changes: list[tuple[float, int]] = [(float("-inf"), 0)]
        fixed = {
            "Names": [slot.name for slot in settings.slots],
            "FocusOffsets": [slot.driver_offset_steps for slot in settings.slots],
        }
        super().__init__(now, fixed)

    def slot(self, t: float) -> ObservatoryFilter:
        """Return the filter that is in, or on its way in, at `t` (unix seconds)."""
        return self._settings.slots[self._change(t)[1]]

    @reads("Position")
    def position(self) -> int:
        """Return the slot, from 0; -1 during a change."""
        t = self._now()
        changed_at, slot = self._change(t)
        return _MOVING if t < changed_at + self._settings.change_s else slot

    @commands("Position", Position=int)
    def set_position(self, position: int) -> None:
        """Start a change to a slot."""
        require_range("Position", position, 0, len(self._settings.slots) - 1)
        t = self._now()
        if position != self._change(t)[1]:
            self._changes.append((t, position))

    def _change(self, t: float) -> tuple[float, int]:
        return self._changes[max(0, bisect_right(self._changes, t, key=lambda change: change[0]) - 1)]
