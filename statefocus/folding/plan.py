"""What the host tells of its session and its plan."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus import compensating, events, triggers
from statefocus.context import Context
from statefocus.folding.registry import folds, with_facts, with_plan, with_triggers

PLAN_EVENTS = frozenset(
    {
        events.PlanStarted,
        events.FramePreparing,
        events.ExposureStarted,
        events.ExposureEnded,
        events.ExposureFailed,
        events.FilterChanging,
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


@folds(events.SessionStarted)
def _session_started(context: Context, event: events.SessionStarted) -> Context:
    return replace(context, verified_position=event.position)


@folds(events.SessionEnding)
def _session_ending(context: Context, _event: events.SessionEnding) -> Context:
    return with_plan(context, ending=True)


@folds(events.PlanStarted)
def _plan_started(context: Context, event: events.PlanStarted) -> Context:
    context = with_plan(context, running=True, paused=False, filter=event.filter or context.plan.filter)
    context = with_triggers(context, first_frame=True)
    return with_facts(context, frame_type=event.frame_type)


@folds(events.PlanFinished)
def _plan_finished(context: Context, _event: events.PlanFinished) -> Context:
    return with_plan(context, running=False, exposing=False, filter_changing=False, flip_under_way=False)


@folds(events.PlanAborted)
def _plan_aborted(context: Context, _event: events.PlanAborted) -> Context:
    return with_plan(context, running=False, exposing=False, filter_changing=False, flip_under_way=False)


@folds(events.PlanPaused)
def _plan_paused(context: Context, _event: events.PlanPaused) -> Context:
    return with_plan(context, paused=True)


@folds(events.PlanResumed)
def _plan_resumed(context: Context, _event: events.PlanResumed) -> Context:
    return with_plan(context, paused=False)


@folds(events.FramePreparing)
def _frame_preparing(context: Context, event: events.FramePreparing) -> Context:
    return with_facts(with_plan(context, paused=False, exposing=True), frame_type=event.frame_type)


@folds(events.ExposureStarted)
def _exposure_started(context: Context, _event: events.ExposureStarted) -> Context:
    return with_plan(context, exposing=True)


@folds(events.FrameSaved)
def _frame_saved(context: Context, event: events.FrameSaved) -> Context:
    light = event.frame_type == "Light"
    context = with_plan(context, exposing=False, lights=context.plan.lights + light)
    context = with_triggers(context, lights=context.triggers.lights + light)
    return with_facts(context, frame_type=event.next_frame_type or "none")


@folds(events.ExposureFailed)
def _exposure_failed(context: Context, _event: events.ExposureFailed) -> Context:
    return with_plan(context, exposing=False, filter_changing=False)


@folds(events.FilterChanging)
def _filter_changing(context: Context, _event: events.FilterChanging) -> Context:
    return with_plan(context, filter_changing=True)


@folds(events.FilterChanged)
def _filter_changed(context: Context, event: events.FilterChanged) -> Context:
    context = with_plan(context, filter=event.filter, filter_changing=False)
    changed = event.by == "plan" and event.former is not None and event.former != event.filter
    return with_triggers(context, filter_changed=True) if changed else context


@folds(events.FlipStarted)
def _flip_started(context: Context, _event: events.FlipStarted) -> Context:
    return with_plan(context, flip_under_way=True)


@folds(events.FlipFinished)
def _flip_finished(context: Context, _event: events.FlipFinished) -> Context:
    context = with_facts(context, flip_leaves_time=True)  # the next one is half a day away
    return with_triggers(with_plan(context, flip_under_way=False), flipped=True)


@folds(events.HostRefocused)
def _host_refocused(context: Context, event: events.HostRefocused) -> Context:
    """Whoever refocused: every trigger and the compensation begin anew (T11, C7); a failed one changes nothing."""
    if event.position is None:
        return context
    return replace(
        context,
        verified_position=event.position,
        lost=False,
        triggers=triggers.restart(context.triggers, context.now),
        compensation=compensating.restart(context.compensation),
    )
