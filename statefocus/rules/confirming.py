"""The guards of asking a person before a refocus (T4)."""

from __future__ import annotations

from statefocus.context import Context
from statefocus.rules.registry import test


@test
def question_open(context: Context) -> bool:
    """A filter was changed by hand, and nobody was asked about it yet."""
    return context.triggers.question == "open"


@test
def question_settled(context: Context) -> bool:
    """Nothing is to be asked any more: it was answered, or a refocus came first."""
    return not context.triggers.question
