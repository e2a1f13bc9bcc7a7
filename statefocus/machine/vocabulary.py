"""The closed vocabulary of machine files: which events, guards and actions a name may stand for.

A name that is not here cannot be bound, whatever the file says; nothing is ever imported by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from statefocus.context import Context
from statefocus.effects import Effect
from statefocus.machine.duties import Duties

FAILURE = "effect_failed"
"""Event kind that answers any effect that did not happen."""

RUN_CONCLUDED = "run_concluded"
"""What the other machines hear, in place of the event itself, when the session has concluded a run by it."""

RunPart = Literal["begins", "returns", "needs", "settles", "concludes", ""]
"""What an action does to the run: opens it, opens one that only returns, needs one, says how it ends, closes it."""


class Ruling(StrEnum):
    """What a guard says. `unknown` blocks; `not_used` passes, and is recorded as what it is."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_USED = "not_used"

    @property
    def passes(self) -> bool:
        """Whether the row may be taken, as far as this guard goes."""
        return self is Ruling.PASSED or self is Ruling.NOT_USED


def ruling(*, holds: bool) -> Ruling:
    """Turn a plain yes or no into a ruling."""
    return Ruling.PASSED if holds else Ruling.FAILED


class Guard(Struct, frozen=True):
    """A named rule over the context."""

    name: str
    doc: str
    call: Callable[[Context], Ruling]


class Action(Struct, frozen=True):
    """A named callback: context in, context and effects out.

    Attributes
    ----------
    emits
        Kinds of effects that it may return; one that is answered is returned each time.
    run
        What it does to the run under way.
    gives_up
        It drops all answers that its own machine waits for.
    """

    name: str
    doc: str
    call: Callable[[Context], tuple[Context, tuple[Effect, ...]]]
    emits: tuple[str, ...]
    run: RunPart = ""
    gives_up: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All that machine files may name.

    Attributes
    ----------
    events
        Event kinds.
    guards, actions
        By name.
    answers
        Event kind that answers each kind of effect; None for one that is not answered.
    guarded
        Actions that may only be called past certain guards, with the names of these guards.
    by_person
        Events that stand for a person's own wish, and for each the guards that are enough for a guarded action.
    excusing
        Guards, by action, past which a guarded action may be called without its own.
    duties
        What is known of the names, and what is to be proved of machines that use them.
    """

    events: frozenset[str]
    guards: Mapping[str, Guard]
    actions: Mapping[str, Action]
    answers: Mapping[str, str | None]
    guarded: Mapping[str, frozenset[str]]
    by_person: Mapping[str, frozenset[str]]
    excusing: Mapping[str, str] = field(default_factory=dict)
    duties: Duties = field(default_factory=Duties)

    def guards_missing(self, action: str, event: str, held: AbstractSet[str]) -> frozenset[str]:
        """Guards that a row lacks, among those that it holds, to call an action on an event."""
        if self.excusing.get(action) in held:
            return frozenset()
        return self.guards_needed(action, event) - held

    def guards_needed(self, action: str, event: str) -> frozenset[str]:
        """Guards that a row must carry to call an action on an event, where no other excuses it."""
        needed = self.guarded.get(action, frozenset())
        return needed & self.by_person[event] if event in self.by_person else needed
