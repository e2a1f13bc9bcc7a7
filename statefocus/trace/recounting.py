"""Recounts a night by its events, and holds what was derived from them against it: guards, moves, records of runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from statefocus.errors import TraceError
from statefocus.profile import FilterSettings, Profile
from statefocus.session import VOCABULARY
from statefocus.thermometer import Thermometer, pick
from statefocus.trace.header import profile_of
from statefocus.trace.moves import Moves
from statefocus.trace.reading import Line
from statefocus.trace.retelling import RunTold
from statefocus.trace.rows import Rows
from statefocus.trace.rulings import against_profile, against_readings, readings_themselves
from statefocus.triggers import NAMES

Broken = Iterator[tuple[str, str]]


@dataclass
class Recount:
    """Takes the lines of a trace in their order.

    An event counts when its step follows, as in the core: the answer to something given up changes nothing. Without a
    profile that can be read, only what needs none is recounted.
    """

    _rows: Rows = field(default_factory=Rows)
    _profile: Profile | None = None
    _moves: Moves | None = None
    _thermometer: Thermometer | None = None
    _filter: str | None = None
    _event: Line | None = None
    _heard: bool = True
    _step: Line | None = None
    _began_by: str = ""
    _machine: str = ""
    _run: RunTold | None = None
    _runs: int = 0

    def take(self, line: Line) -> Broken:
        """Give the rule and a sentence for each thing that a line says otherwise than the lines before it."""
        if line.kind == "header":
            self._begin(line)
        elif line.kind == "event":
            yield from self._take_event(line)
        elif line.kind == "step":
            yield from self._take_step(line)
        elif line.kind == "effect":
            yield from self._take_effect(line)
        elif line.kind == "run":
            yield from self._take_run(line)

    def _begin(self, header: Line) -> None:
        self._rows = Rows.of(header)
        try:
            profile = profile_of(header)
        except TraceError:
            return
        temperature = profile.triggers.temperature
        self._profile, self._moves = profile, Moves(profile)
        self._thermometer = Thermometer(temperature.min_readings, temperature.reading_every_s)

    def _take_event(self, line: Line) -> Broken:
        yield from self._run_of(line)  # one may have begun in the very step that ended another
        self._event, self._heard = line, False
        if self._moves is not None:
            yield from self._moves.answered(line)

    def _take_step(self, line: Line) -> Broken:
        body = line.body
        self._machine = body["machine"]
        if self._event is not None:
            yield from self._rows.against(body, str(self._event.body["event"]))
        yield from against_readings(body)
        if self._profile is not None:
            yield from against_profile(body, self._profile)
            yield from readings_themselves(body, self._profile)
        if not self._heard and self._event is not None and body["outcome"] not in ("stale", "fault"):
            self._hear(self._event)
        self._heard = True
        if self._machine == "session" and self._event is not None:
            self._step, self._began_by = line, str(self._event.body["event"])
            yield from self._run_of(line)

    def _take_effect(self, line: Line) -> Broken:
        if self._run is not None:
            self._run.ask(line)
        if self._moves is not None:
            yield from self._moves.ask(line, machine=self._machine, running=self._run is not None)

    def _take_run(self, line: Line) -> Broken:
        run, moves = self._run, self._moves
        if run is not None and line.body["number"] == run.number:
            yield from run.against(line, moves.in_run if moves is not None else line.body.get("end_position"))
            if self._profile is not None:
                for said in run.against_profile(line.body, self._profile, self._mean_c):
                    yield "record", said
        if moves is not None:
            moves.run_ends(line.body)
        self._run = None

    # --- what the events tell ---

    @property
    def _mean_c(self) -> float | None:
        return self._thermometer.mean_c if self._thermometer else None

    def _hear(self, event: Line) -> None:
        body, run = event.body, self._run
        name = body["event"]
        if self._moves is not None:
            self._moves.hear(body, running=run is not None)
        if name == "temperature_read":
            self._read(body, event.t)
        elif name in ("plan_started", "filter_changed", "filter_set"):
            self._filter = body.get("filter") or self._filter
            named = name == "plan_started" or (name == "filter_changed" and body["former"] is None)
            if named and run is not None and run.filter is None:
                run.filter = self._filter
        elif name == "frame_measured" and run is not None:
            run.measured(body["value"])
        elif name == "plan_held" and run is not None:
            run.held_t = event.t

    def _read(self, body: Mapping[str, Any], t: float) -> None:
        if self._profile is None or self._thermometer is None:
            return
        source = self._profile.triggers.temperature.source
        celsius = pick(source, body.get("focuser_c"), body.get("external_c"))
        if celsius is not None and self._thermometer.wants(t):
            self._thermometer = self._thermometer.read(celsius, t)

    def _run_of(self, line: Line) -> Broken:
        """Begin a run where the envelope tells of one that was not under way."""
        if line.run is None or self._step is None or (self._run is not None and self._run.number == line.run):
            return
        if line.run != self._runs + 1:
            before = f"after run {self._runs}" if self._runs else "first"
            yield "run", f"run {line.run} comes {before}: runs are numbered 1, 2, 3, without a gap."
        self._runs = line.run
        readings = self._step.body.get("triggers")
        due = None if readings is None else tuple(name for name in NAMES if readings.get(name, {}).get("due"))
        asked_by = self._began_by if self._began_by in VOCABULARY.by_person else ""
        undo = self._began_by == "undo_requested"
        self._run = RunTold(
            number=line.run,
            line=self._step.number,
            asked_by=asked_by,
            due=due,
            started_t=self._step.t,
            temperature_c=None if undo else self._mean_c,
            filter=self._filter if undo else self._focus_filter(),
        )
        if self._moves is not None:
            self._moves.run_begins(undo=undo)

    def _focus_filter(self) -> str | None:
        """The filter that a run is made in (O2)."""
        own = self._profile.filters.get(self._filter or "", FilterSettings()) if self._profile else FilterSettings()
        return own.via if own.focus == "via" and own.via else self._filter
