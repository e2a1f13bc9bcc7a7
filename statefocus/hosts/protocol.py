"""What statefocus asks of a program that runs the imaging session, and what such a host is given; see docs/hosts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from statefocus.clock import Clock
from statefocus.crew import Crew
from statefocus.devices.rig import Rig
from statefocus.devices.values import Exposure
from statefocus.events import FrameSaved
from statefocus.profile import PlanJob, Profile


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a plan's frame: its file where it could be saved, and how sharp it is where that is asked for."""

    file: Path | None
    hfr_px: float | None = None
    stars: int | None = None


Keep = Callable[[int, PlanJob, Exposure, dict[str, Any]], Kept]
"""Saves a frame that statefocus itself took for the plan; its number, job, pixels, and what is told of it."""

Foresee = Callable[[FrameSaved, float], bool]
"""Tells whether the plan will be held once that frame is saved, so many seconds from now; for one thread."""


def foresees_nothing(_frame: FrameSaved, _seconds: float) -> bool:
    """Foresee no hold: a host that can hold its plan at any gap need not ask."""
    return False


def unread(path: Path) -> Kept:
    """Know a frame that a host has saved by its name alone."""
    return Kept(path)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a host is given to attend one imaging session.

    Attributes
    ----------
    profile, rig
        The rules of the night, and its devices.
    clock
        The session's time; a host asks no other.
    crew
        `crew.post(event)` tells what happened, and `crew.start` carries a task out; both from any thread.
    keep
        Saves a frame.
    lights
        Light frames after which the plan is to end; None for all of them.
    foresees
        Whether a hold is to be expected, for a host that must arrange it while the frame before it is still taken.
    read
        Reads a frame that the host has saved, and measures it for the image history (T10).
    """

    profile: Profile
    rig: Rig
    clock: Clock
    crew: Crew
    keep: Keep
    lights: int | None = None
    read: Callable[[Path], Kept] = unread
    foresees: Foresee = foresees_nothing


class Host(Protocol):
    """A program that runs the imaging session; it tells what happens there as events (`Surroundings.crew.post`).

    All methods are called from the session's own thread and must return at once: what takes time is a task or a thread
    of the host's own, and its answer an event.

    Attributes
    ----------
    total_frames
        Frames of the plan; 0 where the host cannot tell.
    lights_begun
        When its Light frames began, unix seconds.
    failure
        Why it could not go on, or what it had to leave behind that a person must see to, as a sentence; else empty. It
        is read once, when the session is over: a host may then take a while to bring what it does to its end.
    resident
        Whether the session outlasts a plan: it then ends by Ctrl-C or --until, not with `plan_finished`.
    focuser_busy
        Set by the session: whether the focuser is being moved just now.
    """

    total_frames: int
    lights_begun: list[float]
    failure: str
    resident: bool
    focuser_busy: Callable[[], bool]

    def attend(self) -> None:
        """Begin to follow the plan, or to execute it."""

    def hold(self, effect: int) -> None:
        """Hold the plan at the next gap; `plan_held` with this effect answers it, or `effect_failed`."""

    def release(self, effect: int) -> None:
        """Let the plan go on; `plan_released` with this effect answers it, or `effect_failed`."""

    def leave_paused(self) -> None:
        """Turn a hold into a pause that a person ends."""

    def abort(self, effect: int) -> None:
        """Give the plan up; `plan_aborted` with this effect answers it, or `effect_failed`."""

    def stop(self) -> None:
        """The session begins to end: give up a plan that statefocus itself takes; any other one goes on.

        A hold of ours outlives this, since a run may be under way that is put back first: it ends with `release`, or at
        the latest with `close`. It may come more than once.
        """

    def filter_is(self, name: str) -> None:
        """Take note of the filter that the wheel was turned to for a run, or back."""

    def pause(self, *, paused: bool) -> None:
        """Pause or resume the plan, as a person at the host would; a hold of ours stays."""

    def flip_in_s(self) -> float | None:
        """Tell the time to the next meridian flip, seconds; a day where none is to come, None where unknown."""

    def close(self) -> None:
        """Hang up, and let go what is still held; called once, at the end, also where the session could not begin."""
