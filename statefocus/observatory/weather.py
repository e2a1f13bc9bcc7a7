"""Weather: the ambient temperature, the tube that lags behind it, the seeing, clouds, and what a station reads.

The ambient temperature is a sum of a decay, sines and steps; a tube that follows by Newton's law of cooling,
dT/dt = (ambient - T) / lag, then has a closed form, so that any moment of the night can be asked in any order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from statefocus.observatory.happenings import Happenings
from statefocus.profile.happenings import BadSeeing, Clouds, TemperatureJump
from statefocus.profile.observatory import ObservatoryWeather

_WIGGLE_PERIODS_S = (17 * 60.0, 31 * 60.0, 53 * 60.0)
_SEEING_PERIODS_S = (13 * 60.0, 47 * 60.0)
_WIGGLES, _SEEING_WANDER, _SEEING_JITTER, _WIND = 11, 12, 13, 14
_FOUR_HOURS_S = 4 * 3600.0
NO_STARS_MAGNITUDES = 99.0


@dataclass(frozen=True, slots=True)
class _Sine:
    height: float
    omega: float
    phase: float

    def at(self, t: float) -> float:
        return self.height * math.sin(self.omega * t + self.phase)

    def lagging(self, t: float, lag_s: float) -> float:
        gain = 1.0 / math.hypot(1.0, self.omega * lag_s)
        return gain * self.height * math.sin(self.omega * t + self.phase - math.atan(self.omega * lag_s))


def _sines(seed: int, purpose: int, periods_s: tuple[float, ...], height: float) -> tuple[_Sine, ...]:
    phases = np.random.default_rng([seed, purpose]).uniform(0.0, 2.0 * math.pi, len(periods_s))
    share = height / len(periods_s)
    return tuple(
        _Sine(share, 2.0 * math.pi / period, float(phase)) for period, phase in zip(periods_s, phases, strict=True)
    )


class Weather:
    """The weather of one night.

    Parameters
    ----------
    settings
        Temperatures and seeing.
    happenings
        Clouds, jumps and bad seeing come from here.
    seed
        Sets the wiggles and the jitter.
    started_at
        Start of the session, unix seconds; before it everything is as at the start.
    """

    def __init__(self, settings: ObservatoryWeather, happenings: Happenings, seed: int, started_at: float) -> None:
        self._settings = settings
        self._happenings = happenings
        self._seed = seed
        self._started_at = started_at
        self._wiggles = _sines(seed, _WIGGLES, _WIGGLE_PERIODS_S, settings.wiggle_c)
        self._wander = _sines(seed, _SEEING_WANDER, _SEEING_PERIODS_S, settings.seeing_wander_percent / 100.0)
        self._wind = _sines(seed, _WIND, _WIGGLE_PERIODS_S, 0.6)
        self._decay_s = settings.fall_time_constant_min * 60.0
        self._lag_s = settings.tube_lag_min * 60.0
        if math.isclose(self._lag_s, self._decay_s, rel_tol=1e-3):
            self._lag_s = self._decay_s * 1.001  # the closed form divides by their difference
        self._fall_c = settings.fall_in_four_hours_c / -math.expm1(-_FOUR_HOURS_S / self._decay_s)

    def _elapsed(self, t: float) -> float:
        return max(0.0, t - self._started_at)

    def ambient_c(self, t: float) -> float:
        """Return the ambient temperature at `t` (unix seconds), in degrees Celsius."""
        s = self._elapsed(t)
        fall = self._fall_c * -math.expm1(-s / self._decay_s)
        wiggle = sum(sine.at(s) - sine.at(0.0) for sine in self._wiggles)
        jumps = sum(jump.celsius for jump in self._happenings.active(TemperatureJump, t))
        return self._settings.ambient_at_start_c - fall + wiggle + jumps

    def tube_c(self, t: float) -> float:
        """Return the temperature of the tube at `t` (unix seconds), in degrees Celsius."""
        s = self._elapsed(t)
        at_start = self._settings.ambient_at_start_c + self._settings.tube_excess_at_start_c
        fading = math.exp(-s / self._lag_s)
        jumps = sum(self._jump_felt(jump, t) for jump in self._happenings.of(TemperatureJump))
        return self._steady_c(s) + (at_start - self._steady_c(0.0)) * fading + jumps

    def _steady_c(self, s: float) -> float:
        fall = self._fall_c * (1.0 - math.exp(-s / self._decay_s) * self._decay_s / (self._decay_s - self._lag_s))
        wiggle = sum(sine.lagging(s, self._lag_s) - sine.at(0.0) for sine in self._wiggles)
        return self._settings.ambient_at_start_c - fall + wiggle

    def _jump_felt(self, jump: TemperatureJump, t: float) -> float:
        begun = max(0.0, t - self._happenings.starts(jump))
        over = max(0.0, t - self._happenings.ends(jump))
        return jump.celsius * (math.exp(-over / self._lag_s) - math.exp(-begun / self._lag_s))

    def mean_seeing_arcsec(self, t: float) -> float:
        """Return the FWHM of the seeing at `t` (unix seconds), without the jitter of a single frame."""
        s = self._elapsed(t)
        wander = 1.0 + sum(sine.at(s) for sine in self._wander)
        bad = math.prod(item.factor for item in self._happenings.active(BadSeeing, t))
        return self._settings.seeing_arcsec * wander * bad

    def seeing_arcsec(self, t: float, exposure_number: int) -> float:
        """Return the FWHM of the seeing in one exposure with its middle at `t`."""
        sigma = math.log1p(self._settings.seeing_jitter_percent / 100.0)
        normal = np.random.default_rng([self._seed, _SEEING_JITTER, exposure_number]).standard_normal()
        return self.mean_seeing_arcsec(t) * math.exp(sigma * float(normal))

    def cloud_magnitudes(self, t: float) -> float:
        """Return by how many magnitudes clouds dim the stars; 99 or more leaves none."""
        return sum(item.magnitudes for item in self._happenings.active(Clouds, t))

    def transparency(self, t: float) -> float:
        """Return the share of starlight that passes the clouds, 0..1."""
        magnitudes = self.cloud_magnitudes(t)
        return 0.0 if magnitudes >= NO_STARS_MAGNITUDES else math.pow(10.0, -0.4 * magnitudes)

    def humidity_percent(self, t: float) -> float:
        """Return the humidity; it grows as the air cools with its water, at most 100."""
        dew_point_c = self._dew_point_at_start_c()
        return min(100.0, 100.0 * math.exp(_magnus(dew_point_c) - _magnus(self.ambient_c(t))))

    def dew_point_c(self, t: float) -> float:
        """Return the dew point, in degrees Celsius; never above the ambient temperature."""
        return min(self._dew_point_at_start_c(), self.ambient_c(t))

    def _dew_point_at_start_c(self) -> float:
        share = self._settings.humidity_percent / 100.0
        exponent = math.log(share) + _magnus(self._settings.ambient_at_start_c)
        return 243.04 * exponent / (17.625 - exponent)

    def wind_m_per_s(self, t: float) -> float:
        """Return the wind speed, in metres per second."""
        return self._settings.wind_m_per_s * (1.0 + sum(sine.at(self._elapsed(t)) for sine in self._wind))


def _magnus(celsius: float) -> float:
    """Return the exponent of the Magnus formula (Alduchov & Eskridge 1996) for the pressure of water vapour."""
    return 17.625 * celsius / (243.04 + celsius)
