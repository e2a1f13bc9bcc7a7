"""fold(context, event): what an event adds to what is known. Facts, counters, samples; nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from statefocus import compensating, events
from statefocus.context import Context, Fact, LastRun, Run
from statefocus.focus.points import FocusPoint
from statefocus.focus.sweep import plan_sweep
from statefocus.focusing import overshoot_steps
from statefocus.thermometer import Thermometer, pick

ASTRONOMICAL_NIGHT_DEG = -18.0
"""The Sun's altitude below which the sky is as dark as it gets."""

_Fold = Callable[[Context, Any], Context]
_FOLDS: dict[type[events.Event], _Fold] = {}


def fold(context: Context, event: events.Event, t: float) -> Context:
    """Take an event in.

    Parameters
    ----------
    context
        What was known before.
    event
        What happened.
    t
        When, unix seconds.
    """
    context = replace(context, now=t, wish=None, concluded=None)
    if isinstance(event, events.Answer):
        pending = {key: value for key, value in context.pending.items() if key != event.effect}
        context = replace(context, pending=pending)
    if (held := context.facts.get("frame_type")) is not None and type(event) in _PLAN_EVENTS:
        context = _with_facts(context, frame_type=held.value)
    known = _FOLDS.get(type(event))
    return known(context, event) if known else context


def _folds(kind: type[events.Event]) -> Callable[[_Fold], _Fold]:
    def enter(function: _Fold) -> _Fold:
        _FOLDS[kind] = function
        return function

    return enter


def _with_facts(context: Context, **values: bool | float | str | None) -> Context:
    fresh = {name: Fact(value, context.now) for name, value in values.items()}
    return replace(context, facts={**context.facts, **fresh})


def _plan(context: Context, **changes: Any) -> Context:
    return replace(context, plan=replace(context.plan, **changes))


def _triggers(context: Context, **changes: Any) -> Context:
    return replace(context, triggers=replace(context.triggers, **changes))


def _run(context: Context, **changes: Any) -> Context:
    return replace(context, run=replace(context.run, **changes)) if context.run else context


# --- the session and its plan ---

_PLAN_EVENTS = frozenset(
    {
        events.PlanStarted,
        events.FramePreparing,
        events.ExposureStarted,
        events.ExposureEnded,
        events.FrameSaved,
        events.FilterChanged,
        events.FlipStarted,
        events.FlipFinished,
        events.PlanPaused,
        events.PlanResumed,
        events.PlanHeld,
    }
)
"""The host speaks of its plan: what it said last of the frame type still holds."""


@_folds(events.SessionStarted)
def _session_started(context: Context, event: events.SessionStarted) -> Context:
    return replace(context, verified_position=event.position)


@_folds(events.SessionEnding)
def _session_ending(context: Context, _event: events.SessionEnding) -> Context:
    return _plan(context, ending=True)


@_folds(events.PlanStarted)
def _plan_started(context: Context, event: events.PlanStarted) -> Context:
    context = _plan(context, running=True, paused=False, filter=event.filter or context.plan.filter)
    context = _triggers(context, first_frame=True)
    return _with_facts(context, frame_type=event.frame_type)


@_folds(events.PlanFinished)
def _plan_finished(context: Context, _event: events.PlanFinished) -> Context:
    return _plan(context, running=False, exposing=False, flip_under_way=False)


@_folds(events.PlanAborted)
def _plan_aborted(context: Context, _event: events.PlanAborted) -> Context:
    return _plan(context, running=False, exposing=False, flip_under_way=False)


@_folds(events.PlanPaused)
def _plan_paused(context: Context, _event: events.PlanPaused) -> Context:
    return _plan(context, paused=True)


@_folds(events.PlanResumed)
def _plan_resumed(context: Context, _event: events.PlanResumed) -> Context:
    return _plan(context, paused=False)


@_folds(events.FramePreparing)
def _frame_preparing(context: Context, event: events.FramePreparing) -> Context:
    return _with_facts(_plan(context, paused=False), frame_type=event.frame_type)


@_folds(events.ExposureStarted)
def _exposure_started(context: Context, _event: events.ExposureStarted) -> Context:
    return _plan(context, exposing=True)


@_folds(events.FrameSaved)
def _frame_saved(context: Context, event: events.FrameSaved) -> Context:
    light = event.frame_type == "Light"
    context = _plan(context, exposing=False, lights=context.plan.lights + light)
    context = _triggers(context, lights=context.triggers.lights + light)
    return _with_facts(context, frame_type=event.next_frame_type or "none")


@_folds(events.FilterChanged)
def _filter_changed(context: Context, event: events.FilterChanged) -> Context:
    context = _plan(context, filter=event.filter)
    changed = event.by == "plan" and event.former is not None and event.former != event.filter
    return _triggers(context, filter_changed=True) if changed else context


@_folds(events.FlipStarted)
def _flip_started(context: Context, _event: events.FlipStarted) -> Context:
    return _plan(context, flip_under_way=True)


@_folds(events.FlipFinished)
def _flip_finished(context: Context, _event: events.FlipFinished) -> Context:
    context = _with_facts(context, flip_leaves_time=True)  # the next one is half a day away
    return _triggers(_plan(context, flip_under_way=False), flipped=True)


# --- readings of the world ---


