"""What is done for filters (O): offsets on a change, and runs that are made in another filter."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus import offsetting, owning
from statefocus.actions.moving import move
from statefocus.actions.registry import Result, action, current, emit, hand_over, tell
from statefocus.context import Context, RightFor
from statefocus.effects import LeavePlanPaused, MoveFocuser, Notify, SetFilter


@action(MoveFocuser)
def apply_offset(context: Context) -> Result:
    """Move from the focus of the former filter to that of the new one (O1, O3)."""
    steps = offsetting.move_steps(context)
    short = offsetting.owed_steps(context) - steps
    context = replace(context, offset_under_way=RightFor(context.plan.filter, short))
    return move(context, (context.verified_position or 0) + steps, "filter_offset")


@action()
def book_offset(context: Context) -> Result:
    """The position is right for the new filter."""
    here = context.run.position if context.run else context.verified_position
    return replace(
        context,
        right_for=context.offset_under_way or context.right_for,
        verified_position=here,
        offset_under_way=None,
        offset_retry_t=None,
    ), ()


@action(Notify)
def drop_offset(context: Context) -> Result:
    """Forget the move that failed; it stays owed, and is tried again after a while."""
    retry_t = context.now + 60 * context.profile.failure.retry_after_min
    context = owning.strayed(replace(context, offset_under_way=None, offset_retry_t=retry_t))
    return tell(context, "warning", f"The move for filter {context.plan.filter} failed: {context.failure}")


@action(SetFilter, run="needs")
def turn_to_focus_filter(context: Context) -> Result:
    """Turn to the filter that the run is made in (O2)."""
    run = replace(current(context), filter_turned=True)
    return emit(replace(context, run=run), SetFilter, filter=run.filter)


@action(SetFilter, run="needs")
def turn_filter_back(context: Context) -> Result:
    """Turn back to the plan's filter after the run (O2)."""
    return emit(context, SetFilter, filter=current(context).home_filter)


@action(MoveFocuser, run="needs")
def offset_after_run(context: Context) -> Result:
    """Move from the focus in the run's filter to that in the plan's (O2)."""
    run = current(context)
    steps = offsetting.run_offset_steps(context, run)
    wanted = (run.position or 0) + steps
    reached = max(0, min(run.max_step, wanted))
    context = replace(context, run=replace(run, offset_short_steps=wanted - reached))
    return move(context, reached, "filter_offset")


@action(run="needs")
def mark_offset_made(context: Context) -> Result:
    """The position is right for the plan's filter (O2)."""
    return replace(context, run=replace(current(context), offset_made=True)), ()


@action(Notify)
def tell_offset_failed(context: Context) -> Result:
    """Tell that the offset after a run is still owed; it is tried again."""
    context = owning.strayed(context)
    return tell(context, "warning", f"The filter's offset could not be applied after the run: {context.failure}")


@action(LeavePlanPaused, Notify, run="needs")
def tell_filter_stuck(context: Context) -> Result:
    """Leave the plan paused: it would go on through the wrong filter."""
    run = current(context)
    sentence = (
        f"The filter wheel does not turn back to {run.home_filter} after the run: {context.failure} "
        "The plan stays paused, since it would go on in the wrong filter: turn it, then resume."
    )
    return hand_over(context, sentence)


@action(Notify, run="needs")
def tell_filter_left(context: Context) -> Result:
    """Tell that the wheel is left in the run's filter; the plan is given up, so that it goes on in none."""
    wanted = current(context).home_filter
    sentence = f"The filter wheel does not turn back to {wanted} after the run: {context.failure} Turn it yourself."
    return tell(context, "error", sentence)
