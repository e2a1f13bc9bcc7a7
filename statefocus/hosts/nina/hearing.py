"""What each event of N.I.N.A. means: for the plan, for the focus, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from statefocus import events
from statefocus.crew import Task
from statefocus.errors import DeviceError
from statefocus.hosts.gate.asking import Answer
from statefocus.hosts.gate.lane import iter_none
from statefocus.hosts.nina.api import Api
from statefocus.hosts.nina.focusing import FAILED, NOT_OURS, Found, OwnAutofocus
from statefocus.hosts.nina.frames import NinaFrames
from statefocus.hosts.nina.reading import Told, event_of, point_of, runs_sequence, table, words
from statefocus.hosts.protocol import Surroundings

OVERTAKEN_S = 10.0
"""A gate call may be faster than the event that told the beginning of its sequence, by so long."""


class NinaHearing(NinaFrames):
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

    # --- whether a sequence runs that nobody has told of ---

    def hold(self, effect: int) -> None:
        """Hold the plan; where nobody has told yet whether a sequence runs, N.I.N.A. is asked first."""
        if self._sequence_runs is None:
            self._sequence_untold = True
            self._crew.start("nina", self._ask_what_runs())
        super().hold(effect)

    def _ask_what_runs(self) -> Task:
        yield 0.0
        try:
            told = runs_sequence(self._api.get("/sequence/json"))
        except DeviceError:
            told = None
        self._begin(self._was_asked(told=told))
        return None

    def _was_asked(self, *, told: bool | None) -> Task:
        """Take up what it told; one that is there and cannot tell has no sequence, one that is not is waited for."""
        if told and self._sequence_runs is None:
            self._sequence_runs = True
        self._sequence_untold = told is None and not self._link_up
        yield from self._go_on()
        return None

    # --- its sequence, and what happens between frames ---

    def _sequence_starts(self, _body: Mapping[str, Any]) -> None:
        former, self._sequence_runs = self._sequence_runs, True
        self._never_asks = self._sequence_untold = False
        called = self._called_t is not None and self._now() - self._called_t < OVERTAKEN_S
        if not former and not (self._plan_runs and called):
            self._hear_plan_started()

    def _sequence_ends(self, _body: Mapping[str, Any]) -> None:
        self._sequence_runs = self._never_asks = self._sequence_untold = False
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
