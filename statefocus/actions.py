"""The callbacks that machine files may name: context in, context and effects out. They call nothing.

Each says which kinds of effects it may return, so that a machine file can be checked before the night.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from statefocus import compensating, focusing, triggers
from statefocus.context import REFOCUSED, Context, LastRun, Run
from statefocus.effects import (
    AbortPlan,
    Effect,
    HaltDevices,
    MeasureFrame,
    MoveFocuser,
    Notify,
    PausePlan,
    PrepareFocuser,
    PublishCurve,
    ReleaseFocuser,
    ResumePlan,
    StartTimer,
    SwitchDriverCompensation,
    TakeFrame,
)
from statefocus.focus.fitting import find_focus
from statefocus.machine.vocabulary import Action

ACTIONS: dict[str, Action] = {}

Result = tuple[Context, tuple[Effect, ...]]
_Call = Callable[[Context], Result]


def _action(*emits: type[Effect]) -> Callable[[_Call], _Call]:
    def enter(function: _Call) -> _Call:
        doc = (function.__doc__ or "").strip().splitlines()[0]
        ACTIONS[function.__name__] = Action(function.__name__, doc, function, tuple(kind.kind for kind in emits))
        return function

    return enter


def _emit(context: Context, kind: type[Effect], **fields: Any) -> Result:
    effect = kind(id=context.next_effect, **fields)
    return replace(context, next_effect=context.next_effect + 1), (effect,)


def _tell(context: Context, level: str, sentence: str) -> Result:
    return _emit(context, Notify, level=level, sentence=sentence)


def _current(context: Context) -> Run:
    if context.run is None:
        message = "this action needs a run under way; a machine file has named it in the wrong place"
        raise RuntimeError(message)
    return context.run


# --- the run begins ---


@_action()
def begin_run(context: Context) -> Result:
    """Open a run that serves every trigger that is due, or a person's wish."""
    causes = ("manual",) if context.wish else triggers.due(context)
    again = context.last_run.best_position if context.wish == "again" and context.last_run else None
    run = Run(
        number=context.runs + 1,
        causes=causes,
        started_t=context.now,
        started_temperature_c=context.triggers.thermometer.mean_c,
        centre=again,
    )
    return replace(context, run=run, runs=run.number), ()


@_action()
def begin_undo(context: Context) -> Result:
    """Open a run that does nothing but return to the last focus position (A12)."""
    start = focusing.undo_position(context)
    run = Run(
        number=context.runs + 1,
        causes=("undo",),
        started_t=context.now,
        start_position=start,
        position=context.verified_position,
        outcome="cancelled",
        reason="A person asked for the last focus position.",
    )
    return replace(context, run=run, runs=run.number), ()


@_action(PausePlan)
def pause_plan(context: Context) -> Result:
    """Ask the host to hold its plan."""
    return _emit(context, PausePlan)


@_action(PrepareFocuser)
def prepare_focuser(context: Context) -> Result:
    """Read the focuser, and switch its driver's own compensation off (C8)."""
    return _emit(context, PrepareFocuser)


# --- the sweep ---


@_action(MoveFocuser)
def move_to_point(context: Context) -> Result:
    """Move to the sweep's next position."""
    run = _current(context)
    target = run.sweep.targets[len(run.points)]
    return _emit(context, MoveFocuser, position=target.position, via=target.via, purpose="sweep")


@_action(StartTimer)
def settle(context: Context) -> Result:
    """Wait until the telescope has come to rest (A8)."""
    return _emit(context, StartTimer, seconds=context.profile.focuser.settle_s, purpose="settle")


@_action(TakeFrame)
def expose(context: Context) -> Result:
    """Take a focus frame with the filter's own settings (A3)."""
    autofocus = context.profile.autofocus
    own = autofocus.filters.get(context.plan.filter or "")
    return _emit(
        context,
        TakeFrame,
        exposure_s=(own and own.exposure_s) or autofocus.exposure_s,
        gain=own.gain if own and own.gain is not None else autofocus.gain,
        binning=_binning(context),
        purpose="validation" if context.run and context.run.fit else "sweep",
    )


def _binning(context: Context) -> int:
    own = context.profile.autofocus.filters.get(context.plan.filter or "")
    return (own and own.binning) or context.profile.autofocus.binning


@_action(MeasureFrame)
def measure(context: Context) -> Result:
    """Measure the frame in hand."""
    return _emit(context, MeasureFrame, frame=_current(context).frame, binning=_binning(context))


@_action()
def count_retry(context: Context) -> Result:
    """Remember that the step under way is tried again."""
    run = _current(context)
    return replace(context, run=replace(run, retries=run.retries + 1)), ()


