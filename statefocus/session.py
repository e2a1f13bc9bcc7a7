"""step(): one event in, everything that follows from it out. Pure: same state and event in, same step out.

An event goes through four stations: is it stale (the answer to something given up)? fold it into the context; decide,
by the rows of each machine in a fixed order; act, by the callbacks of the states that are left and entered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from statefocus import actions, effects, events, rules
from statefocus.context import Context, Pending, Run, begin
from statefocus.effects import Effect, HaltDevices, LeavePlanPaused, MoveFocuser, Notify, ReleaseFocuser, ResumePlan
from statefocus.events import Event, answered
from statefocus.folding import fold
from statefocus.machine.definition import Definition
from statefocus.machine.engine import TransitionsEngine
from statefocus.machine.fired import Engine, Fired, Tried
from statefocus.machine.vocabulary import RUN_CONCLUDED, Vocabulary
from statefocus.profile import Profile
from statefocus.rules.duties import DUTIES
from statefocus.triggers import NAMES, Reading, readings

_DUE = frozenset(f"{name}_due" for name in NAMES)

_FAULT = "fault"
"""Purpose of the move that puts the focuser back after a fault, which no machine waits for."""

Outcome = Literal["taken", "stayed", "inhibited", "ignored", "stale", "fault"]

MACHINES = ("session", "confirmation", "offsets", "compensation")
"""In the order in which they see each event."""

MAY_BY_HAND = frozenset({"focuser_free", "unparked", "aids_closed", "safe"})
"""Guards of a run that a person asks for."""

MAY_REFOCUS = frozenset(
    {"unparked", "aids_closed", "safe", "focuser_ours", "triggers_armed", "tracking", "light_plan", "astro_night"}
    | {"flip_not_imminent"}
)
"""Guards of an automatic run (G)."""

_MAY_MOVE = frozenset({"focuser_ours", "aids_closed", "no_run", "no_flip", "filter_still", "focuser_known"})
"""Guards of a move beside the runs (C6)."""

VOCABULARY = Vocabulary(
    events=frozenset({*events.KINDS, RUN_CONCLUDED}),
    guards=rules.GUARDS,
    actions=actions.ACTIONS,
    answers={kind: effect.answer for kind, effect in effects.KINDS.items()},
    guarded={
        "begin_run": MAY_REFOCUS | {"no_flip", "between_frames"},
        "begin_undo": MAY_BY_HAND | {"no_flip", "between_frames"},
        "prepare_focuser": MAY_REFOCUS | {"no_flip"},
        "extend_sweep": frozenset({"sweep_to_extend"}),
        "recentre_sweep": frozenset({"sweep_to_recentre"}),
        "move_to_best": frozenset({"fit_accepted"}),
        "mark_validated": frozenset({"validation_passed"}),
        "mark_unvalidated": frozenset({"miss_is_kept"}),
        "leave_plan_paused": frozenset({"policy_pauses"}),
        "abort_plan": frozenset({"policy_aborts"}),
        "correct_focuser": _MAY_MOVE,
        "apply_offset": _MAY_MOVE,
        "take_over_compensation": frozenset({"compensation_enabled"}),
    },
    by_person=dict.fromkeys(("run_requested", "undo_requested"), MAY_BY_HAND | {"no_flip", "between_frames"}),
    excusing={"prepare_focuser": "asked_by_person"},
    duties=DUTIES,
)


class Step(Struct, frozen=True):
    """What one event did to one machine.

    Attributes
    ----------
    outcome
        `inhibited` wherever a trigger was due and a guard said no, whatever else the event did; otherwise `taken` (a
        row led to a state), `stayed` (a row without a destination), `ignored` (no row listens or passes), `stale` (the
        answer to something given up), `fault` (a bug in the core).
    triggers
        Every trigger's reading, where rows were tried.
    fault
        What went wrong, for outcome `fault`.
    """

    machine: str
    before: str
    after: str
    outcome: Outcome
    row: str | None = None
    tried: tuple[Tried, ...] = ()
    triggers: tuple[Reading, ...] = ()
    effects: tuple[Effect, ...] = ()
    fault: str = ""


class State(Struct, frozen=True):
    """Where a session stands: the leaf state of each machine, and the context that they share."""

    leaves: dict[str, str]
    context: Context

    @property
    def at_rest(self) -> bool:
        """Whether nothing is under way: no run, and no answer awaited."""
        return self.context.run is None and not self.context.pending


_Heard = tuple[tuple[Step, ...], tuple[tuple[Engine, str], ...]]
"""The step of an event that nobody heeds, and the machines that listen to it in their leaves."""


class Session:
    """The machines of a session over one profile.

    Parameters
    ----------
    definitions
        Checked definitions; the one named `session` first, the others in the order in which they see each event.
    profile
        The rig and its rules.
    engine
        What runs the machines; all engines answer alike, and `machine.table` answers faster.
    """

    def __init__(
        self, definitions: Sequence[Definition], profile: Profile, engine: type[Engine] = TransitionsEngine
    ) -> None:
        self._engines = {definition.name: engine(definition, VOCABULARY) for definition in definitions}
        self._profile = profile
        self._heard: dict[tuple[str, ...], _Heard] = {}

    def begin(self, t: float) -> State:
        """Give the state that a session begins in, at a time in unix seconds."""
        return State({name: engine.initial for name, engine in self._engines.items()}, begin(self._profile, t))

    def step(self, state: State, event: Event, t: float) -> tuple[State, tuple[Step, ...]]:
        """Work one event off.

        Parameters
        ----------
        state
            Where the session stands.
        event
            What happened.
        t
            When, unix seconds.

        Returns
        -------
        Where the session stands now, and one step for each machine that did anything; the first is the session's.
        """
        owner: str | None = None
        if (effect := answered(event)) is not None:
            waiting = state.context.pending.get(effect)
            if waiting is None or event.kind not in (effects.KINDS[waiting.kind].answer, events.EffectFailed.kind):
                return self._stale(state, t)  # given up, or the answer to another kind of effect
            owner = waiting.machine
        if owner == _FAULT:
            return self._put_back_after_fault(state, event, t)
        try:
            return self._step(state, event, t, owner)
        except Exception as error:  # noqa: BLE001  # a bug in the core must end in a safe state, not in a dead night
            return self._fault(state, event, t, error)

    def _step(self, state: State, event: Event, t: float, owner: str | None) -> tuple[State, tuple[Step, ...]]:
        """Work an event off; `owner` is the machine whose effect it answers."""
        context, leaves = fold(state.context, event, t), state.leaves
        if owner is None and (ignored := self._by_nobody(event.kind, leaves, context)):
            return State(leaves, context), ignored
        steps: list[Step] = []
        for name, engine in self._engines.items():
            if owner not in (None, name) and not context.concluded:
                continue
            kind = RUN_CONCLUDED if context.concluded and steps else event.kind
            leaf = leaves[name]
            told_anyhow = name == owner or (owner is None and not steps)
            if engine.listens(leaf, kind):
                fired = engine.fire(leaf, kind, replace(context, acting=name))
                if fired.row is not None:
                    context = replace(_awaiting(fired.context, name, fired.effects), acting="")
                    leaves = leaves | {name: fired.after}
                step = _told(name, leaf, fired, context)
                if told_anyhow or step.outcome != "ignored":
                    steps.append(step)
            elif told_anyhow:
                steps.append(Step(name, leaf, leaf, "ignored"))
        return State(leaves, context), tuple(steps)

    def _by_nobody(self, kind: str, leaves: Mapping[str, str], context: Context) -> tuple[Step, ...]:
        """Step of an event that does nothing to any machine, which most are; empty where it may do something."""
        known = (kind, *leaves.values())
        if (heard := self._heard.get(known)) is None:
            heard = self._heard[known] = self._hearers(kind, leaves)
        ignored, hearers = heard
        for engine, leaf in hearers:
            if not engine.silent(leaf, kind, context):
                return ()
        return ignored

    def _hearers(self, kind: str, leaves: Mapping[str, str]) -> _Heard:
        """Who listens to a kind of event beside the session, which tells every row that it tries."""
        name = next(iter(self._engines))
        listening = {one: engine for one, engine in self._engines.items() if engine.listens(leaves[one], kind)}
        if name in listening:
            return (), ()
        ignored = Step(name, leaves[name], leaves[name], "ignored")
        return (ignored,), tuple((engine, leaves[one]) for one, engine in listening.items())

    def _stale(self, state: State, t: float) -> tuple[State, tuple[Step, ...]]:
        name = next(iter(self._engines))
        context = replace(state.context, now=t, wish=None, concluded=None)
        return replace(state, context=context), (Step(name, state.leaves[name], state.leaves[name], "stale"),)

    def _put_back_after_fault(self, state: State, event: Event, t: float) -> tuple[State, tuple[Step, ...]]:
        """Take up what became of the way back that a fault has asked for; one that failed is told."""
        name, context = next(iter(self._engines)), fold(state.context, event, t)
        told: tuple[Effect, ...] = ()
        if isinstance(event, events.EffectFailed):
            sentence = f"After the fault the focuser could not be returned to position {context.verified_position}: "
            sentence += f"{event.sentence} Look at it before you go on."
            told = (Notify(context.next_effect, "error", sentence),)
            context = replace(context, next_effect=context.next_effect + 1)
        return State(state.leaves, context), (
            Step(name, state.leaves[name], state.leaves[name], "ignored", effects=told),
        )

    def _fault(self, state: State, event: Event, t: float, error: Exception) -> tuple[State, tuple[Step, ...]]:
        """Put everything into a safe state: focuser back, triggers disarmed, plan resumed, everything told."""
        name, context = next(iter(self._engines)), state.context
        put_back = any(one.machine == _FAULT for one in context.pending.values())  # after a fault before this one
        moving = put_back or bool(context.compensation.under_way_steps) or context.offset_under_way is not None
        correcting = context.verified_position if moving else None
        back = context.run.start_position if context.run else correcting
        driver = _drivers_own(context)
        goes_on = _plans_end(context, 0).kind == ResumePlan.kind
        told = f"statefocus has a fault ({type(error).__name__}: {error}); triggers are paused, the plan "
        told += "goes on." if goes_on else "stays paused, since another filter is in the light path: turn it back."
        number = context.next_effect
        out: list[Effect] = [HaltDevices(number, gives_up=tuple(sorted(context.pending)))]
        if back is not None:
            out.append(MoveFocuser(number + 1, position=back, purpose=_FAULT))
            context = replace(context, verified_position=back, astray=True, stray_at=None)  # until it is seen there
        if driver is not None:
            out.append(ReleaseFocuser(number + 2, driver_compensation=driver))
        out.append(_plans_end(context, number + 3))
        out.append(Notify(number + 4, "error", told))
        context = replace(
            context,
            now=t,
            run=None,
            concluded=replace(context.run, outcome="lost", reason=told) if context.run else None,
            pending={} if back is None else {number + 1: Pending(MoveFocuser.kind, _FAULT)},
            next_effect=number + 5,
            triggers=replace(context.triggers, paused=True, question=""),
            plan=replace(context.plan, ending=context.plan.ending or isinstance(event, events.SessionEnding)),
            compensation=replace(context.compensation, under_way_steps=0, driver_was_on=None),
            offset_under_way=None,
        )
        before, initial = state.leaves[name], {key: engine.initial for key, engine in self._engines.items()}
        step = Step(name, before, initial[name], "fault", effects=tuple(out), fault=f"{type(error).__name__}: {error}")
        return State(initial, context), (step,)


def concluded(state: State) -> Run | None:
    """The run that the last step concluded, if any."""
    return state.context.concluded


def _drivers_own(context: Context) -> bool | None:
    """What the driver's own compensation was before anyone here switched it off; None where nobody did."""
    if context.compensation.driver_was_on is not None:
        return context.compensation.driver_was_on
    return context.run.driver_compensation if context.run else None


def _plans_end(context: Context, number: int) -> Effect:
    """What a fault does to the plan: it goes on, unless it would go on in the filter of a run (O2)."""
    elsewhere = context.run is not None and context.run.filter_turned
    return LeavePlanPaused(number) if elsewhere else ResumePlan(number)


def _awaiting(context: Context, machine: str, emitted: Sequence[Effect]) -> Context:
    awaited = {effect.id: Pending(effect.kind, machine) for effect in emitted if effect.answer}
    return replace(context, pending={**context.pending, **awaited}) if awaited else context


def _told(machine: str, before: str, fired: Fired, context: Context) -> Step:
    outcome: Outcome = "ignored"
    if any(tried.inhibited for tried in fired.tried):
        outcome = "inhibited"
    elif fired.row is not None:
        outcome = "stayed" if fired.stays else "taken"
    told = () if all(_DUE.isdisjoint(tried.guards) for tried in fired.tried) else readings(context)
    return Step(machine, before, fired.after, outcome, fired.row, fired.tried, told, fired.effects)
