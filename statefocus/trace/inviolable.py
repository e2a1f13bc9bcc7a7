"""The inviolable rules, held against what a trace recorded: guards of a run, compensation, the plan, a run's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from statefocus.focus.result import FocusFit
from statefocus.focus.verdicts import Verdict
from statefocus.session import VOCABULARY
from statefocus.trace.reading import Line

RUNNING = ("Refocusing", "Validating", "Restoring", "Concluding")
"""States of the session in which a run is under way."""
PASSES = ("passed", "not_used")
ROUNDING = 1e-9

Broken = Iterator[tuple[str, str]]


@dataclass
class _World:
    """What the recorded events said last."""

    tracking: bool | None = None
    parked: bool | None = None
    safe: bool | None = None
    aids: set[str] = field(default_factory=set)
    flipping: bool = False
    armed: bool = True

    def take(self, name: str, body: Mapping[str, Any]) -> None:
        if name == "mount_read":
            self.tracking, self.parked = body.get("tracking"), body.get("parked")
        elif name == "safety_read":
            self.safe = body.get("safe")
        elif name == "aid_opened":
            self.aids.add(body["aid"])
        elif name == "aid_closed":
            self.aids.discard(body["aid"])
        elif name in ("triggers_paused", "triggers_resumed"):
            self.armed = name == "triggers_resumed"
        elif name in ("flip_started", "flip_finished", "plan_finished", "plan_aborted"):
            self.flipping = name == "flip_started"

    def contradicts(self, guard: str) -> str | None:
        """What an event had said against a guard that is recorded as passed."""
        said = {
            "tracking": "that the mount does not track" if self.tracking is False else None,
            "unparked": "that the mount is parked" if self.parked else None,
            "safe": "that it is not safe" if self.safe is False else None,
            "aids_closed": f"that {', '.join(sorted(self.aids))} is open" if self.aids else None,
            "triggers_armed": None if self.armed else "that the triggers are paused",
        }
        return said.get(guard)


@dataclass
class Rules:
    """Takes the lines of a trace in their order, and tells which rule each one breaks.

    Attributes
    ----------
    ended
        The session has ended.
    """

    ended: bool = False
    _world: _World = field(default_factory=_World)
    _event: str = ""
    _leaf: str = ""
    _machine: str = ""
    _held_line: int | None = None
    _last_move: int | None = None

    def take(self, line: Line) -> Broken:
        """Give the rule and a sentence for each fault of a line."""
        checks: dict[str, Callable[[Line], Broken]] = {
            "event": self._take_event,
            "step": self._take_step,
            "effect": self._take_effect,
            "run": self._take_run,
        }
        if line.kind in checks:
            yield from checks[line.kind](line)

    def _take_event(self, line: Line) -> Broken:
        self._event = str(line.body["event"])
        self._world.take(self._event, line.body)
        self.ended = self._event == "session_ended"
        if self.ended and self._held_line is not None:
            yield "plan", f"the session has ended, and the plan is still held since line {self._held_line}."

    def _take_step(self, line: Line) -> Broken:
        body = line.body
        self._machine = body["machine"]
        if self._machine != "session":
            return
        self._leaf = body["after"]
        if body["outcome"] == "fault":
            self._world.armed = False
        outside = not body["before"].startswith(RUNNING)
        if outside and body["after"].startswith(RUNNING):
            self._last_move = None
            yield from self._run_begins(body, person=self._event)

    def _run_begins(self, body: Mapping[str, Any], person: str) -> Broken:
        exempt = VOCABULARY.by_person.get(person)
        needed = exempt or VOCABULARY.guarded["begin_run"]
        rule = "guards" if exempt is None else "person"
        taken = next((one for one in body.get("tried", ()) if one["row"] == body["row"]), None)
        if taken is None:
            yield rule, f"a run begins by row {body['row']!r}, and none of its guards is recorded."
            return
        for guard in sorted(needed):
            said = taken["guards"].get(guard, "missing")
            if said not in PASSES:
                yield rule, f"a run begins by row `{body['row']}`, and its guard `{guard}` is {said}."
            elif said == "passed" and (against := self._world.contradicts(guard)):
                yield rule, f"a run begins past guard `{guard}`, and the last event about it told {against}."

    def _take_effect(self, line: Line) -> Broken:
        body = line.body
        name = body["effect"]
        if name == "pause_plan":
            self._held_line = line.number
        elif name in ("resume_plan", "abort_plan", "leave_plan_paused"):
            self._held_line = None
        elif name == "move_focuser":
            if self._machine != "session" or body["purpose"] == "compensation":
                yield from self._moves_beside(offset=self._machine == "offsets")
            else:
                self._last_move = body["position"]

    def _moves_beside(self, *, offset: bool) -> Broken:
        if self._leaf.startswith(RUNNING):
            yield "compensation", f"a correction moves the focuser in the middle of a run ({self._leaf})."
        if offset:  # a filter's offset is part of the filter change, whatever goes on beside it
            return
        if self._world.flipping:
            yield "compensation", "a correction moves the focuser during a meridian flip."
        if self._world.aids:
            yield "compensation", f"a correction moves the focuser while {', '.join(sorted(self._world.aids))} is open."

    def _take_run(self, line: Line) -> Broken:
        body = line.body
        if body["outcome"] == "validated":
            yield from _validated(body)
        start = body["start_position"]
        moved = self._last_move is not None and start is not None
        if body["outcome"] in ("restored", "cancelled") and moved and self._last_move != start:
            yield (
                "restore",
                f"the run ended {body['outcome']}, and its last move went to {self._last_move}, not to {start}.",
            )
        self._last_move = None


def _validated(body: Mapping[str, Any]) -> Broken:
    measures, expected = body["validation_measures"], body["predicted_measure"]
    last, tolerance = (measures[-1] if measures else None), body["validation_tolerance_percent"]
    if not isinstance(last, int | float) or expected is None:
        yield "outcome", "the run is recorded as validated, and no validation frame was measured."
    elif abs(last - expected) > expected * tolerance / 100 + ROUNDING:
        yield (
            "outcome",
            f"the run is recorded as validated, and {last:.3f} px is not within {tolerance:g} % of {expected:.3f} px.",
        )
    fit = _fit_of(body)
    if fit is None or not (fit.accepted or fit.needs_validation):
        yield "outcome", "the run is recorded as validated, and its curve was not accepted."
        return
    best = body["best_position"]
    if best is None or fit.best_position is None or abs(best - fit.best_position) > 0.5 + 1e-6:  # half a step
        yield "outcome", f"the run's position {best} is not that of its curve, {fit.best_position}."


def _fit_of(body: Mapping[str, Any]) -> FocusFit | None:
    """The recorded curve; None where there is none, or none that can be read."""
    told = body.get("fit")
    if not isinstance(told, dict):
        return None
    try:
        verdicts = tuple(Verdict(**one) for one in told["verdicts"])
        return FocusFit(
            best_position=told["best_position"],
            sigma_position=told["sigma_position"],
            model=told["model"],
            r_squared=told["r_squared"],
            predicted_measure=told["predicted_measure"],
            used=tuple(told["used"]),
            rejected=(),
            verdicts=verdicts,
            accepted=told["accepted"] is True,
            reasons=tuple(told["reasons"]),
            coefficients=tuple(told["coefficients"]),
        )
    except (TypeError, KeyError):
        return None
