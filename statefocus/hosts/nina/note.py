"""A note that guiding is stopped: where statefocus is killed, its next session starts it again."""

from __future__ import annotations

import time

from statefocus.left_behind import LeftBehind
from statefocus.profile import Nina

FRESH_S = 1800.0
"""What was stopped longer ago may have been left so by a person since."""


class GuidingNote:
    """The note, which is there as long as it is we who have stopped guiding.

    Parameters
    ----------
    settings
        Which N.I.N.A. it is about.
    """

    def __init__(self, settings: Nina) -> None:
        address = settings.address.lower().replace("localhost", "127.0.0.1")
        self._note = LeftBehind("nina-guiding", f"{address}:{settings.port}")

    def is_fresh(self) -> bool:
        """Whether there is one, of a short while ago."""
        stopped_t = self._note.read().get("stopped_t")
        return isinstance(stopped_t, int | float) and abs(time.time() - stopped_t) < FRESH_S

    def write(self) -> None:
        """Write it whole, or not at all."""
        self._note.write(stopped_t=round(time.time()))

    def remove(self) -> None:
        """It guides again, or what it does is not ours any more."""
        self._note.remove()
