"""What each event of N.I.N.A. means for the plan; whatever a script tells too counts once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PureWindowsPath
from typing import Any

from statefocus import events
from statefocus.crew import Task
from statefocus.hosts.gate import GateHost, iter_none
from statefocus.hosts.gating import EARLY_PART, EARLY_S, Answer, Asking
from statefocus.hosts.hearing import AGAIN, FILE_LOOK_S
from statefocus.hosts.nina.api import Api
from statefocus.hosts.nina.focusing import FAILED, NOT_OURS, Found, OwnAutofocus
from statefocus.hosts.nina.reading import FRAME_TYPES, SNAPSHOT, Told, event_of, number, point_of, table, whole, words
from statefocus.hosts.protocol import Surroundings

TARGET = "statefocus focus frame"
"""What focus frames of `nina.camera` are called, so that none of them counts for the plan."""

LATE_S = 180.0
"""N.I.N.A. tells of a frame once its stars are measured; for so long after the next gate call it is still that one."""

OVERTAKEN_S = 10.0
"""A gate call may be faster than the event that told the beginning of its sequence, by so long."""

PASSED = 2
"""So many frames after a hold was asked for, N.I.N.A. is taken not to call the gate."""

UNASKED = (
    "N.I.N.A. takes its frames without calling the gate, and nothing else can hold its sequence: put an External "
    "Script with `statefocus gate` before each exposure (docs/hosts/nina.md)."
)


class NinaHearing(GateHost):
    """Takes up the events of N.I.N.A.; `NinaHost` brings them.

    Parameters
    ----------
    given
        What surrounds it.
    """

    def __init__(self, given: Surroundings) -> None:
        super().__init__(given)
        self._nina, self._guards = given.profile.host.nina, given.profile.guards
        self._api = Api(self._nina)
        self._found = Found(self._api, self._focuser_position)
        self._autofocus = OwnAutofocus()
        self._waits_for_image, self._reads_files = self._reads_files, False  # N.I.N.A. tells each frame's HFR itself
        self._sequence_runs: bool | None = None
        self._link_up = False
        self._image_due_t: float | None = None
        self._exposure_s: float | None = None
        self._called_t: float | None = None
        self._passed = 0
        self._never_asks = False
        self._lost_told = False
        for lane in ("nina", "nina focus", "nina looks"):
            self._crew.start(lane, iter_none())

    def hear(self, text: str | bytes) -> None:
        """Take a message of the event socket, in whichever thread."""
        told = event_of(text)
        if told is not None and told.name in _MEANS:
            self._begin(self._take_up(told))

    def _take_up(self, told: Told) -> Task:
        self._heard_t = self._now()
        take: Callable[[Mapping[str, Any]], None] = getattr(self, _MEANS[told.name])
        take(told.body)
        yield from self._go_on()
        return None

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
        super()._hear_frame_saved(
            file=file, type=FRAME_TYPES.get(kind or ""), filter=words(image.get("Filter")), hfr=hfr, stars=stars
        )
        self._reading, self._image_due_t = 0, None
        self._passed += 1

    def _is_of_former(self, exposure_s: float | None) -> bool:
        """Whether it is a frame that was told already: by the gate call after it, or by a script."""
        frame, now = self._frame, self._now()
        if frame is not None:
            return exposure_s is not None and now - frame.begun_t < EARLY_PART * exposure_s - EARLY_S
        return self._image_due_t is not None and now - self._image_due_t <= LATE_S

    def _measured(self, file: str, hfr: float | None, stars: int | None) -> None:
        """Add what N.I.N.A. has measured, where the core was not told of that frame yet."""
        saved, self._image_due_t = self._in_hand.saved, None
        if saved is not None and saved.hfr_px is None:
            saved.hfr_px, saved.stars, saved.file = hfr, stars, saved.file or file
        self._last_file = file

    def _hear_frame_saved(
        self,
        file: str | None = None,
        type: str | None = None,  # noqa: A002
        filter: str | None = None,  # noqa: A002
        binning: int = 1,
        hfr: float | None = None,
        stars: int | None = None,
    ) -> Answer:
        """Take a script's word for a frame; its event comes too."""
        if file is not None and _same(file, self._last_file):
            return Answer("ignored", AGAIN)
        answer = super()._hear_frame_saved(file, type, filter, binning, hfr, stars)
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
            self._reading = frame.number
            self._crew.start("gate files", self._wait_for_image(frame.number))
        yield from super()._arrive(asking)
        return None

    def _wait_for_image(self, frame: int) -> Task:
        until = self._now() + self._settings.file_wait_s
        while self._reading == frame and self._now() < until:
            yield FILE_LOOK_S
        self._begin(self._was_read(frame))
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
        if (self._sequence_runs or self._lost_told) and not self._plan_paused and not self._is_quiet():
            return False
        return super()._stands_still()

    def _quiet_t(self) -> float:
        """A sequence that does not call the gate may be within an exposure, as long as its last one."""
        unasked = (self._plan_runs or self._sequence_runs or self._lost_told) and not self._gated
        exposure_s = (self._exposure_s or self._settings.exposure_s) if unasked else 0.0
        return super()._quiet_t() + exposure_s

    # --- its sequence, and what happens between frames ---

    def _sequence_starts(self, _body: Mapping[str, Any]) -> None:
        former, self._sequence_runs = self._sequence_runs, True
        self._never_asks = False
        called = self._called_t is not None and self._now() - self._called_t < OVERTAKEN_S
        if not former and not (self._plan_runs and called):
            self._hear_plan_started()

    def _sequence_ends(self, _body: Mapping[str, Any]) -> None:
        self._sequence_runs, self._never_asks = False, False
        asking, self._asking = self._asking, None
        if asking is not None:  # its frame will not be taken
            asking.settle(Answer("stop", "N.I.N.A.'s sequence has ended."))
        self._hear_plan_finished()

    def _filter_turned_to(self, body: Mapping[str, Any]) -> None:
        name = words(table(body.get("New")).get("Name"))
        if name is not None:
            of_plan = self._plan_runs or self._sequence_runs is not False
            self._hear_filter_changed(name, "plan" if of_plan else "hand")

    def _flip_begins(self, _body: Mapping[str, Any]) -> None:
        self._hear_flip_started()

    def _flip_ends(self, _body: Mapping[str, Any]) -> None:
        self._hear_flip_finished()

    def _centres(self, _body: Mapping[str, Any]) -> None:
        """N.I.N.A. tells when it begins to centre; the core is told at the next gap, when it has ended."""
        self._hear_centering_finished()

    def _safety(self, body: Mapping[str, Any]) -> None:
        safe = body.get("IsSafe")
        if self._guards.safe == "host" and isinstance(safe, bool):
            self._post(events.SafetyRead(safe=safe))

    # --- its own autofocus ---

    def _focus_begins(self, _body: Mapping[str, Any]) -> None:
        if self._autofocus.starts(self._now()):
            self._post(events.HostFocusing())
            self._tell_taken()
            self._crew.start("nina focus", self._watch_autofocus())

    def _tell_taken(self) -> None:
        """Tell the frame that was taken before, so that it does not count for the focus that is found now."""
        frame, saved = self._frame, self._in_hand.saved
        if frame is None and saved is not None:
            self._close_frames(saved.frame_type)
        elif frame is not None and (frame.ended or self._now() >= frame.over_t):
            self._close_frames(frame.frame_type)

    def _focus_goes_on(self, body: Mapping[str, Any]) -> None:
        """Note a point; one that is told after the end changes nothing, one without a beginning begins it."""
        point = point_of(body)
        if point is not None and not self._autofocus.has_just_ended(self._now()):
            self._focus_begins(body)
            self._autofocus.takes(point)

    def _focus_found(self, _body: Mapping[str, Any], trigger: str = "autofocus of N.I.N.A.") -> None:
        ended = self._autofocus.ends(self._now())
        if ended is not None:
            self._took_focus(*ended, trigger)

    def _focus_failed(self, _body: Mapping[str, Any], sentence: str = FAILED) -> None:
        ended = self._autofocus.ends(self._now())
        if ended is not None:
            seconds, points = ended
            self._post(
                events.HostRefocused(position=None, seconds=seconds, points=points, sentence=sentence, failed=True)
            )

    def _user_focused(self, _body: Mapping[str, Any]) -> None:
        if self._autofocus.since_t is None:
            self._took_focus(0.0, (), "a person at N.I.N.A.")

    def _took_focus(self, seconds: float, points: tuple[tuple[float, float], ...], trigger: str) -> None:
        if self._nina.own_autofocus == "refuse":
            self._post(events.HostRefocused(position=None, seconds=seconds, points=points, sentence=NOT_OURS))
        else:
            self._crew.start("nina", self._found.found(seconds, points, trigger))

    def _focuser_gone(self, _body: Mapping[str, Any]) -> None:
        if self._autofocus.since_t is not None:
            self._focus_failed({}, "N.I.N.A.'s focuser was disconnected within its own autofocus.")

    def _watch_autofocus(self) -> Task:
        """Give an autofocus up that tells nothing any more: N.I.N.A. does not tell of one that was cancelled."""
        limit_s, autofocus = 60 * self._nina.autofocus_limit_min, self._autofocus
        while autofocus.since_t is not None and (left_s := autofocus.heard_t + limit_s - self._now()) > 0:
            yield min(left_s, 10.0)
        if autofocus.since_t is not None:
            self._begin(self._autofocus_lapsed())
        return None

    def _autofocus_lapsed(self) -> Task:
        if self._autofocus.since_t is not None:
            self._focus_failed({}, "N.I.N.A.'s own autofocus has not told for long whether it goes on.")
        yield from self._go_on()
        return None


