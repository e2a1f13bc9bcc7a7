"""What the core is told of a plan at the gaps between its frames, and in which order (T14)."""

from __future__ import annotations

from collections.abc import Generator

from statefocus import events
from statefocus.errors import DeviceError
from statefocus.hosts.gate.asking import GateCall
from statefocus.hosts.gate.in_hand import FrameOut, InHand, Saved
from statefocus.hosts.gate.lane import Lane, Waiting
from statefocus.hosts.protocol import Surroundings

NO_READING = (DeviceError, LookupError, TypeError, ValueError)
"""What a device may answer instead of a reading: nothing, an error, or a value of another type."""


class GapTelling(Lane):
    """Knows the plan as the host has told it, and tells the core.

    Parameters
    ----------
    given
        What surrounds it; its `rig.filter_wheel` is turned where the profile allows it.
    """

    def __init__(self, given: Surroundings) -> None:
        super().__init__(given)
        self._settings = given.profile.host.gate
        self._rig = given.rig
        self._frame: FrameOut | None = None
        self._in_hand = InHand()
        self._number = 0
        self._filter: str | None = None
        self._plan_runs = False
        self._stood_still = False
        self._plan_paused = False
        self._flipping = False
        self._flipped_to: str | None = None
        self._held_for: int | None = None
        self._hold_told = False
        self._plan_filter: str | None = None

    @property
    def _run_stands(self) -> bool:
        """Whether a hold was granted, so that the focuser and the wheel are a run's."""
        return self._held_for is not None and self._hold_told

    @property
    def _filter_of_plan(self) -> str | None:
        """The plan's filter, whichever one a run has turned to meanwhile."""
        return self._plan_filter if self._run_stands else self._filter

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
        self._flipped_to = None
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

    def _focuser_position(self) -> int | None:
        try:
            return self._rig.focuser.position()
        except NO_READING:
            return None
