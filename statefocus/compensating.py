"""The arithmetic of temperature compensation (C): readings in, whole steps out, fractions kept."""

from __future__ import annotations

from math import trunc

from msgspec.structs import replace

from statefocus.context import CompensationState, Context
from statefocus.profile import Compensation


def follow(state: CompensationState, settings: Compensation) -> CompensationState:
    """At the end of each block of readings, say where the rule wants the focuser (C3, C5).

    Positive `steps_per_degree` is inward (to smaller positions) on a drop in temperature, outward on a rise.
    """
    difference = state.thermometer.difference_c if state.thermometer.at_block_end else None
    if difference is None:
        return state
    limit = settings.max_total_steps
    return replace(state, ideal_steps=max(-limit, min(limit, settings.steps_per_degree * difference)))


def correction_steps(context: Context) -> int:
    """Whole steps still to be made, at most one correction's worth, as far as the focuser reaches (C4).

    The fraction of a step stays for later.
    """
    state, limit = context.compensation, context.profile.compensation.max_correction_steps
    steps = max(-limit, min(limit, trunc(state.ideal_steps - state.applied_steps)))
    here, last = context.verified_position, context.max_step
    if here is None:
        return steps
    return max(-here, steps if last is None else min(steps, last - here))


def is_due(context: Context) -> bool:
    """Whether a whole step is to be made, and no correction has failed a short while ago."""
    retry_t = context.compensation.retry_t
    return correction_steps(context) != 0 and (retry_t is None or context.now >= retry_t)


def restart(state: CompensationState) -> CompensationState:
    """Begin anew after a refocus (C7)."""
    return replace(state, thermometer=state.thermometer.restart(), ideal_steps=0.0, applied_steps=0, retry_t=None)
