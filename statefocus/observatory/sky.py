"""The sky on the sensor: a star catalogue, and frames with all the noise of a real camera.

Arrays have axes [x, y], as Alpaca sends them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statefocus.observatory.optics import StarImage
from statefocus.profile.observatory import ObservatoryCamera, ObservatorySky

_CATALOGUE, _HOT_PIXELS, _COSMIC_RAYS, _NOISE, _POINTING = 21, 22, 23, 24, 25
_MAX_ADU = 65535
_HOT_ELECTRONS_PER_S = 60.0
_FAST_READ_NOISE_FACTOR = 1.6
FLAT_FRAME_ADU = 100

Electrons = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the sensor that is read, in unbinned pixels; the width and height are multiples of the binning."""

    start_x: int
    start_y: int
    width: int
    height: int
    binning: int


@dataclass(frozen=True, slots=True)
class Shot:
    """What decides the pixels of one exposure.

    Attributes
    ----------
    number
        Counts exposures; seeds the noise.
    window
        Part of the sensor.
    exposure_s
        How long light was gathered.
    star
        How a star looks; None leaves the stars out.
    transmission
        Share of starlight that reaches the sensor, 0..1.
    background
        The same for the sky background; 0 for darks.
    turned
        Whether the field is turned by 180 degrees (other side of the pier).
    electrons_per_adu
        At the exposure's gain.
    fast
        Whether it is read fast.
    """

    number: int
    window: Window
    exposure_s: float
    star: StarImage | None
    transmission: float
    background: float
    turned: bool
    electrons_per_adu: float
    fast: bool


class Sky:
    """A star field on a sensor; the same seed gives the same field and the same noise.

    Parameters
    ----------
    settings, camera
        The field, and the sensor.
    seed
        Of the night.
    """

    def __init__(self, settings: ObservatorySky, camera: ObservatoryCamera, seed: int) -> None:
        self._settings = settings
        self._camera = camera
        self._seed = seed
        self._size = np.array([camera.width_px, camera.height_px], dtype=np.float64)
        rng = np.random.default_rng([seed, _CATALOGUE])
        low, high = (rate**-settings.slope for rate in _rates(settings))
        uniform = rng.random(settings.stars)
        self._rates = (low + uniform * (high - low)) ** (-1.0 / settings.slope)
        self._places = rng.uniform(-0.5, self._size - 0.5, (settings.stars, 2))
        self._hot, self._hot_rates = self._hot_pixels()

    def _hot_pixels(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        rng = np.random.default_rng([self._seed, _HOT_PIXELS])
        size = (self._camera.width_px, self._camera.height_px)
        count = round(size[0] * size[1] * self._camera.hot_pixels_percent / 100.0)
        return rng.integers(0, size, (count, 2)), rng.exponential(_HOT_ELECTRONS_PER_S, count) + 20.0

    def frame(self, shot: Shot) -> NDArray[np.uint16]:
        """Return the frame of a shot, shape (width, height) in binned pixels, axes [x, y], in ADU."""
        window, camera = shot.window, self._camera
        background = np.float32(self._settings.background_electrons_per_s * shot.background * shot.exposure_s)
        light = np.full((window.width, window.height), background, dtype=np.float32)
        if shot.star is not None and shot.transmission > 0.0:
            self._add_stars(light, shot, shot.star)
        self._add_hot_pixels(light, shot)
        self._add_cosmic_rays(light, shot)
        np.minimum(light, np.float32(camera.full_well_electrons), out=light)
        light = _binned(light, window.binning)
        self._add_noise(light, shot)
        light *= np.float32(1.0 / shot.electrons_per_adu)
        light += np.float32(camera.bias_adu + 0.5)
        return np.clip(light, 0, _MAX_ADU, out=light).astype(np.uint16)

    def flat_frame(self, window: Window) -> NDArray[np.uint16]:
        """Return a frame without stars or noise, for nights in which only the truth counts."""
        shape = (window.width // window.binning, window.height // window.binning)
        return np.full(shape, self._camera.bias_adu + FLAT_FRAME_ADU, dtype=np.uint16)

    def _add_stars(self, light: Electrons, shot: Shot, star: StarImage) -> None:
        jitter = np.random.default_rng([self._seed, _POINTING, shot.number]).standard_normal(2)
        places = self._size - 1.0 - self._places if shot.turned else self._places
        start = np.array([shot.window.start_x, shot.window.start_y], dtype=np.float64)
        cells = np.floor((places + self._settings.pointing_jitter_px * jitter - start + 0.5) * star.over)
        corners, phases = np.divmod(cells.astype(np.int64), star.over)
        corners -= star.half_px
        stamps = star.in_pixels()
        electrons = (self._rates * (shot.transmission * shot.exposure_s)).astype(np.float32)
        rows = zip(corners.tolist(), phases.tolist(), electrons, strict=True)
        for (x, y), (phase_x, phase_y), amount in rows:
            _add_stamp(light, stamps[phase_x, phase_y], x, y, amount)

    def _add_hot_pixels(self, light: Electrons, shot: Shot) -> None:
        x, y = self._hot[:, 0] - shot.window.start_x, self._hot[:, 1] - shot.window.start_y
        inside = (x >= 0) & (y >= 0) & (x < shot.window.width) & (y < shot.window.height)
        light[x[inside], y[inside]] += (self._hot_rates[inside] * shot.exposure_s).astype(np.float32)

    def _add_cosmic_rays(self, light: Electrons, shot: Shot) -> None:
        rng = np.random.default_rng([self._seed, _COSMIC_RAYS, shot.number])
        share = light.size / (self._size[0] * self._size[1])
        hits = rng.poisson(self._camera.cosmic_rays_per_min * shot.exposure_s / 60.0 * share)
        for _ in range(hits):
            along = np.arange(rng.integers(1, 15))
            angle = rng.uniform(0.0, np.pi)
            x = (rng.integers(0, light.shape[0]) + along * np.cos(angle)).astype(np.int64)
            y = (rng.integers(0, light.shape[1]) + along * np.sin(angle)).astype(np.int64)
            inside = (x >= 0) & (y >= 0) & (x < light.shape[0]) & (y < light.shape[1])
            light[x[inside], y[inside]] += np.float32(rng.uniform(300.0, 4000.0))

    def _add_noise(self, light: Electrons, shot: Shot) -> None:
        """Add photon and read noise; the normal stand-in for Poisson is good from a few electrons on."""
        noise = np.random.default_rng([self._seed, _NOISE, shot.number]).standard_normal(light.shape, dtype=np.float32)
        read = self._camera.read_noise_electrons * (_FAST_READ_NOISE_FACTOR if shot.fast else 1.0)
        noise *= np.sqrt(light + np.float32((read * shot.window.binning) ** 2))
        light += noise


def _rates(settings: ObservatorySky) -> tuple[float, float]:
    return settings.faintest_electrons_per_s, settings.brightest_electrons_per_s


def _add_stamp(light: Electrons, stamp: Electrons, x: int, y: int, amount: np.float32) -> None:
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(stamp.shape[0], light.shape[0] - x), min(stamp.shape[1], light.shape[1] - y)
    if right > left and bottom > top:
        light[x + left : x + right, y + top : y + bottom] += stamp[left:right, top:bottom] * amount


def _binned(light: Electrons, binning: int) -> Electrons:
    if binning == 1:
        return light
    columns, rows = light.shape[0] // binning, light.shape[1] // binning
    summed: Electrons = light.reshape(columns, binning, rows, binning).sum(axis=(1, 3), dtype=np.float32)
    return summed
