"""A focuser over Alpaca."""

from __future__ import annotations

import alpaca.focuser

from statefocus.devices.alpaca.transport import Wire, Wired
from statefocus.errors import Refused

NOT_IMPLEMENTED = 0x400


class _Focuser(Wired, alpaca.focuser.Focuser):  # type: ignore[misc]  # alpyca publishes no types
    """alpyca's focuser on our wire."""


class AlpacaFocuser:
    """One focuser.

    Parameters
    ----------
    wire, base_path
        The connection, and the path of the device on the server.
    """

    def __init__(self, wire: Wire, base_path: str) -> None:
        self._device = _Focuser(f"{wire.host}:{wire.port}", 0)
        self._device.attach(wire, base_path)
        self.name = wire.name

    def absolute(self) -> bool:
        """Whether it goes to positions."""
        return bool(self._device.Absolute)

    def counter(self) -> int:
        """Read where it stands."""
        return int(self._device.Position)

    def max_step(self) -> int:
        """Read the end of its travel."""
        return int(self._device.MaxStep)

    def go_to(self, counter: int) -> None:
        """Start a move."""
        self._device.Move(counter)

    def moving(self) -> bool:
        """Whether a move is under way."""
        return bool(self._device.IsMoving)

    def halt(self) -> None:
        """Stop it; a focuser that cannot be stopped is left to finish."""
        try:
            self._device.Halt()
        except Refused as refused:
            if refused.code != NOT_IMPLEMENTED:
                raise

    def temperature_c(self) -> float | None:
        """Read its own sensor; None where it has none."""
        try:
            return float(self._device.Temperature)
        except Refused:
            return None

    def compensation(self) -> bool:
        """Whether TempComp is on; False where it has none."""
        try:
            return bool(self._device.TempCompAvailable) and bool(self._device.TempComp)
        except Refused as refused:
            if refused.code == NOT_IMPLEMENTED:
                return False
            raise

    def compensate(self, *, on: bool) -> None:
        """Switch TempComp."""
        self._device.TempComp = on

    def close(self) -> None:
        """Hang up."""
        self._device.hang_up()
        self._device.rqs.close()
