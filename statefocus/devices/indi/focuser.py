"""A focuser over INDI."""

from __future__ import annotations

from typing import ClassVar

from statefocus.devices.indi.link import OFF, ON, Link
from statefocus.errors import Protocol, Timeout

POSITION, STEPS = "ABS_FOCUS_POSITION", "FOCUS_ABSOLUTE_POSITION"
COMPENSATIONS = ("FOCUS_TEMPERATURE_COMPENSATION", "T. Compensate")
"""What drivers call the switch of their own temperature compensation; the standard has no name for it."""


class IndiFocuser:
    """One focuser.

    Parameters
    ----------
    link
        The device.
    """

    NEEDS: ClassVar[str] = POSITION

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sent = 0
        self.name = link.name

    def absolute(self) -> bool:
        """Whether it goes to positions."""
        return self._link.find(POSITION) is not None

    def counter(self) -> int:
        """Read where it stands."""
        steps = self._link.number(POSITION, STEPS)
        if steps is None:
            raise Protocol(f"The {self.name} does not tell where it stands.")
        return round(steps)

    def max_step(self) -> int:
        """Read the end of its travel."""
        steps = self._link.number("FOCUS_MAX", "FOCUS_MAX_VALUE")
        if steps is None:
            steps = self._link.need(POSITION).largest.get(STEPS, 0.0)
        if not steps > 0:
            raise Protocol(f"The {self.name} does not tell the end of its travel.")
        return round(steps)

    def go_to(self, counter: int) -> None:
        """Start a move; some drivers answer only when it has ended."""
        self._sent = self._link.send(POSITION, {STEPS: counter})

    def moving(self) -> bool:
        """Whether a move is under way, or has not been answered yet."""
        return not self._link.answered(POSITION, self._sent) or self._link.busy(POSITION)

    def halt(self) -> None:
        """Stop it, and wait until it stands; a focuser that cannot be stopped is left to finish."""
        if self._link.find("FOCUS_ABORT_MOTION") is None:
            return
        self._link.set("FOCUS_ABORT_MOTION", {"ABORT": ON})
        limit_s = self._link.server.limits.read_s
        if not self._link.server.wait(self._stands, limit_s):
            raise Timeout(f"The {self.name} still moves {limit_s:g} s after it was told to stop.")

    def _stands(self) -> bool:
        found = self._link.server.find(self._link.device, POSITION)
        return found is not None and found.told > self._sent and found.state != "Busy"

    def temperature_c(self) -> float | None:
        """Read its own sensor; None where it has none."""
        return self._link.number("FOCUS_TEMPERATURE", "TEMPERATURE")

    def compensation(self) -> bool:
        """Whether its own temperature compensation is on; False where it has none."""
        for name in COMPENSATIONS:
            found = self._link.find(name)
            if found is not None:
                return any(value == ON for member, value in found.values.items() if _enables(member))
        return False

    def compensate(self, *, on: bool) -> None:
        """Switch its own temperature compensation."""
        for name in COMPENSATIONS:
            found = self._link.find(name)
            if found is not None:
                self._link.set(name, {member: ON if _enables(member) == on else OFF for member in found.values})

    def close(self) -> None:
        """Leave it; the connection is the rig's."""


def _enables(member: str) -> bool:
    return "ENABLE" in member.upper()
