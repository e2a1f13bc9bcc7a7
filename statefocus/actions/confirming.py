"""What is asked of a person before a refocus that only they can want (T4)."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus.actions.registry import Result, action, emit, give_up, tell
from statefocus.context import Context
from statefocus.effects import AskPerson, DropTimer, Notify, StartTimer


@action(AskPerson, StartTimer)
def ask_person(context: Context) -> Result:
    """Ask whether to refocus after a filter change by hand, and wait as long as the profile says (T4)."""
    seconds = context.profile.triggers.confirm_within_s
    context = replace(context, triggers=replace(context.triggers, question="asked"))
    question = f"The filter was changed by hand to {context.plan.filter}. Refocus? No answer in {seconds:g} s means no."
    context, asking = emit(context, AskPerson, question=question, seconds=seconds)
    context, waiting = emit(context, StartTimer, seconds=seconds, purpose="confirmation")
    return context, asking + waiting


@action(DropTimer, gives_up=True)
def drop_timer(context: Context) -> Result:
    """Wait for the answer no longer."""
    context, dropped = give_up(context)
    return emit(context, DropTimer, timers=dropped) if dropped else (context, ())


@action(Notify)
def take_silence_for_a_no(context: Context) -> Result:
    """No answer in time means no (T4)."""
    context = replace(context, triggers=replace(context.triggers, question=""))
    return tell(context, "info", "No answer: no refocus after the filter change by hand.")


@action()
def close_question(context: Context) -> Result:
    """Ask no more: the session ends, or a person cancels."""
    return replace(context, triggers=replace(context.triggers, question="")), ()
