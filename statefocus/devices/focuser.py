"""A focuser over any protocol: absolute moves, verified afterwards; never a move repeated blindly."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from statefocus.clock import Clock
from statefocus.devices.interfaces import FocuserDriver
from statefocus.devices.slack import Slack
from statefocus.devices.values import FocuserState
from statefocus.errors import Refused, Timeout, Unreachable
from statefocus.profile import Focuser as FocuserSettings

POLL_S = 0.2


class Focuser:
    """One focuser.

    Parameters
    ----------
    driver
        The focuser as its protocol has it.
    settings
        Tolerance and time limit of a move.
    clock
        For the time limit.
    """

    def __init__(self, driver: FocuserDriver, settings: FocuserSettings, clock: Clock) -> None:
        self._driver = driver
        self._settings = settings
        self._slack = _slack_of(settings)
        self._clock = clock
        self.name = driver.name

    def state(self) -> FocuserState:
        """Read the focuser's state."""
        absolute = self._driver.absolute()
        return FocuserState(
            position=self.position() if absolute else 0,
            max_step=self._driver.max_step(),
            absolute=absolute,
            driver_compensation=self.driver_compensation(),
        )

    def position(self) -> int:
        """Read where it stands, steps; less what was added against backlash (A7)."""
        counter = self._driver.counter()
        return self._slack.position(counter) if self._slack else counter

    def moving(self) -> bool:
        """Whether it moves just now."""
        return self._driver.moving()

    def rest(self) -> None:
        """Wait until it stands still, whoever moves it; a position on the way is none.

        Raises
        ------
        Timeout
            Where it does not within the time limit of a move.
        """
        limit_s = self._settings.move_timeout_s
        deadline = time.monotonic() + limit_s
        while self._driver.moving():
            if time.monotonic() >= deadline:
                raise Timeout(f"The {self.name} still moves after {limit_s:g} s, and nobody here has sent it anywhere.")
            time.sleep(POLL_S)

    def temperature_c(self) -> float | None:
        """Read its own sensor; None where it has none."""
        return self._driver.temperature_c()

    def driver_compensation(self) -> bool:
        """Whether the driver's own temperature compensation is on; False where it has none."""
        return self._driver.compensation()

    def switch_driver_compensation(self, *, on: bool) -> bool:
        """Switch the driver's own temperature compensation, and verify it; gives what it was before.

        Raises
        ------
        Refused
            Where it stays as it was.
        """
        former = self.driver_compensation()
        if former != on:
            self._driver.compensate(on=on)
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
        driver = self._driver
        command = self._slack.counter_for(target, driver.counter(), driver.max_step()) if self._slack else target
        try:
            driver.go_to(command)
        except (Unreachable, Timeout):
            yield POLL_S  # it may have been carried out all the same: look, do not repeat
        limit_s = self._settings.move_timeout_s
        deadline = self._clock.now() + limit_s
        while driver.moving():
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
        self._driver.halt()

    def close(self) -> None:
        """Hang up; the device stays connected for whoever else uses it."""
        self._driver.close()


def _slack_of(settings: FocuserSettings) -> Slack | None:
    if settings.backlash != "absolute":
        return None
    return Slack(settings.backlash_in_steps, settings.backlash_out_steps)
