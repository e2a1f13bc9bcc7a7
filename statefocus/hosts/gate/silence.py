"""Time that passes without a word: when the plan is taken to stand still, and when to look again."""

from __future__ import annotations

from collections.abc import Callable

from statefocus.crew import Task
from statefocus.hosts.gate.hearing import Hearing
from statefocus.hosts.protocol import Surroundings

LOOK_S = 0.5
LOOK_AGAIN_S = 5.0


class Silence(Hearing):
    """Takes a host that says nothing for long to stand still.

    Parameters
    ----------
    given
        What surrounds it.
    """

    def __init__(self, given: Surroundings) -> None:
        super().__init__(given)
        self.focuser_busy: Callable[[], bool] = lambda: False
        self._ended = False
        self._watching = False

    def _stands_still(self) -> bool:
        """Whether no frame of the plan can begin now, or is under way."""
        frame = self._frame
        if frame is not None and not frame.ended and self._now() < frame.over_t:
            return False
        return not self._plan_runs or self._plan_paused or self._stood_still or self._is_quiet()

    def _is_quiet(self) -> bool:
        return self._now() >= self._quiet_t()

    def _quiet_t(self) -> float:
        """When the host is taken to stand still, if it says nothing more."""
        over_t = self._frame.over_t if self._frame is not None and not self._frame.ended else 0.0
        return max(over_t, self._heard_t) + self._settings.quiet_s

    def _look_again_s(self) -> float | None:
        """How long to wait before the next look; None where there is nothing to look for."""
        if self._asking is not None:
            return LOOK_S if self._ended or self._files.awaited or self.focuser_busy() else None
        if self._ended:
            return None
        told = self._plan_runs and not self._stood_still
        if told or (self._held_for is not None and not self._hold_told):
            return min(max(self._quiet_t() - self._now(), LOOK_S), LOOK_AGAIN_S)
        return None

    def _look_again(self) -> None:
        if not self._watching and self._look_again_s() is not None:
            self._watching = True
            self._crew.start("gate clock", self._watch())

    def _watch(self) -> Task:
        while (wait_s := self._look_again_s()) is not None:
            yield wait_s
            self._begin(self._go_on())
        self._watching = False
        return None
