"""Puts a night together: observatory or real devices, host, hands, trace; and tells how it went.

This is the one place where the parts of the shell meet; each of them knows only its own neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from statefocus import events, owning
from statefocus.audience import Audience, Nobody, Steadfast
from statefocus.context import Context
from statefocus.devices.rig import open_rig
from statefocus.devices.values import Exposure
from statefocus.errors import StatefocusError
from statefocus.foresight import Foresight
from statefocus.hands import Hands
from statefocus.hosts.protocol import Host, Kept, Surroundings
from statefocus.hosts.readings import Readings
from statefocus.hosts.registry import camera_of, make_host
from statefocus.kept import keep_learned, read_learned
from statefocus.loading import LoadedProfile, load_machines
from statefocus.metrics import Measure, measurer
from statefocus.packing import saving_runs
from statefocus.packing.headers import frame_header
from statefocus.preparing import preparer
from statefocus.profile import PlanJob, Profile
from statefocus.resident.residing import within_reach
from statefocus.runner import Runner
from statefocus.session import Session, State, Step
from statefocus.telescope import Figures, Judge, devices_of, standing, time_of
from statefocus.trace.focus_log import LogEntry, cut_off_entry, entry_of
from statefocus.trace.header import header_body
from statefocus.trace.records import run_record
from statefocus.trace.writing import TraceWriter
from statefocus.unfinished import Unfinished

PAUSED_H = 4.0
"""After so long a pause a simulated night ends."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a night ended; `left` tells what it left undone, `figures` only where the observatory knows the truth."""

    reason: str
    trouble: str
    trace: Path
    trace_trouble: str | None
    figures: Figures | None
    entries: tuple[LogEntry, ...]
    left: str = ""


@dataclass
class Night:
    """One night to be attended.

    Attributes
    ----------
    loaded
        The profile.
    trace
        Where the trace goes.
    measure
        The profile's metric of a focus frame.
    seed
        Of the observatory.
    speed
        0 for as fast as possible (simulated only), else a factor of real time.
    until, frames
        When to end early: unix seconds, Light frames.
    """

    loaded: LoadedProfile
    trace: Path
    measure: Measure
    audience: Audience
    seed: int = 1
    speed: float = 0.0
    until: float | None = None
    frames: int | None = None
    interruptible: Callable[[Callable[[], None]], None] = field(default=lambda _interrupt: None)

    def __post_init__(self) -> None:
        self._foresight: Foresight | None = None
        self.audience = Steadfast(self.audience)

    @property
    def profile(self) -> Profile:
        """The rig and its rules."""
        return self.loaded.profile

    def attend(self) -> Ended:
        """Attend the night from its first event to its last.

        Raises
        ------
        StatefocusError
            Where it cannot even begin.
        """
        clock, crew = time_of(self.profile, self.speed, lambda sentence: self.audience.notify("error", sentence))
        with devices_of(self.profile, clock, self.seed) as (profile, judge):
            rig = open_rig(profile, clock, camera_of(profile, clock))
            try:
                with saving_runs(self.profile, self.trace, self.audience) as self.audience:
                    given = Surroundings(profile, rig, clock, crew, self._keep, self.frames, self._read, self._foresees)
                    return self._attend(given, judge)
            finally:
                crew.stop()
                rig.close()

    def _attend(self, given: Surroundings, judge: Judge | None) -> Ended:
        """Attend it, now that the devices answer; its trace begins when nothing forbids the session any more."""
        with (
            closing(make_host(given.profile.host.kind, given)) as host,
            within_reach(host, given, self.audience, self.trace) as desk,
            closing(TraceWriter(self.trace)) as writer,
        ):
            self.audience = desk or self.audience
            machines = load_machines(self.loaded)
            rig, crew, clock = given.rig, given.crew, given.clock
            hands = Hands(rig, host, crew, clock, self.measure, self.audience, preparer(given.profile.autofocus))
            host.focuser_busy = hands.focuser_busy
            speed = "max" if not self.speed else f"{self.speed:g}"
            header = header_body(self.profile, self.loaded.origins, machines, seed=self.seed, speed=speed)
            started = round(clock.now(), 3)
            writer.write("header", started, header)
            watcher = _Watcher(self, host)
            runner = Runner(Session(machines, self.profile), writer, crew, clock, hands.carry_out, watcher, started)
            unfinished = watcher.unfinished
            watcher.runner = runner
            runner.farewell = lambda run: hands.left_behind(run, driver_off=unfinished.driver_off)
            hands.about_to_move = lambda move: unfinished.moves(move, runner.state.context, self.audience)
            self._foresight = Foresight(machines, self.profile, lambda: runner.state, clock.now)
            self.interruptible(runner.interrupt)
            self.audience.begin(self.profile, host.total_frames, self.trace)
            readings = Readings(
                given.profile, rig, crew, clock, host.flip_in_s, lambda: owning.expected(runner.state.context),
                tell=self.audience.notify,
            )  # fmt: skip
            readings.start()
            first = unfinished.started(standing(rig, self.audience), read_learned(self.profile))
            host.attend()
            if desk is not None:
                desk.end = runner.interrupt
                desk.open()
            reason = runner.run(first)
            if runner.left:
                self.audience.notify("error", runner.left)
            figures, entries = judge(host.lights_begun) if judge else None, tuple(watcher.entries)
            return Ended(
                reason, host.failure, self.trace, writer.close(), figures, entries, runner.left or unfinished.left
            )

    def _foresees(self, frame: events.FrameSaved, seconds: float) -> bool:
        """Whether the plan will be held once that frame is saved."""
        return self._foresight is not None and self._foresight(frame, seconds)

    def _keep(self, number: int, job: PlanJob, exposure: Exposure, told: dict[str, Any]) -> Kept:
        """Save a plan's frame, and measure it where a trigger looks at the image history (T10)."""
        path = self._save(number, job, exposure, told)
        if job.frame_type != "Light" or not self.profile.triggers.image_history.enabled:
            return Kept(path)
        try:
            found = self._hfr(exposure)
        except StatefocusError:
            return Kept(path)
        return Kept(path, found.value, found.stars)

    def _read(self, path: Path) -> Kept:
        """Read a frame that the host has saved, and measure it for the image history (T10)."""
        from statefocus.frames import read_frame

        found = self._hfr(read_frame(path))
        return Kept(path, found.value, found.stars)

    @cached_property
    def _hfr(self) -> Measure:
        """Measure by HFR, which the image history is told in, whatever the runs are measured by (T10)."""
        return self.measure if self.profile.autofocus.metric == "hfr" else measurer(self.profile, "hfr")

    def _save(self, number: int, job: PlanJob, exposure: Exposure, told: dict[str, Any]) -> Path | None:
        if not self.profile.records.save_frames:
            return None
        from statefocus.frames import write_frame

        name = f"{job.frame_type}_{told['filter'] or 'none'}_{number:04d}.fits"
        path = self.trace.parent / "frames" / name
        header = frame_header(
            job.frame_type, begun=told["begun"], exposure_s=job.exposure_s, binning=job.binning,
            filter_=told["filter"], position=told["position"], temperature_c=told["temperature_c"],
        )  # fmt: skip
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_frame(path, exposure.pixels.T, header)
        except (OSError, StatefocusError) as error:
            self.audience.notify("error", f"Frame {number} could not be saved: {error}. The night goes on without it.")
            return None
        return path


