"""N.I.N.A.'s frames beside gate calls: each counts once, and its sequence is held at the gate or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PureWindowsPath
from typing import Any

from statefocus import events
from statefocus.crew import Task
from statefocus.hosts.gate import GateHost
from statefocus.hosts.gate.asking import Answer, Asking
from statefocus.hosts.gate.files import FILE_LOOK_S
from statefocus.hosts.gate.hearing import AGAIN
from statefocus.hosts.gate.in_hand import EARLY_PART, EARLY_S, ToldSaved
from statefocus.hosts.nina.reading import FRAME_TYPES, SNAPSHOT, TARGET, number, table, whole, words
from statefocus.hosts.protocol import Surroundings

LATE_S = 180.0
"""N.I.N.A. tells of a frame once its stars are measured; for so long after the next gate call it is still that one."""

SHORT_S = 10.0
"""Where exposures are no longer than that, a frame that was not told yet is told before the one that is out."""

PASSED = 2
"""So many frames after a hold was asked for, N.I.N.A. is taken not to call the gate."""

UNASKED = (
    "N.I.N.A. takes its frames without calling the gate, and nothing else can hold its sequence: put an External "
    "Script with `statefocus gate` before each exposure (docs/hosts/nina.md)."
)


class NinaFrames(GateHost):
    """Counts N.I.N.A.'s frames, by the gate and by its events.

    Parameters
    ----------
    given
        What surrounds it.
    """

    def __init__(self, given: Surroundings) -> None:
        super().__init__(given)
        self._waits_for_image, self._reads_files = self._reads_files, False  # N.I.N.A. tells each frame's HFR itself
        self._sequence_runs: bool | None = None
        self._sequence_untold = False
        self._link_up = False
        self._lost_told = False
        self._image_due_t: float | None = None
        self._exposure_s: float | None = None
        self._called_t: float | None = None
        self._passed = 0
        self._never_asks = False

    # --- its frames ---

    def _image_saved(self, body: Mapping[str, Any]) -> None:
        image = table(body.get("ImageStatistics"))
        kind = words(image.get("ImageType"))
        if kind == SNAPSHOT or words(image.get("TargetName")) == TARGET:
            return
        exposure_s, file = number(image.get("ExposureTime")), words(image.get("Filename"))
        if file is None:
            return  # a frame without a name cannot be told from the one before; the gate counts it
        hfr, stars = number(image.get("HFR")), whole(image.get("Stars"))
        hfr = hfr if hfr is not None and hfr > 0 else None
        if self._is_of_former(exposure_s):
            self._measured(file, hfr, stars)
            return
        if _same(file, self._last_file):
            return
        self._exposure_s = exposure_s
        if self._frame is not None and exposure_s is not None:  # a call may have told it wrongly
            self._frame.over_t = min(self._frame.over_t, self._frame.begun_t + exposure_s)
        type_, filter_ = FRAME_TYPES.get(kind or ""), words(image.get("Filter"))
        super()._take_saved(ToldSaved(file, type_, filter_, hfr=hfr, stars=stars))
        self._files.awaited, self._image_due_t = 0, None
        self._passed += 1

    def _is_of_former(self, exposure_s: float | None) -> bool:
        """Whether it is a frame that was told already: by the gate call after it, or by a script."""
        frame, now, due_t = self._frame, self._now(), self._image_due_t
        if frame is None or exposure_s is None:
            return due_t is not None and now - due_t <= LATE_S
        if now - frame.begun_t < EARLY_PART * exposure_s - EARLY_S:
            return True
        return due_t is not None and exposure_s <= SHORT_S and now - due_t <= SHORT_S

    def _measured(self, file: str, hfr: float | None, stars: int | None) -> None:
        """Add what N.I.N.A. has measured, where the core was not told of that frame yet."""
        saved, self._image_due_t = self._in_hand.saved, None
        if saved is not None and saved.hfr_px is None:
            saved.hfr_px, saved.stars, saved.file = hfr, stars, saved.file or file
        self._last_file = file

    def _take_saved(self, told: ToldSaved) -> Answer:
        """Take a script's word for a frame; its event comes too."""
        if told.file is not None and _same(told.file, self._last_file):
            return Answer("ignored", AGAIN)
        answer = super()._take_saved(told)
        if answer.word == "told":
            self._image_due_t = self._now()
        return answer

    def _close_frames(self, next_type: str | None, next_filter: str | None = None, *, by: str | None = None) -> None:
        frame = self._frame
        untold = (
            frame is not None and self._in_hand.saved is None and not (by == frame.by and frame.is_early(self._now()))
        )
        super()._close_frames(next_type, next_filter, by=by)
        if untold:
            self._image_due_t = self._now()

    def _exposure_lost(self, _body: Mapping[str, Any]) -> None:
        self._hear_exposure_failed("N.I.N.A.'s camera gave no frame.")

    # --- holding ---

    def _arrive(self, asking: Asking) -> Task:
        """A call has come; the image history waits a while for what N.I.N.A. has measured of the frame before."""
        self._never_asks, self._passed, self._called_t = False, 0, self._now()
        frame = self._frame
        waits = self._waits_for_image and self._link_up and frame is not None and frame.frame_type == "Light"
        if waits and frame is not None and not frame.is_early(self._now()):
            self._files.wait_for(frame.number)
            self._crew.start("gate files", self._wait_for_image(frame.number))
        yield from super()._arrive(asking)
        return None

    def _wait_for_image(self, frame: int) -> Task:
        while self._files.awaited == frame and self._files.in_time():
            yield FILE_LOOK_S
        self._done_with(frame)
        return None

    def hold(self, effect: int) -> None:
        """Hold the plan at the next gate call; where none comes while frames are taken, it cannot be held."""
        self._passed = 0
        super().hold(effect)

    def _without_call(self) -> None:
        super()._without_call()
        waits = self._held_for is not None and not self._hold_told
        if waits and (self._passed >= PASSED or self._never_asks):
            effect, self._held_for, self._never_asks = self._held_for, None, True
            self._post(events.EffectFailed(effect=effect or 0, reason="refused", sentence=UNASKED))

    def _stands_still(self) -> bool:
        """Whether no frame can begin now; whether a sequence runs must be known, or N.I.N.A. be silent for long."""
        if (
            (self._sequence_runs or self._lost_told or self._sequence_untold)
            and not self._plan_paused
            and not self._is_quiet()
        ):
            return False
        return super()._stands_still()

    def _quiet_t(self) -> float:
        """A sequence that does not call the gate may be within an exposure, as long as its last one."""
        unasked = (self._plan_runs or self._sequence_runs or self._lost_told) and not self._gated
        exposure_s = (self._exposure_s or self._settings.exposure_s) if unasked else 0.0
        return super()._quiet_t() + exposure_s


def _same(file: str, other: str | None) -> bool:
    """Whether two names are of one file; N.I.N.A. tells it without its folder."""
    return other is not None and PureWindowsPath(file).name == PureWindowsPath(other).name
