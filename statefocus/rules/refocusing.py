"""What a refocus needs (G): facts in, one ruling out; a fact that is missing or stale is unknown, and blocks."""

from __future__ import annotations

from statefocus.context import Context
from statefocus.forbidding import by_fact
from statefocus.machine.vocabulary import Ruling, ruling
from statefocus.rules.registry import rule, test


@test
def triggers_armed(context: Context) -> bool:
    """The triggers are not paused (T12)."""
    return not context.triggers.paused


@rule
def tracking(context: Context) -> Ruling:
    """The mount tracks."""
    return by_fact(context, context.profile.guards.tracking, "tracking", wanted=True)


@rule
def unparked(context: Context) -> Ruling:
    """The mount is not parked."""
    return by_fact(context, context.profile.guards.unparked, "parked", wanted=False)


@rule
def light_plan(context: Context) -> Ruling:
    """The plan takes Light frames next, or no plan runs."""
    if context.profile.guards.light_plan == "not_used":
        return Ruling.NOT_USED
    if not context.plan.running:
        return Ruling.PASSED
    held = context.facts.get("frame_type")  # a paused plan stands still: what it said last still holds
    frame_type = held.value if context.plan.paused and held else context.known("frame_type")
    return Ruling.UNKNOWN if frame_type is None else ruling(holds=frame_type == "Light")


@test
def aids_closed(context: Context) -> bool:
    """No Focusing Aid, Auto Focus Aid or Bahtinov Aid is open."""
    return not context.plan.aids


@test
def focuser_ours(context: Context) -> bool:
    """No other program, and no hand, has moved the focuser since we last did, or moves it now (H)."""
    return context.other_hand is None


@test
def focuser_free(context: Context) -> bool:
    """No other program moves the focuser just now (H)."""
    return context.other_hand is None or not context.other_hand.at_work


@test
def other_hand_untold(context: Context) -> bool:
    """Something else has moved the focuser, and no person was told of it yet (H)."""
    return context.other_hand is not None and not context.other_hand.at_work and not context.other_hand.told


@test
def hand_over_wanted(context: Context) -> bool:
    """The profile takes a position that something else has moved the focuser to as focused (H)."""
    hand = context.other_hand
    mine = hand is None or hand.at_work or hand.driver
    return not mine and context.profile.focuser.other_hand == "hand_over"


@rule
def astro_night(context: Context) -> Ruling:
    """The Sun is where the profile wants it: 18 degrees below the horizon (require), or not (forbid)."""
    mode = context.profile.guards.astro_night
    if mode == "ignore":
        return Ruling.NOT_USED
    night = context.known("astro_night")
    return Ruling.UNKNOWN if night is None else ruling(holds=night is (mode == "require"))


@rule
def safe(context: Context) -> Ruling:
    """The safety monitor says safe."""
    return by_fact(context, context.profile.guards.safe, "safe", wanted=True)


@rule
def flip_not_imminent(context: Context) -> Ruling:
    """A run, and the time for which its result is shown, would end before the next meridian flip."""
    return by_fact(context, context.profile.guards.flip_not_imminent, "flip_leaves_time", wanted=True)
