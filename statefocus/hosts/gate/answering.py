"""How a gate call is answered: who is refused, who waits for what, and whose frame may start."""

from __future__ import annotations

from collections.abc import Callable

from statefocus import events
from statefocus.crew import WORKED_OFF, Task
from statefocus.hosts.gate.asking import Answer, Asking, GateCall
from statefocus.hosts.gate.in_hand import FrameOut
from statefocus.hosts.gate.lane import Waiting
from statefocus.hosts.gate.silence import Silence
from statefocus.hosts.protocol import Surroundings

ENDED = "The session has ended."
UNDER_WAY = "a refocus is under way"
IS_TOLD = "what has happened since the last frame is being worked off"
WINDS_UP = "the session ends, and puts back what is under way"
STAYS_PAUSED = (
    "The plan stays paused, since focus failed (failure.policy = pause): when focus is good, call "
    "`statefocus notify plan-resumed`."
)
GIVEN_UP = (
    "The plan was given up, since focus failed (failure.policy = abort): "
    "`statefocus notify plan-started` begins another."
)
TWO_HOSTS = (
    "Two programs cannot share one camera. If it is the same program, give all of its calls the same `--host NAME`."
)


class Answering(Silence):
    """Answers gate calls, and grants the core's holds; all of it in the lane.

    Parameters
    ----------
    given
        What surrounds it.
    """

    def __init__(self, given: Surroundings) -> None:
        super().__init__(given)
        self.lights_begun: list[float] = []
        self.session_rests: Callable[[], bool] = lambda: True
        self._here_paused = False

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
        elif self._files.awaited and self._files.in_time():
            asking.waits_for = "the frame that was saved last is being measured"
        else:
            self._files.wait_no_longer()
            yield from self._at_gate(asking)
        self._look_again()
        return None

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
            asking.gap_told, wanted = True, asking.call.filter
            asking.waits_for = f"the filter wheel turns to {wanted}" if self._turns_to(wanted) else IS_TOLD
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
        if self._held_for is not None and not self._hold_told and self._may_hold():
            self._plan_filter, self._hold_told = self._filter, True
            self._post(events.PlanHeld(effect=self._held_for, running=self._plan_runs))

    def _may_hold(self) -> bool:
        """Whether nothing else is to be done before a hold is granted; who says no goes on when that is done."""
        return True

    def _let_go(self, asking: Asking) -> Waiting:
        """Let the next frame be taken, unless its caller has gone."""
        if not asking.promise():
            self._asking = None
            return
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
            self._post(events.ExposureFailed(number=number, sentence="The session ended before it was let go."))
            return
        if call.frame_type == "Light":
            self.lights_begun.append(now)
        self._frame.position = self._focuser_position()

    def _turns_to(self, name: str | None) -> bool:
        """Whether the wheel is turned before a frame in that filter."""
        turned = self._settings.turn_filter and self._rig.filter_wheel is not None
        return turned and name is not None and name != self._filter

    def _is_at_rest(self) -> bool:
        return not self._run_stands and not self.focuser_busy() and self.session_rests()


def _told(by: str) -> str:
    return by if by else "another program"
