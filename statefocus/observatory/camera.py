"""The camera (ICameraV4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from statefocus.observatory.device import Clock, commands, iso_utc, reads
from statefocus.observatory.errors import INVALID_OPERATION, AlpacaError, require_range
from statefocus.observatory.exposures import Exposure
from statefocus.observatory.happenings import Happenings
from statefocus.observatory.sensor import EXPOSURE_MAX_S, SensorDevice
from statefocus.observatory.weather import Weather
from statefocus.profile.happenings import CameraHangs
from statefocus.profile.observatory import ObservatoryCamera

_IDLE, _EXPOSING, _DOWNLOAD = 0, 2, 4
_FAST_FACTOR = 1.0 / 3.0

Pixels = NDArray[np.uint16]


class Camera(SensorDevice):
    """A monochrome camera with binning, subframes, gain and a cooler.

    Parameters
    ----------
    settings, now
        The camera, the clock.
    render
        Makes the pixels of an exposure, axes [x, y].
    weather, happenings
        For the cooler, and for exposures that hang.
    """

    kind: ClassVar = "camera"
    type_name: ClassVar = "Camera"
    interface_version: ClassVar = 4
    state: ClassVar = (
        "CameraState",
        "CCDTemperature",
        "CoolerPower",
        "ImageReady",
        "IsPulseGuiding",
        "PercentCompleted",
    )
    absent_reads: ClassVar = (
        *("BayerOffsetX", "BayerOffsetY", "Gains", "HeatSinkTemperature", "ImageArrayVariant", "IsPulseGuiding"),
        *("Offset", "OffsetMax", "OffsetMin", "Offsets", "SubExposureDuration"),
    )
    absent_commands: ClassVar = {
        "Offset": {"Offset": int},
        "SubExposureDuration": {"SubExposureDuration": float},
        "PulseGuide": {"Direction": int, "Duration": int},
    }

    def __init__(
        self,
        settings: ObservatoryCamera,
        now: Clock,
        render: Callable[[Exposure], Pixels],
        weather: Weather,
        happenings: Happenings,
    ) -> None:
        self._render = render
        self._happenings = happenings
        self._exposures: list[Exposure] = []
        self._image: tuple[Exposure, Pixels] | None = None
        super().__init__(settings, now, weather)

    @property
    def exposures(self) -> tuple[Exposure, ...]:
        """Every exposure so far, the running one too."""
        return tuple(self._exposures)

    @commands("StartExposure", Duration=float, Light=bool)
    def start_exposure(self, duration_s: float, light: bool) -> None:  # noqa: FBT001 - the standard's signature
        """Start an exposure."""
        require_range("Duration", duration_s, 0.0, EXPOSURE_MAX_S)
        window = self._window()
        t = self._now()
        if self._state(t) != _IDLE:
            raise AlpacaError(INVALID_OPERATION, "an exposure is under way")
        share = window.width * window.height / (self._settings.width_px * self._settings.height_px)
        exposure = Exposure(
            number=len(self._exposures) + 1,
            started_at=t,
            exposure_s=duration_s,
            light=light,
            window=window,
            gain=self._gain,
            fast=self._fast,
            download_s=self._settings.download_s * share * (_FAST_FACTOR if self._fast else 1.0),
            hangs=bool(self._happenings.active(CameraHangs, t)),
        )
        self._exposures.append(exposure)

    @commands("StopExposure")
    def stop_exposure(self) -> None:
        """End the exposure now and read it out."""
        t = self._now()
        if self._state(t) == _EXPOSING:
            self._exposures[-1] = replace(self._exposures[-1], exposure_s=t - self._exposures[-1].started_at)

    @commands("AbortExposure")
    def abort_exposure(self) -> None:
        """End the exposure now and throw it away."""
        if self._state(self._now()) != _IDLE:
            self._exposures[-1] = replace(self._exposures[-1], aborted=True)

    def _state(self, t: float) -> int:
        if not self._exposures or self._exposures[-1].aborted or t >= self._exposures[-1].ready_at:
            return _IDLE
        return _EXPOSING if t < self._exposures[-1].ends_at else _DOWNLOAD

    @reads("CameraState")
    def camera_state(self) -> int:
        """Return 0 idle, 2 exposing, 4 downloading."""
        return self._state(self._now())

    @reads("ImageReady")
    def image_ready(self) -> bool:
        """Return whether the last exposure's image can be fetched."""
        return bool(self._exposures) and self._now() >= self._exposures[-1].ready_at

    @reads("PercentCompleted")
    def percent_completed(self) -> int:
        """Return how much of the exposure is done, in percent; 0 before the first."""
        if not self._exposures or self._exposures[-1].aborted:
            return 0
        last, t = self._exposures[-1], self._now()
        return 100 if t >= last.ends_at else int(100.0 * (t - last.started_at) / last.exposure_s)

    @reads("LastExposureDuration")
    def last_duration(self) -> float:
        """Return the length of the last exposure that gave an image, in seconds."""
        return self._last_finished().exposure_s

    @reads("LastExposureStartTime")
    def last_start_time(self) -> str:
        """Return the start of the last exposure that gave an image, UTC, as FITS writes it."""
        return iso_utc(self._last_finished().started_at)[:-4]

    def _last_finished(self) -> Exposure:
        t = self._now()
        for exposure in reversed(self._exposures):
            if t >= exposure.ready_at:
                return exposure
        raise AlpacaError(INVALID_OPERATION, "no exposure has been taken yet")

    @reads("ImageArray")
    def image_array(self) -> Pixels:
        """Return the image, axes [x, y]."""
        if not self.image_ready():
            raise AlpacaError(INVALID_OPERATION, "no image is ready")
        exposure = self._exposures[-1]
        if self._image is None or self._image[0] != exposure:
            self._image = (exposure, self._render(exposure))
        return self._image[1]