@_folds(events.TemperatureRead)
def _temperature_read(context: Context, event: events.TemperatureRead) -> Context:
    trigger, settings = context.profile.triggers.temperature, context.profile.compensation
    taken = _take(context.triggers.thermometer, pick(trigger.source, event.focuser_c, event.external_c), context.now)
    context = _triggers(context, thermometer=taken)
    state = context.compensation
    taken = _take(state.thermometer, pick(settings.source, event.focuser_c, event.external_c), context.now)
    if taken is state.thermometer:
        return context
    return replace(context, compensation=compensating.follow(replace(state, thermometer=taken), settings))


def _take(thermometer: Thermometer, celsius: float | None, t: float) -> Thermometer:
    return thermometer if celsius is None or not thermometer.wants(t) else thermometer.read(celsius, t)


@_folds(events.MountRead)
def _mount_read(context: Context, event: events.MountRead) -> Context:
    expected_s = context.profile.autofocus.expected_run_s
    leaves_time = None if event.flip_in_s is None else event.flip_in_s > expected_s
    return _with_facts(context, tracking=event.tracking, parked=event.parked, flip_leaves_time=leaves_time)


@_folds(events.SafetyRead)
def _safety_read(context: Context, event: events.SafetyRead) -> Context:
    return _with_facts(context, safe=event.safe)


@_folds(events.SunRead)
def _sun_read(context: Context, event: events.SunRead) -> Context:
    return _with_facts(context, astro_night=event.altitude_deg <= ASTRONOMICAL_NIGHT_DEG)


@_folds(events.AidOpened)
def _aid_opened(context: Context, event: events.AidOpened) -> Context:
    return _plan(context, aids=context.plan.aids | {event.aid})


@_folds(events.AidClosed)
def _aid_closed(context: Context, event: events.AidClosed) -> Context:
    return _plan(context, aids=context.plan.aids - {event.aid})


# --- a person's wishes ---


@_folds(events.RefocusRequested)
def _refocus_requested(context: Context, _event: events.RefocusRequested) -> Context:
    return _triggers(context, asap=True, retry_t=None, failures=0)


@_folds(events.RunRequested)
def _run_requested(context: Context, event: events.RunRequested) -> Context:
    if event.again and event.position is not None and context.last_run is None:
        context = _remembered(context, best=event.position)
    return replace(context, wish="again" if event.again else "manual")


@_folds(events.UndoRequested)
def _undo_requested(context: Context, event: events.UndoRequested) -> Context:
    return context if event.position is None else _remembered(context, start=event.position)


def _remembered(context: Context, *, start: int | None = None, best: int | None = None) -> Context:
    """Take over what another session has left on disk of its last run."""
    last = LastRun(0, "validated", automatic=False, start_position=start, best_position=best, ended_t=context.now)
    return replace(context, last_run=last)


@_folds(events.TriggersPaused)
def _triggers_paused(context: Context, _event: events.TriggersPaused) -> Context:
    return _triggers(context, paused=True)


@_folds(events.TriggersResumed)
def _triggers_resumed(context: Context, _event: events.TriggersResumed) -> Context:
    return _triggers(context, paused=False)


# --- answers ---


@_folds(events.EffectFailed)
def _effect_failed(context: Context, event: events.EffectFailed) -> Context:
    return replace(context, failure=event.sentence)


@_folds(events.FocuserPrepared)
def _focuser_prepared(context: Context, event: events.FocuserPrepared) -> Context:
    run = context.run
    if run is None:
        return context
    prepared = replace(
        run,
        start_position=_start(context, run, event.position),
        position=event.position,
        max_step=event.max_step,
        driver_compensation=event.driver_compensation,
    )
    if run.outcome == "running":
        prepared = _with_sweep(context, prepared, absolute=event.absolute)
    return replace(context, run=prepared, max_step=event.max_step)


def _start(context: Context, run: Run, position: int) -> int:
    """Where a run returns to: never a position that the focuser was merely left at by a failure."""
    if run.start_position is not None:
        return run.start_position
    return context.verified_position if context.lost and context.verified_position is not None else position


def _with_sweep(context: Context, run: Run, *, absolute: bool) -> Run:
    if not absolute:
        return replace(run, reason="The focuser is not absolute, and autofocus needs one that tells its position (A2).")
    autofocus, start = context.profile.autofocus, run.start_position or 0
    sweep = plan_sweep(
        start if run.centre is None else run.centre,
        points=autofocus.points,
        step_size=autofocus.step_size_steps,
        max_step=run.max_step,
        overshoot_steps=overshoot_steps(context),
    )
    return replace(run, sweep=sweep, reason=sweep.refusal)


@_folds(events.FocuserMoved)
def _focuser_moved(context: Context, event: events.FocuserMoved) -> Context:
    if context.run is None:
        return replace(context, verified_position=event.position)
    return _run(context, position=event.position)


@_folds(events.DevicesHalted)
def _devices_halted(context: Context, event: events.DevicesHalted) -> Context:
    return _run(context, position=event.position)


@_folds(events.DriverCompensationSwitched)
def _driver_compensation_switched(context: Context, event: events.DriverCompensationSwitched) -> Context:
    state = context.compensation
    if state.driver_was_on is not None:
        return context
    return replace(context, compensation=replace(state, driver_was_on=event.former))


@_folds(events.FrameTaken)
def _frame_taken(context: Context, event: events.FrameTaken) -> Context:
    return _run(context, frame=event.frame, retries=0)


@_folds(events.FrameMeasured)
def _frame_measured(context: Context, event: events.FrameMeasured) -> Context:
    run = context.run
    if run is None or run.position is None:
        return context
    if run.fit is not None:
        return _run(context, validations=(*run.validations, event.value))
    point = FocusPoint(float(run.position), event.value, event.error, event.stars)
    return _run(context, points=(*run.points, point))
