"""What Ekos's signals mean, as events; no wire and no clock.

A state is told twice here: when its signal comes (`capture`), and when it has stood for a moment (`stands`), since
Ekos passes through states that are not meant: it says that it captures while the filter wheel still turns, is idle
between two jobs, and paused or idle for half a second after a meridian flip.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from statefocus import events
from statefocus.events import Event
from statefocus.hosts.ekos.sight import FRAME_TYPES, STANDING, Capturing, Job, Queue

STANDS_S = 0.15
"""After this time a state is meant."""

STAYS_S = 5.0
"""After this time even a state is meant that a meridian flip passes through."""

EXPOSES_S = 0.4
"""After this time an exposure is told: what was told before has been worked off, and nobody wants to hold it."""

_AFTER_FLIP = frozenset({Capturing.IDLE, Capturing.PAUSED, Capturing.PROGRESS, Capturing.CAPTURING, Capturing.ALIGNING})
_SIDES = {0: "west", 1: "east"}
_UNDER_WAY = frozenset(
    {Capturing.PROGRESS, Capturing.CAPTURING, Capturing.PAUSE_PLANNED, Capturing.WAITING, Capturing.IMAGE_RECEIVED,
     Capturing.DITHERING, Capturing.FOCUSING, Capturing.FILTER_FOCUS, Capturing.CHANGING_FILTER,
     Capturing.SETTING_TEMPERATURE, Capturing.SETTING_ROTATOR, Capturing.ALIGNING, Capturing.CALIBRATING,
     Capturing.MERIDIAN_FLIP}
)  # fmt: skip


class Following:
    """Follows one KStars, from its start to its end.

    Attributes
    ----------
    running
        A sequence is under way.
    paused
        Somebody else has paused it, and that was told.
    flipping
        A meridian flip has begun, and no frame was begun since.
    exposing
        The start of an exposure was told, and not its end.
    holds
        A hold of ours stands, or is being arranged: what pauses the sequence is we.
    filter, position
        The filter in the light path, and where the focuser stood when the frame was begun.
    """

    def __init__(self, *, joined: bool = False) -> None:
        self.running = self.paused = self.flipping = self.exposing = self.holds = False
        self.filter: str | None = None
        self.position: int | None = None
        self.saved = 0
        self._joined, self._left_held = joined, False
        self._told_early = 0
        self._last_file = ""
        self._turns_to: str | None = None
        self._flip_told = False
        self._side: str | None = None

    # --- the Capture module ---

    def capture(self, state: int, queue: Queue) -> list[Event]:
        """A state came."""
        told: list[Event] = []
        if state in _UNDER_WAY and not self.running and not self.holds:
            told += self._started(queue)
        if state == Capturing.MERIDIAN_FLIP:
            told += self.flip()
        elif self.flipping and state in _AFTER_FLIP:
            told += self._flipped()
        if state == Capturing.CHANGING_FILTER:
            told += self._filter_turns(queue.now)
        elif state == Capturing.IMAGE_RECEIVED and self.exposing:
            told.append(events.ExposureEnded(number=self.saved + 1))
        elif state == Capturing.PAUSED and not self.flipping:
            told += self._paused_at_end(queue)
        return told

    def stands(self, state: int, queue: Queue) -> list[Event]:
        """A state has stood for `STANDS_S`."""
        if state == Capturing.CAPTURING:
            started = [] if self.running or self.holds else self._started(queue)
            return [*started, *self._resumed(), *self._filter_is(queue.now)]
        if state in STANDING and not (self.flipping and state == Capturing.IDLE):
            return self._ended(state)
        if state == Capturing.SUSPENDED and self.running and not self.holds:
            return [*self._given_up("Ekos suspended it."), *self._paused("host")]
        return []

    def stays(self, state: int) -> list[Event]:
        """A state has stood for `STAYS_S`."""
        return self._ended(state) if state in STANDING else []

    def exposes(self, queue: Queue) -> list[Event]:
        """An exposure has been running for `EXPOSES_S`."""
        job = queue.now
        if job is None or self.exposing or self.holds:
            return []
        self.flipping, self.exposing = False, True
        number = self.saved + 1
        return [
            events.FramePreparing(number=number, frame_type=job.frame_type, filter=self.filter),
            events.ExposureStarted(number=number, exposure_s=job.exposure_s),
        ]

    def completed(self, metadata: Mapping[str, Any], queue: Queue, *, flip_next: bool | None = None) -> list[Event]:
        """A frame is complete; `queue` is read after that, so its active job is the next frame's."""
        file = str(metadata.get("filename", ""))
        if file and file == self._last_file:
            return []
        self._last_file = file
        if self._told_early:
            self._told_early -= 1
            return []
        kind = metadata.get("type", 0)
        told: list[Event] = [] if self.running or self.holds else self._started(queue)
        told += self._resumed()
        frame_type = FRAME_TYPES[kind] if isinstance(kind, int) and 0 <= kind < len(FRAME_TYPES) else "Light"
        following = queue.now
        hfr_px, stars = _number(metadata.get("hfr")), _number(metadata.get("starCount"))
        saved = self._saved(frame_type, following, flip_next=flip_next)
        return [
            *told,
            events.FrameSaved(
                **{**saved, "file": file.rpartition("/")[2] or None, "hfr_px": hfr_px},
                stars=int(stars) if stars is not None and hfr_px is not None else None,
            ),
        ]

    def foreseen(self, job: Job, queue: Queue) -> events.FrameSaved:
        """Tell of the frame that is being taken as it will be told when it is saved."""
        following = queue.after_this
        return events.FrameSaved(
            number=self.saved + 1,
            frame_type=job.frame_type,
            filter=self.filter,
            next_frame_type=following.frame_type if following else None,
            next_filter=following.filter if following else None,
        )

    def found_held(self, queue: Queue) -> list[Event]:
        """A sequence is held since an earlier session, which was killed."""
        self._left_held = True
        return [*self._started(queue), *self._paused("an earlier statefocus")]

    def found_stopped(self, queue: Queue) -> list[Event]:
        """A sequence stands still, and not because of us: Ekos has suspended it, or a person has paused it."""
        return [*self._started(queue), *self._paused("host")]

    def left_paused(self) -> None:
        """The session was told that our hold is a pause now, and we go on trying to end it."""
        self.paused = self._left_held = self.running

    def given_up(self, sentence: str) -> list[Event]:
        """The exposure that was begun is given up; Ekos takes it again."""
        return self._given_up(sentence)

    # --- the mount ---

    def flip(self) -> list[Event]:
        """A meridian flip begins; its signals come in any order, and twice."""
        if self.flipping:
            return []
        self.flipping, self._flip_told = True, False
        return [events.FlipStarted()]

    def pier_side(self, side: int) -> None:
        """The mount has changed sides."""
        self._side = _SIDES.get(side)

    # --- what follows from them ---

    def _started(self, queue: Queue) -> list[Event]:
        self.running, joined = True, self._joined
        self._joined = False
        job = queue.now
        told: list[Event] = []
        if self.paused:
            self.paused = False
            joined = True
        if self.filter is None and joined and job is not None:
            self.filter = job.filter
        told.append(
            events.PlanStarted(
                frame_type=job.frame_type if job else "Light",
                frames=queue.frames,
                filter=self.filter,
                resumed=joined,
            )
        )
        return told

    def _flipped(self) -> list[Event]:
        if self._flip_told:
            return []
        self._flip_told = True
        return [events.FlipFinished(pier_side=self._side)]

    def _filter_turns(self, job: Job | None) -> list[Event]:
        if job is None or job.filter in (None, self.filter, self._turns_to) or self.filter is None:
            return []
        self._turns_to = job.filter
        return [events.FilterChanging(filter=job.filter or "")]

    def _filter_is(self, job: Job | None) -> list[Event]:
        """What the frame that has begun is taken through."""
        if job is None or job.filter is None or job.filter == self.filter:
            return []
        former, self.filter, self._turns_to = self.filter, job.filter, None
        return [events.FilterChanged(former=former, filter=job.filter, by="plan")]

    def _paused_at_end(self, queue: Queue) -> list[Event]:
        """A pause lands at a frame's end; Ekos tells of that frame only when it goes on."""
        told: list[Event] = []
        if self.running and not self._told_early:
            self._told_early = 1
            job = queue.now
            told += self._frame_at_pause(job, queue)
        if not self.holds:
            told += self._paused("person")
        return told

    def _frame_at_pause(self, job: Job | None, queue: Queue) -> list[Event]:
        frame_type = job.frame_type if job else "Light"
        return [events.FrameSaved(**self._saved(frame_type, queue.after_this, flip_next=None))]

    def _saved(self, frame_type: str, following: Job | None, *, flip_next: bool | None) -> dict[str, Any]:
        self.exposing = False
        self.saved += 1
        return {
            "number": self.saved,
            "frame_type": frame_type,
            "filter": self.filter,
            "position": self.position,
            "next_frame_type": following.frame_type if following else None,
            "next_filter": following.filter if following else None,
            "flip_next": flip_next,
        }

    def _paused(self, by: str) -> list[Event]:
        if self.paused or not self.running:
            return []
        self.paused = True
        return [events.PlanPaused(by=by)]

    def _resumed(self) -> list[Event]:
        if not self.paused or self.holds:
            return []
        self.paused, left_held, self._left_held = False, self._left_held, False
        return [events.PlanResumed(by="statefocus") if left_held else events.PlanResumed()]

    def _given_up(self, sentence: str) -> list[Event]:
        if not self.exposing:
            return []
        self.exposing = False
        return [events.ExposureFailed(number=self.saved + 1, sentence=sentence)]

    def _ended(self, state: int) -> list[Event]:
        """The sequence is over, or a person has stopped it; in the middle of our hold that is a pause of theirs."""
        if not self.running:
            return []
        told = self._given_up("The sequence was stopped in Ekos.")
        self._told_early = 0
        self.flipping = False
        if self.holds:
            return [*told, *self._paused("person")]
        self.running = self.paused = False
        reason = "" if state == Capturing.COMPLETE else "The sequence was stopped in Ekos."
        return [*told, events.PlanFinished(reason=reason)]


def _number(value: Any) -> float | None:
    """A measure, or None where Ekos has none (it says -1 or 0)."""
    known = isinstance(value, int | float) and isfinite(value) and value > 0
    return float(value) if known else None
