"""What the answers to effects add: the focuser, the points of a sweep, the frames of a validation."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus import events, offsetting
from statefocus.context import Context, Run
from statefocus.focus.points import FocusPoint
from statefocus.focus.repeats import point_of
from statefocus.focusing import first_sweep
from statefocus.folding.registry import folds, with_plan, with_run


@folds(events.EffectFailed)
def _effect_failed(context: Context, event: events.EffectFailed) -> Context:
    return replace(context, failure=event.sentence)


@folds(events.FocuserPrepared)
def _focuser_prepared(context: Context, event: events.FocuserPrepared) -> Context:
    run = context.run
    if run is None:
        return context
    prepared = replace(
        run,
        start_position=_start(context, run, event.position),
        position=event.position,
        max_step=event.max_step,
        driver_compensation=event.driver_compensation or context.compensation.driver_left_off,
    )
    if run.outcome == "running":
        prepared = _with_sweep(context, prepared, absolute=event.absolute)
    return replace(context, run=prepared, max_step=event.max_step)


def _start(context: Context, run: Run, position: int) -> int:
    """Where a run returns to: never a position that the focuser was merely left at by a failure."""
    if run.start_position is not None:
        return run.start_position
    failed = context.lost or context.astray
    return context.verified_position if failed and context.verified_position is not None else position


def _with_sweep(context: Context, run: Run, *, absolute: bool) -> Run:
    if not absolute:
        return replace(run, reason="The focuser is not absolute, and autofocus needs one that tells its position (A2).")
    sweep = first_sweep(context, run, _centre(context, run, run.start_position or 0))
    return replace(run, sweep=sweep, reason=sweep.refusal)


def _centre(context: Context, run: Run, start: int) -> int:
    """Where the focus of the run's own filter is expected, within the focuser's reach (A11, O1)."""
    if run.centre is not None:
        return run.centre
    return max(0, min(run.max_step, start + offsetting.owed_steps(context, run.filter)))


@folds(events.FilterSet)
def _filter_set(context: Context, event: events.FilterSet) -> Context:
    back = context.run is not None and event.filter == context.run.home_filter
    turned = {"filter_turned": False} if back else {}
    return with_run(with_plan(context, filter=event.filter), retries=0, **turned)


@folds(events.FocuserMoved)
def _focuser_moved(context: Context, event: events.FocuserMoved) -> Context:
    context = replace(context, astray=False, stray_at=None)
    if context.run is None:
        return replace(context, verified_position=event.position)
    return with_run(context, position=event.position)


@folds(events.DevicesHalted)
def _devices_halted(context: Context, event: events.DevicesHalted) -> Context:
    return with_run(context, position=event.position)


@folds(events.DriverCompensationSwitched)
def _driver_compensation_switched(context: Context, event: events.DriverCompensationSwitched) -> Context:
    state = context.compensation
    if state.driver_was_on is not None:
        return context
    was_on = event.former or state.driver_left_off
    return replace(context, compensation=replace(state, driver_was_on=was_on, driver_left_off=False))


@folds(events.FocuserReleased)
def _focuser_released(context: Context, _event: events.FocuserReleased) -> Context:
    return replace(context, compensation=replace(context.compensation, driver_left_off=False))


@folds(events.FrameTaken)
def _frame_taken(context: Context, event: events.FrameTaken) -> Context:
    return with_run(context, frame=event.frame, retries=0)


@folds(events.FrameMeasured)
def _frame_measured(context: Context, event: events.FrameMeasured) -> Context:
    run = context.run
    if run is None or run.position is None:
        return context
    if event.remark and event.remark not in run.remarks:
        context = with_run(context, remarks=(*run.remarks, event.remark))
    if run.fit is not None:
        return with_run(context, validations=(*run.validations, event.value))
    taken = FocusPoint(float(run.position), event.value, event.error, event.stars, event.table, event.growth)
    frames = (*run.frames, taken)
    if len(frames) < context.profile.autofocus.frames_per_point:
        return with_run(context, frames=frames)
    return with_run(context, frames=(), points=(*run.points, point_of(frames)))
