"""What a person is told of the host: that it is gone, or its guiding amiss, and of another hand on the focuser (H)."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus import owning
from statefocus.actions.registry import Result, action, tell
from statefocus.context import Context, OtherHand
from statefocus.effects import Notify


@action(Notify)
def tell_other_hand(context: Context) -> Result:
    """Tell that something else has moved the focuser, and that nothing is moved until a person says so (H)."""
    hand = _hand(context)
    sentence = f"The focuser is not moved any more: {hand.what}. Look for the other program or person, then resume the "
    sentence += "triggers, or focus by hand."
    return tell(replace(context, other_hand=replace(hand, told=True)), "error", sentence)


@action(Notify)
def take_over_position(context: Context) -> Result:
    """Take the position that something else has moved the focuser to as focused, and tell so (H)."""
    hand = _hand(context)
    position = context.verified_position if hand.position is None else hand.position
    context = owning.refocused(context, position or 0, context.plan.filter)
    sentence = f"Position {position} counts as focused now, as the profile says: {hand.what}."
    return tell(context, "warning", sentence)


@action(Notify)
def tell_host_lost(context: Context) -> Result:
    """Tell that the host cannot be reached any more (H)."""
    return tell(context, "error", f"The host is gone: {context.failure}")


@action(Notify)
def tell_host_found(context: Context) -> Result:
    """Tell that the host can be reached again (H)."""
    return tell(context, "info", "The host can be reached again.")


@action(Notify)
def tell_guiding_failed(context: Context) -> Result:
    """Tell what is amiss with the host's guiding (A17)."""
    return tell(context, "warning", context.failure)


def _hand(context: Context) -> OtherHand:
    return context.other_hand or OtherHand("something else moved it")
