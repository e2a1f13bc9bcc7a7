"""A note of what is held: where statefocus is killed, its next session lets it go."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass

from statefocus.hosts.ekos.holding import Stopped, Way
from statefocus.left_behind import LeftBehind


@dataclass(frozen=True, slots=True)
class Held:
    """Which KStars is held, and how: as long as it is held, the number of frames that are `done` stays."""

    process: str
    way: Way
    guiding: bool
    done: int


class Note:
    """The note, which is there as long as something is held.

    Parameters
    ----------
    bus
        Address of the bus that the KStars is on; empty for that of the environment.
    """

    def __init__(self, bus: str) -> None:
        self._note = LeftBehind("ekos", bus or os.environ.get("DBUS_SESSION_BUS_ADDRESS", ""))
        self.found = self._read()
        self._written = self.found

    def _read(self) -> Held | None:
        told = self._note.read()
        try:
            way: Way = told["way"] if told["way"] in ("pause", "suspend") else ""
            return Held(str(told["process"]), way, bool(told["guiding"]), int(told["done"]))
        except (ValueError, KeyError, TypeError):
            return None

    def tells(self, stopped: Stopped) -> bool:
        """Whether it tells of that already."""
        written = self._written
        if written is None:
            return not stopped.anything
        return (written.way, written.guiding) == (stopped.way, stopped.guiding)

    def write(self, held: Held) -> None:
        """Write it whole, or not at all."""
        self._written = held
        self._note.write(**asdict(held))

    def remove(self) -> None:
        """Nothing is held any more."""
        self._written = self.found = None
        self._note.remove()
