"""The inviolable rules, held against what a trace recorded: guards of a run, compensation, the plan, a run's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from statefocus.context import REFOCUSED
from statefocus.focus.limits import Verdict
from statefocus.focus.result import FocusFit
from statefocus.machine.fired import is_trigger
from statefocus.scales import SCALES, Scale
from statefocus.session import VOCABULARY
from statefocus.trace.evidence import World
from statefocus.trace.reading import Line
from statefocus.trace.retelling import BY_PERSON

PASSES = ("passed", "not_used")
RUN_MOVES = ("sweep", "best", "restore")
"""Purposes of the moves that only a run makes."""
RUN_EFFECTS = ("prepare_focuser", "take_frame", "measure_frame", "publish_curve")
"""What only a run asks for."""
ROUNDING = 1e-9

Broken = Iterator[tuple[str, str]]


@dataclass
class _Run:
    """The run under way; `lost` is what it stood on and lost, `blind` the same once a frame was measured after that."""

    number: int
    line: int
    guards: Mapping[str, str]
    lost: dict[str, str] = field(default_factory=dict)
    blind: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, body: Mapping[str, Any]) -> None:
        """Note what an event takes away from the run, and whether it goes on nevertheless."""
        if name == "frame_measured":
            self.blind.update(self.lost)
        for guard, sentence in _takes_away(name, body).items():
            if self.guards.get(guard) != "not_used":
                self.lost[guard] = sentence


def _takes_away(name: str, body: Mapping[str, Any]) -> dict[str, str]:
    """Tell which ground of a run an event takes away, by the guard that asks for it."""
    told = {
        "safe": (name == "safety_read" and body.get("safe") is False, "it was not safe"),
        "unparked": (name == "mount_read" and body.get("parked") is True, "the mount was parked"),
        "tracking": (name == "mount_read" and body.get("tracking") is False, "the mount did not track"),
        "focuser_ours": (name == "host_focusing", "the host began an autofocus of its own"),
        "no_flip": (name == "flip_started", "a meridian flip began"),
    }
    return {guard: sentence for guard, (lost, sentence) in told.items() if lost}


@dataclass
class Rules:
    """Takes the lines of a trace in their order, and tells which rule each one breaks.

    Which run is under way is told by the envelope: an event carries the run that was under way before it. So no name
    of a state is needed, which a person's own copy of a machine may have changed.

    Attributes
    ----------
    ended
        The session has ended.
    whole
        No line is missing so far, and the core has had no fault: what guards went by is all told.
    """

    ended: bool = False
    whole: bool = True
    _world: World = field(default_factory=World)
    _event: Line | None = None
    _heard: bool = True
    _step: Line | None = None
    _machine: str = ""
    _run: _Run | None = None
    _beside: int | None = None
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
        if line.kind == "header":
            self._world = World.of(line)
        elif line.kind in checks:
            yield from checks[line.kind](line)

    def _take_event(self, line: Line) -> Broken:
        name, run = str(line.body["event"]), self._run
        self.ended = name == "session_ended"
        yield from self._runs_before(line)
        yield from self._corrected_in(line)
        self._event, self._heard = line, False
        if self._run is not None:
            self._run.take(name, line.body)
        if name == "plan_held" and line.body.get("running") is False:
            self._held_line = None  # there was no plan to hold
        if self.ended and self._held_line is not None and run is None:
            yield "plan", f"the session has ended, and the plan is still held since line {self._held_line}."

    def _runs_before(self, line: Line) -> Broken:
        """Hold the run that an event came in against the one that has begun."""
        run = self._run
        if run is not None and self.ended:
            since = f"; the plan was held at line {self._held_line}, and no line tells that it went on"
            held = since if self._held_line is not None else ""
            began = f"run {run.number}, which began at line {run.line}"
            yield "run", f"the session was cut off in the middle of {began}: no `run` line tells how it ended{held}."
            self._run = None
        elif run is not None and line.run != run.number:
            yield "run", f"run {run.number} began at line {run.line}, and no `run` line tells how it ended."
            self._run = None
        if self._run is None and line.run is not None and not self.ended:
            yield from self._run_begins(line.run)

    def _corrected_in(self, line: Line) -> Broken:
        if self._beside is not None and line.run is not None:
            yield "compensation", f"the correction of line {self._beside} moves the focuser in the middle of a run."
        self._beside = None

    def _take_step(self, line: Line) -> Broken:
        self._machine = line.body["machine"]
        self._hear(line.body["outcome"])
        yield from rows_tried(line.body)
        yield from self._facts_behind(line)
        yield from self._facts_against(line)
        if self._machine != "session":
            return
        self._step = line
        if self._run is None and line.run is not None and not self.ended:
            yield from self._run_begins(line.run)

    def _hear(self, outcome: str) -> None:
        """An event counts when its step follows, as in the core: the answer to something given up changes nothing."""
        if outcome == "fault":
            self._world.armed = self.whole = False
        elif not self._heard and outcome != "stale" and self._event is not None:
            self._world.take(str(self._event.body["event"]), self._event)
        self._heard = True

    def _facts_behind(self, line: Line) -> Broken:
        for guard, said in _taken(line.body).items():
            if said == "passed" and (against := self._world.contradicts(guard, line.t)):
                yield "guards", f"row `{line.body['row']}` was taken past guard `{guard}`, and {against}."

    def _facts_against(self, line: Line) -> Broken:
        """Hold what guards said in rows that were not taken against the facts, be it that they passed or not."""
        tried, taken = line.body.get("tried", ()), _taken(line.body).items()
        said = {(guard, ruling): one["row"] for one in tried for guard, ruling in one["guards"].items()}
        for (guard, ruling), row in said.items() if self.whole else ():
            if ruling == "not_used" or (guard, ruling) in taken:
                continue
            decided = self._world.decides(guard, line.t)
            if decided is not None and ruling not in decided.rulings:
                yield "guards", f"guard `{guard}` of row `{row}` is {ruling}, and {decided.because}."

    def _run_begins(self, number: int) -> Broken:
        """Check the guards of the session's last step, which has begun a run."""
        self._last_move = None
        step, event = self._step, self._event
        if step is None or event is None:
            self._run = _Run(number, 1, {})
            yield "run", f"it belongs to run {number}, which no step has begun."
            return
        guards = _taken(step.body)
        self._run = _Run(number, step.number, guards)
        exempt = VOCABULARY.by_person.get(str(event.body["event"]))
        rule = "guards" if exempt is None else "person"
        for guard in sorted((exempt or VOCABULARY.guarded["begin_run"]) - set(guards)):
            yield rule, f"run {number} begins by row `{step.body['row']}`, and its guard `{guard}` is missing."

    def _take_effect(self, line: Line) -> Broken:
        body = line.body
        name = body["effect"]
        if self._run is None and (name in RUN_EFFECTS or body.get("purpose") in RUN_MOVES):
            yield "run", f"{name} is asked for, and no run is under way."
        if name == "pause_plan":
            self._held_line = line.number
        elif name in ("resume_plan", "abort_plan", "leave_plan_paused"):
            self._held_line = None
            self._world.paused = self._world.paused or name == "leave_plan_paused"
        elif name == "halt_devices":
            self._world.moving.difference_update(body["gives_up"])
        if name in ("move_focuser", "switch_driver_compensation"):
            self._world.moving.add(body["id"])
        if name == "move_focuser":
            if self._machine != "session" or body["purpose"] == "compensation":
                yield from self._moves_beside(line.number, offset=self._machine == "offsets")
            else:
                self._last_move = body["position"]

    def _moves_beside(self, line: int, *, offset: bool) -> Broken:
        self._beside = line  # whether a run goes on is told by the next event
        if offset:  # a filter's offset is part of the filter change, whatever goes on beside it
            return
        if self._world.flipping:
            yield "compensation", "a correction moves the focuser during a meridian flip."
        if self._world.aids:
            yield "compensation", f"a correction moves the focuser while {', '.join(sorted(self._world.aids))} is open."

    def _take_run(self, line: Line) -> Broken:
        body = line.body
        if self._run is None or body["number"] != self._run.number:
            yield "run", f"it tells of the end of run {body['number']}, which is not under way."
        if body["outcome"] == "validated":
            yield from _validated(body)
        if body["outcome"] in REFOCUSED and self._run is not None:
            yield from _on_lost_ground(body, self._run)
        start = body["start_position"]
        moved = self._last_move is not None and start is not None
        if body["outcome"] in ("restored", "cancelled") and moved and self._last_move != start:
            yield (
                "restore",
                f"the run ended {body['outcome']}, and its last move went to {self._last_move}, not to {start}.",
            )
        self._last_move = self._run = None


