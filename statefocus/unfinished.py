"""A run that is under way, written down: where it is cut off, the next session knows where the focuser had stood."""

from __future__ import annotations

import time
from dataclasses import dataclass

from statefocus.audience import Audience
from statefocus.context import Context, Run
from statefocus.devices.owner import name_of
from statefocus.devices.values import FocuserState
from statefocus.events import Event, SessionEnded, SessionStarted
from statefocus.kept import Learned
from statefocus.left_behind import LeftBehind
from statefocus.profile import Profile

FORGOTTEN_AFTER_S = 12 * 3600.0
"""What was cut off longer ago is of another night."""


MADE_AGAIN = (
    "An earlier session was cut off in the middle of a run: the focuser stands at {position}, and stood at {start} "
    "before it. A refocus is made as soon as possible."
)
MOVED_SINCE = (
    "An earlier session was cut off in the middle of a run between {low} and {high}, and something else has moved the "
    "focuser since: it stands at {position}, and is taken as it stands."
)


@dataclass(frozen=True, slots=True)
class CutOff:
    """A run that was cut off: where it began, None where that does not matter any more; and what a person is told."""

    start: int | None
    sentence: str


class Unfinished:
    """The note of the run that moves a focuser.

    Parameters
    ----------
    profile
        Names the focuser; a simulated one is another in each session, and nothing is written down of it.
    """

    def __init__(self, profile: Profile) -> None:
        focuser = profile.devices.focuser
        simulated = profile.devices.embedded
        self._note = None if focuser is None or simulated else LeftBehind("run", name_of(focuser))
        self._sentence = ""
        self._tolerance = profile.focuser.tolerance_steps
        self._overshoot = 0 if profile.focuser.backlash == "none" else profile.focuser.overshoot_steps
        self._written: tuple[int, int, int] | None = None

    def started(self, focuser: FocuserState, learned: Learned) -> SessionStarted:
        """Tell what a session finds that begins now."""
        found = self.find(focuser.position)
        self._sentence = found.sentence if found is not None else ""
        return SessionStarted(
            position=focuser.position,
            learned=learned,
            max_step=focuser.max_step,
            unfinished=found.start if found is not None else None,
        )

    def find(self, stands_at: int) -> CutOff | None:
        """Tell of a run that was cut off tonight; None where none was, or where the focuser stands where it began."""
        if self._note is None:
            return None
        told = self._note.read()
        try:
            start, low, high = (int(told[name]) for name in ("start_position", "low", "high"))
            at = float(told["at"])
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        if time.time() - at > FORGOTTEN_AFTER_S or abs(start - stands_at) <= self._tolerance:
            self._note.remove()
            return None
        if not low - self._tolerance <= stands_at <= high + self._tolerance:
            self._note.remove()
            return CutOff(None, MOVED_SINCE.format(low=low, high=high, position=stands_at))
        self._written = (start, low, high)
        return CutOff(start, MADE_AGAIN.format(start=start, position=stands_at))

    def saw(self, event: Event, context: Context, audience: Audience) -> None:
        """Write down that a run moves the focuser, or that it is over and the focuser where it should be."""
        if isinstance(event, SessionStarted) and self._sentence:
            audience.notify("warning", self._sentence)
        if self._note is None or isinstance(event, SessionEnded):  # which forgets a run that nobody has put back
            return
        run = context.run
        if run is not None and run.start_position is not None and not _is_put_away(run):
            begun = self._reach(run, run.start_position)
            if begun != self._written:
                self._written = begun
                start, low, high = begun
                self._note.write(start_position=start, low=low, high=high, at=time.time())
        elif self._written is not None and not context.lost and not context.astray:
            self._written = None
            self._note.remove()

    def _reach(self, run: Run, start: int) -> tuple[int, int, int]:
        """Where a run begins, and between which positions it has moved the focuser or is about to."""
        places = (start, start if run.position is None else run.position, *run.sweep.positions)
        low, high = min(places) - self._overshoot, max(places) + self._overshoot
        if self._written is not None and self._written[0] == start:
            low, high = min(low, self._written[1]), max(high, self._written[2])
        return start, low, high


def _is_put_away(run: Run) -> bool:
    """Whether the focuser stands where the run leaves it."""
    if run.outcome in ("validated", "unvalidated"):
        return True
    return run.outcome != "running" and run.position == run.start_position
