"""fold(context, event): what an event adds to what is known. Facts, counters, samples; nothing is decided here."""

from __future__ import annotations

from msgspec.structs import replace

from statefocus import events
from statefocus.context import Context
from statefocus.folding import answers, plan, world
from statefocus.folding.registry import FOLDS, with_facts, with_plan

__all__ = ["answers", "fold", "plan", "world"]


def fold(context: Context, event: events.Event, t: float) -> Context:
    """Take an event in.

    Parameters
    ----------
    context
        What was known before.
    event
        What happened.
    t
        When, unix seconds.
    """
    context = replace(context, now=t, wish=None, concluded=None)
    if context.pending and (effect := events.answered(event)) is not None:
        pending = {key: value for key, value in context.pending.items() if key != effect}
        context = replace(context, pending=pending)
    if type(event) in plan.PLAN_EVENTS and (held := context.facts.get("frame_type")) is not None:
        context = with_facts(context, frame_type=held.value)
    if context.plan.unheard_until is not None and type(event) in plan.TELLS_OF_FRAMES:
        context = with_plan(context, unheard_until=None)
    known = FOLDS.get(type(event))
    return known(context, event) if known else context
