"""What the host tells of its session and its plan."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus import events, offsetting, owning
from statefocus.context import Context
from statefocus.focus.learned import LearnedCurve
from statefocus.folding.registry import folds, with_facts, with_plan, with_run, with_triggers
from statefocus.image_history import channel_of
from statefocus.profile import Profile

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

TELLS_OF_FRAMES = (PLAN_EVENTS - {events.FilterChanging, events.FilterChanged}) | {
    events.PlanFinished,
    events.PlanAborted,
}
"""Whoever tells that knows whether a frame is under way."""

CALLS_THE_GATE = frozenset({"gate", "nina"})
"""Kinds of hosts that tell of a frame only when they call, and that may take one while nobody is there to answer."""


DOWNLOAD_S = 300.0
"""After so long beyond its exposure a frame is over: a host that aborts one does not always tell it."""


@folds(events.SessionStarted)
def _session_started(context: Context, event: events.SessionStarted) -> Context:
    learned = {channel: LearnedCurve(slopes) for channel, slopes in event.learned}
    context = replace(context, verified_position=event.position, max_step=event.max_step, learned=learned)
    if event.driver_left_off:  # it is set back by whoever would set it back next: a run, or the end of the session
        context = replace(context, compensation=replace(context.compensation, driver_left_off=True))
    if event.unfinished is None:
        return context
    context = replace(context, verified_position=event.unfinished, astray=True, stray_at=event.position)
    if event.by_hand:
        return context
    context = with_plan(context, unheard_until=unheard_until(context.profile, context.now))
    return with_triggers(context, asap=True)  # the run is made again, from where the focuser had stood


def unheard_until(profile: Profile, t: float) -> float | None:
    """Until when a host may be taking a frame that a session that begins now was not told of; None where it tells.

    The session before was cut off in a run, and the host may have gone on without it (`host.gate.when_down`).
    """
    gate = profile.host.gate
    return t + gate.exposure_s + gate.quiet_s if profile.host.kind in CALLS_THE_GATE else None


@folds(events.SessionEnding)
def _session_ending(context: Context, _event: events.SessionEnding) -> Context:
    return with_plan(context, ending=True)


@folds(events.PlanStarted)
def _plan_started(context: Context, event: events.PlanStarted) -> Context:
    context = with_plan(context, running=True, paused=False, filter=event.filter or context.plan.filter)
    context = _named(context)
    context = with_triggers(context, **({"resumed": True} if event.resumed else {"first_frame": True}))
    return with_facts(_nothing_ahead(context), frame_type=event.frame_type)


def _named(context: Context) -> Context:
    """The filter in the light path has a name: what had none counts for it, the position and a run under way."""
    name, run = context.plan.filter, context.run
    if context.right_for.filter is None:
        context = replace(context, right_for=replace(context.right_for, filter=name))
    if run is not None and run.filter is None:
        context = replace(context, run=replace(run, filter=name))
    return context


@folds(events.PlanFinished)
def _plan_finished(context: Context, _event: events.PlanFinished) -> Context:
    return _plan_over(context)


@folds(events.PlanAborted)
def _plan_aborted(context: Context, _event: events.PlanAborted) -> Context:
    return _plan_over(context)


@folds(events.PlanPaused)
def _plan_paused(context: Context, _event: events.PlanPaused) -> Context:
    return with_plan(context, paused=True)


@folds(events.PlanResumed)
def _plan_resumed(context: Context, _event: events.PlanResumed) -> Context:
    context = with_triggers(context, resumed=context.triggers.resumed or context.plan.paused)
    return with_plan(context, paused=False)


@folds(events.PlanHeld)
def _plan_held(context: Context, _event: events.PlanHeld) -> Context:
    """The host has said that nothing is exposing; it may have aborted a frame without a word."""
    return with_run(with_plan(context, shutter_until=None), held_t=context.now)


@folds(events.FramePreparing)
def _frame_preparing(context: Context, event: events.FramePreparing) -> Context:
    context = with_plan(_nothing_ahead(context), paused=False, exposing=True, shutter_until=None)
    return with_facts(context, frame_type=event.frame_type)


@folds(events.ExposureStarted)
def _exposure_started(context: Context, event: events.ExposureStarted) -> Context:
    """A frame is taken; a host that takes frames has ended its flip and its focusing, whether told so or not (T5)."""
    context = owning.at_rest_again(context)
    if context.plan.flip_under_way:
        context = with_triggers(context, flipped=True)
    until = context.now + event.exposure_s + DOWNLOAD_S
    return with_plan(context, exposing=True, shutter_until=until, flip_under_way=False)


@folds(events.FrameSaved)
def _frame_saved(context: Context, event: events.FrameSaved) -> Context:
    light = event.frame_type == "Light"
    context = with_plan(
        context,
        exposing=False,
        shutter_until=None,
        lights=context.plan.lights + light,
        binning=event.binning,
        filter_ahead=event.next_filter not in (None, context.plan.filter),
        flip_ahead=bool(event.flip_next),
    )
    if light:
        context = _light_taken(context, event)
    return with_facts(context, frame_type=event.next_frame_type or "none")


def _light_taken(context: Context, event: events.FrameSaved) -> Context:
    """Count a Light frame (T2), and note how sharp it is (T10)."""
    settings = context.profile.triggers.image_history
    history = context.triggers.history.taken(
        channel_of(event.filter or context.plan.filter, event.binning),
        event.hfr_px,
        event.stars,
        frames=settings.frames,
        baseline_frames=settings.baseline_frames,
    )
    return with_triggers(context, lights=context.triggers.lights + 1, history=history)


def _plan_over(context: Context) -> Context:
    """Nothing is under way in the plan any more, what was announced will not come, and what it began with is past."""
    return with_plan(
        with_triggers(_nothing_ahead(context), first_frame=False, resumed=False),
        running=False, exposing=False, shutter_until=None, filter_changing=False, flip_under_way=False,
    )  # fmt: skip


def _nothing_ahead(context: Context) -> Context:
    """What was announced has come, or was dropped."""
    return with_plan(context, filter_ahead=False, flip_ahead=False)


@folds(events.ExposureFailed)
def _exposure_failed(context: Context, _event: events.ExposureFailed) -> Context:
    return with_plan(context, exposing=False, shutter_until=None, filter_changing=False)


@folds(events.FilterChanging)
def _filter_changing(context: Context, _event: events.FilterChanging) -> Context:
    return with_plan(context, filter_changing=True)


@folds(events.FilterChanged)
def _filter_changed(context: Context, event: events.FilterChanged) -> Context:
    context = with_plan(context, filter=event.filter, filter_changing=False, filter_ahead=False)
    if event.former is None:
        return _named(context)
    if event.former == event.filter:
        return context
    if event.by == "plan":
        return with_triggers(context, filter_changed=True, question="")
    asks = context.profile.triggers.filter_change and offsetting.focuses_on_change(context)
    return with_triggers(context, question="open" if asks else "")


@folds(events.FlipStarted)
def _flip_started(context: Context, _event: events.FlipStarted) -> Context:
    return with_plan(context, flip_under_way=True)


@folds(events.FlipFinished)
def _flip_finished(context: Context, _event: events.FlipFinished) -> Context:
    context = with_facts(context, flip_leaves_time=True)  # the next one is half a day away
    return with_triggers(with_plan(context, flip_under_way=False, flip_ahead=False), flipped=True)


@folds(events.CenteringFinished)
def _centering_finished(context: Context, event: events.CenteringFinished) -> Context:
    return with_triggers(context, centered=True) if event.automatic else context


@folds(events.HostLost)
def _host_lost(context: Context, event: events.HostLost) -> Context:
    """Nobody tells of the plan any more; a shutter that was open stays so for as long as it was to be."""
    until = context.plan.shutter_until
    context = replace(_plan_over(context), failure=event.sentence)
    return owning.at_rest_again(with_plan(context, shutter_until=until))


@folds(events.GuidingFailed)
def _guiding_failed(context: Context, event: events.GuidingFailed) -> Context:
    return replace(context, failure=event.sentence)


@folds(events.HostFocusing)
def _host_focusing(context: Context, _event: events.HostFocusing) -> Context:
    return owning.at_work(context)


@folds(events.HostRefocused)
def _host_refocused(context: Context, event: events.HostRefocused) -> Context:
    """Whoever refocused: every trigger and the compensation begin anew (T11, C7); a failed one changes nothing."""
    context = owning.at_rest_again(context)
    if event.position is None:
        return context
    return owning.refocused(context, event.position, event.filter or context.plan.filter)
