"""Runs the recorded world through the real session under another profile.

The world keeps its times. The plan keeps its own time: it goes on where it was held, so a run more makes all later
frames later. What is asked of the telescope as it was recorded is answered as it was recorded; the rest by the oracle.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from math import inf

import msgspec
from msgspec.structs import replace

from statefocus import effects, events
from statefocus.context import REFOCUSED
from statefocus.effects import Effect
from statefocus.events import Answer, Event
from statefocus.focusing import best_position
from statefocus.session import Session, Step
from statefocus.triggers import NAMES
from statefocus.what_if.oracle import Oracle
from statefocus.what_if.reaching import Missed, why_missed
from statefocus.what_if.recorded import Recorded
from statefocus.what_if.told import Asked, Happened, LightFrame, RunTold

AFTER_S, AFTER_EVERY_S = 7200.0, 20.0
"""For how long after the recorded night, and how often, the last readings of mount, safety and Sun are repeated."""

_SEEN = (
    *(events.SessionStarted, events.FocuserPrepared, events.FocuserMoved, events.DevicesHalted),
    *(events.HostRefocused, events.FocuserRead),
)
"""What tells where the focuser stands."""

_THEIR_FOCUS = (events.HostFocusing, events.HostRefocused, events.FocuserRead)
"""Where another program put the focuser, or it was seen to stand: in the supposed night it stands elsewhere."""


@dataclass
class Inhibited:
    """When a trigger was due and held back, and how often by which guards."""

    first_t: float
    last_t: float
    times: int = 0
    by: dict[str, int] = field(default_factory=dict)


@dataclass
class Supposed:
    """A night as it would have been."""

    runs: list[RunTold] = field(default_factory=list)
    frames: list[LightFrame] = field(default_factory=list)
    inhibited: dict[str, Inhibited] = field(default_factory=dict)
    missed: list[Missed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Supposing:
    """One supposed night under way."""

    def __init__(self, night: Recorded, session: Session, oracle: Oracle, world: list[Happened]) -> None:
        self._night, self._oracle, self._session = night, oracle, session
        self._state = self._session.begin(night.header.t)
        self._now = night.header.t
        self._turned = _turned(night)
        hands = [one for one in night.happened if one.index in self._turned]
        self._world = deque(sorted([*world, *hands], key=lambda one: (one.t, one.index)) if hands else world)
        self._after: deque[Happened] = deque(_repeated(world))
        self._plan = deque(_plan_events(night))
        self._answers: list[tuple[float, float, int, Answer]] = []
        self._held_since: float | None = None
        self._holding: Effect | None = None
        self._held_s = 0.0
        self._begun: tuple[float, float, str] | None = None
        self.told = Supposed()

    def run(self) -> Supposed:
        """Play the night to its end."""
        while (upcoming := self._next()) is not None:
            t, origin, event = upcoming
            self._now = max(self._now, t)
            self._work_off(event, origin)
        if self._held_since is not None:
            self.told.notes.append("The supposed night ends while its plan is held: the trace stops in a run.")
        return self.told

    def _next(self) -> tuple[float, float, Event] | None:
        """Take what comes next: by time, then in the recorded order."""
        world = self._world if self._world else self._after if self._plan or self._answers else None
        choices: list[tuple[float, float, int]] = []
        if world:
            choices.append((world[0].t, world[0].index, 0))
        if self._plan and self._held_since is None:
            one = self._plan[0]
            choices.append((round(one.t - self._night.held_before(one.t) + self._held_s, 3), one.index, 1))
        if self._answers:
            choices.append((self._answers[0][0], self._answers[0][1], 2))
        if not choices or (world is self._after and [which for _, _, which in choices] == [0]):
            return None  # nothing is left but the last readings, told again and again
        t, origin, which = min(choices)
        if which == 0 and world:
            return t, origin, self._as_turned(world.popleft())
        if which == 1:
            return t, origin, self._plan.popleft().event
        return t, origin, heapq.heappop(self._answers)[3]

    def _as_turned(self, one: Happened) -> Event:
        """What else moved the focuser moves it as far here, from wherever it stands."""
        event = one.event
        if not isinstance(event, events.FocuserRead) or self._oracle.position is None:
            return event
        self._oracle.position += self._turned[one.index]
        return replace(event, position=self._oracle.position)

    def _work_off(self, event: Event, origin: float) -> None:
        if isinstance(event, events.FocuserMoved):
            self._oracle.position = event.position
        elif isinstance(event, events.DevicesHalted | events.FocuserPrepared | events.SessionStarted):
            self._oracle.position = self._oracle.position if event.position is None else event.position
        if isinstance(event, events.PlanReleased | events.PlanAborted):
            self._release()
        self._state, steps = self._session.step(self._state, event, self._now)
        self._note(event, steps)
        recorded = self._night.asked.get(int(origin), []) if origin < inf else []
        emitted = [effect for step in steps for effect in step.effects]
        for index, effect in enumerate(emitted):
            self._carry_out(effect, recorded[index] if index < len(recorded) else None)
        if self._holding is not None and not self._state.context.plan.exposing:
            self._hold()

    # --- effects ---

    def _carry_out(self, effect: Effect, recorded: Asked | None) -> None:
        if isinstance(effect, effects.HaltDevices):
            self._answers = [one for one in self._answers if one[3].effect not in effect.gives_up]
            heapq.heapify(self._answers)
        elif isinstance(effect, effects.DropTimer):
            self._answers = [one for one in self._answers if one[3].effect not in effect.timers]
            heapq.heapify(self._answers)
        elif isinstance(effect, effects.LeavePlanPaused):
            self._leave_paused()
        elif isinstance(effect, effects.AbortPlan):
            self._plan.clear()
            self.told.notes.append("The profile's failure policy gives the plan up; what was left of it is not played.")
        if effect.answer is None:
            return
        same = recorded is not None and recorded.like(msgspec.json.decode(msgspec.json.encode(effect)))
        if same and recorded is not None and recorded.answer is not None:
            answer = replace(recorded.answer.event, effect=effect.id)
            if isinstance(answer, Answer):
                t = round(self._now + recorded.answer.t - recorded.t, 3)
                self._push(t, recorded.answer.index, answer)
                self._holding = effect if isinstance(effect, effects.PausePlan) else self._holding
            return
        if isinstance(effect, effects.PausePlan) and self._state.context.plan.exposing:
            self._holding = effect
            return
        self._holding = effect if isinstance(effect, effects.PausePlan) else self._holding
        self._ask(effect)

    def _ask(self, effect: Effect) -> None:
        seconds, answer = self._oracle.answer(effect, self._now, self._state.context)
        if isinstance(answer, Answer):
            self._push(round(self._now + seconds, 3), inf, answer)

    def _push(self, t: float, origin: float, answer: Answer) -> None:
        heapq.heappush(self._answers, (t, origin, answer.effect, answer))

    def _hold(self) -> None:
        """The plan stands from now on; a hold that had to wait for a frame is answered now."""
        effect, self._holding = self._holding, None
        self._held_since = self._now
        if effect is not None and all(one[3].effect != effect.id for one in self._answers):
            self._ask(effect)

    def _release(self) -> None:
        if self._held_since is not None:
            self._held_s += self._now - self._held_since
        self._held_since, self._holding = None, None

    def _leave_paused(self) -> None:
        self._release()
        if self._plan and not isinstance(self._plan[0].event, events.PlanResumed):
            self._plan.clear()
            self.told.notes.append(
                "The profile's failure policy leaves the plan paused; nobody knows when a person would have resumed "
                "it, and the rest is not played."
            )

    # --- what is to be told ---

    def _note(self, event: Event, steps: tuple[Step, ...]) -> None:
        context = self._state.context
        if isinstance(event, events.FrameSaved) and event.frame_type == "Light":
            where = self._oracle.position if self._oracle.position is not None else context.verified_position
            self.told.frames.append(LightFrame(self._now, event.filter, where))
        for step in steps:
            self._note_inhibited(step)
            if context.run is not None and self._begun is None:
                why = ", ".join(f"{one.name} {one.text}" for one in step.triggers if one.due)
                self._begun = (self._now, self._now - self._held_s, why)
        run = context.concluded
        if run is None:
            return
        begin, plan_t, why = self._begun or (run.started_t, run.started_t - self._held_s, "")
        self._begun = None
        why_not = why_missed(run, self._oracle.truth.at(self._now, context.plan.filter), self._oracle.curve)
        if why_not:
            self.told.missed.append(Missed(begin, why_not))
        found = best_position(run) if run.outcome in REFOCUSED and not self._oracle.invented else None
        why = why or ", ".join(run.causes)
        filter_ = context.plan.filter
        self.told.runs.append(
            RunTold(begin, self._now, plan_t, run.causes, run.outcome, found, filter_, why, run.reason)
        )

    def _frame_ahead(self) -> bool:
        """Whether the plan under way takes another frame."""
        kinds = (events.FramePreparing, events.PlanFinished)
        following = next((one.event for one in self._plan if isinstance(one.event, kinds)), None)
        return isinstance(following, events.FramePreparing)

    def _note_inhibited(self, step: Step) -> None:
        for tried in step.tried if step.outcome == "inhibited" else ():
            name = next((guard for guard in tried.guards if guard.endswith("_due")), "").removesuffix("_due")
            if not tried.inhibited or name not in NAMES:
                continue
            if "light_plan" in tried.guards and not tried.guards["light_plan"].passes and not self._frame_ahead():
                continue  # the plan was over, so there was nothing to focus for
            told = self.told.inhibited.setdefault(name, Inhibited(self._now, self._now))
            told.last_t, told.times = self._now, told.times + 1
            for guard, ruling in tried.guards.items():
                if not ruling.passes:
                    told.by[f"{guard} {ruling}"] = told.by.get(f"{guard} {ruling}", 0) + 1


def _plan_events(night: Recorded) -> list[Happened]:
    """The plan's own events, which keep plan time."""
    left_out: tuple[type[Event], ...] = (*night.world_kinds, Answer, *_THEIR_FOCUS, events.SessionEnded)
    return [one for one in night.happened if not isinstance(one.event, left_out)]


