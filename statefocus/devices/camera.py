"""A camera over Alpaca: one exposure at a time, its image read with a time limit."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import alpaca.camera
import numpy as np
from numpy.typing import NDArray

from statefocus.clock import Clock
from statefocus.devices.imagebytes import MEDIA_TYPE, read_image
from statefocus.devices.transport import Wire, Wired, value_of
from statefocus.errors import DeviceError, Refused, Timeout, Unreachable

POLL_S = 0.1
GRACE_S = 30.0
"""An exposure that is not ready this long after its end, the download included, has failed."""

_JSON = "application/json"
_EXPOSING = 2


class _Camera(Wired, alpaca.camera.Camera):  # type: ignore[misc]  # alpyca publishes no types
    """alpyca's camera on our wire."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """One frame as the camera gave it; `pixels` are indexed [x, y]."""

    pixels: NDArray[Any]
    exposure_s: float
    binning: int


class Camera:
    """One camera.

    Parameters
    ----------
    wire, base_path
        The connection, and the path of the device on the server.
    clock
        For time limits.
    """

    def __init__(self, wire: Wire, base_path: str, clock: Clock) -> None:
        self._device = _Camera(f"{wire.host}:{wire.port}", 0)
        self._device.attach(wire, base_path)
        self._wire, self._path, self._clock = wire, base_path, clock
        self._binning = 0
        self._made_fast = False
        self.name = wire.name

    def saturation_adu(self) -> int | None:
        """Read the largest pixel value; None where the camera does not tell."""
        try:
            return int(self._device.MaxADU)
        except Refused:
            return None

    def expose(
        self, exposure_s: float, *, gain: int | None = None, binning: int = 1, light: bool = True, fast: bool = False
    ) -> Generator[float, None, Exposure]:
        """Take a frame; with `fast` it is read out fast where the camera can (A6), and the camera set back afterwards.

        Raises
        ------
        Timeout
            Where it is not ready half a minute after its end.
        """
        self._set(gain, binning)
        with self._read_out(fast=fast):
            self._begin(exposure_s, light=light)
            try:
                yield from self._until_ready(exposure_s)
            except GeneratorExit:
                self.abort()  # whoever waited has given it up
                raise
            return Exposure(self._image(), exposure_s, binning)

    @contextmanager
    def _read_out(self, *, fast: bool) -> Iterator[None]:
        """Read out fast where that is asked for and the camera can; whatever happens, it is set back as it was."""
        if fast:
            self._made_fast = self._make_fast() or self._made_fast
        elif self._made_fast:
            self._set_back()  # it could not be reached when that was due
        try:
            yield
        finally:
            if self._made_fast:
                self._set_back()

    def _make_fast(self) -> bool:
        """Switch fast read-out on; gives whether that changed anything. A camera without it is no error."""
        with suppress(DeviceError):
            if self._device.CanFastReadout and not self._device.FastReadout:
                self._device.FastReadout = True
                return True
        return False

    def _set_back(self) -> None:
        with suppress(DeviceError):
            self._device.FastReadout = False
            self._made_fast = False

    def _begin(self, exposure_s: float, *, light: bool) -> None:
        """Start an exposure; where the answer is lost or late, look whether it runs instead of starting another."""
        try:
            self._device.StartExposure(exposure_s, light)
        except (Unreachable, Timeout):
            if int(self._device.CameraState) != _EXPOSING:
                raise
        except Refused:
            self.abort()  # an exposure that nobody waits for any more may be in the way of the next try
            raise

    def _until_ready(self, exposure_s: float) -> Generator[float, None, None]:
        deadline = self._clock.now() + exposure_s + GRACE_S
        yield exposure_s
        while not self._device.ImageReady:
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
            self._device.AbortExposure()

    def _set(self, gain: int | None, binning: int) -> None:
        if gain is not None:
            self._device.Gain = gain
        if binning != self._binning:
            self._device.BinX = binning
            self._device.BinY = binning
            self._device.StartX = 0
            self._device.StartY = 0
            self._device.NumX = int(self._device.CameraXSize) // binning
            self._device.NumY = int(self._device.CameraYSize) // binning
            self._binning = binning

    def _image(self) -> NDArray[Any]:
        limit_s = self._wire.limits.image_s
        accept = f"{MEDIA_TYPE}, {_JSON}"
        media, content = self._wire.get(f"{self._path}/imagearray", limit_s=limit_s, accept=accept)
        if media.startswith(MEDIA_TYPE):
            return read_image(self.name, content)
        return np.asarray(value_of(self.name, content), dtype=np.int32)

    def close(self) -> None:
        """Hang up; the device stays connected for whoever else uses it."""
        self._device.hang_up()
        self._device.rqs.close()
