"""A focuser over Alpaca: absolute moves, verified afterwards; never a move repeated blindly."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import alpaca.focuser

from statefocus.clock import Clock
from statefocus.devices.slack import Slack
from statefocus.devices.transport import Wire, Wired
from statefocus.errors import Refused, Timeout, Unreachable
from statefocus.profile import Focuser as FocuserSettings

POLL_S = 0.2
NOT_IMPLEMENTED = 0x400


class _Focuser(Wired, alpaca.focuser.Focuser):  # type: ignore[misc]  # alpyca publishes no types
    """alpyca's focuser on our wire."""


@dataclass(frozen=True, slots=True)
class FocuserState:
    """What a focuser tells of itself; positions in steps."""

    position: int
    max_step: int
    absolute: bool
    driver_compensation: bool


class Focuser:
    """One focuser.

    Parameters
    ----------
    wire, base_path
        The connection, and the path of the device on the server.
    settings
        Tolerance and time limit of a move.
    clock
        For the time limit.
    """

    def __init__(self, wire: Wire, base_path: str, settings: FocuserSettings, clock: Clock) -> None:
        self._device = _Focuser(f"{wire.host}:{wire.port}", 0)
        self._device.attach(wire, base_path)
        self._settings = settings
        self._slack = _slack_of(settings)
        self._clock = clock
        self.name = wire.name

    def state(self) -> FocuserState:
        """Read the focuser's state."""
        device = self._device
        absolute = bool(device.Absolute)
        return FocuserState(
            position=self.position() if absolute else 0,
            max_step=int(device.MaxStep),
            absolute=absolute,
            driver_compensation=self.driver_compensation(),
        )

    def position(self) -> int:
        """Read where it stands, steps; less what was added against backlash (A7)."""
        counter = int(self._device.Position)
        return self._slack.position(counter) if self._slack else counter

    def temperature_c(self) -> float | None:
        """Read its own sensor; None where it has none."""
        try:
            return float(self._device.Temperature)
        except Refused:
            return None

    def driver_compensation(self) -> bool:
        """Whether the driver's own temperature compensation is on; False where it has none."""
        try:
            return bool(self._device.TempCompAvailable) and bool(self._device.TempComp)
        except Refused as refused:
            if refused.code == NOT_IMPLEMENTED:
                return False
            raise

    def switch_driver_compensation(self, *, on: bool) -> bool:
        """Switch the driver's own temperature compensation, and verify it; gives what it was before.

        Raises
        ------
        Refused
            Where it stays as it was.
        """
        former = self.driver_compensation()
        if former != on:
            self._device.TempComp = on
            if self.driver_compensation() != on:
                wanted = "on" if on else "off"
                raise Refused(f"The {self.name} does not switch its own temperature compensation {wanted}.")
        return former

    def move(self, position: int, via: Sequence[int] = ()) -> Generator[float, None, int]:
        """Move by way of some positions, and verify the last; gives what the focuser then reports.

        Raises
        ------
        Timeout
            Where it does not arrive in time, or stops elsewhere.
        """
        for waypoint in (*via, position):
            yield 0.0  # a cancel is noticed here, before the next command goes out
            yield from self._leg(waypoint)
        return self.position()

    def _leg(self, target: int) -> Generator[float, None, None]:
        """Go to one position, and verify it."""
        device = self._device
        command = self._slack.counter_for(target, int(device.Position), int(device.MaxStep)) if self._slack else target
        try:
            device.Move(command)
        except (Unreachable, Timeout):
            yield POLL_S  # it may have been carried out all the same: look, do not repeat
        limit_s = self._settings.move_timeout_s
        deadline = self._clock.now() + limit_s
        while device.IsMoving:
            if self._clock.now() >= deadline:
                at = self.position()
                raise Timeout(f"The {self.name} still moves after {limit_s:g} s: it is at {at}, not at {target}.")
            yield POLL_S
        at = self.position()
        if abs(at - target) > self._settings.tolerance_steps:
            hint = "look for a stuck drawtube, a loose coupling or a second program that moves it"
            raise Timeout(f"The {self.name} stopped at {at} instead of {target}: {hint}.")

    def halt(self) -> None:
        """Stop it; a focuser that cannot be stopped is left to finish."""
        try:
            self._device.Halt()
        except Refused as refused:
            if refused.code != NOT_IMPLEMENTED:
                raise

    def close(self) -> None:
        """Hang up; the device stays connected for whoever else uses it."""
        self._device.hang_up()
        self._device.rqs.close()


def _slack_of(settings: FocuserSettings) -> Slack | None:
    if settings.backlash != "absolute":
        return None
    return Slack(settings.backlash_in_steps, settings.backlash_out_steps)
