"""What a run does: from the first question to the focuser to the curve."""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace

from statefocus import focusing, offsetting, owning, triggers
from statefocus.actions.moving import move
from statefocus.actions.registry import Result, action, current, emit
from statefocus.context import Context, Run
from statefocus.effects import MeasureFrame, MoveFocuser, PrepareFocuser, PublishCurve, StartTimer, TakeFrame
from statefocus.focus.fitting import find_focus
from statefocus.focus.learned import find_learned_focus
from statefocus.focus.result import FocusFit


@action(run="begins")
def begin_run(context: Context) -> Result:
    """Open a run that serves every trigger that is due, or a person's wish."""
    context = owning.taken_back(context) if context.wish else context
    causes = ("manual",) if context.wish else triggers.due(context)
    again = context.last_run.best_position if context.wish == "again" and context.last_run else None
    other = offsetting.focus_filter(context)
    run = Run(
        number=context.runs + 1,
        causes=causes,
        started_t=context.now,
        started_temperature_c=context.triggers.thermometer.mean_c,
        filter=other or context.plan.filter,
        home_filter=context.plan.filter if other else None,
        centre=again,
    )
    served = replace(context.triggers, confirmed=False)
    return replace(context, run=run, runs=run.number, triggers=served), ()


@action(run="returns")
def begin_undo(context: Context) -> Result:
    """Open a run that does nothing but return to the last focus position (A12)."""
    context, start = owning.taken_back(context), focusing.undo_position(context)
    run = Run(
        number=context.runs + 1,
        causes=("undo",),
        started_t=context.now,
        start_position=start,
        position=context.verified_position,
        outcome="cancelled",
        reason="A person asked for the last focus position.",
        filter=context.plan.filter,
    )
    return replace(context, run=run, runs=run.number), ()


@action(PrepareFocuser)
def prepare_focuser(context: Context) -> Result:
    """Read the focuser, and switch its driver's own compensation off (C8)."""
    return emit(context, PrepareFocuser)


@action(MoveFocuser, run="needs")
def move_to_point(context: Context) -> Result:
    """Move to the sweep's next position."""
    run = current(context)
    return move(context, run.sweep.positions[len(run.points)], "sweep")


@action(StartTimer)
def settle(context: Context) -> Result:
    """Wait until the telescope has come to rest (A8)."""
    return emit(context, StartTimer, seconds=context.profile.focuser.settle_s, purpose="settle")


@action(TakeFrame, run="needs")
def expose(context: Context) -> Result:
    """Take a focus frame with the filter's own settings (A3)."""
    autofocus = context.profile.autofocus
    own = autofocus.filters.get(current(context).filter or "")
    return emit(
        context,
        TakeFrame,
        exposure_s=(own and own.exposure_s) or autofocus.exposure_s,
        gain=own.gain if own and own.gain is not None else autofocus.gain,
        binning=focusing.binning(context),
        purpose="validation" if context.run and context.run.fit else "sweep",
        fast_readout=autofocus.fast_readout,
    )


@action(MeasureFrame, run="needs")
def measure(context: Context) -> Result:
    """Measure the frame in hand."""
    return emit(context, MeasureFrame, frame=current(context).frame, binning=focusing.binning(context))


@action(run="needs")
def count_retry(context: Context) -> Result:
    """Remember that the step under way is tried again."""
    run = current(context)
    return replace(context, run=replace(run, retries=run.retries + 1)), ()


@action(PublishCurve, run="needs")
def fit_curve(context: Context) -> Result:
    """Fit the curve to the points, with all of its verdicts, and show it (F)."""
    run = current(context)
    fit = _fit(context, run)
    context = replace(context, run=replace(run, fit=fit, retries=0))
    best = None if fit.best_position is None else float(fit.best_position)
    return emit(context, PublishCurve, accepted=bool(fit.accepted), best_position=best)


def _fit(context: Context, run: Run) -> FocusFit:
    profile, history = context.profile, focusing.comparable(context)
    if run.sweep.learned:
        learned = focusing.learned_curve(context, run)
        return find_learned_focus(run.points, learned, cfz_steps=profile.cfz_steps, history=history)
    telescope, model = focusing.telescope_of(profile), profile.fit.model
    return find_focus(run.points, model=model, cfz_steps=profile.cfz_steps, history=history, telescope=telescope)


@action(MoveFocuser, run="needs")
def move_to_best(context: Context) -> Result:
    """Move to the position that the curve found."""
    return move(context, focusing.best_position(current(context)) or 0, "best")


@action(run="needs")
def extend_sweep(context: Context) -> Result:
    """Add one point on the side on which the minimum lies; the curve that missed it is no result (A9)."""
    run, further = current(context), focusing.further_position(context)
    if further is None:
        return context, ()
    sweep = dataclasses.replace(run.sweep, positions=(*run.sweep.positions, further), extended=run.sweep.extended + 1)
    return replace(context, run=replace(run, sweep=sweep, fit=None)), ()


@action(run="needs")
def recentre_sweep(context: Context) -> Result:
    """Sweep once more, around the lowest points of a sweep that found nothing (A9)."""
    run, centre = current(context), focusing.other_centre(context)
    if centre is None:
        return context, ()
    again = focusing.sweep_around(context, centre, run.max_step)
    sweep = dataclasses.replace(again, extended=run.sweep.extended, recentred=True)
    earlier = (*run.earlier_points, *run.points)
    return replace(context, run=replace(run, sweep=sweep, earlier_points=earlier, points=(), fit=None)), ()


@action(run="needs")
def sweep_in_full(context: Context) -> Result:
    """Make the whole sweep, around the middle of the two positions whose learned curve was not believed."""
    run = current(context)
    sweep = focusing.sweep_around(context, sum(run.sweep.positions) // 2, run.max_step)
    earlier = (*run.earlier_points, *run.points)
    run = replace(
        run, sweep=sweep, earlier_points=earlier, points=(), doubted=run.fit, fit=None, validations=(), retries=0
    )
    return replace(context, run=run), ()
