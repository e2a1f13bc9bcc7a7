"""A run as the events tell it, to hold its recorded line against: a record can say nothing that they do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from statefocus.context import REFOCUSED
from statefocus.focus.curves import predict
from statefocus.profile import Profile
from statefocus.trace.reading import Line

BY_PERSON = frozenset({"manual", "undo"})
"""Causes of runs that a person asked for; they need no tracking."""
_MS = 0.002
_ROUNDING = 1e-9

Said = Iterator[str]


@dataclass
class RunTold:
    """What the trace's other lines tell of one run.

    Attributes
    ----------
    line
        Of the step that began it.
    asked_by
        The person's event that began it; empty for a run that triggers began.
    due
        The triggers that were due then; None where the step does not tell.
    measures
        Of the validation frames.
    shown_t
        Since when its result was held in view.
    held_t
        Since when the plan stood still for it.
    """

    number: int
    line: int
    asked_by: str
    due: tuple[str, ...] | None
    started_t: float
    temperature_c: float | None
    filter: str | None
    measures: list[float | None] = field(default_factory=list)
    shown_t: float | None = None
    held_t: float | None = None
    _validates: bool = False
    _best: int | None = None
    _curve: Mapping[str, Any] | None = None

    def ask(self, line: Line) -> None:
        """Note what was asked for in the run."""
        body, purpose = line.body, line.body.get("purpose")
        name = body["effect"]
        if name == "take_frame":
            self._validates = purpose == "validation"
        elif name == "move_focuser" and purpose == "sweep":
            self.measures.clear()  # a learned focus that did not hold: the whole sweep is made
        elif name == "move_focuser" and purpose == "best":
            self._best = body["position"]
        elif name == "publish_curve":
            self._curve = body
        elif name == "start_timer" and purpose == "show" and body["seconds"]:
            self.shown_t = line.t

    def measured(self, value: float | None) -> None:
        """A frame of the run was measured."""
        if self._validates:
            self.measures.append(value)

    def against(self, line: Line, at: int | None) -> Iterator[tuple[str, str]]:
        """Tell what a recorded run says otherwise; `at` is where the focuser was last told to stand."""
        body = line.body
        yield from self._causes(body["causes"])
        for said in (*self._times(line), *self._measures(body), *self._positions(body, at)):
            yield "record", said

    def _causes(self, causes: Sequence[str]) -> Iterator[tuple[str, str]]:
        told = ", ".join(causes) or "nothing"
        persons = len(causes) == 1 and causes[0] in BY_PERSON
        if self.asked_by and not persons:
            began = f"run {self.number} began at line {self.line} by a person's {self.asked_by}"
            spared = "which the guards of automatic runs do not hold up"
            yield "person", f"{began}, {spared}; its causes are recorded as {told}, and a person's are not."
        elif not self.asked_by and not BY_PERSON.isdisjoint(causes):
            yield "person", f"its causes are recorded as {told}, and no person asked for it at line {self.line}."
        elif not self.asked_by and self.due is not None and tuple(causes) != self.due:
            due = ", ".join(self.due) or "nothing"
            yield "record", f"its causes are recorded as {told}; due at line {self.line}, where it began, was {due}."

    def _times(self, line: Line) -> Said:
        body = line.body
        began, ended = body.get("started_t"), body["ended_t"]
        if isinstance(began, int | float) and abs(began - self.started_t) > _MS:
            yield f"its start is recorded {began - self.started_t:+.3f} s off line {self.line}, where it began."
        if abs(ended - line.t) > _MS:
            yield f"its end is recorded {ended - line.t:+.3f} s off this line's own time."
        lasted = (line.t if self.shown_t is None else self.shown_t) - (self.held_t or self.started_t)
        if body.get("held_t") != self.held_t:
            yield f"the plan's hold is recorded at {body.get('held_t')}, and `plan_held` came at {self.held_t}."
        if abs(body["duration_s"] - lasted) > _MS:
            yield f"its duration is recorded as {body['duration_s']:.3f} s, and it took {lasted:.3f} s by the lines."

    def _measures(self, body: Mapping[str, Any]) -> Said:
        recorded = list(body["validation_measures"])
        if not same(recorded, self.measures):
            frames = f"the frames' events tell {_listed(self.measures)}"
            yield f"its validation measures are recorded as {_listed(recorded)}, and {frames}."
        fit, curve = body.get("fit"), self._curve
        if not isinstance(fit, dict) or curve is None:
            return
        expected = _expected(fit, body["best_position"])
        if expected is not None and not same(body["predicted_measure"], expected):
            given = f"its curve gives {_plain(expected)} at {body['best_position']}"
            yield f"its predicted measure is recorded as {_plain(body['predicted_measure'])}, and {given}."
        for key in ("accepted", "best_position"):
            if key in fit and not same(fit[key], curve[key]):
                shown = f"the curve that was shown had {_plain(curve[key])}"
                yield f"its curve's {key} is recorded as {_plain(fit[key])}, and {shown}."

    def _positions(self, body: Mapping[str, Any], at: int | None) -> Said:
        best = body["best_position"]
        if body["outcome"] in REFOCUSED and self._best != best:
            went = "was never moved to one" if self._best is None else f"was moved to {self._best}"
            yield f"its chosen position is recorded as {best}, and the focuser {went}."
        if "end_position" in body and body["end_position"] != at:
            yield f"its last position is recorded as {body['end_position']}, and the focuser last told {at}."

    def against_profile(self, body: Mapping[str, Any], profile: Profile, mean_c: float | None) -> Said:
        """Tell what a recorded run says otherwise of what only the profile tells how to read."""
        told = {
            "filter": (self.filter, "the run was made in {}"),
            "temperature_start_c": (self.temperature_c, "the readings before its start average {} C"),
            "temperature_c": (mean_c, "the readings before its end average {} C"),
            "metric": (profile.autofocus.metric, "the header's profile says {}"),
            "validation_tolerance_percent": (profile.validation.tolerance_percent, "the header's profile says {}"),
        }
        for key, (value, words) in told.items():
            if key in body and not same(body[key], value):
                yield f"its {key} is recorded as {_plain(body[key])}, and {words.format(_plain(value))}."


def _expected(fit: Mapping[str, Any], position: int | None) -> float | None:
    """What a recorded curve predicts; None where it predicts nothing, or cannot be read."""
    try:
        return predict(fit["model"], tuple(fit["coefficients"]), position) if position is not None else None
    except (KeyError, IndexError, TypeError):
        return None


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same, numbers to rounding."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= _ROUNDING * max(1.0, abs(one), abs(other))
    return bool(one == other)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else f"{value:.7g}" if isinstance(value, int | float) else str(value)


def _listed(values: Sequence[float | None]) -> str:
    return ", ".join(map(_plain, values)) or "none"
