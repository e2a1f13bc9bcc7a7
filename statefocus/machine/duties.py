"""What a proof may know of guards and actions, and what every machine owes, whatever its states are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NONE: frozenset[str] = frozenset()

RUN = "run"
"""The fact that a run is under way; actions raise and lower it (`Action.run`)."""

SETTLED = "settled"
"""The fact that the run under way knows how it ends."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One yes or no that ties guards and actions together: what changes it, and what guards say while it holds.

    Attributes
    ----------
    doc
        What is the case while it holds, as the end of a sentence.
    raised_by, lowered_by
        Events and actions after which it holds, or holds no more.
    perhaps_raised_by, perhaps_lowered_by
        Events after which it may hold or not, such as the closing of one of several aids.
    says_yes, says_no
        Guards that pass exactly while it holds, and exactly while it does not.
    passes_while, blocks_while, only_while
        Guards that pass at least while it holds, block while it holds, and pass at most while it holds.
    """

    doc: str
    raised_by: frozenset[str] = NONE
    lowered_by: frozenset[str] = NONE
    perhaps_raised_by: frozenset[str] = NONE
    perhaps_lowered_by: frozenset[str] = NONE
    says_yes: frozenset[str] = NONE
    says_no: frozenset[str] = NONE
    passes_while: frozenset[str] = NONE
    blocks_while: frozenset[str] = NONE
    only_while: frozenset[str] = NONE


@dataclass(frozen=True, slots=True)
class Bound:
    """Why a guard cannot pass for ever: events and actions that use it up, and those that begin it anew."""

    spent_by: frozenset[str]
    renewed_by: frozenset[str] = NONE


@dataclass(frozen=True, slots=True)
class Duties:
    """What is to be proved of the machines of a session together.

    Attributes
    ----------
    facts, bounds
        What is known of guards, by the fact's name and by the guard's; any other guard may say anything at any time.
    holds, releases
        Effect that holds the plan; effects that end the hold, once answered (at once where nothing answers them).
    for_held_plans
        Effects of a run that need the plan to be held.
    needed_answers
        Effects whose answers are never given up, since they tell how to undo them.
    interrupts
        Events that settle a run under way at once, and the guards that must pass for it.
    excluded
        Actions that are never called while one of these facts holds.
    only_on
        Actions that are an excuse for something, and the events that excuse it.
    ending
        Fact after which the machines beside the session come to rest in their first state.
    """

    facts: Mapping[str, Fact] = field(default_factory=dict)
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    holds: str = ""
    releases: frozenset[str] = NONE
    for_held_plans: frozenset[str] = NONE
    needed_answers: frozenset[str] = NONE
    interrupts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    excluded: Mapping[str, frozenset[str]] = field(default_factory=dict)
    only_on: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ending: str = ""
