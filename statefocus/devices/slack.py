"""Absolute backlash compensation (A7): steps added whenever the direction reverses, as N.I.N.A. does."""

from __future__ import annotations


class Slack:
    """The offset between the step counter and the position that is told.

    Where the direction reverses, the counter has to go further than the drawtube; the difference stays as an offset, so
    that the position told is the drawtube's. Every move of statefocus ends inward, so that is where it begins.

    >>> slack = Slack(inward_steps=40, outward_steps=40)
    >>> slack.counter_for(1100, 1000, 50_000), slack.position(1140)
    (1140, 1100)
    >>> slack.counter_for(1050, 1140, 50_000), slack.position(1050)
    (1050, 1050)

    Parameters
    ----------
    inward_steps, outward_steps
        Steps to be added on a reversal to that direction.
    """

    def __init__(self, inward_steps: int, outward_steps: int) -> None:
        self._steps = {-1: inward_steps, 1: outward_steps}
        self._direction = -1
        self._offset = 0
        self._kept_back = 0

    def position(self, counter: int) -> int:
        """Return the position to be told where the counter reads so much."""
        return counter - self._offset

    def counter_for(self, position: int, counter: int, max_step: int) -> int:
        """Return what the counter is to go to, from `counter`, for a move to `position`; never beyond 0..max_step.

        At the end of the travel less is added than wanted; so much less is taken back at the next reversal.
        """
        wanted = position + self._offset
        direction = (wanted > counter) - (wanted < counter)
        if direction not in (0, self._direction):
            wanted += direction * max(self._steps[direction] - self._kept_back, 0)
            self._direction, self._kept_back = direction, 0
        reached = min(max(wanted, 0), max_step)
        self._kept_back += abs(wanted - reached)
        self._offset = reached - position
        return reached
