"""Whose the focuser is (H): one program owns it; another hand on it is noticed, and the profile says what follows."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from statefocus import compensating, triggers
from statefocus.context import Context, OtherHand, RightFor

_MOVING = frozenset({"move_focuser", "switch_driver_compensation"})


class Expected(Struct, frozen=True):
    """Where the focuser should be found; `position` None where nobody knows, and whatever is read is news."""

    position: int | None


def expected(context: Context) -> Expected | None:
    """Where the focuser should stand; None while something may move it: ours, by agreement, or told to be at work."""
    hand = context.other_hand
    moving = context.run is not None or any(one.kind in _MOVING for one in context.pending.values())
    if moving or context.lost or context.plan.aids or (hand is not None and hand.at_work):
        return None
    return Expected(context.stands_at if hand is None or hand.position is None else hand.position)


def strayed(context: Context) -> Context:
    """A move that no run puts right has failed: where it has left the focuser is known when it is read."""
    return replace(context, astray=True, stray_at=None)


def seen(context: Context, position: int | None, *, driver_compensation: bool | None) -> Context:
    """Note where the focuser was seen to stand, and whether its driver moves it too (C8)."""
    foreseen, known, hand = expected(context), context.stands_at, context.other_hand
    if foreseen is None:
        return context
    ours = context.compensation.driver_was_on is not None
    if driver_compensation and ours and (hand is None or not hand.driver):
        what = "its driver's own temperature compensation was switched on beside ours"
        return replace(context, other_hand=OtherHand(what, known if position is None else position, driver=True))
    if position is None or _agree(context, position, foreseen.position):
        return context
    if hand is not None:
        return replace(context, other_hand=_further(context, hand, position))
    if context.verified_position is None:
        return _found(context, position)
    if known is None or (driver_compensation and context.astray):
        return _left_by_failure(context, position)
    if driver_compensation:  # the profile leaves the temperature to the driver
        return replace(context, verified_position=position)
    return replace(context, other_hand=OtherHand(f"something else moved it from {known} to {position}", position))


def _agree(context: Context, one: int, other: int | None) -> bool:
    return other is not None and abs(one - other) <= context.profile.focuser.tolerance_steps


def _further(context: Context, hand: OtherHand, position: int) -> OtherHand:
    """The other hand goes on; that it puts the focuser back, or that a driver follows the temperature, is no news."""
    if hand.driver or _agree(context, position, context.stands_at):
        return replace(hand, position=position)
    return replace(
        hand, what=f"something else moved it from {hand.position} to {position}", position=position, told=False
    )


def _left_by_failure(context: Context, position: int) -> Context:
    """The focuser is read after a move that failed: whoever moves it from there is another hand.

    Where it was meant to stand does not change: the next move is reckoned from that, and nothing is lost or doubled.
    """
    if _agree(context, position, context.verified_position):
        return replace(context, astray=False, stray_at=None)
    return replace(context, stray_at=position)


def _found(context: Context, position: int) -> Context:
    """The focuser is read after a time in which a person might turn it: that is where it is meant to stand.

    Where it still stands where a failed move had left it, nobody has turned it.
    """
    if context.left_at is not None and _agree(context, position, context.stray_at):
        return replace(context, verified_position=context.left_at, left_at=None)
    turned = context.left_at is not None and not _agree(context, position, context.left_at)
    context = replace(context, verified_position=position, left_at=None, astray=False, stray_at=None)
    if not turned:
        return context
    return replace(
        context, right_for=RightFor(context.plan.filter), compensation=compensating.restart(context.compensation)
    )


def left(context: Context) -> Context:
    """A person may have turned the focuser, as agreed: where it stands is known when it is read, if it is looked at."""
    if context.run is not None or not context.profile.focuser.watch_every_s or context.verified_position is None:
        return context
    return replace(context, left_at=context.verified_position, verified_position=None)


def taken_back(context: Context) -> Context:
    """A person wants the focuser to be ours again, where it stands."""
    hand = context.other_hand
    if hand is None:
        return context
    if hand.position is None:
        return replace(context, other_hand=None)
    return replace(context, other_hand=None, verified_position=hand.position, astray=False, stray_at=None)


def at_work(context: Context) -> Context:
    """The host's own autofocus moves the focuser; a hand that nobody took it back from is not forgotten over that."""
    hand = context.other_hand or OtherHand("the host's own autofocus moves it")
    return replace(context, other_hand=replace(hand, at_work=True))


def at_rest_again(context: Context) -> Context:
    """Whoever was at work at the focuser is not any more; where it stands will be seen."""
    hand = context.other_hand
    if hand is None or not hand.at_work:
        return context
    before = hand.driver or hand.position is not None
    return replace(context, other_hand=replace(hand, at_work=False) if before else None)


def refocused(context: Context, position: int, filter_: str | None) -> Context:
    """Somebody else has focused there: every trigger and the compensation begin anew (T11, C7).

    Nobody here has validated it, so it gives no baseline for T10.
    """
    return replace(
        context,
        verified_position=position,
        lost=False,
        astray=False,
        stray_at=None,
        other_hand=None,
        right_for=RightFor(filter_),
        last_good={**context.last_good, filter_: position} if filter_ else context.last_good,
        triggers=triggers.restart(context.triggers, context.now, filter_=filter_, validated=False),
        compensation=compensating.restart(context.compensation),
    )
