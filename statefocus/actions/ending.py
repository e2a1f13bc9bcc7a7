"""How a run ends, and how everything is put back."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from statefocus import compensating, focusing, triggers
from statefocus.actions.moving import move
from statefocus.actions.registry import Result, action, current, emit, give_up, tell
from statefocus.context import REFOCUSED, Context, LastRun, Outcome, PastRun, RightFor, Run
from statefocus.effects import Effect, HaltDevices, MoveFocuser, Notify, ReleaseFocuser, StartTimer
from statefocus.focus.learned import LearnedCurve
from statefocus.focus.limits import PastFocus
from statefocus.image_history import channel_of

REMEMBERED = 10
"""Validated runs that a new one is compared with."""


def _mark(context: Context, outcome: Outcome, reason: str) -> Result:
    run = replace(current(context), outcome=outcome, reason=reason, retries=0)
    return replace(context, run=run), ()


@action(run="settles")
def mark_validated(context: Context) -> Result:
    """The run ends validated; triggers and compensation begin anew (T11, C7)."""
    context, _ = _mark(context, "validated", "")
    return _restarted(context), ()


@action(Notify, run="settles")
def mark_unvalidated(context: Context) -> Result:
    """The run ends unvalidated: the position is kept, a person is told (V2), triggers begin anew (T11, C7)."""
    reason = _miss(context)
    context, _ = _mark(context, "unvalidated", reason)
    return tell(_restarted(context), "warning", f"Focus kept without validation: {reason}")


@action(run="settles")
def mark_not_validated(context: Context) -> Result:
    """The run ends restored, since its validation frames missed (V2)."""
    return _mark(context, "restored", _miss(context))


def _restarted(context: Context) -> Context:
    """Begin triggers and compensation anew; what comes due while the run is put away is not lost.

    The plan's frames to come, in its own filter, are what T10 compares, also where the run was made in another (O2).
    """
    run = current(context)
    taken_in, validated = run.home_filter or run.filter, run.outcome == "validated"
    started = triggers.restart(context.triggers, context.now, filter_=taken_in, validated=validated)
    return replace(context, triggers=started, compensation=compensating.restart(context.compensation))


def _miss(context: Context) -> str:
    run = current(context)
    expected, measured = focusing.predicted(run), run.validations[-1] if run.validations else None
    scale, tolerance = context.profile.scale, context.profile.validation.tolerance_percent
    seen = "shows no star" if measured is None else f"measures {scale.text(measured)}"
    promised = "nothing" if expected is None else f"{scale.text(expected)} within {tolerance:g} %"
    return f"the frame at the new position {seen}; the curve predicts {promised}."


@action(run="settles")
def mark_rejected(context: Context) -> Result:
    """The run ends restored, since the curve failed its verdicts (F7)."""
    fit = current(context).fit
    reasons = fit.reasons if fit else ("No curve was fitted.",)
    return _mark(context, "restored", " ".join((*reasons, focusing.smart_refusal(context))).rstrip())


@action(run="settles")
def mark_refused(context: Context) -> Result:
    """The run ends before any move, since the focuser cannot make the sweep (A1, A2)."""
    return _mark(context, "restored", current(context).reason)


@action(run="settles")
def mark_failed(context: Context) -> Result:
    """The run ends restored, since a device failed."""
    return _mark(context, "restored", context.failure)


@action(run="settles")
def mark_cancelled(context: Context) -> Result:
    """The run ends cancelled by a person, or by the session's end (A12)."""
    ending = context.plan.ending
    context = replace(context, run=replace(current(context), by_person=not ending))
    return _mark(context, "cancelled", "The session was ended." if ending else "A person cancelled the run.")


@action(run="settles")
def mark_interrupted(context: Context) -> Result:
    """The run ends cancelled, since the ground was taken from under it; its triggers stay due (G)."""
    lost = focusing.ground_lost(context) or "a meridian flip began"
    sentence = f"{lost[:1].upper()}{lost[1:]}."
    return _mark(context, "cancelled", sentence)


@action(run="settles")
def mark_overtaken(context: Context) -> Result:
    """The run ends before it began, since what happened before the hold changed what it stands on (G, T14)."""
    sentence = "When the plan was held, what a refocus needs was no longer so."
    return _mark(context, "cancelled", sentence)


@action(Notify, run="settles")
def mark_lost(context: Context) -> Result:
    """The run ends lost: the focuser could not be put back, and a person must know."""
    run = current(context)
    context, _ = _mark(context, "lost", f"{run.reason} Then the focuser could not be put back: {context.failure}")
    where = "an unknown position" if run.start_position is None else f"position {run.start_position}"
    sentence = f"The focuser could not be returned to {where}: {context.failure} Look at it before you go on."
    return tell(context, "error", sentence)


@action(HaltDevices, gives_up=True)
def halt(context: Context) -> Result:
    """Stop the focuser and the focus exposure; answers still on their way will be stale."""
    context, given_up = give_up(context)
    return emit(context, HaltDevices, gives_up=given_up)


@action(MoveFocuser)
def move_back(context: Context) -> Result:
    """Return to the position at the run's start (A12, A13)."""
    start = focusing.restore_position(context)
    return move(context, start if start is not None else 0, "restore")


@action(StartTimer, run="needs")
def wait_for_retry(context: Context) -> Result:
    """Wait before the next try."""
    run = current(context)
    context = replace(context, run=replace(run, retries=run.retries + 1))
    return emit(context, StartTimer, seconds=context.profile.failure.retry_wait_s, purpose="retry")


