"""The embedded host (H1): executes an imaging plan over Alpaca, holds it when asked, and tells what it does."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from statefocus import events
from statefocus.crew import WORKED_OFF
from statefocus.errors import DeviceError
from statefocus.events import Event
from statefocus.hosts.protocol import Surroundings
from statefocus.hosts.rehearsal import rehearse
from statefocus.profile import Plan, PlanJob

POLL_S = 0.2
TRIES = 6
RETRY_S = 30.0
_LONG_S = 86_400.0

Waiting = Generator[float, None, None]


@dataclass(frozen=True, slots=True)
class PlannedFrame:
    """One frame of the plan, numbered from 1."""

    number: int
    job: PlanJob


def planned(plan: Plan, lights: int | None = None) -> list[PlannedFrame]:
    """Number a plan's frames, up to so many Light frames where that is asked for."""
    frames: list[PlannedFrame] = []
    left = lights
    for job in plan.jobs:
        for _ in range(job.frames):
            if left == 0:
                return frames
            frames.append(PlannedFrame(len(frames) + 1, job))
            left = left - 1 if left is not None and job.frame_type == "Light" else left
    return frames


class EmbeddedHost:
    """Executes the plan of a profile.

    Parameters
    ----------
    given
        Devices, time, and how a frame is kept.
    """

    resident = False

    def __init__(self, given: Surroundings) -> None:
        self._plan, self._rig, self._clock = given.profile.plan, given.rig, given.clock
        self._crew, self._post, self._keep = given.crew, given.crew.post, given.keep
        self._rehearsal = given.profile.host.rehearsal
        self.frames = planned(self._plan, given.lights)
        self.total_frames = len(self.frames)
        self.lights_begun: list[float] = []
        self.focuser_busy: Callable[[], bool] = lambda: False
        self.failure = ""
        self._running = False
        self._stopped = False
        self._held_for: int | None = None
        self._hold_told = False
        self._paused = False
        self._filter: str | None = None

    # --- what statefocus asks of it ---

    def attend(self) -> None:
        """Begin to take the plan, and to play the person of a rehearsed night."""
        self._crew.start("plan", self.execute())
        self._crew.start("person", rehearse(self._rehearsal, self, self._post))

    def hold(self, effect: int) -> None:
        """Hold the plan at the next gap; tells `plan_held` when it stands."""
        self._held_for, self._hold_told = effect, False
        if not self._running:
            self._tell_held(running=False)

    def release(self, effect: int) -> None:
        """Let the plan go on."""
        self._held_for = None
        self._post(events.PlanReleased(effect=effect))

    def abort(self, effect: int) -> None:
        """Give the plan up, as the failure policy says."""
        self.stop()
        self._post(events.PlanAborted(effect=effect))

    def close(self) -> None:
        """Nothing is held open."""

    def stop(self) -> None:
        """Give the plan up at the next gap or poll."""
        self._stopped = True
        self._held_for = None

    def pause(self, *, paused: bool) -> None:
        """Pause or resume the plan, as a person at the host would; a hold of ours stays."""
        self._paused = paused

    def leave_paused(self) -> None:
        """Turn our hold into a pause that a person ends."""
        self._paused, self._held_for = True, None

    def filter_is(self, name: str) -> None:
        """Take note of the filter that the wheel was turned to for a run, or back."""
        self._filter = name

    def turn_filter(self, name: str) -> Waiting:
        """Turn the filter wheel, as a person would."""
        wheel, former = self._rig.filter_wheel, self._filter
        if wheel is None:
            return
        yield from wheel.turn_to(name)
        self._filter = name
        self._post(events.FilterChanged(former=former, filter=name, by="person"))

    def turn_focuser(self, steps: int) -> Waiting:
        """Turn the focuser, as another program would: nobody is told."""
        yield from self._rig.focuser.move(self._rig.focuser.position() + steps)

    # --- the plan itself ---

    def execute(self) -> Generator[float, None, Event | None]:
        """Take all frames; the task that the crew carries out."""
        self._running = True
        try:
            yield from self._begin()
            for planned in self.frames:
                yield from self._gap()
                if self._stopped:
                    break
                yield from self._persist(planned)
        except DeviceError as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001  # the session must be wound up, whatever the host ran into
            self.failure = f"The embedded host has a fault ({type(error).__name__}: {error})."
        self._running = False
        if self._held_for is not None:
            self._tell_held(running=False)
        return events.PlanFinished(reason=self.failure or ("stopped" if self._stopped else ""))

    def _begin(self) -> Waiting:
        if not self.frames:
            return
        first = self.frames[0].job
        wheel = self._rig.filter_wheel
        if wheel is not None:
            if first.filter:
                yield from wheel.turn_to(first.filter)
            self._filter = wheel.current()
        self._post(events.PlanStarted(frame_type=first.frame_type, frames=len(self.frames), filter=self._filter))
        yield WORKED_OFF

    def _gap(self) -> Waiting:
        """Between two frames: stand as long as somebody holds or pauses the plan, or the focuser moves."""
        while not self._stopped and (self._held_for is not None or self._paused or self.focuser_busy()):
            if self._held_for is not None and not self._hold_told:
                self._tell_held(running=True)
            yield POLL_S

    def _tell_held(self, *, running: bool) -> None:
        if self._held_for is not None and not self._hold_told:
            self._hold_told = True
            self._post(events.PlanHeld(effect=self._held_for, running=running))

    def _persist(self, planned: PlannedFrame) -> Waiting:
        """Take a frame, and try again for a while where a device fails: a cable may come back."""
        for left in reversed(range(TRIES)):
            try:
                yield from self._take(planned)
                return
            except DeviceError as error:
                self._post(events.ExposureFailed(number=planned.number, sentence=str(error)))
                if not left or self._stopped:
                    raise
                yield RETRY_S
                yield from self._gap()

    def _take(self, planned: PlannedFrame) -> Waiting:
        job = planned.job
        if job.filter and job.filter != self._filter and self._rig.filter_wheel is not None:
            yield from self._change_filter(job.filter)
        if job.frame_type == "Light":
            yield from self._flip_if_due(job.exposure_s)
        if self._stopped:
            return
        self._post(events.FramePreparing(number=planned.number, frame_type=job.frame_type, filter=self._filter))
        yield WORKED_OFF
        yield from self._expose(planned)
        yield WORKED_OFF

    def _change_filter(self, name: str) -> Waiting:
        wheel, former = self._rig.filter_wheel, self._filter
        if wheel is None:
            return
        self._post(events.FilterChanging(filter=name))
        yield WORKED_OFF
        yield from wheel.turn_to(name)
        self._filter = name
        self._post(events.FilterChanged(former=former, filter=name, by="plan"))
        yield WORKED_OFF
        yield from self._gap()

    def flip_in_s(self) -> float:
        """Time to the next meridian flip, seconds; a day where none is to come."""
        if self._rig.mount is None:
            return _LONG_S
        state = self._rig.mount.state()
        return state.to_transit_s + 60 * self._plan.flip_after_meridian_min if state.west else _LONG_S

    def _flip_if_due(self, exposure_s: float) -> Waiting:
        """Flip where the next exposure would not end before the flip; wait for the moment where it has not come."""
        due_s = self.flip_in_s()
        if self._rig.mount is None or due_s > exposure_s:
            return
        yield max(due_s, 0.0)
        self._post(events.FlipStarted())
        side = yield from self._rig.mount.flip()
        self._post(events.FlipFinished(pier_side=side))
        yield WORKED_OFF
        yield from self._gap()

    def _expose(self, planned: PlannedFrame) -> Waiting:
        job, number = planned.job, planned.number
        position, begun = self._rig.focuser.position(), self._clock.now()
        temperature_c = self._rig.focuser.temperature_c()
        self._post(events.ExposureStarted(number=number, exposure_s=job.exposure_s))
        exposure = yield from self._rig.camera.expose(
            job.exposure_s, gain=job.gain, binning=job.binning, light=job.frame_type in ("Light", "Flat")
        )
        self._post(events.ExposureEnded(number=number))
        if job.frame_type == "Light":
            self.lights_begun.append(begun)
        told = {"position": position, "filter": self._filter, "begun": begun, "temperature_c": temperature_c}
        kept = self._keep(number, job, exposure, told)
        following = self.frames[number].job if number < len(self.frames) else None
        self._post(
            events.FrameSaved(
                number=number,
                frame_type=job.frame_type,
                filter=self._filter,
                position=position,
                next_frame_type=following.frame_type if following else None,
                file=kept.file.name if kept.file else None,
                binning=job.binning,
                hfr_px=kept.hfr_px,
                stars=kept.stars,
                next_filter=following.filter if following and self._rig.filter_wheel else None,
                flip_next=self._flips_before(following),
            )
        )

    def _flips_before(self, following: PlanJob | None) -> bool | None:
        """Whether the mount will flip before that frame; None where nobody can tell now."""
        if following is None or following.frame_type != "Light":
            return False
        try:
            return self.flip_in_s() <= following.exposure_s
        except DeviceError:
            return None