def _turned(night: Recorded) -> dict[int, int]:
    """By how many steps something else had moved the focuser when it was seen, by the event's number.

    Where it is seen after a move that failed, it is that move which has left it there.
    """
    moves = {one.body["id"] for asked in night.asked.values() for one in asked if one.body["effect"] == "move_focuser"}
    here: int | None = None
    focusing = False
    turned: dict[int, int] = {}
    for one in night.happened:
        if isinstance(one.event, events.HostFocusing | events.HostRefocused | events.HostLost):
            focusing = isinstance(one.event, events.HostFocusing)
        if isinstance(one.event, events.EffectFailed) and one.event.effect in moves:
            here = None
        position = getattr(one.event, "position", None) if isinstance(one.event, _SEEN) else None
        if position is None:
            continue
        if isinstance(one.event, events.FocuserRead) and here is not None and not focusing:
            turned[one.index] = position - here
        here = position
    return turned


def _repeated(world: list[Happened]) -> list[Happened]:
    """The last readings of mount, safety and Sun, told again and again after the recorded night."""
    kinds: tuple[type[Event], ...] = (events.MountRead, events.SafetyRead, events.SunRead)
    last = [one for kind in kinds for one in world[::-1] if isinstance(one.event, kind)]
    latest = list({type(one.event): one for one in reversed(last)}.values())
    if not latest:
        return []
    end = max(one.t for one in latest)
    count = int(AFTER_S / AFTER_EVERY_S)
    return [
        Happened(-1, round(end + AFTER_EVERY_S * (number + 1), 3), one.event)
        for number in range(count)
        for one in latest
    ]
