"""A camera over Alpaca, its image read with a time limit."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import alpaca.camera
import numpy as np
from numpy.typing import NDArray

from statefocus.devices.alpaca.imagebytes import MEDIA_TYPE, read_image
from statefocus.devices.alpaca.transport import Wire, Wired, value_of
from statefocus.devices.values import Shot
from statefocus.errors import DeviceError

_JSON = "application/json"
_EXPOSING = 2


class _Camera(Wired, alpaca.camera.Camera):  # type: ignore[misc]  # alpyca publishes no types
    """alpyca's camera on our wire."""


class AlpacaCamera:
    """One camera.

    Parameters
    ----------
    wire, base_path
        The connection, and the path of the device on the server.
    """

    def __init__(self, wire: Wire, base_path: str) -> None:
        self.device = _Camera(f"{wire.host}:{wire.port}", 0)
        self.device.attach(wire, base_path)
        self._wire, self._path = wire, base_path
        self._binning = 0
        self._made_fast = False
        self.name = wire.name

    def prepare(self, shot: Shot) -> None:
        """Set gain and binning, and fast read-out where that is asked for and the camera can."""
        if shot.gain is not None:
            self.device.Gain = shot.gain
        if shot.binning != self._binning:
            self._bin(shot.binning)
        if shot.fast:
            self._made_fast = self._make_fast() or self._made_fast

    def _bin(self, binning: int) -> None:
        self.device.BinX = binning
        self.device.BinY = binning
        self.device.StartX = 0
        self.device.StartY = 0
        self.device.NumX = int(self.device.CameraXSize) // binning
        self.device.NumY = int(self.device.CameraYSize) // binning
        self._binning = binning

    def _make_fast(self) -> bool:
        """Switch fast read-out on; gives whether that changed anything. A camera without it is no error."""
        with suppress(DeviceError):
            if self.device.CanFastReadout and not self.device.FastReadout:
                self.device.FastReadout = True
                return True
        return False

    def set_back(self) -> None:
        """Switch fast read-out off again where it was switched on."""
        if self._made_fast:
            self.device.FastReadout = False
            self._made_fast = False

    def begin(self, shot: Shot) -> None:
        """Start the exposure."""
        self.device.StartExposure(shot.exposure_s, shot.light)

    def exposing(self) -> bool:
        """Whether the shutter is open."""
        return int(self.device.CameraState) == _EXPOSING

    def ready(self) -> bool:
        """Whether the image can be had."""
        return bool(self.device.ImageReady)

    def abort(self) -> None:
        """End the exposure."""
        self.device.AbortExposure()

    def pixels(self) -> NDArray[Any]:
        """Fetch the image, indexed [x, y]."""
        limit_s = self._wire.limits.image_s
        accept = f"{MEDIA_TYPE}, {_JSON}"
        media, content = self._wire.get(f"{self._path}/imagearray", limit_s=limit_s, accept=accept)
        if media.startswith(MEDIA_TYPE):
            return read_image(self.name, content)
        return np.asarray(value_of(self.name, content), dtype=np.int32)

    def close(self) -> None:
        """Hang up."""
        self.device.hang_up()
        self.device.rqs.close()
