"""A camera over any protocol: one exposure at a time, given up in time, and set back as it was."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress

from statefocus.clock import Clock
from statefocus.devices.interfaces import CameraDriver
from statefocus.devices.values import Exposure, Shot
from statefocus.errors import DeviceError, Refused, Timeout, Unreachable

POLL_S = 0.1
GRACE_S = 30.0
"""An exposure that is not ready this long after its end, the download included, has failed."""


class DeviceCamera:
    """One camera.

    Parameters
    ----------
    driver
        The camera as its protocol has it.
    clock
        For time limits.
    """

    def __init__(self, driver: CameraDriver, clock: Clock) -> None:
        self._driver, self._clock = driver, clock
        self.name = driver.name

    def expose(
        self, exposure_s: float, *, gain: int | None = None, binning: int = 1, light: bool = True, fast: bool = False
    ) -> Generator[float, None, Exposure]:
        """Take a frame; with `fast` it is read out fast where the camera can (A6), and the camera set back afterwards.

        Raises
        ------
        Timeout
            Where it is not ready half a minute after its end.
        """
        shot = Shot(exposure_s, gain, binning, light, fast)
        with self._set_up(shot):
            self._begin(shot)
            try:
                yield from self._until_ready(exposure_s)
            except GeneratorExit:
                self.abort()  # whoever waited has given it up
                raise
            return Exposure(self._driver.pixels(), exposure_s, binning)

    @contextmanager
    def _set_up(self, shot: Shot) -> Iterator[None]:
        """Set the camera up for a frame; whatever happens, it is set back as it was."""
        self._set_back()  # it could not be reached when that was due
        try:
            self._driver.prepare(shot)
            yield
        finally:
            self._set_back()

    def _set_back(self) -> None:
        with suppress(DeviceError):
            self._driver.set_back()

    def _begin(self, shot: Shot) -> None:
        """Start an exposure; where the answer is lost or late, look whether it runs instead of starting another."""
        try:
            self._driver.begin(shot)
        except (Unreachable, Timeout):
            if not self._driver.exposing():
                raise
        except Refused:
            self.abort()  # an exposure that nobody waits for any more may be in the way of the next try
            raise

    def _until_ready(self, exposure_s: float) -> Generator[float, None, None]:
        deadline = self._clock.now() + exposure_s + GRACE_S
        yield exposure_s
        while not self._driver.ready():
            if self._clock.now() >= deadline:
                self.abort()  # so that another one can be tried
                raise Timeout(
                    f"The {self.name} gave no image {GRACE_S:g} s after an exposure of {exposure_s:g} s: "
                    "restart its server or driver."
                )
            yield POLL_S

    def abort(self) -> None:
        """Give the exposure up; a camera that cannot, or cannot be reached, is left to finish."""
        with suppress(DeviceError):
            self._driver.abort()

    def close(self) -> None:
        """Hang up; the device stays connected for whoever else uses it."""
        self._set_back()
        self._driver.close()
