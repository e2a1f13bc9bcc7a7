"""A season of nights as one trace: a remote observatory whose session is never ended, night after night.

Each night has ten hours, a temperature every ten seconds, mount and safety monitor every twenty, exposures of three to
five minutes, a meridian flip, and a tube that cools by some degrees: six to ten runs. All is drawn from one seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from math import exp
from pathlib import Path
from random import Random
from typing import Any

from statefocus import events
from statefocus.effects import MeasureFrame
from statefocus.events import Event
from statefocus.testing import START_T, Happening, SimulatedRig
from tests.trace.tapes import record

DAY_S, NIGHT_S = 86_400.0, 36_000.0
TEMPERATURE_S, FACTS_S = 10.0, 20.0
STEPS_PER_DEGREE = 4.0
PROFILE: dict[str, Any] = {"triggers": {"temperature": {"limit_c": 1.0}}, "autofocus": {"step_size_steps": 15}}


class SeasonRig(SimulatedRig):
    """A rig whose tube cools, whose stars scatter, and whose devices are read while everything else goes on."""

    def __init__(self, seed: int = 1) -> None:
        self.chance = Random(seed)  # noqa: S311  # weather, not secrets
        self.dusk, self.warmest_c, self.fall_c = START_T, 12.0, 7.0
        self.temperature_t = self.facts_t = START_T
        super().__init__(PROFILE)

    def night(self, number: int) -> None:
        """Attend one night, from dusk to dawn; the plan's filter is another one each night."""
        self.dusk = START_T + number * DAY_S
        self.warmest_c, self.fall_c = self.chance.uniform(8.0, 12.0), self.chance.uniform(4.0, 7.0)
        self.t = self.temperature_t = self.facts_t = self.dusk
        self.look_around()
        self.send(events.SunRead(altitude_deg=round(self.chance.uniform(-19.0, -18.0), 3)))
        self.work(events.PlanStarted(frame_type="Light", frames=150, filter="LRGB"[number % 4]))
        flip_t = self.dusk + self.chance.uniform(0.3, 0.7) * NIGHT_S
        while self.t < self.dusk + NIGHT_S:
            self.facts["flip_in_s"] = round(flip_t - self.t, 3) if flip_t > self.t else DAY_S
            self.frame()
            if self.facts["flip_in_s"] < 300.0:
                self.flip()
        self.work(events.PlanFinished())

    def frame(self) -> None:
        """Take one frame of the plan."""
        exposure_s = self.chance.choice([180.0, 240.0, 300.0])
        self.frames += 1
        self.send(events.FramePreparing(number=self.frames, frame_type="Light"))
        self.until_t(self.t + 0.4)
        self.send(events.ExposureStarted(number=self.frames, exposure_s=exposure_s))
        self.until_t(self.t + exposure_s)
        self.send(events.ExposureEnded(number=self.frames))
        self.until_t(self.t + round(self.chance.uniform(1.5, 2.5), 3))
        file = f"season/Light-{self.frames:06d}.fits"
        saved = events.FrameSaved(
            number=self.frames, frame_type="Light", position=self.position, next_frame_type="Light", file=file
        )
        self.work(saved)

    def flip(self) -> None:
        """Take the telescope to the other side of the pier."""
        self.work(events.FlipStarted())
        self.until_t(self.t + 90.0)
        self.facts["flip_in_s"] = DAY_S
        self.work(events.FlipFinished(pier_side="west"))

    def work(self, event: Event) -> None:
        """Tell an event, and carry out what follows while the devices are read as ever."""
        self.send(event)
        while self.waiting:
            self.until_t(self.t)
            self.answer()

    def until_t(self, t: float) -> None:
        """Let time pass, and read the devices whenever it is time to."""
        while min(self.temperature_t, self.facts_t) <= t:
            self.t = max(self.t, min(self.temperature_t, self.facts_t))
            self.look_around()
        self.t = round(max(self.t, t), 3)

    def look_around(self) -> None:
        """Read the devices that are to be read by now."""
        if self.temperature_t <= self.t:
            self.temperature_t += TEMPERATURE_S
            celsius = self.celsius()
            self.send(events.TemperatureRead(focuser_c=celsius, external_c=round(celsius - 1.3, 2)))
        if self.facts_t <= self.t:
            self.facts_t += FACTS_S
            facts = self.facts
            flip_in_s = max(facts["flip_in_s"] - (self.t % 1.0), 0.0)
            self.send(events.MountRead(tracking=True, parked=False, flip_in_s=flip_in_s))
            self.send(events.SafetyRead(safe=True))

    def celsius(self) -> float:
        """Temperature of the tube; the focus follows it."""
        cooled = self.fall_c * (1 - exp(-(self.t - self.dusk) / (0.6 * NIGHT_S)))
        self.best = 10_000.0 + STEPS_PER_DEGREE * (self.warmest_c - cooled - 10.0)
        return round(self.warmest_c - cooled + self.chance.gauss(0.0, 0.03), 2)

    def _measure_frame(self, effect: MeasureFrame) -> dict[str, Any]:
        measured = super()._measure_frame(effect)
        scatter = 1.0 + self.chance.gauss(0.0, 0.015)
        return {"value": measured["value"] * scatter, "error": measured["error"], "stars": self.chance.randint(60, 140)}


def season(rig: SeasonRig, least_events: int) -> Iterator[Happening]:
    """Attend whole nights, until there are at least so many events, and the end of the session."""
    told = 0
    for number in count():
        rig.night(number)
        told += len(rig.log)
        yield from rig.log
        rig.log.clear()
        if told >= least_events:
            break
    rig.work(events.SessionEnding(reason="the season is over"))
    rig.work(events.SessionEnded())
    yield from rig.log


def write_season(path: Path, least_events: int, seed: int = 1) -> int:
    """Write a season's trace as its runner would; gives the number of its events."""
    rig = SeasonRig(seed)
    return record(path, rig, season(rig, least_events))