@_action(PublishCurve)
def fit_curve(context: Context) -> Result:
    """Fit the curve to the points, with all of its verdicts, and show it (F)."""
    run = _current(context)
    fit = find_focus(run.points, model=context.profile.fit.model, cfz_steps=context.profile.cfz_steps)
    context = replace(context, run=replace(run, fit=fit, retries=0))
    best = None if fit.best_position is None else float(fit.best_position)
    return _emit(context, PublishCurve, accepted=bool(fit.accepted), best_position=best)


@_action(MoveFocuser)
def move_to_best(context: Context) -> Result:
    """Move to the position that the curve found."""
    target = focusing.move_to(context, focusing.best_position(_current(context)) or 0)
    return _emit(context, MoveFocuser, position=target.position, via=target.via, purpose="best")


# --- how a run ends ---


def _mark(context: Context, outcome: str, reason: str) -> Result:
    run = replace(_current(context), outcome=outcome, reason=reason, retries=0)  # type: ignore[arg-type]  # a literal
    return replace(context, run=run), ()


@_action()
def mark_validated(context: Context) -> Result:
    """The run ends validated."""
    return _mark(context, "validated", "")


@_action(Notify)
def mark_unvalidated(context: Context) -> Result:
    """The run ends unvalidated: the position is kept, and a person is told (V2)."""
    reason = _miss(context)
    context, _ = _mark(context, "unvalidated", reason)
    return _tell(context, "warning", f"Focus kept without validation: {reason}")


@_action()
def mark_not_validated(context: Context) -> Result:
    """The run ends restored, since its validation frames missed (V2)."""
    return _mark(context, "restored", _miss(context))


def _miss(context: Context) -> str:
    run = _current(context)
    expected, measured = focusing.predicted(run), run.validations[-1] if run.validations else None
    seen = "shows no star" if measured is None else f"measures {measured:.2f} px"
    tolerance = context.profile.validation.tolerance_percent
    return f"the frame at the new position {seen}; the curve predicts {expected:.2f} px within {tolerance:g} %."


@_action()
def mark_rejected(context: Context) -> Result:
    """The run ends restored, since the curve failed its verdicts (F7)."""
    fit = _current(context).fit
    return _mark(context, "restored", " ".join(fit.reasons) if fit else "No curve was fitted.")


@_action()
def mark_refused(context: Context) -> Result:
    """The run ends before any move, since the focuser cannot make the sweep (A1, A2)."""
    return _mark(context, "restored", _current(context).reason)


@_action()
def mark_failed(context: Context) -> Result:
    """The run ends restored, since a device failed."""
    return _mark(context, "restored", context.failure)


@_action()
def mark_cancelled(context: Context) -> Result:
    """The run ends cancelled by a person, or by the session's end (A12)."""
    ending = context.plan.ending
    return _mark(context, "cancelled", "The session was ended." if ending else "A person cancelled the run.")


@_action()
def mark_interrupted(context: Context) -> Result:
    """The run ends cancelled, since the ground was taken from under it; its triggers stay due (G)."""
    lost = focusing.ground_lost(context)
    sentence = "A meridian flip began." if lost is None else f"{lost[:1].upper()}{lost[1:]}."
    return _mark(context, "cancelled", sentence)


@_action(Notify)
def mark_lost(context: Context) -> Result:
    """The run ends lost: the focuser could not be put back, and a person must know."""
    run = _current(context)
    context, _ = _mark(context, "lost", f"{run.reason} Then the focuser could not be put back: {context.failure}")
    where = "an unknown position" if run.start_position is None else f"position {run.start_position}"
    sentence = f"The focuser could not be returned to {where}: {context.failure} Look at it before you go on."
    return _tell(context, "error", sentence)


# --- putting things back ---


@_action(HaltDevices)
def halt(context: Context) -> Result:
    """Stop the focuser and the focus exposure; answers still on their way will be stale."""
    waiting = {key: value for key, value in context.pending.items() if value.machine != context.acting}
    given_up = tuple(sorted(set(context.pending) - set(waiting)))
    return _emit(replace(context, pending=waiting), HaltDevices, gives_up=given_up)


@_action(MoveFocuser)
def move_back(context: Context) -> Result:
    """Return to the position at the run's start (A12, A13)."""
    start = focusing.restore_position(context)
    target = focusing.move_to(context, start if start is not None else 0)
    return _emit(context, MoveFocuser, position=target.position, via=target.via, purpose="restore")


@_action(StartTimer)
def wait_for_retry(context: Context) -> Result:
    """Wait before the next try."""
    run = _current(context)
    context = replace(context, run=replace(run, retries=run.retries + 1))
    return _emit(context, StartTimer, seconds=context.profile.failure.retry_wait_s, purpose="retry")


@_action(ReleaseFocuser)
def release_focuser(context: Context) -> Result:
    """Set the driver's own compensation back as it was before the run (C8)."""
    run = _current(context)
    former = None if context.compensation.driver_was_on is not None else run.driver_compensation
    return _emit(context, ReleaseFocuser, driver_compensation=former)


