"""Carries effects out: each becomes a task in a device's lane, and its answer an event. No decision is taken here."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Protocol

from statefocus import effects, events
from statefocus.clock import Clock
from statefocus.context import Run
from statefocus.crew import Crew, Task
from statefocus.devices.rig import Rig
from statefocus.devices.values import Exposure
from statefocus.effects import Effect
from statefocus.errors import DeviceError, StatefocusError
from statefocus.events import Event
from statefocus.metrics import Measure
from statefocus.preparing import Prepare, as_it_is

HALT_TIMEOUT_S = 30.0
_POLL_S = 0.2


class HostPort(Protocol):
    """What statefocus asks of a host."""

    def hold(self, effect: int) -> None:
        """Hold the plan at the next gap, and tell `plan_held`."""

    def release(self, effect: int) -> None:
        """Let the plan go on, and tell `plan_released`."""

    def leave_paused(self) -> None:
        """Turn a hold into a pause that a person ends."""

    def abort(self, effect: int) -> None:
        """Give the plan up, and tell `plan_aborted`."""

    def filter_is(self, name: str) -> None:
        """Take note of the filter that the wheel was turned to for a run, or back."""


class Audience(Protocol):
    """Whoever watches."""

    def curve(self, effect: effects.PublishCurve) -> None:
        """A curve was fitted."""

    def notify(self, level: str, sentence: str) -> None:
        """A person should know."""

    def frame(self, name: str, exposure: Exposure) -> None:
        """A focus frame was taken."""


_BLURRED = "Frames that the host takes now are out of focus."


class Hands:
    """Carries the effects of one session out.

    Parameters
    ----------
    rig, host
        What is acted upon.
    crew
        Carries the tasks out.
    measure
        Pixels to a measure.
    audience
        Whoever watches.
    prepare
        What is done to a focus frame before it is measured (A4, A5).
    """

    def __init__(
        self,
        rig: Rig,
        host: HostPort,
        crew: Crew,
        clock: Clock,
        measure: Measure,
        audience: Audience,
        prepare: Prepare = as_it_is,
    ) -> None:
        self._rig, self._host, self._crew, self._clock = rig, host, crew, clock
        self._measure, self._audience, self._prepared = measure, audience, prepare
        self._frames: dict[str, Exposure] = {}
        self._unanswered: dict[int, str] = {}
        self.about_to_move: Callable[[effects.MoveFocuser], None] = lambda _effect: None
        """Set by whoever must know of each move of the focuser before it begins."""

    def focuser_busy(self) -> bool:
        """Whether a focuser effect has not been answered yet."""
        return "focuser" in self._unanswered.values()

    def left_behind(self, run: Run, *, driver_off: bool = False) -> str:
        """Tell where a run that is cut off leaves the focuser, where it stood before, and what else is not as it was.

        `driver_off` tells that the session had switched the driver's own compensation off.
        """
        told = [self._left_at(run)]
        if run.filter_turned:
            home = f"; the plan's filter is {run.home_filter}" if run.home_filter else ""
            told.append(f"The filter wheel was left at {run.filter}, to which it was turned for the run{home}.")
        if driver_off or run.driver_compensation:
            told.append(
                "The driver's own temperature compensation was on, and is left off: the next session sets it back."
            )
        return " ".join(told)

    def _left_at(self, run: Run) -> str:
        cut_off = f"The session was cut off in the middle of run {run.number}"
        if run.start_position is None:
            return f"{cut_off}, which had not moved the focuser yet."
        before = f"in the middle of run {run.number}; before the run it stood at {run.start_position}"
        try:
            position, moving = self._rig.focuser.position(), self._rig.focuser.moving()
        except Exception:  # noqa: BLE001  # whatever keeps a device from answering, the rest is known
            return f"The focuser was left {before}; where it is, nobody knows. {_BLURRED}"
        if moving:
            return f"The focuser was left moving, just now at {position}, {before}. {_BLURRED}"
        if position == run.start_position:
            return f"{cut_off}; the focuser is at {position}, as before the run."
        return f"The focuser was left at {position}, {before}. {_BLURRED}"

    def carry_out(self, effect: Effect) -> None:
        """Start to carry an effect out."""
        if isinstance(effect, effects.MoveFocuser):
            self.about_to_move(effect)
        match effect:
            case effects.Notify():
                self._audience.notify(effect.level, effect.sentence)
            case effects.AskPerson():
                self._audience.notify("warning", effect.question)
            case effects.DropTimer():
                self._give_up(effect.timers)
            case effects.PausePlan():
                self._host.hold(effect.id)
            case effects.LeavePlanPaused():
                self._host.leave_paused()
            case effects.ResumePlan():
                self._host.release(effect.id)
            case effects.AbortPlan():
                self._host.abort(effect.id)
            case effects.HaltDevices():
                lanes = self._give_up(effect.gives_up)
                self._start("halt", effect, self._halt(effect, lanes))
            case _:
                self._start(*self._task(effect))

    def _task(self, effect: Effect) -> tuple[str, Effect, Task]:
        match effect:
            case effects.PrepareFocuser():
                return "focuser", effect, self._prepare(effect)
            case effects.MoveFocuser():
                lane = "halt" if effect.purpose == "fault" else "focuser"  # behind the halt that goes before it
                return lane, effect, self._move(effect)
            case effects.ReleaseFocuser():
                return "focuser", effect, self._release(effect)
            case effects.SwitchDriverCompensation():
                return "focuser", effect, self._switch(effect)
            case effects.SetFilter():
                return "filter wheel", effect, self._set_filter(effect)
            case effects.StartTimer():
                return f"timer for {effect.purpose}", effect, _timer(effect)
            case effects.TakeFrame():
                return "camera", effect, self._take(effect)
            case effects.MeasureFrame():
                return "measure", effect, self._measured(effect)
            case effects.PublishCurve():
                return "measure", effect, self._publish(effect)
        message = f"no hands for {effect.kind}"
        raise TypeError(message)

    def _start(self, lane: str, effect: Effect, task: Task) -> None:
        self._unanswered[effect.id] = lane
        self._crew.start(lane, self._answered(effect, task), key=effect.id)

    def _answered(self, effect: Effect, task: Task) -> Task:
        """See to it that an effect is answered, whatever its task runs into."""
        try:
            answer = yield from task
        except DeviceError as error:
            answer = events.EffectFailed(effect=effect.id, reason=error.reason, sentence=str(error))
        except StatefocusError as error:
            answer = events.EffectFailed(effect=effect.id, reason="refused", sentence=str(error))
        except Exception as error:  # noqa: BLE001  # a bug in an adapter is a failed effect, not a dead night
            said = f"{effect.kind} ran into a fault of statefocus ({type(error).__name__}: {error})."
            answer = events.EffectFailed(effect=effect.id, reason="fault", sentence=said)
        self._unanswered.pop(effect.id, None)
        return answer

    def _give_up(self, given_up: tuple[int, ...]) -> set[str]:
        """Close the tasks of effects that are given up; gives the lanes in which there were any."""
        lanes = {lane for key in given_up if (lane := self._unanswered.pop(key, None))}
        self._crew.cancel(given_up)
        return lanes

    # --- the focuser ---

    def _prepare(self, effect: effects.PrepareFocuser) -> Task:
        yield 0.0
        state = self._rig.focuser.state()
        former = self._rig.focuser.switch_driver_compensation(on=False)
        return events.FocuserPrepared(
            effect=effect.id,
            position=state.position,
            max_step=state.max_step,
            absolute=state.absolute,
            driver_compensation=former,
        )

    def _move(self, effect: effects.MoveFocuser) -> Task:
        position = yield from self._rig.focuser.move(effect.position, effect.via)
        if effect.settle_s:
            yield effect.settle_s
        return events.FocuserMoved(effect=effect.id, position=position)

    def _release(self, effect: effects.ReleaseFocuser) -> Task:
        yield 0.0
        if effect.driver_compensation is not None:
            self._rig.focuser.switch_driver_compensation(on=effect.driver_compensation)
        return events.FocuserReleased(effect=effect.id)

    def _switch(self, effect: effects.SwitchDriverCompensation) -> Task:
        yield 0.0
        former = self._rig.focuser.switch_driver_compensation(on=effect.on)
        return events.DriverCompensationSwitched(effect=effect.id, former=former)

    def _halt(self, effect: effects.HaltDevices, lanes: set[str]) -> Task:
        """Stop what was given up, and nothing else: an open shutter may be the plan's, a move the compensation's."""
        if "camera" in lanes:
            self._rig.camera.abort()
        if "focuser" in lanes:
            self._rig.focuser.halt()
        yield _POLL_S
        return events.DevicesHalted(effect=effect.id, position=self._rig.focuser.position())

    def _set_filter(self, effect: effects.SetFilter) -> Task:
        if self._rig.filter_wheel is None:
            raise StatefocusError(f"There is no filter wheel that could turn to {effect.filter}.")
        yield from self._rig.filter_wheel.turn_to(effect.filter)
        self._host.filter_is(effect.filter)
        return events.FilterSet(effect=effect.id, filter=effect.filter)

    # --- frames ---

    def _take(self, effect: effects.TakeFrame) -> Generator[float, None, Event]:
        exposure = yield from self._rig.camera.expose(
            effect.exposure_s, gain=effect.gain, binning=effect.binning, fast=effect.fast_readout
        )
        name = f"focus-{effect.id:06d}"
        self._frames = {name: exposure}
        self._audience.frame(name, exposure)
        return events.FrameTaken(effect=effect.id, frame=name)

    def _measured(self, effect: effects.MeasureFrame) -> Task:
        yield 0.0
        exposure, remark = self._prepared(self._frames[effect.frame])
        found = self._measure(exposure)
        return events.FrameMeasured(
            effect=effect.id,
            value=found.value,
            error=found.error,
            stars=found.stars,
            table=found.table,
            growth=found.growth,
            remark=remark,
        )

    def _publish(self, effect: effects.PublishCurve) -> Task:
        yield 0.0
        self._audience.curve(effect)
        return events.CurvePublished(effect=effect.id)


def _timer(effect: effects.StartTimer) -> Task:
    yield effect.seconds
    return events.TimerElapsed(effect=effect.id)
