"""Plays a person in a rehearsed night: asks, pauses, opens aids at the times that the profile tells."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Protocol

from statefocus import events
from statefocus.crew import Task
from statefocus.events import Event
from statefocus.profile import Act

_PLAIN: dict[str, Callable[[], Event]] = {
    "refocus_requested": events.RefocusRequested,
    "run_requested": events.RunRequested,
    "cancel_requested": events.CancelRequested,
    "triggers_paused": events.TriggersPaused,
    "triggers_resumed": events.TriggersResumed,
    "plan_paused": events.PlanPaused,
    "plan_resumed": events.PlanResumed,
    "answered_yes": lambda: events.ConfirmationGiven(yes=True),
    "answered_no": lambda: events.ConfirmationGiven(yes=False),
    "centered": events.CenteringFinished,
}


class _Host(Protocol):
    def pause(self, *, paused: bool) -> None:
        """Pause or resume the plan."""

    def turn_filter(self, name: str) -> Generator[float, None, None]:
        """Turn the filter wheel by hand."""

    def turn_focuser(self, steps: int) -> Generator[float, None, None]:
        """Turn the focuser by hand."""


def rehearse(acts: tuple[Act, ...], host: _Host, post: Callable[[Event], None]) -> Task:
    """Carry the acts out in the order of their times; the task that the crew carries out."""
    passed_s = 0.0
    for act in sorted(acts, key=lambda act: act.at_min):
        yield max(60 * act.at_min - passed_s, 0.0)
        passed_s = max(60 * act.at_min, passed_s)
        if act.do in ("plan_paused", "plan_resumed"):
            host.pause(paused=act.do == "plan_paused")
        if act.do == "filter_by_hand":
            yield from host.turn_filter(act.filter or "")
        elif act.do == "focuser_by_hand":
            yield from host.turn_focuser(act.steps or 0)
        else:
            post(_event(act))
    return None


def _event(act: Act) -> Event:
    if act.do == "aid_opened":
        return events.AidOpened(aid=act.aid)
    if act.do == "aid_closed":
        return events.AidClosed(aid=act.aid)
    return _PLAIN[act.do]()
