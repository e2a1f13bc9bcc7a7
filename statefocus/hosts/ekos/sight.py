"""What Ekos shows of its sequence over D-Bus, and the few things that it is asked to do."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from statefocus.hosts.ekos.bus import Bus, Denied, Gone
from statefocus.hosts.ekos.own_autofocus import own_autofocus_of

KSTARS = "org.kde.kstars"
_CAPTURE = ("/KStars/Ekos/Capture", "org.kde.kstars.Ekos.Capture")
_FOCUS = ("/KStars/Ekos/Focus", "org.kde.kstars.Ekos.Focus")
_GUIDE = ("/KStars/Ekos/Guide", "org.kde.kstars.Ekos.Guide")
_SCHEDULER = ("/KStars/Ekos/Scheduler", "org.kde.kstars.Ekos.Scheduler")
_MOUNT = ("/KStars/Ekos/Mount", "org.kde.kstars.Ekos.Mount")

FRAME_TYPES = ("Light", "Bias", "Dark", "Flat")


class Capturing(IntEnum):
    """States of the Capture module."""

    IDLE = 0
    PROGRESS = 1
    CAPTURING = 2
    PAUSE_PLANNED = 3
    PAUSED = 4
    SUSPENDED = 5
    ABORTED = 6
    WAITING = 7
    IMAGE_RECEIVED = 8
    DITHERING = 9
    FOCUSING = 10
    FILTER_FOCUS = 11
    CHANGING_FILTER = 12
    GUIDER_DRIFT = 13
    SETTING_TEMPERATURE = 14
    SETTING_ROTATOR = 15
    ALIGNING = 16
    CALIBRATING = 17
    MERIDIAN_FLIP = 18
    COMPLETE = 19


STANDING = frozenset({Capturing.IDLE, Capturing.ABORTED, Capturing.COMPLETE})
"""No sequence is under way."""


class Focusing(IntEnum):
    """States of the Focus module."""

    IDLE = 0
    COMPLETE = 1
    FAILED = 2
    ABORTED = 3
    WAITING = 4
    PROGRESS = 5


class Aligning(IntEnum):
    """States of the Align module that matter here."""

    IDLE = 0
    COMPLETE = 1
    FAILED = 2
    ABORTED = 3
    PROGRESS = 4
    SLEWING = 7


class Scheduling(IntEnum):
    """States of the scheduler in which it is at work."""

    STARTUP = 1
    RUNNING = 2


class Tracking(IntEnum):
    """States of the mount that matter here."""

    SLEWING = 2
    TRACKING = 3


@dataclass(frozen=True, slots=True)
class Job:
    """One job of the sequence, and how many of its frames are taken."""

    frame_type: str
    filter: str | None
    exposure_s: float
    done: int
    count: int


@dataclass(frozen=True, slots=True)
class Queue:
    """The sequence: its jobs, and which one is active (-1 for none)."""

    jobs: tuple[Job, ...] = ()
    active: int = -1

    @property
    def now(self) -> Job | None:
        """The active job, or the one that would be next; None where all is taken."""
        if 0 <= self.active < len(self.jobs):
            return self.jobs[self.active]
        return next((job for job in self.jobs if job.done < job.count), None)

    @property
    def after_this(self) -> Job | None:
        """The job of the frame after the one that is being taken, and is not counted yet."""
        now = self.now
        if now is None or now.done + 1 < now.count:
            return now
        return next((job for job in self.jobs if job.done < job.count and job is not now), None)

    @property
    def frames(self) -> int:
        """Frames of all jobs."""
        return sum(job.count for job in self.jobs)

    @property
    def done(self) -> int:
        """Frames of all jobs that are taken."""
        return sum(job.done for job in self.jobs)


class Ekos:
    """Ekos on one bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def status(self) -> int:
        """State of the Capture module (`Capturing`)."""
        return int(self._bus.get(KSTARS, *_CAPTURE, "status"))

    def focusing(self) -> bool:
        """Whether Ekos's own autofocus is running."""
        try:
            return int(self._bus.get(KSTARS, *_FOCUS, "status")) == Focusing.PROGRESS
        except Gone:
            return False

    def scheduler_works(self) -> bool:
        """Whether Ekos's scheduler runs the night."""
        try:
            return int(self._bus.get(KSTARS, *_SCHEDULER, "status")) in set(Scheduling)
        except Denied:
            return False

    def queue(self) -> Queue:
        """Read the sequence."""
        jobs = tuple(self._job(number) for number in range(int(self._capture("getJobCount"))))
        return Queue(jobs, int(self._capture("getActiveJobID")))

    def _job(self, number: int) -> Job:
        kind = int(self._capture("getJobFrameType", number))
        exposure_s = float(self._capture("getJobExposureDuration", number))
        return Job(
            frame_type=FRAME_TYPES[kind] if 0 <= kind < len(FRAME_TYPES) else "Light",
            filter=str(self._capture("getJobFilterName", number)).replace("--", "") or None,
            exposure_s=exposure_s if isfinite(exposure_s) else 0.0,
            done=int(self._capture("getJobImageProgress", number)),
            count=int(self._capture("getJobImageCount", number)),
        )

    def mount(self) -> tuple[float, int] | None:
        """Hour angle in hours and pier side (0 looks east, 1 west, -1 unknown); None without a mount."""
        try:
            hours = float(self._bus.get(KSTARS, *_MOUNT, "hourAngle"))
            side = int(self._bus.get(KSTARS, *_MOUNT, "pierSide"))
        except Gone:
            return None
        return (hours, side) if isfinite(hours) else None

    def guiding(self) -> int | None:
        """State of the Guide module (`guiding.Guided`); None where there is none.

        Raises
        ------
        Gone
            Where Ekos does not answer.
        """
        try:
            return int(self._bus.get(KSTARS, *_GUIDE, "status"))
        except Denied:
            return None

    def ask_guider(self, what: Literal["suspend", "resume"]) -> None:
        """Let guiding stand still with its star remembered, or go on."""
        self._bus.tell(KSTARS, *_GUIDE, what)

    def own_autofocus(self) -> list[str] | None:
        """What is switched on of Ekos's own autofocus in sequence; None where it cannot be told.

        It is read from the sequence file that Ekos would save.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="statefocus-") as folder:
                path = Path(folder) / "sequence.esq"
                if not self._capture("saveSequenceQueue", str(path)):
                    return None
                return own_autofocus_of(path.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return None

    def suspend(self) -> None:
        """Stop the sequence where it is; an exposure is given up, and taken again after `start`."""
        self._bus.tell(KSTARS, *_CAPTURE, "suspend")

    def start(self) -> None:
        """Go on after `suspend`."""
        self._bus.tell(KSTARS, *_CAPTURE, "start")

    def pause(self) -> None:
        """Stop at the end of the exposure; does nothing where none is running."""
        self._bus.tell(KSTARS, *_CAPTURE, "pause")

    def unpause(self) -> None:
        """Go on after `pause`; anything else than a pause it would end for good."""
        self._bus.tell(KSTARS, *_CAPTURE, "toggleSequence")

    def abort(self) -> None:
        """Give the sequence up."""
        self._bus.tell(KSTARS, *_CAPTURE, "abort")

    def _capture(self, method: str, argument: int | str | None = None) -> Any:
        if argument is None:
            return self._bus.call(KSTARS, *_CAPTURE, method)
        return self._bus.call(KSTARS, *_CAPTURE, method, "i" if isinstance(argument, int) else "s", argument)
