"""A run that is under way, written down: where it is cut off, the next session knows where the focuser had stood."""

from __future__ import annotations

import time

from statefocus.context import Context
from statefocus.devices.owner import name_of
from statefocus.left_behind import LeftBehind
from statefocus.profile import Profile

FORGOTTEN_AFTER_S = 12 * 3600.0
"""What was cut off longer ago is of another night."""


class Unfinished:
    """The note of the run that moves a focuser.

    Parameters
    ----------
    profile
        Names the focuser; a simulated one is another in each session, and nothing is written down of it.
    """

    def __init__(self, profile: Profile) -> None:
        focuser = profile.devices.focuser
        real = focuser is not None and not profile.devices.embedded
        self._note = LeftBehind("run", name_of(focuser)) if real and focuser is not None else None
        self._written: int | None = None

    def find(self, stands_at: int) -> int | None:
        """Tell where a run began that was cut off tonight; None where none was, or where the focuser stands there."""
        if self._note is None:
            return None
        told = self._note.read()
        start, at = told.get("start_position"), told.get("at")
        if not isinstance(start, int) or not isinstance(at, int | float):
            return None
        if start == stands_at or not 0 <= time.time() - at <= FORGOTTEN_AFTER_S:
            self._note.remove()
            return None
        self._written = start
        return start

    def saw(self, context: Context) -> None:
        """Write down that a run moves the focuser, or that it is over and the focuser where it should be."""
        if self._note is None:
            return
        start = context.run.start_position if context.run is not None else None
        if start is not None and start != self._written:
            self._written = start
            self._note.write(start_position=start, at=time.time())
        elif self._written is not None and context.run is None and not context.lost and not context.astray:
            self._written = None
            self._note.remove()
