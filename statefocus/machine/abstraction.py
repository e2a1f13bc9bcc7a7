"""Where a session stands, as far as a proof needs it: leaves, answers awaited, the plan's hold, and a few facts."""

from __future__ import annotations

from typing import NamedTuple

from statefocus.machine.duties import RUN, SETTLED, Duties
from statefocus.machine.vocabulary import Action

FREE, ASKED, HELD = range(3)
"""The hold of the plan: not ours, asked for, granted."""

Awaited = tuple[str, int]
"""Kind of an effect, and the number of the machine that waits for its answer."""


class Condition(NamedTuple):
    """An abstract state of all machines together; `facts` has one bit for each fact that holds."""

    leaves: tuple[str, ...]
    pending: tuple[Awaited, ...]
    hold: int
    facts: int


class Facts:
    """The facts of a proof as bits, what changes them, and what guards say by them."""

    def __init__(self, duties: Duties) -> None:
        self._duties = duties
        names = tuple(dict.fromkeys((RUN, SETTLED, *duties.facts)))
        self.bits = {name: 1 << index for index, name in enumerate(names)}
        self._known: dict[int, tuple[frozenset[str], frozenset[str]]] = {}
        each = duties.facts.values()
        certainly = {name for fact in each for name in fact.raised_by | fact.lowered_by}
        perhaps = {name for fact in each for name in fact.perhaps_raised_by | fact.perhaps_lowered_by}
        self.changed_by = certainly | perhaps
        self._masks = {name: self._mask(name) for name in self.changed_by}

    def _mask(self, name: str) -> tuple[int, int]:
        """Bits that an event or action keeps, and bits that it raises."""
        facts = self._duties.facts
        raised = sum(self.bits[key] for key, fact in facts.items() if name in fact.raised_by)
        lowered = sum(self.bits[key] for key, fact in facts.items() if name in fact.lowered_by)
        return ~lowered, raised

    def known(self, facts: int) -> tuple[frozenset[str], frozenset[str]]:
        """Guards that pass, and guards that block, whatever else is the case."""
        if facts not in self._known:
            passing: set[str] = set()
            blocked: set[str] = set()
            for name, fact in self._duties.facts.items():
                holds = bool(facts & self.bits[name])
                passing |= fact.says_yes | fact.passes_while if holds else fact.says_no
                blocked |= fact.says_no | fact.blocks_while if holds else fact.says_yes | fact.only_while
            self._known[facts] = frozenset(passing), frozenset(blocked)
        return self._known[facts]

    def after_event(self, facts: int, event: str) -> tuple[int, ...]:
        """What may hold once an event was folded."""
        if event not in self.changed_by:
            return (facts,)
        certain = self._named(facts, event)
        each = self._duties.facts.items()
        lowered = sum(self.bits[key] for key, fact in each if event in fact.perhaps_lowered_by)
        raised = sum(self.bits[key] for key, fact in each if event in fact.perhaps_raised_by)
        return tuple(dict.fromkeys((certain, certain & ~lowered | raised)))

    def running(self, facts: int) -> bool:
        """Whether a run is under way that does not know yet how it ends."""
        return bool(facts & self.bits[RUN] and not facts & self.bits[SETTLED])

    def after_action(self, facts: int, action: Action) -> int:
        """What holds once an action was called."""
        run, settled = self.bits[RUN], self.bits[SETTLED]
        part = action.run
        if part in ("begins", "returns", "concludes"):
            facts &= ~(run | settled)
        if part in ("begins", "returns"):
            facts |= run
        if part in ("returns", "settles"):
            facts |= settled
        return self._named(facts, action.name)

    def _named(self, facts: int, name: str) -> int:
        kept, raised = self._masks.get(name, (-1, 0))
        return facts & kept | raised
