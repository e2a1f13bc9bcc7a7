"""N.I.N.A.'s camera takes the focus frames: each is saved there, and fetched as a FITS file with its raw pixels."""

from __future__ import annotations

import base64
import binascii
import tempfile
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from statefocus.clock import Clock
from statefocus.devices.values import Exposure
from statefocus.errors import DeviceError, Protocol, Refused, Timeout
from statefocus.frames import FrameError, read_frame
from statefocus.hosts.nina.api import LONGEST_IMAGE, Api
from statefocus.hosts.nina.reading import SNAPSHOT, TARGET, whole
from statefocus.profile import Nina

POLL_S = 0.5


class NinaCamera:
    """The camera that N.I.N.A. has connected.

    Parameters
    ----------
    settings
        Where N.I.N.A. is, and how long it may take.
    clock
        For time limits.
    """

    name = "camera of N.I.N.A."

    def __init__(self, settings: Nina, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._api = Api(settings)

    def expose(
        self, exposure_s: float, *, gain: int | None = None, binning: int = 1, light: bool = True, fast: bool = False
    ) -> Generator[float, None, Exposure]:
        """Take a frame; how it is read out, and the shutter, are N.I.N.A.'s own affair.

        Raises
        ------
        DeviceError
            Where N.I.N.A. cannot take it, or does not hand it over.
        """
        del light, fast
        former = self._set_binning(binning)
        try:
            before = self._count()
            self._begin(exposure_s, gain)
            try:
                yield from self._until_saved(before, exposure_s)
            except GeneratorExit:
                self.abort()  # whoever waited has given it up
                raise
            return Exposure(self._fetch(before), exposure_s, binning)
        finally:
            if former is not None:
                with suppress(DeviceError):
                    self._api.get("/equipment/camera/set-binning", {"binning": former})

    def _set_binning(self, binning: int) -> str | None:
        """Bin as asked; gives what is to be set back, or None where nothing was changed."""
        info = self._api.table("/equipment/camera/info")
        if info.get("Connected") is not True:
            raise Refused("N.I.N.A. has no camera connected: connect it there.")
        x, y = whole(info.get("BinX")), whole(info.get("BinY"))
        if (x, y) == (binning, binning):
            return None
        self._api.get("/equipment/camera/set-binning", {"binning": f"{binning}x{binning}"})
        return f"{x}x{y}" if x and y else None

    def _count(self) -> int:
        """Count the snapshots that N.I.N.A. has saved."""
        count = whole(self._api.get("/image-history", {"count": "true", "imageType": SNAPSHOT}))
        if count is None:
            raise Protocol("N.I.N.A. does not tell how many snapshots it has saved.")
        return count

    def _begin(self, exposure_s: float, gain: int | None) -> None:
        wanted: dict[str, object] = {
            "duration": exposure_s,
            "imageType": SNAPSHOT,
            "targetName": TARGET,
            "save": "true",
            "onlySaveRaw": "true",
            "skipAutoStretch": "true",
        }
        if gain is not None:
            wanted["gain"] = gain
        self._api.get("/equipment/camera/capture", wanted)

    def _until_saved(self, before: int, exposure_s: float) -> Generator[float, None, None]:
        deadline = self._clock.now() + exposure_s + self._settings.image_timeout_s
        yield exposure_s
        while self._count() <= before:
            if self._clock.now() >= deadline:
                self.abort()
                raise Timeout(
                    f"N.I.N.A. had saved no frame {self._settings.image_timeout_s:g} s after an exposure of "
                    f"{exposure_s:g} s (host.nina.image_timeout_s)."
                )
            yield POLL_S

    def _fetch(self, index: int) -> NDArray[Any]:
        wanted = {"raw_fits": "true", "imageType": SNAPSHOT}
        told = self._api.get(f"/image/{index}", wanted, limit_s=self._settings.image_timeout_s, longest=LONGEST_IMAGE)
        try:
            content = base64.b64decode(told, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise Protocol("N.I.N.A. hands a focus frame over as something that is no base64 text.") from None
        with tempfile.TemporaryDirectory(prefix="statefocus-frame-", ignore_cleanup_errors=True) as folder:
            file = Path(folder) / "frame.fits"
            file.write_bytes(content)
            try:
                return read_frame(file).pixels.T
            except FrameError as error:
                said = str(error).replace(str(file), "it")
                raise Protocol(f"N.I.N.A. hands a focus frame over that cannot be read: {said}") from None

    def abort(self) -> None:
        """Give the exposure up; one that cannot be is left to finish."""
        with suppress(DeviceError):
            self._api.get("/equipment/camera/abort-exposure")

    def close(self) -> None:
        """Nothing is held open."""
