"""Whose the focuser is (H): one program owns it; another hand on it is noticed, and the profile says what follows."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus import compensating, triggers
from statefocus.context import Context, OtherHand, RightFor

_MOVING = frozenset({"move_focuser", "switch_driver_compensation"})


def at_rest(context: Context) -> bool:
    """Whether the focuser should stand where it was last put: nothing of ours moves it, and nobody may by agreement."""
    moving = context.run is not None or any(one.kind in _MOVING for one in context.pending.values())
    return not (moving or context.lost or context.astray or context.plan.aids)


def seen(context: Context, position: int | None, *, driver_compensation: bool | None) -> Context:
    """Note where the focuser was seen to stand, and whether its driver moves it too (C8)."""
    known = context.verified_position
    if not at_rest(context) or known is None or (context.other_hand and context.other_hand.at_work):
        return context
    if driver_compensation and context.profile.compensation.enabled and context.compensation.driver_was_on is not None:
        return _moved_by(context, "its driver's own temperature compensation was switched on beside ours", None)
    if position is None or abs(position - known) <= context.profile.focuser.tolerance_steps:
        return context
    if driver_compensation:  # the profile leaves the temperature to the driver
        return replace(context, verified_position=position)
    return _moved_by(context, f"something else moved it from {known} to {position}", position)


def _moved_by(context: Context, what: str, position: int | None) -> Context:
    former = context.other_hand
    if former is not None and (former.what, former.position) == (what, position):
        return context
    return replace(context, other_hand=OtherHand(what, position))


def taken_back(context: Context) -> Context:
    """A person wants the focuser to be ours again, where it stands."""
    hand = context.other_hand
    if hand is None or hand.at_work:
        return context
    here = context.verified_position if hand.position is None else hand.position
    return replace(context, other_hand=None, verified_position=here)


def refocused(context: Context, position: int, filter_: str | None) -> Context:
    """Somebody else has focused there: every trigger and the compensation begin anew (T11, C7).

    Nobody here has validated it, so it gives no baseline for T10.
    """
    return replace(
        context,
        verified_position=position,
        lost=False,
        astray=False,
        other_hand=None,
        right_for=RightFor(filter_),
        last_good={**context.last_good, filter_: position} if filter_ else context.last_good,
        triggers=triggers.restart(context.triggers, context.now, filter_=filter_, validated=False),
        compensation=compensating.restart(context.compensation),
    )
