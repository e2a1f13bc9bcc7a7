"""The focuser's mechanics: the step counter, and the draw tube that follows it through backlash and slips.

Nothing is stored but the commands; where the focuser is at any moment is computed from them. The draw tube follows an
inward move at once, and an outward one only after the slack of `backlash_steps` is taken up.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from statefocus.observatory.happenings import Happenings
from statefocus.observatory.weather import Weather
from statefocus.profile.happenings import FocuserStuck
from statefocus.profile.observatory import ObservatoryFocuser

_COMPENSATES_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class _Leg:
    """What one command leads to; lasts until the next."""

    starts_at: float
    ends_at: float
    from_steps: float
    to_steps: float
    tube_from_steps: float
    compensates: bool


class FocuserMotion:
    """Where the step counter and the draw tube are.

    Parameters
    ----------
    settings
        Backlash, speed, and the driver's compensation.
    weather
        The tube's temperature, for the driver's compensation.
    happenings
        Stuck and slipping.
    """

    def __init__(self, settings: ObservatoryFocuser, weather: Weather, happenings: Happenings) -> None:
        self._settings = settings
        self._weather = weather
        self._happenings = happenings
        start = float(settings.start_steps)
        self._legs = [_Leg(float("-inf"), float("-inf"), start, start, start, compensates=False)]

    @property
    def compensates(self) -> bool:
        """Whether the driver compensates for temperature."""
        return self._legs[-1].compensates

    def reported_steps(self, t: float) -> int:
        """Return the step counter at `t` (unix seconds)."""
        return round(self._counter_and_gear(t)[0])

    def tube_steps(self, t: float) -> float:
        """Return where the draw tube really is at `t` (unix seconds), in steps."""
        return self._counter_and_gear(t)[1] + self._happenings.slipped_steps(t)

    def is_moving(self, t: float) -> bool:
        """Return whether a commanded move is under way."""
        leg = self._leg(t)
        return leg.starts_at <= t < leg.ends_at

    def move(self, t: float, target_steps: int) -> None:
        """Start a move; a stuck focuser stops short of its target."""
        start = self.reported_steps(t)
        speed = self._settings.speed_steps_per_s
        ends_at = t + abs(target_steps - start) / speed
        reach = self._reach(t, ends_at)
        self._begin(t, t + (ends_at - t) * reach, start + (target_steps - start) * reach, self.compensates)

    def halt(self, t: float) -> None:
        """Stop where it is."""
        self._begin(t, t, self.reported_steps(t), self.compensates)

    def compensate(self, t: float, *, on: bool) -> None:
        """Switch the driver's compensation; a move that is under way ends here."""
        self._begin(t, t, self.reported_steps(t), on)

    def _begin(self, t: float, ends_at: float, to_steps: float, compensates: bool) -> None:  # noqa: FBT001 - private
        counter, gear = self._counter_and_gear(t)
        self._legs.append(_Leg(t, ends_at, round(counter), round(to_steps), gear, compensates))

    def _reach(self, t: float, ends_at: float) -> float:
        """Return how much of a move is made, 0..1."""
        for stuck in self._happenings.active(FocuserStuck, t):
            return stuck.moves_percent / 100.0
        sticks_at = self._happenings.first_start(FocuserStuck, t, ends_at)
        return 1.0 if sticks_at is None else (sticks_at - t) / (ends_at - t)

    def _leg(self, t: float) -> _Leg:
        return self._legs[max(0, bisect_right(self._legs, t, key=lambda leg: leg.starts_at) - 1)]

    def _counter_and_gear(self, t: float) -> tuple[float, float]:
        leg = self._leg(t)
        if t < leg.ends_at:
            share = (t - leg.starts_at) / (leg.ends_at - leg.starts_at)
            counter = leg.from_steps + (leg.to_steps - leg.from_steps) * share
            return counter, self._driven(leg.tube_from_steps, counter)
        gear = self._driven(leg.tube_from_steps, leg.to_steps)
        return self._compensated(leg, gear, t) if leg.compensates else (leg.to_steps, gear)

    def _driven(self, gear: float, counter: float) -> float:
        return min(max(gear, counter - self._settings.backlash_steps), counter)

    def _compensated(self, leg: _Leg, gear: float, t: float) -> tuple[float, float]:
        """Follow the temperature from the leg's end on, in corrections that do not depend on when one asks."""
        reference_c = self._weather.tube_c(leg.ends_at)
        counter = leg.to_steps
        for correction in range(1, int((t - leg.ends_at) // _COMPENSATES_EVERY_S) + 1):
            change_c = self._weather.tube_c(leg.ends_at + correction * _COMPENSATES_EVERY_S) - reference_c
            wanted = round(leg.to_steps + self._settings.driver_steps_per_c * change_c)
            counter = min(max(wanted, 0), self._settings.max_steps)
            gear = self._driven(gear, counter)
        return counter, gear
