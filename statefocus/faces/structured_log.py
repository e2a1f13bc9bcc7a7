"""The same decisions as structured log lines, for integrators who feed a log collector; rendered by structlog."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import structlog

from statefocus import effects, events
from statefocus.audience import Audience, PassingOn
from statefocus.errors import UsageError
from statefocus.profile import Profile
from statefocus.session import State, Step

Style = Literal["json", "text"]


def audience_of(first: Audience, log: str | None) -> Audience:
    """Give an audience that also logs, where a log is wanted.

    Raises
    ------
    UsageError
        For a style that does not exist.
    """
    if log is None:
        return first
    if log == "json":
        return StructuredLog(first, "json")
    if log == "text":
        return StructuredLog(first, "text")
    raise UsageError(f"--log {log}: write json or text.")


class StructuredLog(PassingOn):
    """Logs every decision on standard error, and passes everything on."""

    def __init__(self, following: Audience, style: Style) -> None:
        super().__init__(following)
        renderer: Any = structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer()
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr),
            processors=[structlog.processors.add_log_level, renderer],
            wrapper_class=structlog.BoundLogger,
        )

    def begin(self, profile: Profile, total_frames: int, trace: Path) -> None:
        """The night begins."""
        self._log.info("session", profile=profile.name, frames=total_frames, trace=str(trace))
        super().begin(profile, total_frames, trace)

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off."""
        for step in steps:
            if step.outcome in ("taken", "inhibited", "fault"):
                self._log.info("decision", t=state.context.now, cause=event.kind, **_told(step))
        super().saw(event, steps, state)

    def curve(self, effect: effects.PublishCurve) -> None:
        """A curve was fitted."""
        self._log.info("curve", accepted=effect.accepted, best_position=effect.best_position)
        super().curve(effect)

    def notify(self, level: str, sentence: str) -> None:
        """A person should know."""
        getattr(self._log, level, self._log.info)("notification", sentence=sentence)
        super().notify(level, sentence)


def _told(step: Step) -> dict[str, Any]:
    blocked = {
        tried.row: {guard: str(ruling) for guard, ruling in tried.guards.items() if not ruling.passes}
        for tried in step.tried
        if tried.inhibited
    }
    told: dict[str, Any] = {"machine": step.machine, "outcome": step.outcome, "row": step.row}
    told |= {"before": step.before, "after": step.after}
    return told | ({"blocked": blocked} if blocked else {}) | ({"fault": step.fault} if step.fault else {})
