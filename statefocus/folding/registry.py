"""The register of folds, and the small changes that they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from statefocus.context import Context, Fact, FactValue
from statefocus.events import Event

Fold = Callable[[Context, Any], Context]

FOLDS: dict[type[Event], Fold] = {}


def folds(kind: type[Event]) -> Callable[[Fold], Fold]:
    """Enter a function as the fold of a kind of event."""

    def enter(function: Fold) -> Fold:
        FOLDS[kind] = function
        return function

    return enter


def with_facts(context: Context, **values: FactValue) -> Context:
    """Note facts as said now."""
    facts = dict(context.facts)
    for name, value in values.items():
        facts[name] = Fact(value, context.now)
    return replace(context, facts=facts)


def with_plan(context: Context, **changes: Any) -> Context:
    """Change what is known of the plan."""
    return replace(context, plan=replace(context.plan, **changes))


def with_triggers(context: Context, **changes: Any) -> Context:
    """Change what the triggers have gathered."""
    return replace(context, triggers=replace(context.triggers, **changes))


def with_run(context: Context, **changes: Any) -> Context:
    """Change the run under way, if there is one."""
    return replace(context, run=replace(context.run, **changes)) if context.run else context
