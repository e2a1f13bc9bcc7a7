"""The host `nina`: keeps its events coming, looks whether it is still there, and tells what only a question tells."""

from __future__ import annotations

from functools import cached_property

from statefocus import events
from statefocus.clock import Clock
from statefocus.crew import Task
from statefocus.errors import DeviceError, UsageError
from statefocus.events import Event
from statefocus.hosts.gate.asking import Asking
from statefocus.hosts.nina.camera import NinaCamera
from statefocus.hosts.nina.guiding import NinaGuider
from statefocus.hosts.nina.hearing import NinaHearing
from statefocus.hosts.nina.link import Link
from statefocus.hosts.nina.note import GuidingNote
from statefocus.hosts.nina.reading import Focusing, focusing_of, number, runs_sequence
from statefocus.hosts.protocol import Surroundings
from statefocus.profile import Profile

MISSED = 2
"""After so many questions in a row without an answer the event socket is taken to be dead too."""

GUIDES_AGAIN = "the refocus has ended, and guiding is to settle before the next frame"

_GUIDER = "nina guider"

MOUNT_GUARDS = ("tracking", "unparked", "flip_not_imminent")


class NinaHost(NinaHearing):
    """Follows N.I.N.A. by its Advanced API, and holds its sequence at the gate.

    Parameters
    ----------
    given
        What surrounds it.

    Raises
    ------
    DeviceError
        Where N.I.N.A. cannot be reached.
    UsageError
        Where its interface is not the one that is known, or its own autofocus runs and the profile refuses that.
    """

    _failure = ""

    def __init__(self, given: Surroundings) -> None:
        super().__init__(given)
        self._api.check_version()
        self._guider = NinaGuider(self._api, GuidingNote(self._nina), given.profile.host.guiding, self._post, self._now)
        self._asked_guider_for: int | None = None
        self._guider_asked = self._releases = False
        self._link = Link(self._nina, self.hear, self._reached, self._lost)
        self._down_t: float | None = None
        self._why_down = ""
        self._misses = 0
        self._looks = True
        self._flip_in_s: float | None = None
        if self._nina.own_autofocus == "refuse" and self._focusing() == "runs":
            raise UsageError(
                "N.I.N.A.'s own autofocus is running, and two programs cannot move one focuser "
                "(host.nina.own_autofocus = refuse): wait until it has ended, or cancel it there."
            )

    @classmethod
    def camera(cls, profile: Profile, clock: Clock) -> NinaCamera:
        """Give the camera of N.I.N.A., for camera.source = host."""
        return NinaCamera(profile.host.nina, clock)

    # --- what statefocus asks of it ---

    def attend(self) -> None:
        """Begin to listen, and to look."""
        self._down_t = self._now()
        self._link.start()
        self._crew.start("nina looks", self._look())
        self._crew.start(_GUIDER, self._guider.take_up())

    def release(self, effect: int) -> None:
        """Let the plan go on, once its guiding is back."""
        if not self._guider.wanted:
            super().release(effect)
            return
        self._releases = True
        self._begin(self._go_on())
        self._crew.start(_GUIDER, self._bring_guiding_back(effect))

    def abort(self, effect: int) -> None:
        """Give the plan up; its guiding goes on."""
        super().abort(effect)
        self._crew.start(_GUIDER, self._bring_guiding_back(None))

    def leave_paused(self) -> None:
        """Turn our hold into a pause that a person ends; its guiding goes on."""
        super().leave_paused()
        self._crew.start(_GUIDER, self._bring_guiding_back(None))

    def stop(self) -> None:
        """Answer whoever waits: the session ends."""
        self._looks = False
        super().stop()

    @property
    def failure(self) -> str:
        """What went wrong, or had to be left; to be read when the session is over, since guiding is brought back first.

        A fault of the gate is told at once.
        """
        return " ".join(each for each in (self._failure, self._guiding_left) if each)

    @failure.setter
    def failure(self, sentence: str) -> None:
        self._failure = sentence

    @cached_property
    def _guiding_left(self) -> str:
        """Have guiding brought back, at the end; what had to be left, as a sentence."""
        left = self._guider.end()
        if left:
            self.tell(left)
        return left

    def close(self) -> None:
        """Hang up; N.I.N.A. goes on, and guides again."""
        super().close()
        _ = self._guiding_left
        self._link.stop()

    def flip_in_s(self) -> float | None:
        """Time to the next meridian flip: by N.I.N.A. where the profile asks it, or else by the mount."""
        return self._flip_in_s if self._guards.flip_not_imminent == "host" else super().flip_in_s()

    # --- guiding, in a lane of its own ---

    def _may_hold(self) -> bool:
        """A run defocuses the telescope: guiding is to stand still before it."""
        if not self._guider.wanted or self._asked_guider_for == self._held_for:
            return not self._guider_asked and not self._releases
        self._asked_guider_for, self._guider_asked = self._held_for, True
        self._crew.start(_GUIDER, self._pause_guiding())
        return False

    def _pause_guiding(self) -> Task:
        yield 0.0
        self._guider.pause()
        self._guider_asked = False
        self._begin(self._go_on())
        return None

    def _bring_guiding_back(self, effect: int | None) -> Task:
        yield from self._guider.bring_back()
        if effect is not None:
            self._begin(self._released(effect))
        return None

    def _released(self, effect: int) -> Task:
        self._releases = False
        super().release(effect)
        yield 0.0
        return None

    # --- the event socket, from its own thread ---

    def _reached(self) -> None:
        self._begin(self._came())

    def _lost(self, sentence: str) -> None:
        self._begin(self._went(sentence))

    # --- the lane ---

    def _came(self) -> Task:
        self._link_up, self._down_t = True, None
        self._tell_found()
        self._crew.start("nina", self._catch_up())
        yield from self._go_on()
        return None

    def _went(self, sentence: str) -> Task:
        if self._link_up or self._down_t is None:
            self._link_up, self._down_t = False, self._now()
        self._why_down = sentence
        yield from self._go_on()
        return None

    def _arrive(self, asking: Asking) -> Task:
        """A call shows that N.I.N.A. is there, whatever has become of its events."""
        self._tell_found()
        if not self._link_up:
            self._down_t = self._now()
        yield from super()._arrive(asking)
        return None

    def _go_on(self) -> Task:
        yield from super()._go_on()
        if self._releases and not self._ended and self._asking is not None:
            self._asking.waits_for = GUIDES_AGAIN
        down_t, frame = self._down_t, self._frame
        if down_t is None or self._lost_told or self._ended or self._asking is not None:
            return None
        if frame is not None and not frame.ended and self._now() < frame.over_t:
            return None  # what was let go goes on
        if self._now() - down_t >= self._nina.lost_after_s:
            self._tell_lost()
        return None

    def _tell_lost(self) -> None:
        """Nobody tells of the plan any more; what it does next goes on with it."""
        self._lost_told = True
        self._close_frames(None)
        self._in_hand.resumed = self._in_hand.resumed or self._plan_runs
        self._plan_runs = self._plan_paused = self._stood_still = self._flipping = False
        self._sequence_runs = None
        sentence = (
            f"N.I.N.A. at {self._api.where} tells nothing any more ({self._why_down}): is it open, and its plug-in "
            "Advanced API on?"
        )
        self._post(events.HostLost(sentence=sentence))

    def _tell_found(self) -> None:
        if self._lost_told:
            self._lost_told = False
            self._post(events.HostFound())
            if self._autofocus.since_t is not None:  # what has become of it is asked
                self._post(events.HostFocusing())

    # --- what only a question tells ---

    def _catch_up(self) -> Task:
        """Ask what runs there, when the events begin to come."""
        running, focusing = self._is_running(), self._focusing()
        self._begin(self._caught_up(running=running, focusing=focusing))
        yield 0.0
        return None

    def _caught_up(self, *, running: bool, focusing: Focusing) -> Task:
        if self._sequence_runs is None and running:
            self._sequence_runs = True
        self._sequence_untold = False
        ended = self._autofocus.since_t is not None
        if focusing == "runs":
            self._focus_begins({})
        elif focusing == "found" and ended:
            self._focus_found({})
        elif ended:
            self._focus_failed({})
        yield from self._go_on()
        return None

    def _is_running(self) -> bool:
        try:
            return runs_sequence(self._api.get("/sequence/json"))
        except DeviceError:
            return False

    def _focusing(self) -> Focusing:
        """How its last autofocus goes; nothing where it does not tell."""
        try:
            history = self._api.get("/event-history")
        except DeviceError:
            return ""
        return focusing_of(history, self._clock_there(), 60 * self._nina.autofocus_limit_min)

    @staticmethod
    def _clock_there() -> float:
        """The time by which N.I.N.A. dates its history; a simulated night's own time is another."""
        from time import time

        return time()

    def _look(self) -> Task:
        """Look again and again whether it answers, and read the facts that the profile has it tell."""
        while self._looks:
            try:
                for event in self._facts():
                    self._post(event)
                self._misses = 0
            except DeviceError:
                self._missed()
            self._begin(self._go_on())
            yield min(self._nina.look_every_s, self._nina.lost_after_s / 2)
        return None

    def _missed(self) -> None:
        self._misses += 1
        if self._misses >= MISSED and self._link_up:
            self._link.drop()

    def _facts(self) -> list[Event]:
        """Read what guards want of N.I.N.A., and in any case whether it is there."""
        facts: list[Event] = []
        if self._guards.safe == "host":
            info = self._api.table("/equipment/safetymonitor/info")
            safe = info.get("IsSafe") if info.get("Connected") is True else None
            facts.append(events.SafetyRead(safe=safe if isinstance(safe, bool) else None))
        sources = {getattr(self._guards, name) for name in MOUNT_GUARDS}
        if "host" in sources and "device" not in sources:
            facts.append(self._mount())
        if not facts:
            self._api.get("/version")
        return facts

    def _mount(self) -> events.MountRead:
        info = self._api.table("/equipment/mount/info")
        if info.get("Connected") is not True:
            self._flip_in_s = None
            return events.MountRead()
        tracking, parked = info.get("TrackingEnabled"), info.get("AtPark")
        hours = number(info.get("TimeToMeridianFlip"))
        self._flip_in_s = 3600 * hours if hours is not None else None
        return events.MountRead(
            tracking=tracking if isinstance(tracking, bool) else None,
            parked=parked if isinstance(parked, bool) else None,
            flip_in_s=self._flip_in_s,
        )
