"""What devices and people tell: readings of the world, and wishes."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus import compensating, events, owning
from statefocus.context import Context, LastRun
from statefocus.folding.registry import folds, with_facts, with_plan, with_triggers
from statefocus.thermometer import Source, Thermometer, pick

ASTRONOMICAL_NIGHT_DEG = -18.0
"""The Sun's altitude below which the sky is as dark as it gets."""


@folds(events.TemperatureRead)
def _temperature_read(context: Context, event: events.TemperatureRead) -> Context:
    triggers, compensation, profile = context.triggers, context.compensation, context.profile
    taken = _take(triggers.thermometer, profile.triggers.temperature.source, event, context.now)
    triggers = replace(triggers, thermometer=taken)
    taken = _take(compensation.thermometer, profile.compensation.source, event, context.now)
    if taken is not compensation.thermometer:
        compensation = compensating.follow(replace(compensation, thermometer=taken), profile.compensation)
    return replace(context, triggers=triggers, compensation=compensation)


def _take(thermometer: Thermometer, source: Source, event: events.TemperatureRead, t: float) -> Thermometer:
    celsius = pick(source, event.focuser_c, event.external_c)
    return thermometer if celsius is None or not thermometer.wants(t) else thermometer.read(celsius, t)


@folds(events.MountRead)
def _mount_read(context: Context, event: events.MountRead) -> Context:
    expected_s = context.profile.autofocus.expected_hold_s
    leaves_time = None if event.flip_in_s is None else event.flip_in_s > expected_s
    facts = {"tracking": event.tracking, "parked": event.parked, "east": event.east}
    return with_facts(context, **facts, flip_leaves_time=leaves_time)


@folds(events.FocuserRead)
def _focuser_read(context: Context, event: events.FocuserRead) -> Context:
    return owning.seen(context, event.position, driver_compensation=bool(event.driver_compensation))


@folds(events.SafetyRead)
def _safety_read(context: Context, event: events.SafetyRead) -> Context:
    return with_facts(context, safe=event.safe)


@folds(events.SunRead)
def _sun_read(context: Context, event: events.SunRead) -> Context:
    return with_facts(context, astro_night=event.altitude_deg <= ASTRONOMICAL_NIGHT_DEG)


@folds(events.AidOpened)
def _aid_opened(context: Context, event: events.AidOpened) -> Context:
    return with_plan(context, aids=context.plan.aids | {event.aid})


@folds(events.AidClosed)
def _aid_closed(context: Context, event: events.AidClosed) -> Context:
    context = with_plan(context, aids=context.plan.aids - {event.aid})
    return context if context.plan.aids else owning.left(context)


@folds(events.RefocusRequested)
def _refocus_requested(context: Context, _event: events.RefocusRequested) -> Context:
    return with_triggers(context, asap=True, retry_t=None, failures=0)


@folds(events.RunRequested)
def _run_requested(context: Context, event: events.RunRequested) -> Context:
    if event.again and event.position is not None and context.last_run is None:
        context = _remembered(context, best=event.position)
    return replace(context, wish="again" if event.again else "manual")


@folds(events.UndoRequested)
def _undo_requested(context: Context, event: events.UndoRequested) -> Context:
    return context if event.position is None else _remembered(context, start=event.position)


def _remembered(context: Context, *, start: int | None = None, best: int | None = None) -> Context:
    """Take over what another session has left on disk of its last run."""
    last = LastRun(
        number=0,
        outcome="validated",
        automatic=False,
        start_position=start,
        best_position=best,
        ended_t=context.now,
        stood_for=context.right_for,
    )
    return replace(context, last_run=last)


@folds(events.ConfirmationGiven)
def _confirmation_given(context: Context, event: events.ConfirmationGiven) -> Context:
    if not context.triggers.question:
        return context
    changed = context.triggers.filter_changed or event.yes
    return with_triggers(context, question="", filter_changed=changed, confirmed=event.yes)


@folds(events.TriggersPaused)
def _triggers_paused(context: Context, _event: events.TriggersPaused) -> Context:
    return with_triggers(context, paused=True)


@folds(events.TriggersResumed)
def _triggers_resumed(context: Context, _event: events.TriggersResumed) -> Context:
    return with_triggers(owning.taken_back(context), paused=False)