def _taken(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Give the guards of the row that a step has taken, and what they said; none where that is not recorded."""
    taken = [one["guards"] for one in body.get("tried", ()) if one["row"] == body["row"]]
    return taken[-1] if taken else {}


def rows_tried(body: Mapping[str, Any]) -> Broken:
    """Hold the row that a step has taken, and its outcome, against what the guards of all rows tried had said."""
    row, tried = body["row"], list(body.get("tried", ()))
    if row is not None:
        taken = tried.pop() if tried else {"row": None, "guards": {}}
        if taken["row"] != row:
            yield "guards", f"row `{row}` was taken, and none of its guards is recorded as the last row's tried."
        for guard, said in taken["guards"].items():
            if said not in PASSES:
                yield "guards", f"row `{row}` was taken, and its guard `{guard}` is {said}."
    elif body["outcome"] in ("taken", "stayed"):
        yield "guards", f"its outcome is {body['outcome']}, and it names no row."
    for one in tried:
        if all(said in PASSES for said in one["guards"].values()):
            yield "guards", f"row `{one['row']}` was tried and passed over, and none of its guards blocked it."
    inhibited = any(_inhibited(one["guards"]) for one in tried)
    if inhibited != (body["outcome"] == "inhibited"):
        found = "a row's trigger was due and blocked" if inhibited else "no row's trigger was due and blocked"
        yield "guards", f"its outcome is {body['outcome']}, and {found}."


def _inhibited(guards: Mapping[str, str]) -> bool:
    """Whether a row's trigger was due, and another of its guards blocked."""
    due = [said for name, said in guards.items() if is_trigger(name)]
    return bool(due) and all(said in PASSES for said in due) and any(said not in PASSES for said in guards.values())


def _on_lost_ground(body: Mapping[str, Any], run: _Run) -> Broken:
    """What a run that is told as good had lost before its last frame was measured."""
    by_person = not BY_PERSON.isdisjoint(body["causes"])
    for guard, sentence in run.blind.items():
        if guard != "tracking" or not by_person:
            yield "ground", f"the run is recorded as {body['outcome']}, and {sentence} in the middle of it."


def _validated(body: Mapping[str, Any]) -> Broken:
    measures, expected = body["validation_measures"], body["predicted_measure"]
    last, tolerance = (measures[-1] if measures else None), body["validation_tolerance_percent"]
    if not isinstance(last, int | float) or expected is None:
        yield "outcome", "the run is recorded as validated, and no validation frame was measured."
    elif abs(last - expected) > expected * tolerance / 100 + ROUNDING:
        scale = SCALES.get(str(body["metric"]), Scale("measure"))
        far = f"{scale.text(last)} is not within {tolerance:g} % of {scale.text(expected)}"
        yield "outcome", f"the run is recorded as validated, and {far}."
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
