"""The judge knows the truth: where best focus was, where the draw tube was, and whether a frame was in focus."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from statefocus.observatory.device import Clock
from statefocus.observatory.exposures import Exposure
from statefocus.observatory.filterwheel import FilterWheel
from statefocus.observatory.motion import FocuserMotion
from statefocus.observatory.optics import Optics
from statefocus.observatory.weather import Weather
from statefocus.profile.observatory import ObservatorySettings


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth about focus at one moment.

    Attributes
    ----------
    t
        Unix seconds.
    filter_name
        For which filter.
    tube_c
        True temperature of the tube.
    reported_steps
        What the focuser reports.
    tube_steps
        Where the draw tube really is.
    best_steps
        Where it should be.
    defocus_steps, defocus_um
        How far it is off; positive is outward.
    cfz_um
        Width of the critical focus zone.
    """

    t: float
    filter_name: str
    tube_c: float
    reported_steps: int
    tube_steps: float
    best_steps: float
    defocus_steps: float
    defocus_um: float
    cfz_um: float

    @property
    def in_focus(self) -> bool:
        """Whether the draw tube is within half the critical focus zone of best focus."""
        return abs(self.defocus_um) <= self.cfz_um / 2.0

    @property
    def best_reported_steps(self) -> float:
        """The reading that would be best focus, if approached as the draw tube stands now."""
        return self.reported_steps - self.defocus_steps


@dataclass(frozen=True, slots=True)
class JudgedExposure:
    """One exposure that gave an image, and the truth in its middle.

    Attributes
    ----------
    number
        Counts every exposure of the camera, from 1.
    started_at, middle_at
        Unix seconds.
    exposure_s
        How long.
    light
        False for a dark.
    truth
        The truth at `middle_at`.
    """

    number: int
    started_at: float
    middle_at: float
    exposure_s: float
    light: bool
    truth: Truth

    @property
    def in_focus(self) -> bool:
        """Whether it was in focus."""
        return self.truth.in_focus

    @property
    def defocus_um(self) -> float:
        """How far it was off; positive is outward."""
        return self.truth.defocus_um


class Judge:
    """What was true in the night; the devices never tell.

    Parameters
    ----------
    settings
        Where best focus is.
    optics, weather, motion, wheel
        What it depends on.
    taken
        The camera's exposures so far.
    now
        The clock.
    lock
        Held while a request changes the devices.
    """

    def __init__(
        self,
        settings: ObservatorySettings,
        optics: Optics,
        weather: Weather,
        motion: FocuserMotion,
        wheel: FilterWheel,
        taken: Callable[[], tuple[Exposure, ...]],
        now: Clock,
        lock: AbstractContextManager[bool],
    ) -> None:
        self._settings = settings
        self._optics = optics
        self._weather = weather
        self._motion = motion
        self._wheel = wheel
        self._taken = taken
        self._now = now
        self._lock = lock

    @property
    def exposures(self) -> tuple[JudgedExposure, ...]:
        """Every exposure that has ended and was neither aborted nor hung, in order."""
        with self._lock:
            now = self._now()
            return tuple(self._judged(exposure) for exposure in self._taken() if exposure.finished(now))

    def truth_at(self, t: float, filter_name: str | None = None) -> Truth:
        """Return the truth at `t` (unix seconds), for a filter; without a name, for the one that is in.

        Raises
        ------
        KeyError
            There is no filter of that name.
        """
        with self._lock:
            slots = {slot.name: slot for slot in self._settings.filters.slots}
            slot = slots[filter_name] if filter_name is not None else self._wheel.slot(t)
            optics, tube_c = self._settings.optics, self._weather.tube_c(t)
            drift = optics.drift_steps_per_c * (tube_c - optics.reference_c)
            best = optics.best_focus_steps + drift + slot.offset_steps
            tube = self._motion.tube_steps(t)
            return Truth(
                t=t,
                filter_name=slot.name,
                tube_c=tube_c,
                reported_steps=self._motion.reported_steps(t),
                tube_steps=tube,
                best_steps=best,
                defocus_steps=tube - best,
                defocus_um=(tube - best) * self._settings.focuser.um_per_step,
                cfz_um=self._optics.cfz_um,
            )

    def _judged(self, exposure: Exposure) -> JudgedExposure:
        return JudgedExposure(
            number=exposure.number,
            started_at=exposure.started_at,
            middle_at=exposure.middle_at,
            exposure_s=exposure.exposure_s,
            light=exposure.light,
            truth=self.truth_at(exposure.middle_at),
        )
