"""What temperature compensation does."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus import compensating, owning
from statefocus.actions.moving import move
from statefocus.actions.registry import Result, action, emit, tell
from statefocus.context import Context
from statefocus.effects import MoveFocuser, Notify, SwitchDriverCompensation


@action(SwitchDriverCompensation)
def take_over_compensation(context: Context) -> Result:
    """Switch the driver's own compensation off while ours is on (C8)."""
    return emit(context, SwitchDriverCompensation, on=False)


@action(SwitchDriverCompensation)
def give_back_compensation(context: Context) -> Result:
    """Set the driver's own compensation back as it was before the session (C8)."""
    return emit(context, SwitchDriverCompensation, on=bool(context.compensation.driver_was_on))


@action(Notify)
def tell_no_compensation(context: Context) -> Result:
    """Tell that ours stays off, since the driver's own cannot be switched off (C8)."""
    sentence = f"Temperature compensation stays off, since the driver's own cannot be switched: {context.failure}"
    return tell(context, "warning", sentence)


@action(MoveFocuser)
def correct_focuser(context: Context) -> Result:
    """Move by the whole steps that are due (C4)."""
    here = context.verified_position or 0
    target = max(here + compensating.correction_steps(context), 0)
    steps = target - here  # at the inner end less than wanted; what was not moved is not counted
    context = replace(context, compensation=replace(context.compensation, under_way_steps=steps))
    return move(context, target, "compensation")


@action()
def book_correction(context: Context) -> Result:
    """Count the correction that was made."""
    state = context.compensation
    applied = state.applied_steps + state.under_way_steps
    here = context.run.position if context.run else context.verified_position
    booked = replace(state, applied_steps=applied, under_way_steps=0, retry_t=None)
    return replace(context, compensation=booked, verified_position=here), ()


@action(Notify)
def drop_correction(context: Context) -> Result:
    """Forget the correction that failed; it stays due, and is tried again after a while."""
    retry_t = context.now + 60 * context.profile.failure.retry_after_min
    state = replace(context.compensation, under_way_steps=0, retry_t=retry_t)
    context = owning.strayed(replace(context, compensation=state))
    return tell(context, "warning", f"A temperature correction failed: {context.failure}")