@action(ReleaseFocuser, run="needs")
def release_focuser(context: Context) -> Result:
    """Set the driver's own compensation back as it was before the run (C8), or before a session that was cut off."""
    run, state = replace(current(context), retries=0), context.compensation
    before = True if run.driver_compensation is None and state.driver_left_off else run.driver_compensation
    former = None if state.driver_was_on is not None else before
    return emit(replace(context, run=run), ReleaseFocuser, driver_compensation=former)


@action(StartTimer, run="needs")
def show_result(context: Context) -> Result:
    """Leave the result in view while the plan waits, where there is a result and a plan (A14)."""
    run, plan = current(context), context.plan
    shown = run.outcome in (*REFOCUSED, "restored") and plan.running and not (plan.ending or plan.flip_under_way)
    seconds = context.profile.autofocus.hold_after_focus_s if shown else 0.0
    if seconds:
        context = replace(context, run=replace(run, shown_t=context.now))
    return emit(context, StartTimer, seconds=seconds, purpose="show")


@action(Notify)
def tell_release_failed(context: Context) -> Result:
    """Tell that the driver's own compensation may not be as it was before the run."""
    sentence = f"The driver's own temperature compensation could not be set back as it was: {context.failure}"
    return tell(context, "warning", sentence)


@action(Notify, run="concludes")
def conclude_run(context: Context) -> Result:
    """Close the run: what it leaves for the next one; a failure backs off (T13)."""
    run = current(context)
    refocused = run.outcome in REFOCUSED
    last = LastRun(
        number=run.number,
        outcome=run.outcome,
        automatic=run.automatic,
        start_position=run.start_position,
        best_position=focusing.best_position(run) if refocused else _former_best(context),
        ended_t=context.now,
        stood_for=_stood_for(context, run),
    )
    stands = refocused or _is_back(context, run)
    lost = run.outcome == "lost" or (context.lost and not stands)
    context = replace(
        context,
        run=None,
        concluded=run,
        last_run=last,
        lost=lost,
        right_for=_right_for(context, run),
        last_good=_last_good(context, run),
        learned=_learned(context, run),
        history=(*context.history, *_past(context, run))[-REMEMBERED:],
        verified_position=run.position if stands and run.outcome != "lost" else context.verified_position,
    )
    context, remarks = _told(context, run.remarks)
    context, failure = (context, ()) if refocused else _after_failure(context, run)
    return context, remarks + failure


def _told(context: Context, remarks: tuple[str, ...]) -> Result:
    """Tell what was amiss with the run's frames, once a run."""
    told: tuple[Effect, ...] = ()
    for remark in remarks:
        context, one = tell(context, "warning", remark)
        told += one
    return context, told


def _stood_for(context: Context, run: Run) -> RightFor:
    """What the position at the run's start was right for: for an undo, that of the run that is undone (O1, A12)."""
    undone = context.last_run if run.causes == ("undo",) else None
    return undone.stood_for if undone else context.right_for


def _right_for(context: Context, run: Run) -> RightFor:
    """What the position is right for after a run (O1, O2); a new focus owes nothing but what the travel kept back."""
    if run.outcome not in REFOCUSED:
        return _stood_for(context, run) if _is_back(context, run) else context.right_for
    return RightFor(context.plan.filter, run.offset_short_steps) if run.offset_made else RightFor(run.filter)


def _last_good(context: Context, run: Run) -> Mapping[str, int]:
    """Where each filter was last focused (O3); only a validated run counts."""
    best = focusing.best_position(run)
    if run.outcome != "validated" or run.filter is None or best is None:
        return context.last_good
    return {**context.last_good, run.filter: best}


def _learned(context: Context, run: Run) -> Mapping[str, LearnedCurve]:
    """What the V-curve's slope is now known by; only a validated run teaches, and only of HFR."""
    if run.outcome != "validated" or run.fit is None or context.profile.autofocus.metric != "hfr":
        return context.learned
    channel, known = channel_of(run.filter, focusing.binning(context)), focusing.learned_curve(context, run)
    taught = known.taught(run.fit)
    return context.learned if taught is known else {**context.learned, channel: taught}


def _is_back(context: Context, run: Run) -> bool:
    """Whether the focuser was seen to stand where the run began."""
    if run.start_position is None or run.position is None:
        return False
    return abs(run.position - run.start_position) <= context.profile.focuser.tolerance_steps


def _past(context: Context, run: Run) -> tuple[PastRun, ...]:
    """What a validated run leaves for the next one to be compared with; any other leaves nothing."""
    best = focusing.best_position(run)
    if run.outcome != "validated" or best is None:
        return ()
    focus = PastFocus(float(best), focusing.predicted(run))
    return (PastRun(run.filter, focusing.binning(context), focus),)


def _former_best(context: Context) -> int | None:
    return context.last_run.best_position if context.last_run else None


def _after_failure(context: Context, run: Run) -> Result:
    if run.causes == ("undo",) and run.outcome == "cancelled":
        return context, ()
    if run.automatic and (run.outcome != "cancelled" or run.by_person):
        minutes = context.profile.failure.retry_after_min
        context = replace(context, triggers=triggers.back_off(context.triggers, context.now, minutes))
    if run.outcome == "cancelled":
        return context, ()
    return tell(context, "warning", f"Autofocus run {run.number} failed: {run.reason}")
