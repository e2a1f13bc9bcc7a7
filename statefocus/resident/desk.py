"""Answers what is asked of a session: takes wishes to the core, and tells what the core made of them.

It sees each event right after it was worked off, on the session's own thread; callers ask in threads of their own, and
read nothing but values that never change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from statefocus import effects, events
from statefocus.audience import Audience, PassingOn
from statefocus.context import Context
from statefocus.crew import Crew
from statefocus.forbidding import against_refocus
from statefocus.hosts.gate.asking import Answer, Ticket
from statefocus.resident.status import concluded, status
from statefocus.rules import GUARDS
from statefocus.session import State, Step

_GAP = frozenset(
    ("frame_saved", "filter_changed", "plan_started", "plan_resumed", "flip_finished", "centering_finished")
)
"""Events at which every trigger is looked at."""

REMEMBERED = 50
"""Runs that are remembered for whoever waited for them."""

_WISHES: dict[str, Callable[..., events.Event]] = {
    "pause": events.TriggersPaused,
    "resume": events.TriggersResumed,
    "asap": events.RefocusRequested,
    "focus": events.RunRequested,
    "again": lambda: events.RunRequested(again=True),
    "undo": events.UndoRequested,
    "cancel": events.CancelRequested,
    "confirm": lambda no=False: events.ConfirmationGiven(yes=not no),
}

_SAID = {
    "pause": "The triggers are paused.",
    "resume": "The triggers are armed.",
    "asap": "A refocus is asked for.",
    "focus": "A run begins.",
    "again": "A run begins around the last best position.",
    "undo": "The focuser returns to the last focus position.",
    "cancel": "The run is cancelled.",
    "confirm": "The question is answered.",
}
_IDLE = {"cancel": "There is no run to cancel.", "confirm": "No question is open."}

AID = "Bahtinov Aid"

WORLD: dict[str, Callable[..., events.Event]] = {
    "aid-opened": lambda aid=AID: events.AidOpened(aid=aid),
    "aid-closed": lambda aid=AID: events.AidClosed(aid=aid),
    "mount-read": lambda tracking=None, parked=None, flip_in=None, east=None: events.MountRead(
        tracking=tracking, parked=parked, flip_in_s=flip_in, east=east
    ),
    "safety-read": events.SafetyRead,
}
"""Notifications that are no matter of the plan, so that any host's session takes them."""


class Asked(Ticket):
    """A wish that waits for what the core makes of it."""

    def __init__(self, word: str, event: events.Event) -> None:
        super().__init__()
        self.word, self.event = word, event

    def worked_off(self, steps: tuple[Step, ...], context: Context) -> None:
        """The core has seen it."""
        self.settle(_answer(self.word, steps, context))


def _answer(word: str, steps: tuple[Step, ...], context: Context) -> Answer:
    told = [effect for step in steps for effect in step.effects if isinstance(effect, effects.Notify)]
    said = " ".join(effect.sentence for effect in told)
    if any(effect.level != "info" for effect in told):
        return Answer("ignored", said)
    if steps and steps[0].outcome == "inhibited":
        return Answer("told", f"{_SAID.get(word, 'It is noted.')} It waits: {'; '.join(_against(steps, context))}.")
    if word in _IDLE and all(step.outcome in ("ignored", "stale") for step in steps):
        return Answer("ignored", _IDLE[word])
    return Answer("told", said or _SAID.get(word, "It is noted."))


def _against(steps: Iterable[Step], context: Context) -> list[str]:
    """Tell what keeps a refocus from being made, by the guards that say no."""
    blocked = {
        against_refocus(context, name, ruling, GUARDS[name].doc.rstrip(".") if name in GUARDS else name)
        for step in steps
        for tried in step.tried
        if tried.inhibited
        for name, ruling in tried.guards.items()
        if not ruling.passes
    }
    return sorted(blocked)


class Desk(PassingOn):
    """An audience that answers questions besides.

    Parameters
    ----------
    following
        Whoever else watches.
    crew
        Takes events.
    trace
        The session's trace, told by `status`.
    """

    def __init__(self, following: Audience, crew: Crew, trace: Path) -> None:
        super().__init__(following)
        self._crew, self._trace = crew, trace
        self._asked: dict[int, Asked] = {}
        self._state: State | None = None
        self._held_back: tuple[str, ...] = ()
        self._runs: tuple[dict[str, Any], ...] = ()
        self._count = 0
        self._told_to_end = False
        self.end: Callable[[str], None] = lambda _reason: None
        self.open: Callable[[], None] = lambda: None

    # --- on the session's thread ---

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off."""
        self._state = state
        if event.kind in _GAP:
            self._held_back = tuple(_against(steps, state.context))
        if state.context.concluded is not None:
            self._count += 1
            self._runs = (*self._runs[1 - REMEMBERED :], concluded(state.context.concluded, state.context))
        if (asked := self._asked.pop(id(event), None)) is not None:
            asked.worked_off(steps, state.context)
        super().saw(event, steps, state)

    # --- from any thread ---

    def rests(self) -> bool:
        """Whether nothing is under way in the session."""
        return self._state is None or self._state.at_rest

    def wish(self, word: str, told: Mapping[str, Any]) -> Ticket:
        """Take a person's wish to the core."""
        if word == "stop":
            already, self._told_to_end = self._told_to_end, True
            self.end("statefocus ctl stop")
            ticket = Ticket()
            ends = "The session is ending already" if already else "The session ends"
            ticket.settle(Answer("told", f"{ends}; what is under way is put back first."))
            return ticket
        return self._ask(word, _WISHES[word](**told))

    def world(self, word: str, told: Mapping[str, Any]) -> Ticket:
        """Tell the core of something that is no matter of the plan."""
        return self._ask(word, WORLD[word](**told))

    def by_hand(self, filter_: str) -> Ticket:
        """Tell the core that a person has turned the filter wheel, where the host itself does not tell it."""
        former = self._state.context.plan.filter if self._state is not None else None
        return self._ask("", events.FilterChanged(former=former, filter=filter_, by="person"))

    def _ask(self, word: str, event: events.Event) -> Ticket:
        asked = Asked(word, event)
        self._asked[id(event)] = asked
        self._crew.post(event)
        return asked

    def status(self) -> dict[str, Any]:
        """Tell what the session does."""
        if self._state is None:
            return {"answer": "told", "state": "beginning", "trace": str(self._trace)}
        return {"answer": "told", **status(self._state, self._runs), "trace": str(self._trace)}

    def mark(self) -> int:
        """Remember this moment, for `since`."""
        return self._count

    def since(self, mark: int) -> tuple[dict[str, Any], ...]:
        """Runs that were concluded since a moment."""
        count = self._count - mark
        return self._runs[-count:] if count else ()

    @property
    def held_back(self) -> tuple[str, ...]:
        """What kept a due refocus from being made when triggers were looked at last."""
        return self._held_back
