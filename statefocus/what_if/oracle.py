"""How the telescope would have answered: true focus, curve and durations, learned from the recorded runs."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from math import hypot, sqrt
from statistics import median
from typing import Any

from statefocus import effects, events
from statefocus.effects import Effect
from statefocus.events import Event
from statefocus.focus import FocusPoint, find_focus
from statefocus.profile import Profile
from statefocus.what_if.recorded import Recorded
from statefocus.what_if.told import RunTold

TYPICAL_SHARPEST_PX = 2.0
TYPICAL_RISE = 3.0
"""Without any recorded curve: the measure at both ends of a sweep, in units of that in focus."""
RELATIVE_ERROR = 0.02
FARTHEST_STEP = 1_000_000


@dataclass(frozen=True, slots=True)
class Curve:
    """A telescope's curve: HFR = sqrt(sharpest^2 + (slope (position - best))^2), px and px a step."""

    sharpest: float
    slope: float

    def at(self, distance_steps: float) -> float:
        """The measure at a distance from best focus."""
        return hypot(self.sharpest, self.slope * distance_steps)


@dataclass
class Truth:
    """Where best focus was, between the positions that successful runs found."""

    anchors: list[tuple[float, float, str | None]] = field(default_factory=list)

    def of(self, filter_: str | None) -> list[tuple[float, float]]:
        """The positions that count for a filter: its own, or all where it has none."""
        own = [(t, best) for t, best, name in self.anchors if name == filter_]
        return own or [(t, best) for t, best, _ in self.anchors]

    def at(self, t: float, filter_: str | None) -> float | None:
        """Best focus at a time: linear between two runs, constant outside; None without any run."""
        anchors = self.of(filter_)
        if not anchors:
            return None
        index = bisect_left([moment for moment, _ in anchors], t)
        if index in (0, len(anchors)):
            return anchors[min(index, len(anchors) - 1)][1]
        (t0, best0), (t1, best1) = anchors[index - 1], anchors[index]
        return best0 if t1 == t0 else best0 + (best1 - best0) * (t - t0) / (t1 - t0)

    def known_at(self, t: float, filter_: str | None) -> bool:
        """Whether the time lies between two runs in that filter, so that drift can be told."""
        own = [moment for moment, _, name in self.anchors if name == filter_]
        return len(own) > 1 and own[0] <= t <= own[-1]


