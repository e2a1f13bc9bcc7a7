"""What is asked of the host's plan, and what a person is told of it."""

from __future__ import annotations

from statefocus import triggers
from statefocus.actions.registry import Result, action, emit, hand_over, tell
from statefocus.context import Context
from statefocus.effects import AbortPlan, LeavePlanPaused, Notify, PausePlan, ResumePlan
from statefocus.forbidding import against_wish


@action(PausePlan)
def pause_plan(context: Context) -> Result:
    """Ask the host to hold its plan."""
    return emit(context, PausePlan)


@action(ResumePlan)
def resume_plan(context: Context) -> Result:
    """Let the host's plan go on."""
    return emit(context, ResumePlan)


@action(AbortPlan, Notify)
def abort_plan(context: Context) -> Result:
    """Give the plan up, as the failure policy says, and tell a person (T13)."""
    context, aborting = emit(context, AbortPlan)
    context, telling = tell(context, "error", "The plan was given up, since focus failed and failure.policy = abort.")
    return context, aborting + telling


@action(LeavePlanPaused, Notify)
def leave_plan_paused(context: Context) -> Result:
    """Leave the plan paused, as the failure policy says, and tell a person (T13)."""
    sentence = "The plan stays paused, since focus failed and failure.policy = pause: resume it when focus is good."
    return hand_over(context, sentence)


@action(LeavePlanPaused, Notify)
def tell_plan_stuck(context: Context) -> Result:
    """Tell that the host does not take the plan up again."""
    sentence = f"The host does not resume its plan: {context.failure} Resume it by hand."
    return hand_over(context, sentence)


@action(Notify)
def tell_flip_end_untold(context: Context) -> Result:
    """Tell that the host took a frame in the middle of a flip whose end it never told."""
    sentence = "The host takes frames again and never told the end of its meridian flip: look whether it succeeded."
    return tell(context, "warning", sentence)


@action(Notify)
def tell_what_is_due(context: Context) -> Result:
    """Tell what came due while the triggers were paused (T12)."""
    due = triggers.due(context)
    sentence = f"Triggers resumed; due now: {', '.join(due)}." if due else "Triggers resumed; nothing is due."
    return tell(context, "info", sentence)


@action(Notify)
def tell_not_now(context: Context) -> Result:
    """Tell a person why a wish cannot be served now: what is under way, and which guards say no."""
    why = "; ".join(against_wish(context)) or "a guard of the edited machine forbids it, which the trace names"
    further = " Ask for a refocus as soon as possible instead." if context.wish else ""
    return tell(context, "warning", f"Not now: {why}.{further}")
