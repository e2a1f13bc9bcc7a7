"""What the gate's host makes of each notification: an event at once, or something kept until the next gap (T14)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from statefocus import events
from statefocus.crew import Task
from statefocus.hosts.gate.asking import Answer, Ticket
from statefocus.hosts.gate.files import FrameFiles, name_of
from statefocus.hosts.gate.gap import GapTelling
from statefocus.hosts.gate.in_hand import FrameOut, InHand, Saved, ToldSaved
from statefocus.hosts.protocol import Surroundings

AGAIN = "This was told already."
TOO_LATE = "No frame is out: the next one waits at the gate, and what was taken before its call is counted already."


class Hearing(GapTelling):
    """Takes up what scripts tell, in the lane.

    Parameters
    ----------
    given
        What surrounds it.
    """

    def __init__(self, given: Surroundings) -> None:
        super().__init__(given)
        self.tell: Callable[[str], None] = lambda _sentence: None
        self._reads_files = given.profile.triggers.image_history.enabled
        self._heard_t = given.clock.now()
        self._last_file: str | None = None
        self._gated = False
        self._left_paused = False
        self._given_up = False
        self._files = FrameFiles(given, self._tell_person, self._done_with)

    def _take_notice(self, ticket: Ticket, word: str, told: Mapping[str, Any]) -> Task:
        """Take up one notification, and answer what became of it."""
        self._heard_t = self._clock.now()
        hear: Callable[..., Answer] = getattr(self, f"_hear_{word.replace('-', '_')}")
        try:
            ticket.settle(hear(**told))
        finally:
            ticket.settle(Answer("ignored", "The session could not take it up."))
        yield from self._go_on()
        return None

    # --- the plan ---

    def _hear_plan_started(self, frames: int = 0, *, resumed: bool = False) -> Answer:
        self._left_paused = self._given_up = False
        if self._plan_runs and not resumed:
            self._end_plan("another plan begins")
        if self._plan_runs:
            return self._resume("host")
        self._in_hand = InHand(frames=frames, resumed=resumed, filter=self._in_hand.filter)
        return Answer("told", "The plan begins with its first gate call.")

    def _hear_plan_finished(self, reason: str = "") -> Answer:
        self._given_up = False
        if not self._plan_runs:
            self._in_hand = InHand()
            return Answer("ignored", "No frame of a plan was asked for.")
        self._end_plan(reason)
        return Answer("told", "The plan is over.")

    def _end_plan(self, reason: str) -> None:
        self._close_frames(None, by=self._frame.by if self._frame is not None else None)
        self._plan_runs = self._plan_paused = self._left_paused = self._stood_still = self._gated = False
        self._flipping, self._in_hand = False, InHand()
        self._post(events.PlanFinished(reason=reason))

    def _hear_plan_paused(self, by: str = "person") -> Answer:
        if not self._plan_runs or self._plan_paused:
            return Answer("ignored", AGAIN if self._plan_paused else "No plan is running.")
        self._plan_paused = True
        self._post(events.PlanPaused(by=by))
        saved = self._in_hand.saved
        if saved is not None and self._frame is None:
            self._close_frames(saved.frame_type)  # a paused plan goes on with what it took
        return Answer("told", "The plan is paused.")

    def _hear_plan_resumed(self, by: str = "person") -> Answer:
        if not (self._plan_paused or self._left_paused):
            return Answer("ignored", "The plan is not paused.")
        return self._resume(by)

    def _resume(self, by: str) -> Answer:
        self._plan_paused = self._left_paused = False
        self._post(events.PlanResumed(by=by))
        return Answer("told", "The plan goes on.")

    # --- its frames ---

    def _hear_exposure_started(
        self, type: str | None = None, filter: str | None = None, exposure: float | None = None  # noqa: A002
    ) -> Answer:  # fmt: skip
        now, frame = self._clock.now(), self._frame
        exposure_s = self._settings.exposure_s if exposure is None else exposure
        if frame is not None and not frame.ended:
            if exposure is not None:
                frame.over_t, frame.told = now + exposure, True
            return Answer("told", f"Frame {frame.number} was let go.")
        kind, name = type or self._kind(), filter or self._filter_of_plan
        self._take_unasked(kind, name)
        self._number += 1
        self._post(events.FramePreparing(number=self._number, frame_type=kind, filter=name))
        self._post(events.ExposureStarted(number=self._number, exposure_s=exposure_s))
        self._frame = FrameOut(self._number, kind, name, "", now, now + exposure_s, told=exposure is not None)
        return Answer("told", f"Frame {self._number} was begun without a call of the gate.")

    def _take_unasked(self, kind: str, name: str | None) -> None:
        """Tell what came before a frame that the host begins without asking."""
        if not self._plan_runs or self._stood_still:
            self._start_plan(kind, resumed=self._stood_still)
        else:
            self._close_frames(kind, name)
        self._in_hand.filter = name if name != self._filter_of_plan else None
        self._tell_gap(None)

    def _kind(self) -> str:
        """Of the last frame."""
        if self._frame is not None:
            return self._frame.frame_type
        return self._in_hand.saved.frame_type if self._in_hand.saved is not None else "Light"

    def _hear_exposure_ended(self) -> Answer:
        if self._frame is None or self._frame.ended:
            return Answer("ignored", AGAIN if self._frame else "No frame was let go.")
        if self._frame.is_early(self._clock.now()):
            return self._belongs_to_former(self._frame)
        self._frame.ended = True
        self._post(events.ExposureEnded(number=self._frame.number))
        return Answer("told", f"Frame {self._frame.number} is exposed.")

    @staticmethod
    def _belongs_to_former(frame: FrameOut) -> Answer:
        said = (
            f"Frame {frame.number} is still being exposed: the frame before it, which was counted when this one began"
        )
        return Answer("ignored", f"{said}, is told too late.")

    def _hear_exposure_failed(self, why: str = "") -> Answer:
        frame, self._frame = self._frame, None
        if frame is None:
            return Answer("ignored", "No frame was let go.")
        self._post(events.ExposureFailed(number=frame.number, sentence=why))
        return Answer("told", f"Frame {frame.number} has failed.")

    def _hear_frame_saved(self, **told: Any) -> Answer:
        return self._take_saved(ToldSaved(**told))

    def _take_saved(self, told: ToldSaved) -> Answer:
        """Keep a saved frame until the next gap, and have its file measured where nobody has told its HFR."""
        frame, file = self._frame, told.file
        if frame is not None and frame.is_early(self._clock.now()):
            return self._belongs_to_former(frame)
        self._frame = None
        if frame is None and (self._gated if file is None else file == self._last_file):
            return Answer("ignored", AGAIN)
        if frame is None and self._gated and self._asking is not None:
            return Answer("ignored", TOO_LATE)
        if frame is None:
            frame = self._unasked(told)
        elif not frame.ended:
            self._post(events.ExposureEnded(number=frame.number))
        saved = Saved(
            frame.number,
            told.type or frame.frame_type,
            told.filter or frame.filter,
            frame.position,
            name_of(file),
            told.binning,
            told.hfr,
            told.stars,
        )
        self._in_hand.saved, self._last_file = saved, file
        if file is not None and told.hfr is None and self._reads_files and saved.frame_type == "Light":
            self._files.measure(saved, Path(file))
        return Answer("told", f"Frame {saved.number} is saved; what follows is decided at the next gate call.")

    def _unasked(self, told: ToldSaved) -> FrameOut:
        """Give a frame of which nothing was known until it was saved."""
        name = told.filter or self._filter_of_plan
        self._take_unasked(told.type or self._kind(), name)
        self._number += 1
        return FrameOut(self._number, told.type or "Light", name, "", 0.0, 0.0, position=self._focuser_position())

    def _tell_person(self, sentence: str) -> None:
        self.tell(sentence)

    def _done_with(self, number: int) -> None:
        """No more is to be known of that frame; from any thread."""
        self._begin(self._was_read(number))

    def _was_read(self, number: int) -> Task:
        self._files.was_read(number)
        yield from self._go_on()
        return None

    # --- what happens between frames ---

    def _hear_filter_changing(self, filter: str) -> Answer:  # noqa: A002
        self._post(events.FilterChanging(filter=filter))
        return Answer("told", "The wheel turns.")

    def _hear_filter_changed(self, filter: str, by: str = "plan") -> Answer:  # noqa: A002
        told = self._in_hand.filter or self._filter_of_plan
        if filter == told or (self._run_stands and filter == self._filter):
            return Answer("ignored", f"{filter} is in the light path already.")
        if by == "plan":
            self._in_hand.filter = filter
            return Answer("told", "What follows is decided at the next gate call.")
        self._filter_turned(filter, by="person")
        return Answer("told", f"{filter} is in the light path.")

    def _hear_flip_started(self) -> Answer:
        if self._flipping:
            return Answer("ignored", AGAIN)
        self._flipping, self._flipped_to = True, None
        self._post(events.FlipStarted())
        return Answer("told", "The mount flips.")

    def _hear_flip_finished(self, pier_side: str | None = None) -> Answer:
        if self._in_hand.flipped or (not self._plan_runs and self._flip_was_told(pier_side)):
            return Answer("ignored", AGAIN)
        self._in_hand.flipped, self._in_hand.pier_side = True, pier_side
        if not self._plan_runs:
            self._flipped_to = pier_side or ""
            self._tell_gap(None)
            return Answer("told", "The mount has flipped.")
        return Answer("told", "What follows is decided at the next gate call.")

    def _flip_was_told(self, pier_side: str | None) -> bool:
        """Whether this flip was told before: another one begins anew, or ends on another side."""
        return self._flipped_to is not None and (pier_side is None or self._flipped_to in ("", pier_side))

    def _hear_centering_finished(self, by: str = "plan") -> Answer:
        self._in_hand.centered = by == "plan"
        return Answer("told", "What follows is decided at the next gate call.")

    def _hear_host_refocused(
        self, position: int | None = None, filter: str | None = None, *, failed: bool = False  # noqa: A002
    ) -> Answer:  # fmt: skip
        refocused = events.HostRefocused(position=None if failed else position, filter=filter, failed=failed)
        self._post(refocused)
        return Answer("told", "The host's own autofocus is noted.")