@_action(Notify)
def conclude_run(context: Context) -> Result:
    """Close the run: a refocus restarts every trigger, a failure backs off (T11, T13, C7)."""
    run = _current(context)
    refocused = run.outcome in REFOCUSED
    last = LastRun(
        number=run.number,
        outcome=run.outcome,
        automatic=run.automatic,
        start_position=run.start_position,
        best_position=focusing.best_position(run) if refocused else _former_best(context),
        ended_t=context.now,
    )
    at = run.position if refocused else run.start_position
    context = replace(
        context,
        run=None,
        concluded=run,
        last_run=last,
        lost=run.outcome == "lost",
        verified_position=context.verified_position if run.outcome == "lost" or at is None else at,
    )
    if refocused:
        started = triggers.restart(context.triggers, context.now)
        return replace(context, triggers=started, compensation=compensating.restart(context.compensation)), ()
    return _after_failure(context, run)


def _former_best(context: Context) -> int | None:
    return context.last_run.best_position if context.last_run else None


def _after_failure(context: Context, run: Run) -> Result:
    if run.causes == ("undo",):
        return context, ()
    by_person = run.reason == "A person cancelled the run."
    if run.automatic and (run.outcome != "cancelled" or by_person):
        minutes = context.profile.failure.retry_after_min
        context = replace(context, triggers=triggers.back_off(context.triggers, context.now, minutes))
    if run.outcome == "cancelled":
        return context, ()
    return _tell(context, "warning", f"Autofocus run {run.number} failed: {run.reason}")


@_action(ResumePlan)
def resume_plan(context: Context) -> Result:
    """Let the host's plan go on."""
    return _emit(context, ResumePlan)


@_action(AbortPlan, Notify)
def abort_plan(context: Context) -> Result:
    """Give the plan up, as the failure policy says, and tell a person (T13)."""
    context, aborting = _emit(context, AbortPlan)
    context, telling = _tell(context, "error", "The plan was given up, since focus failed and failure.policy = abort.")
    return context, aborting + telling


@_action(Notify)
def leave_plan_paused(context: Context) -> Result:
    """Leave the plan paused, as the failure policy says, and tell a person (T13)."""
    sentence = "The plan stays paused, since focus failed and failure.policy = pause: resume it when focus is good."
    return _tell(replace(context, plan=replace(context.plan, paused=True)), "error", sentence)


@_action(Notify)
def tell_plan_stuck(context: Context) -> Result:
    """Tell that the host does not take the plan up again."""
    sentence = f"The host does not resume its plan: {context.failure} Resume it by hand."
    return _tell(replace(context, plan=replace(context.plan, paused=True)), "error", sentence)


@_action(Notify)
def tell_what_is_due(context: Context) -> Result:
    """Tell what came due while the triggers were paused (T12)."""
    due = triggers.due(context)
    sentence = f"Triggers resumed; due now: {', '.join(due)}." if due else "Triggers resumed; nothing is due."
    return _tell(context, "info", sentence)


@_action(Notify)
def tell_not_now(context: Context) -> Result:
    """Tell a person why a wish cannot be served now."""
    sentence = "Not now: a run, a flip or an exposure is under way, or a guard forbids it. Ask for as soon as possible."
    return _tell(context, "warning", sentence)


# --- temperature compensation ---


@_action(SwitchDriverCompensation)
def take_over_compensation(context: Context) -> Result:
    """Switch the driver's own compensation off while ours is on (C8)."""
    return _emit(context, SwitchDriverCompensation, on=False)


@_action(SwitchDriverCompensation)
def give_back_compensation(context: Context) -> Result:
    """Set the driver's own compensation back as it was before the session (C8)."""
    return _emit(context, SwitchDriverCompensation, on=bool(context.compensation.driver_was_on))


@_action(Notify)
def tell_no_compensation(context: Context) -> Result:
    """Tell that ours stays off, since the driver's own cannot be switched off (C8)."""
    sentence = f"Temperature compensation stays off, since the driver's own cannot be switched: {context.failure}"
    return _tell(context, "warning", sentence)


@_action(MoveFocuser)
def correct_focuser(context: Context) -> Result:
    """Move by the whole steps that are due (C4)."""
    steps = compensating.correction_steps(context)
    context = replace(context, compensation=replace(context.compensation, under_way_steps=steps))
    target = focusing.move_to(context, max((context.verified_position or 0) + steps, 0))
    return _emit(context, MoveFocuser, position=target.position, via=target.via, purpose="compensation")


@_action()
def book_correction(context: Context) -> Result:
    """Count the correction that was made."""
    state = context.compensation
    applied = state.applied_steps + state.under_way_steps
    return replace(context, compensation=replace(state, applied_steps=applied, under_way_steps=0)), ()


@_action(Notify)
def drop_correction(context: Context) -> Result:
    """Forget the correction that failed; it stays due."""
    context = replace(context, compensation=replace(context.compensation, under_way_steps=0))
    return _tell(context, "warning", f"A temperature correction failed: {context.failure}")