def _same(file: str, other: str | None) -> bool:
    """Whether two names are of one file; N.I.N.A. tells it without its folder."""
    return other is not None and PureWindowsPath(file).name == PureWindowsPath(other).name


_MEANS: dict[str, str] = {
    "IMAGE-SAVE": "_image_saved",
    "CAMERA-DOWNLOAD-TIMEOUT": "_exposure_lost",
    "CAMERA-DISCONNECTED": "_exposure_lost",
    "SEQUENCE-STARTING": "_sequence_starts",
    "SEQUENCE-FINISHED": "_sequence_ends",
    "FILTERWHEEL-CHANGED": "_filter_turned_to",
    "MOUNT-BEFORE-FLIP": "_flip_begins",
    "MOUNT-AFTER-FLIP": "_flip_ends",
    "MOUNT-CENTER": "_centres",
    "SAFETY-CHANGED": "_safety",
    "AUTOFOCUS-STARTING": "_focus_begins",
    "AUTOFOCUS-POINT-ADDED": "_focus_goes_on",
    "AUTOFOCUS-FINISHED": "_focus_found",
    "ERROR-AF": "_focus_failed",
    "FOCUSER-USER-FOCUSED": "_user_focused",
    "FOCUSER-DISCONNECTED": "_focuser_gone",
}
