"""What a session that is cut off must leave to the next one: where the focuser had stood, and what was switched."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from statefocus import effects, events
from statefocus.audience import Audience
from statefocus.calling.places import FORGOTTEN_AFTER_S
from statefocus.context import Context, Run
from statefocus.devices.values import FocuserState
from statefocus.events import Event, SessionEnded, SessionStarted
from statefocus.folding.plan import CALLS_THE_GATE
from statefocus.kept import Learned
from statefocus.left_behind import RUN, SWITCHED, LeftBehind, note_on_focuser
from statefocus.profile import Profile

CLOCK_SET_S = 3600.0
"""By so much the clock may have been set back since a note was written; what is later still is no time."""

CUT_OFF = (
    "An earlier session was cut off in the middle of a run: the focuser stands at {position}, and stood at {start} "
    "before it."
)
MADE_AGAIN = "A refocus is made as soon as possible."
MADE_AT_THE_GATE = (
    "A refocus is made before the host's next frame, or when it has said nothing for {quiet_s:g} s: it may be taking a "
    "frame now."
)
MOVED_SINCE = (
    "An earlier session was cut off in the middle of a run, with the focuser {where}, and something else has moved the "
    "focuser since: it stands at {position}, and is taken as it stands."
)
DRIVER_LEFT_OFF = (
    "An earlier session was cut off, and has left the driver's own temperature compensation off, which was on before: "
    "it is set back {when}."
)
FILTER_LEFT = (
    "An earlier session was cut off with the filter wheel turned to {filter} for a run, while the plan was in "
    "{home_filter}: look at the wheel."
)
LEFT_AGAIN = (
    "The focuser was not put back after a run that was cut off or has failed: before it, it stood at {start}. Unless "
    "something else moves it, the next session with it, within {hours:g} hours, makes a run from there."
)
UNWRITTEN = (
    "It cannot be written down that a run moves the focuser ({path}): if statefocus or the power is cut off within a "
    "run, the next session does not know where the focuser had stood."
)


@dataclass(frozen=True, slots=True)
class CutOff:
    """A run that was cut off: where it began, None where that does not matter any more; and what a person is told."""

    start: int | None
    sentence: str


class _Note:
    """A note that is written when it changes; None for one of which nothing is written down."""

    def __init__(self, note: LeftBehind | None) -> None:
        self._note = note
        self._told: Mapping[str, Any] | None = None

    def found(self) -> Mapping[str, Any]:
        """Read what was left tonight; empty where nothing was, or nothing that can be read."""
        told = self._note.read() if self._note is not None else {}
        at = told.get("at")
        if not isinstance(at, int | float) or not -CLOCK_SET_S <= time.time() - at <= FORGOTTEN_AFTER_S:
            self._told = {}  # whatever lies there goes
            self.keep(None)
            return {}
        self._told = {name: value for name, value in told.items() if name != "at"}
        return told

    def keep(self, told: Mapping[str, Any] | None) -> str:
        """Write this down, or for None that nothing is left; gives where it could not be written, else nothing."""
        if self._note is None or told == self._told:
            return ""
        self._told = told
        if told is None:
            self._note.remove()
            return ""
        return "" if self._note.write(**told, at=time.time()) else str(self._note.path)


class Unfinished:
    """The notes of a session that may be cut off: of the run that moves a focuser, and of what was switched for it.

    Parameters
    ----------
    profile
        Names the focuser; a simulated one is another in each session, and nothing is written down of it.
    by_hand
        The session is for what a person has asked for, and makes no run again.
    """

    def __init__(self, profile: Profile, *, by_hand: bool = False) -> None:
        self._run_note = _Note(note_on_focuser(RUN, profile))
        self._switched_note = _Note(note_on_focuser(SWITCHED, profile))
        self._sentences: tuple[str, ...] = ()
        settings = profile.focuser
        slack = max(settings.backlash_in_steps, settings.backlash_out_steps) if settings.backlash == "absolute" else 0
        self._tolerance, self._slack = settings.tolerance_steps, slack
        self._by_hand = by_hand
        self._driver_told = DRIVER_LEFT_OFF.format(
            when="when this session ends" if profile.compensation.enabled else "after the next run"
        )
        self._further = ""
        if not by_hand:
            at_the_gate = profile.host.kind in CALLS_THE_GATE
            self._further = f" {MADE_AT_THE_GATE if at_the_gate else MADE_AGAIN}".format(
                quiet_s=profile.host.gate.exposure_s + profile.host.gate.quiet_s
            )
        self._reach: tuple[int, int, int] | None = None
        self._told_unwritten = False
        self.driver_off = False
        """Whether the driver's own temperature compensation was on, and is off by us."""
        self.left = ""
        """A sentence where the session has ended, and nobody has put the focuser back."""

    # --- what was left ---

    def started(self, focuser: FocuserState, learned: Learned) -> SessionStarted:
        """Tell what a session finds that begins now."""
        found, switched = self.find(focuser.position, focuser.max_step), self._switched_note.found()
        self.driver_off = switched.get("driver") is True
        told = [found.sentence] if found is not None else []
        told += [self._driver_told] if self.driver_off else []
        self._sentences = (*told, *_filter_left(switched))
        return SessionStarted(
            position=focuser.position,
            learned=learned,
            max_step=focuser.max_step,
            unfinished=found.start if found is not None else None,
            driver_left_off=self.driver_off,
            by_hand=self._by_hand,
        )

    def find(self, stands_at: int, max_step: int) -> CutOff | None:
        """Tell of a run that was cut off tonight; None where none was, or where the focuser stands where it began.

        A note of positions that the focuser does not have is none of ours.
        """
        told = self._run_note.found()
        try:
            start, low, high = (int(told[name]) for name in ("start_position", "low", "high"))
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        if abs(start - stands_at) <= self._tolerance or not (0 <= start <= max_step and low <= high):
            self._run_note.keep(None)
            return None
        beside = self._tolerance + self._slack
        if not low - beside <= stands_at <= high + beside:
            self._run_note.keep(None)
            where = f"at {low}" if low == high else f"between {low} and {high}"
            return CutOff(None, MOVED_SINCE.format(where=where, position=stands_at))
        self._reach = (start, stands_at, stands_at)
        return CutOff(start, CUT_OFF.format(start=start, position=stands_at) + self._further)

    # --- what is to be left ---

    def moves(self, effect: effects.MoveFocuser, context: Context, audience: Audience) -> None:
        """Write down where the focuser is on its way to, before it moves for a run, or back after one."""
        run, reach = context.run, self._reach
        start = run.start_position if run is not None and not _is_put_away(run) else reach[0] if reach else None
        if start is None:
            return
        stood = reach[1:] if reach is not None and reach[0] == start else _stood(run, start)
        places = (*stood, *effect.via, effect.position)
        self._write((start, min(places), max(places)), audience)

    def saw(self, event: Event, context: Context, audience: Audience) -> None:
        """Write down where a run has left the focuser and what was switched for it, and when both are as they were."""
        if isinstance(event, SessionStarted):
            for sentence in self._sentences:
                audience.notify("warning", sentence)
        if isinstance(event, SessionEnded):  # which forgets a run that nobody has put back
            if context.run is None and self._reach is not None:
                self.left = LEFT_AGAIN.format(start=self._reach[0], hours=FORGOTTEN_AFTER_S / 3600)
                audience.notify("warning", self.left)
            return
        self._saw_switched(event, context)
        run = context.run
        if run is not None and run.start_position is not None and not _is_put_away(run):
            arrived = isinstance(event, events.FocuserMoved | events.DevicesHalted) and run.position is not None
            moves = any(one.kind == effects.MoveFocuser.kind for one in context.pending.values())
            if self._reach is None or self._reach[0] != run.start_position or (arrived and not moves):
                self._write((run.start_position, *_stood(run, run.start_position)), audience)
        elif self._reach is not None and not context.lost and not context.astray:
            self._reach = None
            self._run_note.keep(None)

    def _write(self, reach: tuple[int, int, int], audience: Audience) -> None:
        """Write down where a run began, and between which positions the focuser is now."""
        self._reach = reach
        start, low, high = reach
        unwritten = self._run_note.keep({"start_position": start, "low": low, "high": high})
        if unwritten and not self._told_unwritten:
            self._told_unwritten = True
            audience.notify("warning", UNWRITTEN.format(path=unwritten))

    def _saw_switched(self, event: Event, context: Context) -> None:
        """Write down that the driver's own compensation is off by us (C8), and which filter a run turned to (O2)."""
        if isinstance(event, events.FocuserPrepared):
            self.driver_off = self.driver_off or event.driver_compensation
        elif isinstance(event, events.FocuserReleased) and context.compensation.driver_was_on is None:
            self.driver_off = False
        elif isinstance(event, events.DriverCompensationSwitched):
            self.driver_off = event.former or (self.driver_off and not context.plan.ending)
        run = context.run
        turned = run is not None and run.filter_turned
        told: dict[str, Any] = {"driver": True} if self.driver_off else {}
        if run is not None and turned:
            told |= {"filter": run.filter, "home_filter": run.home_filter}
        self._switched_note.keep(told or None)


def _filter_left(switched: Mapping[str, Any]) -> tuple[str, ...]:
    """Tell of the filter that a run had turned to; empty where none had."""
    if not switched.get("filter"):
        return ()
    return (FILTER_LEFT.format(filter=switched["filter"], home_filter=switched.get("home_filter") or "another"),)


def _stood(run: Run | None, start: int) -> tuple[int, int]:
    """Between which positions a run has left the focuser, where no move of it is under way."""
    place = start if run is None or run.position is None else run.position
    return place, place


def _is_put_away(run: Run) -> bool:
    """Whether the focuser stands where the run leaves it."""
    if run.outcome in ("validated", "unvalidated"):
        return True
    return run.outcome != "running" and run.position == run.start_position