@dataclass
class _Watcher:
    """Passes what happens on to the audience, and ends the night when its time has come."""

    night: Night
    host: Host
    runner: Runner | None = None
    entries: list[LogEntry] = field(default_factory=list)
    paused_t: float | None = None

    def __post_init__(self) -> None:
        self.unfinished = Unfinished(self.night.profile)

    def _stands_still(self, context: Context) -> bool:
        """Whether a simulated plan is paused, and nobody resumes it; a real night waits as long as it takes."""
        self.paused_t = (self.paused_t or context.now) if context.plan.paused else None
        if self.night.speed or self.paused_t is None:
            return False
        return context.now - self.paused_t > 3600 * PAUSED_H

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off."""
        self.night.audience.saw(event, steps, state)
        if self.runner is None:
            return
        context = state.context
        self.unfinished.saw(event, context, self.night.audience)
        if context.concluded is not None:
            self.entries.append(entry_of(run_record(context.concluded, context), self.night.profile.scale))
            keep_learned(context.profile, context.learned, self.night.audience)
        if isinstance(event, events.SessionEnded) and context.run is not None:
            body = run_record(context.run, context)
            self.entries.append(cut_off_entry(body, event.reason, self.night.profile.scale))
        if isinstance(event, events.SessionEnding):
            if self.runner.ending:
                self.night.audience.notify("info", self.runner.ending)
            self.host.stop()
        elif isinstance(event, events.PlanFinished) and not self.host.resident:
            self.runner.end(event.reason or self._end_of_plan(context))
        elif self._stands_still(context):
            self.runner.end(f"the plan stayed paused for {PAUSED_H:g} hours, and nobody resumed it")
        elif self.night.until is not None and context.now >= self.night.until:
            self.runner.end("--until reached")

    def _end_of_plan(self, context: Context) -> str:
        """Why a plan is over of which all was taken that was asked for."""
        wanted = self.night.frames
        return "plan finished" if wanted is None or context.plan.lights < wanted else "--frames reached"


def without_statefocus(night: Night, scratch: Path) -> Figures | None:
    """Take the same plan in the same night with every trigger off; None where that night was not finished."""
    profile = night.profile
    triggers = profile.triggers
    idle = profile.model_copy(
        update={
            "triggers": triggers.model_copy(
                update={
                    "temperature": triggers.temperature.model_copy(update={"enabled": False}),
                    "count": triggers.count.model_copy(update={"enabled": False}),
                    "time": triggers.time.model_copy(update={"enabled": False}),
                    "filter_change": False,
                    "meridian_flip": False,
                    "first_frame": False,
                    "on_resume": False,
                    "after_centering": False,
                    "image_history": triggers.image_history.model_copy(update={"enabled": False}),
                }
            ),
            "compensation": profile.compensation.model_copy(update={"enabled": False}),
            "records": profile.records.model_copy(
                update={"save_frames": False, "save_focus_frames": False, "save_pictures": False}
            ),
            "host": profile.host.model_copy(update={"rehearsal": ()}),
            "observatory": profile.observatory.model_copy(update={"render": False}),
        }
    )
    quiet = replace(night, loaded=replace(night.loaded, profile=idle), trace=scratch, audience=Nobody(), speed=0.0)
    ended = quiet.attend()
    return ended.figures if ended.reason == "plan finished" else None
