"""Mount and filter wheel over any protocol: what guards and the embedded host need of them."""

from __future__ import annotations

from collections.abc import Generator

from statefocus.clock import Clock
from statefocus.devices.interfaces import MountDriver, Side, WheelDriver
from statefocus.devices.values import MountState
from statefocus.errors import Refused, Timeout

POLL_S = 0.5
WHEEL_TIMEOUT_S = 60.0
FLIP_TIMEOUT_S = 300.0
SIDEREAL_DAY_S = 86164.1


class Mount:
    """One telescope mount."""

    def __init__(self, driver: MountDriver, clock: Clock) -> None:
        self._driver, self._clock = driver, clock
        self.name = driver.name

    def state(self) -> MountState:
        """Read the mount's state."""
        driver = self._driver
        parked, tracking = driver.parked(), driver.tracking()
        return MountState(
            tracking=False if parked else tracking,
            parked=parked,
            to_transit_s=driver.hours_to_transit() / 24 * SIDEREAL_DAY_S,
            west=driver.side() == "west",  # a mount that does not tell never flips
        )

    def flip(self) -> Generator[float, None, Side]:
        """Flip to the other side of the pier; gives the side it is on then, `east` or `west`.

        Raises
        ------
        Timeout
            Where it does not arrive.
        """
        former = self._driver.side()
        self._driver.begin_flip()
        deadline = self._clock.now() + FLIP_TIMEOUT_S
        yield POLL_S
        while self._driver.slewing():
            if self._clock.now() >= deadline:
                raise Timeout(f"The {self.name} still slews {FLIP_TIMEOUT_S:g} s after the flip began.")
            yield POLL_S
        side = self._driver.side()
        if side is None or side == former:
            raise Timeout(f"The {self.name} did not change sides in the flip.")
        return side

    def close(self) -> None:
        """Hang up."""
        self._driver.close()


class FilterWheel:
    """One filter wheel."""

    def __init__(self, driver: WheelDriver, clock: Clock) -> None:
        self._driver, self._clock = driver, clock
        self.name = driver.name

    def names(self) -> list[str]:
        """Read the filters' names, by slot."""
        return self._driver.names()

    def current(self) -> str | None:
        """Read the filter in the light path; None while it turns."""
        slot = self._driver.slot()
        return None if slot is None else self.names()[slot]

    def turn_to(self, name: str) -> Generator[float, None, None]:
        """Turn to a filter, and verify it.

        Raises
        ------
        Refused
            Where there is no such filter.
        Timeout
            Where it does not arrive.
        """
        names = self.names()
        if name not in names:
            raise Refused(f"The {self.name} has no filter {name!r}; it has {', '.join(names) or 'no names'}.")
        self._driver.turn(names.index(name))
        deadline = self._clock.now() + WHEEL_TIMEOUT_S
        yield POLL_S
        while self._driver.slot() != names.index(name):
            if self._clock.now() >= deadline:
                raise Timeout(f"The {self.name} did not reach {name!r} within {WHEEL_TIMEOUT_S:g} s.")
            yield POLL_S

    def close(self) -> None:
        """Hang up."""
        self._driver.close()
