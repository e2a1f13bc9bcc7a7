"""What one event does to one machine: the answer of an engine, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Protocol

from msgspec import Struct

from statefocus.context import Context
from statefocus.effects import Effect
from statefocus.machine.definition import Definition
from statefocus.machine.vocabulary import Ruling, Vocabulary

PASSING = frozenset({Ruling.PASSED, Ruling.NOT_USED})
"""Rulings that let a row be taken."""


def is_trigger(guard: str) -> bool:
    """Whether a guard of that name says that something is due, so that a row that another guard blocks is inhibited."""
    return guard.endswith("_due")


@cache
def triggers_among(guards: tuple[str, ...]) -> tuple[str, ...]:
    """Those guards that say that something is due; asked for the same few rows again and again."""
    return tuple(name for name in guards if is_trigger(name))


class Tried(Struct, frozen=True):
    """One row that was tried, and what each of its guards said."""

    row: str
    guards: Mapping[str, Ruling]

    @property
    def passed(self) -> bool:
        """Whether all guards let it pass."""
        return PASSING.issuperset(self.guards.values())

    @property
    def inhibited(self) -> bool:
        """Whether a trigger was due in it, and a guard said no."""
        due = triggers_among(tuple(self.guards))
        return bool(due) and PASSING.issuperset([self.guards[name] for name in due]) and not self.passed


class Fired(Struct, frozen=True):
    """What one event did to one machine; `stays` for a row without a destination."""

    after: str
    row: str | None
    tried: tuple[Tried, ...]
    context: Context
    effects: tuple[Effect, ...]
    stays: bool = False


class Engine(Protocol):
    """Runs one machine; it remembers nothing between two events.

    Engines are made of a definition without problems (see `machine.checking`) and of what its names stand for.
    """

    def __init__(self, definition: Definition, vocabulary: Vocabulary) -> None: ...

    @property
    def initial(self) -> str:
        """The leaf state that a session begins in."""

    def listens(self, state: str, event: str) -> bool:
        """Whether any row is tried for that event in that leaf state."""

    def silent(self, state: str, event: str, context: Context) -> bool:
        """Whether an event would do nothing to the machine, and inhibit no trigger; no if that takes long to tell."""

    def fire(self, state: str, event: str, context: Context) -> Fired:
        """Offer an event to the machine.

        Parameters
        ----------
        state
            Full name of the leaf state it is in.
        event
            Kind of the event; it has been folded into `context` already.
        context
            What is known.
        """
