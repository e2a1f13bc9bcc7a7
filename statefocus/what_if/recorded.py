"""What a trace recorded, taken apart: the world's events, the plan's, the runs, and how each effect was answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from statefocus import events
from statefocus.context import REFOCUSED
from statefocus.errors import TraceError
from statefocus.events import Answer, Event
from statefocus.trace.encoding import decode_event
from statefocus.trace.focus_log import host_outcome, host_seconds
from statefocus.trace.reading import Line, TraceReader, headed
from statefocus.trace.schema import sound
from statefocus.what_if.told import Asked, Happened, LightFrame, RunTold, due_told, held_before

WORLD = (
    events.TemperatureRead,
    events.MountRead,
    events.SafetyRead,
    events.SunRead,
    events.AidOpened,
    events.AidClosed,
    events.RefocusRequested,
    events.RunRequested,
    events.CancelRequested,
    events.UndoRequested,
    events.TriggersPaused,
    events.TriggersResumed,
    events.ConfirmationGiven,
)
"""What happened whatever the session did."""


@dataclass
class Recorded:
    """A night as its trace tells it."""

    header: Line
    happened: list[Happened] = field(default_factory=list)
    asked: dict[int, list[Asked]] = field(default_factory=dict)
    runs: list[RunTold] = field(default_factory=list)
    frames: list[LightFrame] = field(default_factory=list)
    holds: list[tuple[float, float]] = field(default_factory=list)
    torn: bool = False

    @property
    def imported(self) -> dict[str, Any] | None:
        """What the header says of another program's log; None for a trace of a session that statefocus attended."""
        told = self.header.body.get("imported")
        return told if isinstance(told, dict) else None

    @property
    def time_zone(self) -> str:
        """IANA name of the site's zone."""
        return str(self.header.body.get("time_zone", "UTC"))

    @property
    def world_kinds(self) -> tuple[type[Event], ...]:
        """What keeps its times; in another program's log, the mount does only what the plan makes it do."""
        kinds: tuple[type[Event], ...] = WORLD
        if self.imported is not None:
            kinds = tuple(kind for kind in kinds if kind is not events.MountRead)
        ended_by_plan = any(self.of(events.PlanFinished))
        return kinds if ended_by_plan else (*kinds, events.SessionEnding)

    def held_before(self, t: float) -> float:
        """Seconds for which the plan had been held for focusing until then."""
        return held_before(self.holds, t)

    def of(self, *kinds: type[Event]) -> Iterator[Happened]:
        """The events of some kinds."""
        return (one for one in self.happened if isinstance(one.event, kinds))


@dataclass
class _Reading:
    """A trace being read."""

    night: Recorded
    last_t: float
    position: int | None = None
    begun: tuple[float, str] | None = None
    within: int | None = None
    by_effect: dict[int, Asked] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        sound(line)
        if line.t < self.last_t:
            raise TraceError(
                "its time lies before that of the line before it; `statefocus audit` tells more.", line.number
            )
        self.last_t = line.t
        if line.kind == "event":
            self.within = line.run
            self._event(line)
        elif line.kind == "step":
            self._step(line)
        elif line.kind == "effect":
            asked = Asked(line.t, line.body)
            self.night.asked.setdefault(len(self.night.happened) - 1, []).append(asked)
            self.by_effect[line.body["id"]] = asked
        elif line.kind == "run":
            try:
                self._run(line)
            except (TypeError, ValueError, KeyError) as error:
                raise TraceError(
                    f"this run cannot be read ({error}); `statefocus audit` tells more.", line.number
                ) from None

    def _event(self, line: Line) -> None:
        event = decode_event(line.body, line.number)
        one = Happened(len(self.night.happened), line.t, event)
        self.night.happened.append(one)
        if isinstance(event, Answer) and event.effect in self.by_effect:
            self.by_effect[event.effect].answer = one
        if isinstance(event, events.SessionStarted | events.FocuserMoved | events.FocuserPrepared):
            self.position = event.position
        elif isinstance(event, events.FocuserRead):
            self.position = self.position if event.position is None else event.position
        elif isinstance(event, events.FrameSaved) and event.frame_type == "Light":
            where = event.position if self.position is None else self.position
            self.night.frames.append(LightFrame(line.t, event.filter, where))
        elif isinstance(event, events.HostRefocused):
            self._host(line.t, event)

    def _host(self, t: float, event: events.HostRefocused) -> None:
        self.position = self.position if event.position is None else event.position
        start = max(t - max(event.seconds, 0.0), self.night.header.t)
        plan_t = start - self.night.held_before(start)
        outcome = host_outcome(event)
        self.night.holds.append((start, t))
        why = event.trigger or "not told"
        self.night.runs.append(
            RunTold(
                start, t, plan_t, ("host",), outcome, event.position, event.filter, why, event.sentence, event.points,
                timed=host_seconds(event) is not None,
            )
        )  # fmt: skip

    def _step(self, line: Line) -> None:
        """Note a run that a step begins: the step belongs to one, and its event came outside of any."""
        body = line.body
        if body.get("machine") == "session" and self.begun is None and self.within is None and line.run is not None:
            self.begun = (line.t, due_told(body.get("triggers") or {}))

    def _run(self, line: Line) -> None:
        body = line.body
        begin, why = self.begun or (float(body.get("started_t") or line.t - float(body["duration_s"])), "")
        self.begun = None
        plan_t = begin - self.night.held_before(begin)
        self.night.holds.append((begin, line.t))
        found = body["best_position"] if body["outcome"] in REFOCUSED else None
        points = [(one["position"], one["measure"]) for one in body.get("points", ()) if one["measure"] is not None]
        stars = [one["stars"] for one in body.get("points", ()) if one["stars"]]
        told = RunTold(
            begin, line.t, plan_t, tuple(body["causes"]), body["outcome"], found, body["filter"],
            why or ", ".join(body["causes"]), str(body["reason"]), tuple(points), max(stars, default=None),
        )  # fmt: skip
        self.night.runs.append(told)


def read(path: Path) -> Recorded:
    """Read a trace.

    Raises
    ------
    TraceError
        Where it cannot be read, was changed, or goes back in time; with the line.
    """
    reader = TraceReader(path)
    reading: _Reading | None = None
    for line in reader:
        if reading is None:
            reading = _Reading(Recorded(sound(headed(line))), line.t)
            continue
        reading.take(line)
        for damage in reader.damage:
            if damage.what != "torn":
                raise TraceError(f"{damage.sentence.partition(': ')[2]} `statefocus audit` tells more.", damage.line)
    if reading is None:
        raise TraceError(f"{path} holds no lines.")
    if reading.begun is not None:
        reading.night.holds.append((reading.begun[0], reading.last_t))
    reading.night.torn = reader.torn
    return reading.night
