"""The host of the gate: scripts call from any thread, and all of it is worked off in one lane."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

from statefocus import events
from statefocus.crew import WORKED_OFF, Task
from statefocus.errors import DeviceError
from statefocus.events import Event
from statefocus.hosts.gate.asking import Answer, Asking, GateCall, Ticket
from statefocus.hosts.gate.hearing import Hearing
from statefocus.hosts.gate.in_hand import FrameOut, InHand, Saved
from statefocus.hosts.protocol import Surroundings

LOOK_S = 0.5
LOOK_AGAIN_S = 5.0
OVERDUE_S = 1800.0
_LONG_S = 86_400.0

ENDED = "The session has ended."
UNDER_WAY = "a refocus is under way"
WINDS_UP = "the session ends, and puts back what is under way"
STAYS_PAUSED = (
    "The plan stays paused, since focus failed (failure.policy = pause): when focus is good, call "
    "`statefocus notify plan-resumed`."
)
GIVEN_UP = (
    "The plan was given up, since focus failed (failure.policy = abort): "
    "`statefocus notify plan-started` begins another."
)

NO_READING = (DeviceError, LookupError, TypeError, ValueError)
"""What a device may answer instead of a reading: nothing, an error, or a value of another type."""

Waiting = Generator[float, None, None]


class GateHost(Hearing):
    """Attends a program that calls scripts.

    Parameters
    ----------
    given
        What surrounds it; its `rig.filter_wheel` is turned where the profile allows it.

    Attributes
    ----------
    session_rests
        Set by whoever puts it within reach: whether nothing of the session is under way.
    tell
        Set likewise: tells a person, and keeps what was told.
    """

    resident = True
    total_frames = 0

    def __init__(self, given: Surroundings) -> None:
        self.failure = ""
        self._settings = given.profile.host.gate
        self._rig, self._clock, self._crew, self._read = given.rig, given.clock, given.crew, given.read
        self._reads_files = given.profile.triggers.image_history.enabled
        self.lights_begun: list[float] = []
        self.focuser_busy: Callable[[], bool] = lambda: False
        self.session_rests: Callable[[], bool] = lambda: True
        self.tell: Callable[[str], None] = lambda _sentence: None
        self._asking: Asking | None = None
        self._frame: FrameOut | None = None
        self._in_hand = InHand()
        self._number = 0
        self._filter: str | None = None
        self._last_file: str | None = None
        self._heard_t = given.clock.now()
        self._plan_runs = False
        self._stood_still = False
        self._plan_paused = False
        self._flipping = False
        self._gated = False
        self._reading = 0
        self._reading_until = 0.0
        self._files_out: set[int] = set()
        self._within_file = False
        self._held_for: int | None = None
        self._hold_told = False
        self._plan_filter: str | None = None
        self._here_paused = False
        self._left_paused = False
        self._given_up = False
        self._ended = False
        self._watching = False
        for lane in ("gate", "gate clock", "gate files"):  # they begin here: no other thread may begin one
            self._crew.start(lane, iter_none())

    # --- what scripts ask, from any thread ---

    def gate(self, call: GateCall) -> Asking:
        """Ask whether the next frame may start; the ticket has the answer once there is one."""
        asking = Asking(call)
        self._begin(self._arrive(asking))
        return asking

    def leave(self, asking: Ticket) -> None:
        """Nobody waits for that answer any more, or nobody could be given it."""
        if isinstance(asking, Asking):
            asking.abandon()
            self._begin(self._gone(asking))

    def notify(self, word: str, told: Mapping[str, Any]) -> Ticket:
        """Tell what the host does; the ticket has what became of it."""
        ticket = Ticket()
        self._begin(self._take_notice(ticket, word, told))
        return ticket

    # --- what statefocus asks of it, on the session's thread ---

    def attend(self) -> None:
        """Nothing is to be done before the first call."""

    def hold(self, effect: int) -> None:
        """Hold the plan at the next gate call, or at once where nothing of it is under way."""
        self._held_for, self._hold_told = effect, False
        self._begin(self._go_on())

    def release(self, effect: int) -> None:
        """Let the plan go on; what a gap has to tell comes after it."""
        self._post(events.PlanReleased(effect=effect))
        self._held_for = None
        self._begin(self._go_on())

    def abort(self, effect: int) -> None:
        """Give the plan up: calls are told to stop until another one begins."""
        self._given_up, self._plan_runs, self._held_for = True, False, None
        self._post(events.PlanAborted(effect=effect))
        self._begin(self._go_on())

    def leave_paused(self) -> None:
        """Turn our hold into a pause that a person ends."""
        self._left_paused, self._held_for = True, None
        self._begin(self._go_on())

    def pause(self, *, paused: bool) -> None:
        """Let no frame go, or let them go again, as a person wants it."""
        self._here_paused = paused
        self._begin(self._go_on())

    def stop(self) -> None:
        """Answer whoever waits, once what is under way is put back: the session ends."""
        self._ended = True
        if not self._run_stands:
            self._held_for = None
        if self._is_at_rest():
            self.answer_all()
        else:
            self._begin(self._go_on())

    def answer_all(self) -> None:
        """Leave nobody who still waits without an answer: nothing moves any more."""
        self._ended = True
        asking = self._asking
        if asking is not None:
            asking.settle(Answer("down", ENDED))

    def filter_is(self, name: str) -> None:
        """Take note of the filter that the wheel was turned to for a run, or back."""
        self._filter = name

    def flip_in_s(self) -> float | None:
        """Time to the next meridian flip by the mount; None without one. One that is long overdue will not come."""
        if self._rig.mount is None:
            return None
        state = self._rig.mount.state()
        due_s = state.to_transit_s + 60 * self._settings.flip_after_meridian_min
        return due_s if state.west and due_s > -OVERDUE_S else _LONG_S

    def close(self) -> None:
        """Nobody who still waits is left without an answer."""
        self.answer_all()

    @property
    def _run_stands(self) -> bool:
        """Whether a hold was granted, so that the focuser and the wheel are a run's."""
        return self._held_for is not None and self._hold_told

    @property
    def _filter_of_plan(self) -> str | None:
        """The plan's filter, whichever one a run has turned to meanwhile."""
        return self._plan_filter if self._run_stands else self._filter

    def _is_at_rest(self) -> bool:
        return not self._run_stands and not self.focuser_busy() and self.session_rests()

    # --- the lane ---

    def _begin(self, task: Task) -> None:
        self._crew.start("gate", self._guarded(task))

    def _guarded(self, task: Task) -> Task:
        """Carry a task out; a fault of ours answers whoever waits, and never wedges the host's sequence."""
        try:
            return (yield from task)
        except Exception as error:  # noqa: BLE001  # whatever it is, the next call must be answered again
            self.failure = f"The gate has a fault ({type(error).__name__}: {error})."
            asking, self._asking = self._asking, None
            if asking is not None:
                asking.settle(Answer("down", self.failure))
            return None

    def _post(self, event: Event) -> None:
        self._crew.post(event)

    def _now(self) -> float:
        return self._clock.now()

    def _arrive(self, asking: Asking) -> Task:
        """A call has come."""
        refusal = self._refusal(asking.call)
        if refusal is not None:
            asking.settle(refusal)
            return None
        former, self._asking = self._asking, asking
        if former is not None:
            former.settle(Answer("stop", "A newer call of the same program has taken the place of this one."))
        self._heard_t, self._gated = self._now(), True
        yield from self._go_on()
        return None

    def _refusal(self, call: GateCall) -> Answer | None:
        if self._ended and self._is_at_rest():
            return Answer("down", ENDED)
        if (stops := self._stops_calls()) is not None:
            return stops
        waiting, frame = self._asking, self._frame
        if waiting is not None and waiting.call.by != call.by and not waiting.abandoned:
            return Answer("stop", f"{_told(waiting.call.by)} waits at the gate already. {TWO_HOSTS}")
        if frame is not None and frame.by != call.by and frame.is_early(self._now()):
            left_s = frame.over_t - self._now()
            said = f"Frame {frame.number} of {_told(frame.by)} is being exposed for another {left_s:.0f} s."
            return Answer("stop", f"{said} {TWO_HOSTS}")
        return None

    def _stops_calls(self) -> Answer | None:
        """What every call is told while the failure policy keeps the plan from going on."""
        if self._given_up:
            return Answer("stop", GIVEN_UP)
        if self._left_paused and self._settings.on_pause == "stop":
            return Answer("stop", STAYS_PAUSED)
        return None

    def _gone(self, asking: Asking) -> Task:
        """A caller has gone: what waits for it does not, and a frame that it was let take is not taken."""
        if asking is self._asking:
            self._asking = None
        frame, answer = self._frame, asking.answer
        if frame is not None and answer is not None and answer.frame == frame.number and not frame.ended:
            self._frame = None
            self._post(events.ExposureFailed(number=frame.number, sentence="Its caller was gone before it was told."))
        yield from self._go_on()
        return None

    def _go_on(self) -> Task:
        """Do what can be done now: tell the core of the gap, grant its hold, let the frame go."""
        asking = self._asking
        if asking is not None and (asking.abandoned or asking.answer is not None):
            asking = self._asking = None
        if asking is None:
            self._without_call()
        elif self._ended:
            self._at_the_end(asking)
        elif self._run_stands:
            asking.waits_for = UNDER_WAY
        elif self._reading and self._now() < self._reading_until:
            asking.waits_for = "the frame that was saved last is being measured"
        else:
            self._wait_for_no_file()
            yield from self._at_gate(asking)
        self._look_again()
        return None

    def _wait_for_no_file(self) -> None:
        number, self._reading = self._reading, 0
        if number and self._within_file:
            waited = f"{self._settings.file_wait_s:g} s (host.gate.file_wait_s)"
            self.tell(f"Frame {number} is not measured: its file could not be read within {waited}.")

    def _at_the_end(self, asking: Asking) -> None:
        """The session ends: a frame may be let go by the caller itself, so none is answered while anything moves."""
        asking.waits_for = WINDS_UP
        if self._is_at_rest():
            self._asking = None
            asking.settle(Answer("down", ENDED))

    def _without_call(self) -> None:
        if self._plan_runs and not self._stood_still and not self._run_stands and self._is_quiet():
            self._close_frames(None)
            self._tell_gap(None)
            self._stood_still = True
        if self._held_for is not None and self._stands_still():
            self._grant()

    def _at_gate(self, asking: Asking) -> Waiting:
        if not asking.gap_told and self._stops_calls() is None:
            asking.gap_told = True
            yield from self._tell_next(asking.call)
        yield WORKED_OFF
        if self._ended:
            self._at_the_end(asking)
        elif (stops := self._stops_calls()) is not None:
            asking.settle(stops)
            self._asking = None
        elif self._held_for is not None:
            asking.waits_for = UNDER_WAY
            self._grant()
        elif self._left_paused or self._here_paused:
            asking.waits_for = "the plan is paused"
        elif self.focuser_busy():
            asking.waits_for = "the focuser is moving"
        else:
            yield from self._let_go(asking)

    def _grant(self) -> None:
        if self._held_for is not None and not self._hold_told:
            self._plan_filter, self._hold_told = self._filter, True
            self._post(events.PlanHeld(effect=self._held_for, running=self._plan_runs))

    def _let_go(self, asking: Asking) -> Waiting:
        """Let the next frame be taken, unless its caller has gone."""
        call, filter_ = asking.call, self._filter
        self._number += 1
        number = self._number
        self._post(events.FramePreparing(number=number, frame_type=call.frame_type, filter=filter_))
        yield WORKED_OFF
        told, now = call.exposure_s is not None, self._now()
        exposure_s = self._settings.exposure_s if call.exposure_s is None else call.exposure_s
        self._asking = None
        self._frame = FrameOut(number, call.frame_type, filter_, call.by, now, now + exposure_s, told=told)
        self._post(events.ExposureStarted(number=number, exposure_s=exposure_s))
        if not asking.settle(Answer("go", "The next frame may start.", number)):
            self._frame = None
            self._post(events.ExposureFailed(number=number, sentence="Its caller was gone before it was let go."))
            return
        if call.frame_type == "Light":
            self.lights_begun.append(now)
        self._frame.position = self._focuser_position()

    def _focuser_position(self) -> int | None:
        try:
            return self._rig.focuser.position()
        except NO_READING:
            return None

    # --- what the core is told at a gap ---

    def _tell_next(self, call: GateCall) -> Waiting:
        """Tell what has happened since the last frame, in the order in which one run can serve all of it."""
        wanted = call.filter or self._in_hand.filter
        if not self._plan_runs:
            yield from self._turned(wanted)
            self._filter = wanted or self._filter
            self._start_plan(call.frame_type, resumed=self._in_hand.resumed)
        elif self._stood_still:
            yield from self._change_filter(wanted)
            self._start_plan(call.frame_type, resumed=True)
        else:
            self._close_frames(call.frame_type, wanted, by=call.by)
            if self._plan_paused:
                self._post(events.PlanResumed(by="host"))
            yield from self._change_filter(wanted)
        self._plan_paused = False
        self._tell_gap(call)

    def _start_plan(self, frame_type: str, *, resumed: bool) -> None:
        frames, self._in_hand.frames = self._in_hand.frames, 0
        self._plan_runs, self._stood_still, self._in_hand.resumed = True, False, False
        self._post(
            events.PlanStarted(frame_type=frame_type, frames=frames, filter=self._filter_of_plan, resumed=resumed)
        )  # fmt: skip

    def _tell_gap(self, call: GateCall | None) -> None:
        """Tell the end of what a plan does between its frames; the next frame ends a flip whose end was not told."""
        in_hand = self._in_hand
        if call is None and in_hand.filter is not None:
            self._filter_turned(in_hand.filter)
        in_hand.filter = None
        if in_hand.centered is not None:
            self._post(events.CenteringFinished(automatic=in_hand.centered))
            in_hand.centered = None
        if in_hand.flipped or (self._flipping and call is not None):
            self._post(events.FlipFinished(pier_side=in_hand.pier_side))
            self._flipping, in_hand.flipped, in_hand.pier_side = False, False, None

    def _close_frames(self, next_type: str | None, next_filter: str | None = None, *, by: str | None = None) -> None:
        """Tell the frame that is out or in hand as saved; one that its own host (`by`) leaves too early has failed."""
        frame, saved = self._frame, self._in_hand.saved
        self._frame = self._in_hand.saved = None
        if frame is not None and by == frame.by and frame.is_early(self._now()):
            sentence = "The host went on before the exposure of this frame could be over."
            self._post(events.ExposureFailed(number=frame.number, sentence=sentence))
            return
        if frame is not None:
            if not frame.ended:
                self._post(events.ExposureEnded(number=frame.number))
            saved = saved or Saved(frame.number, frame.frame_type, frame.filter, frame.position)
        if saved is None:
            return
        self._post(
            events.FrameSaved(
                number=saved.number,
                frame_type=saved.frame_type,
                filter=saved.filter,
                position=saved.position,
                next_frame_type=next_type,
                file=saved.file,
                binning=saved.binning,
                hfr_px=saved.hfr_px,
                stars=saved.stars,
                next_filter=next_filter,
            )
        )

    def _change_filter(self, wanted: str | None) -> Waiting:
        if wanted is None:
            return
        if wanted != self._filter and not (yield from self._turned(wanted, tells=True)):
            self._in_hand.filter = None
        self._filter_turned(wanted)

    def _filter_turned(self, name: str, by: str = "plan") -> None:
        former = self._filter_of_plan
        self._plan_filter = self._filter = name
        if former != name:
            self._post(events.FilterChanged(former=former, filter=name, by=by))

    def _turned(self, name: str | None, *, tells: bool = False) -> Generator[float, None, bool]:
        """Turn the wheel, where the profile allows it and it stands elsewhere; False where it would not turn."""
        wheel = self._rig.filter_wheel if self._settings.turn_filter else None
        if name is None or wheel is None:
            return True
        try:
            if wheel.current() == name:
                return True
            if tells:
                self._post(events.FilterChanging(filter=name))
            yield from wheel.turn_to(name)
        except NO_READING:
            return False
        return True

    # --- time that passes without a word ---

    def _stands_still(self) -> bool:
        """Whether no frame of the plan can begin now, or is under way."""
        frame = self._frame
        if frame is not None and not frame.ended and self._now() < frame.over_t:
            return False
        return not self._plan_runs or self._plan_paused or self._stood_still or self._is_quiet()

    def _is_quiet(self) -> bool:
        return self._now() >= self._quiet_t()

    def _quiet_t(self) -> float:
        """When the host is taken to stand still, if it says nothing more."""
        over_t = self._frame.over_t if self._frame is not None and not self._frame.ended else 0.0
        return max(over_t, self._heard_t) + self._settings.quiet_s

    def _look_again_s(self) -> float | None:
        """How long to wait before the next look; None where there is nothing to look for."""
        if self._asking is not None:
            return LOOK_S if self._ended or self._reading or self.focuser_busy() else None
        if self._ended:
            return None
        told = self._plan_runs and not self._stood_still
        if told or (self._held_for is not None and not self._hold_told):
            return min(max(self._quiet_t() - self._now(), LOOK_S), LOOK_AGAIN_S)
        return None

    def _look_again(self) -> None:
        if not self._watching and self._look_again_s() is not None:
            self._watching = True
            self._crew.start("gate clock", self._watch())

    def _watch(self) -> Task:
        while (wait_s := self._look_again_s()) is not None:
            yield wait_s
            self._begin(self._go_on())
        self._watching = False
        return None


TWO_HOSTS = (
    "Two programs cannot share one camera. If it is the same program, give all of its calls the same `--host NAME`."
)


def _told(by: str) -> str:
    return by if by else "another program"


def iter_none() -> Task:
    """Do nothing; a lane begins with its first task."""
    yield 0.0
    return None