class Oracle:
    """Answers the effects of a supposed session.

    Attributes
    ----------
    truth
        Best focus over the night.
    curve
        The telescope's, as the recorded runs tell it.
    position
        Where the supposed focuser stands.
    invented
        Nobody has told where the focuser stands, so positions mean nothing.
    told
        What is assumed, in sentences.
    """

    def __init__(self, night: Recorded, profile: Profile) -> None:
        self._profile = profile
        self.told: list[str] = []
        self.truth = Truth(
            [(run.ended_t, float(run.position), run.filter) for run in _sound(night) if run.position is not None]
        )
        self.curve = self._learn_curve(night)
        self._latencies = self._learn_latencies(night)
        prepared = [one.event for one in night.of(events.FocuserPrepared)]
        first = next((event for event in prepared if isinstance(event, events.FocuserPrepared)), None)
        self._max_step = first.max_step if first else FARTHEST_STEP
        self._driver = first.driver_compensation if first else False
        self._stars = int(median([run.stars for run in night.runs if run.stars] or [100]))
        self.position: int | None = None
        self._assumed: int | None = None
        self.invented = False

    def _learn_curve(self, night: Recorded) -> Curve:
        found = [curve for run in _sound(night) if (curve := _curve_of(run)) is not None]
        if found:
            return Curve(median(one.sharpest for one in found), median(one.slope for one in found))
        autofocus = self._profile.autofocus
        half = autofocus.step_size_steps * (autofocus.points - 1) / 2
        self.told.append("No recorded run tells its curve: a typical one is taken, so that fits and verdicts can run.")
        return Curve(TYPICAL_SHARPEST_PX, TYPICAL_SHARPEST_PX * sqrt(TYPICAL_RISE**2 - 1) / half)

    def _learn_latencies(self, night: Recorded) -> dict[str, float]:
        """Seconds that each kind of effect takes, beyond an exposure's own time."""
        taken: defaultdict[str, list[float]] = defaultdict(list)
        for asked in (one for several in night.asked.values() for one in several):
            if asked.answer is not None and not isinstance(asked.answer.event, events.EffectFailed):
                own = float(asked.body.get("exposure_s", 0.0))
                taken[asked.body["effect"]].append(max(asked.answer.t - asked.t - own, 0.0))
        if "take_frame" in taken:
            self.told.append("Moves, frames and measurements take as long as the recorded ones did (median).")
            return {kind: median(seconds) for kind, seconds in taken.items()}
        return self._by_whole_runs([run.seconds for run in night.runs if run.outcome == "host" and run.seconds])

    def _by_whole_runs(self, seconds: list[float]) -> dict[str, float]:
        whole = median(seconds) if seconds else self._profile.autofocus.expected_run_s
        source = f"as the {len(seconds)} recorded ones did (median)" if seconds else "as autofocus.expected_run_s says"
        self.told.append(f"A run is taken to last {whole:.0f} s, {source}.")
        frames = self._profile.autofocus.points * self._profile.autofocus.frames_per_point + 1
        each = whole / frames - self._profile.focuser.settle_s - self._profile.autofocus.exposure_s
        return {"take_frame": max(each, 0.0)}

    def answer(self, effect: Effect, t: float, context: Any) -> tuple[float, Event]:
        """Give the seconds that an effect takes, and the event that answers it."""
        seconds = self._latencies.get(effect.kind, 0.0)
        if isinstance(effect, effects.StartTimer):
            seconds = effect.seconds
        elif isinstance(effect, effects.TakeFrame):
            seconds += effect.exposure_s
        told: dict[str, Any] = getattr(self, f"_{effect.kind}", _nothing)(effect, t, context)
        return seconds, events.KINDS[str(effect.answer)](**{"effect": effect.id, **told})

    def stands(self, t: float, filter_: str | None) -> int:
        """Where the focuser stands; in focus, while nobody has told."""
        if self.position is None:
            best = self.truth.at(t, filter_)
            self.position = FARTHEST_STEP // 2 if best is None else round(best)
            self.invented = best is None
            self.told.append(
                "The trace tells no focuser position: those of the supposed runs are not told either."
                if best is None
                else "The trace does not tell where the focuser stood at first: it is taken to have been in focus."
            )
        return self.position

    # --- answers that tell something ---

    def _pause_plan(self, _effect: effects.PausePlan, _t: float, context: Any) -> dict[str, Any]:
        return {"running": context.plan.running}

    def _prepare_focuser(self, _effect: effects.PrepareFocuser, t: float, context: Any) -> dict[str, Any]:
        where = self.stands(t, context.plan.filter)
        self._assumed = where if self._assumed is None else self._assumed
        return {"position": where, "max_step": self._max_step, "absolute": True, "driver_compensation": self._driver}

    def _move_focuser(self, effect: effects.MoveFocuser, _t: float, _context: Any) -> dict[str, Any]:
        return {"position": effect.position}

    def _set_filter(self, effect: effects.SetFilter, _t: float, _context: Any) -> dict[str, Any]:
        return {"filter": effect.filter}

    def _switch_driver_compensation(self, _effect: Effect, _t: float, _context: Any) -> dict[str, Any]:
        return {"former": self._driver}

    def _halt_devices(self, _effect: effects.HaltDevices, t: float, context: Any) -> dict[str, Any]:
        return {"position": self.stands(t, context.plan.filter)}

    def _take_frame(self, effect: effects.TakeFrame, _t: float, _context: Any) -> dict[str, Any]:
        return {"frame": f"supposed-{effect.id:06d}"}

    def _measure_frame(self, _effect: effects.MeasureFrame, t: float, context: Any) -> dict[str, Any]:
        best, where = self.truth.at(t, context.plan.filter), self.stands(t, context.plan.filter)
        value = round(self.curve.at(where - (self._assumed or 0 if best is None else best)), 6)
        return {"value": value, "error": round(RELATIVE_ERROR * value, 6), "stars": self._stars}


def _nothing(_effect: Effect, _t: float, _context: Any) -> dict[str, Any]:
    return {}


def _sound(night: Recorded) -> list[RunTold]:
    """The runs whose focus point is believed: validated ones, and those of another program that succeeded."""
    return [run for run in night.runs if run.position is not None and run.outcome in ("validated", "host")]


def _curve_of(run: RunTold) -> Curve | None:
    """The curve of a run: its minimum by the fit, its slope by the points in the outer half."""
    fit = find_focus([FocusPoint(position, measure) for position, measure in run.points])
    if fit.best_position is None or not fit.predicted_measure or fit.predicted_measure <= 0:
        return None
    best, least = fit.best_position, fit.predicted_measure
    reach = max(abs(position - best) for position, _ in run.points)
    slopes = [
        sqrt(measure**2 - least**2) / abs(position - best)
        for position, measure in run.points
        if abs(position - best) >= reach / 2 and measure > least
    ]
    return Curve(least, median(slopes)) if slopes else None
