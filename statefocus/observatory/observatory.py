"""The observatory: all devices, the sky and the judge, as a function of settings, seed, commands and the clock."""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from statefocus.observatory.camera import Camera
from statefocus.observatory.conditions import ObservingConditions, SafetyMonitor
from statefocus.observatory.device import Device
from statefocus.observatory.exposures import Exposure
from statefocus.observatory.filterwheel import FilterWheel
from statefocus.observatory.focuser import Focuser
from statefocus.observatory.happenings import Happenings
from statefocus.observatory.judge import Judge
from statefocus.observatory.motion import FocuserMotion
from statefocus.observatory.optics import Optics
from statefocus.observatory.pointing import PIER_EAST, Pointing
from statefocus.observatory.sensor import electrons_per_adu
from statefocus.observatory.sky import Shot, Sky
from statefocus.observatory.telescope import Telescope
from statefocus.observatory.weather import Weather
from statefocus.profile.happenings import ServerGone
from statefocus.profile.observatory import ObservatorySettings

_SIDEREAL_ARCSEC_PER_S = 15.041


class Observatory:
    """A simulated observatory; it never sleeps and never looks at the wall clock.

    Parameters
    ----------
    settings
        Optics, devices, weather, and the script of the night.
    clock
        The time, unix seconds; may be virtual and jump forwards.
    seed
        The same settings, seed and commands at the same times give the same pixels.
    site_longitude_deg, site_latitude_deg
        The site, east and north positive.
    started_at
        Start of the session, unix seconds; the clock's present time when left out.
    """

    def __init__(
        self,
        settings: ObservatorySettings,
        *,
        clock: Callable[[], float],
        seed: int = 0,
        site_longitude_deg: float = 16.4,
        site_latitude_deg: float = 48.2,
        started_at: float | None = None,
    ) -> None:
        start = clock() if started_at is None else started_at
        self.settings = settings
        self.lock = RLock()
        self._clock = clock
        self.happenings = Happenings(settings.happenings, start)
        self.weather = Weather(settings.weather, self.happenings, seed, start)
        self.optics = Optics(settings.optics, settings.camera.pixel_um)
        self._sky = Sky(settings.sky, settings.camera, seed)
        self._motion = FocuserMotion(settings.focuser, self.weather, self.happenings)
        self._pointing = Pointing(settings.mount, self.happenings, site_longitude_deg, start)
        self._wheel = FilterWheel(settings.filters, clock)
        camera = Camera(settings.camera, clock, self._pixels, self.weather, self.happenings)
        focuser = Focuser(settings.focuser, clock, self._motion, self.weather, self.happenings, seed)
        telescope = Telescope(settings.optics, clock, self._pointing, site_latitude_deg, site_longitude_deg)
        conditions = ObservingConditions(clock, self.weather, self.happenings)
        safety = SafetyMonitor(clock, self.happenings)
        devices: tuple[Device, ...] = (camera, self._wheel, focuser, conditions, safety, telescope)
        self.devices = {device.kind: device for device in devices}
        self.judge = Judge(
            settings, self.optics, self.weather, self._motion, self._wheel, lambda: camera.exposures, clock, self.lock
        )

    def now(self) -> float:
        """Return the observatory's time, unix seconds."""
        return self._clock()

    @property
    def filter_names(self) -> tuple[str, ...]:
        """Names of the filters, in the order of their slots."""
        return tuple(slot.name for slot in self.settings.filters.slots)

    @property
    def server_gone(self) -> bool:
        """Whether the server must close connections without an answer now."""
        return bool(self.happenings.active(ServerGone, self._clock()))

    def _pixels(self, exposure: Exposure) -> NDArray[np.uint16]:
        """Return the pixels of an exposure, axes [x, y], from what was true in its middle."""
        if not self.settings.render:
            return self._sky.flat_frame(exposure.window)
        t = exposure.middle_at
        throughput = self._wheel.slot(t).throughput_percent / 100.0
        seeing = self.weather.seeing_arcsec(t, exposure.number)
        star = self.optics.star(self.judge.truth_at(t).defocus_um, seeing, self._trail_px(exposure))
        shot = Shot(
            number=exposure.number,
            window=exposure.window,
            exposure_s=exposure.exposure_s,
            star=star if exposure.light else None,
            transmission=throughput * self.weather.transparency(t),
            background=throughput if exposure.light else 0.0,
            turned=self._pointing.side(t) == PIER_EAST,
            electrons_per_adu=electrons_per_adu(self.settings.camera, exposure.gain),
            fast=exposure.fast,
        )
        return self._sky.frame(shot)

    def _trail_px(self, exposure: Exposure) -> float:
        t = exposure.middle_at
        if self._pointing.tracking(t) and not self._pointing.slewing(t):
            return 0.0
        speed = _SIDEREAL_ARCSEC_PER_S * math.cos(math.radians(self._pointing.dec_deg(t)))
        return speed * exposure.exposure_s / self.optics.arcsec_per_px
