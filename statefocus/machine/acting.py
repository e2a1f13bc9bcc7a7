"""What the actions of a row do to the condition of a session, and which duties they break on the way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from statefocus.machine.abstraction import ASKED, FREE, HELD, Awaited, Condition, Facts
from statefocus.machine.checking import CANCELS
from statefocus.machine.deciding import Choice
from statefocus.machine.definition import Row
from statefocus.machine.duties import RUN, SETTLED
from statefocus.machine.vocabulary import FAILURE, Action, Vocabulary


class Breach(NamedTuple):
    """One duty that is broken: the code of the problem, what it is, and the row that breaks it, where one row does."""

    code: str
    sentence: str
    row: Row | None = None


class Standing(NamedTuple):
    """A condition in the middle of a step: what the machines so far have chosen, and whether they concluded a run."""

    leaves: tuple[str, ...]
    pending: tuple[Awaited, ...]
    hold: int
    facts: int
    choices: tuple[Choice, ...] = ()
    concluded: bool = False
    breaches: tuple[Breach, ...] = ()


class Acting:
    """Applies choices to conditions, by what the vocabulary says of each action."""

    def __init__(self, vocabulary: Vocabulary, facts: Facts) -> None:
        self._words, self._duties, self._facts = vocabulary, vocabulary.duties, facts
        self._reasoned = {*vocabulary.guarded, *vocabulary.duties.only_on}
        self._run, self._settled = facts.bits[RUN], facts.bits[SETTLED]

    def folded(self, before: Condition, event: str, answers: Awaited | None, facts: int) -> Condition:
        """Take an answer from those awaited, and let it grant or end the hold of the plan."""
        if answers is None:
            return before._replace(facts=facts)
        pending = list(before.pending)
        pending.remove(answers)
        hold = before.hold
        if event != FAILURE:
            if answers[0] == self._duties.holds and hold == ASKED:
                hold = HELD
            elif answers[0] in self._duties.releases:
                hold = FREE
        return Condition(before.leaves, tuple(pending), hold, facts)

    def act(self, standing: Standing, choice: Choice, event: str) -> Standing:
        """Call the actions of a choice, one after the other."""
        chosen = (*standing.choices, choice)
        if choice.row is None or not (choice.actions or choice.after != choice.leaf):
            return standing._replace(choices=chosen)
        leaves = list(standing.leaves)
        leaves[choice.machine] = choice.after
        concluded, breaches = standing.concluded, list(self._unguarded(choice, event, standing.facts))
        now = standing
        emitted: list[Awaited] = []
        for action in choice.actions:
            breaches += self._broken(now, action) + self._given_up(now, action, choice.machine)
            now = self._called(now, action, choice.machine)
            emitted += [(kind, choice.machine) for kind in action.emits if self._words.answers.get(kind)]
            concluded |= action.run == "concludes"
        for awaited in emitted:
            if awaited in now.pending or emitted.count(awaited) > 1:
                said = f"`{awaited[0]}` is asked for while its last answer is still awaited"
                breaches.append(Breach("unproved-answer", said))
        pending, broken = tuple(sorted((*now.pending, *emitted))), _by_row(breaches, choice.row)
        return Standing(tuple(leaves), pending, now.hold, now.facts, chosen, concluded, broken)

    def _given_up(self, now: Standing, action: Action, machine: int) -> list[Breach]:
        """Answers that an action drops although they are needed."""
        return [
            Breach("unproved-answer", f"`{action.name}` gives the answer to `{kind}` up, which tells how to undo it")
            for kind, waiting in now.pending
            if action.gives_up and waiting == machine and kind in self._duties.needed_answers
        ]

    def _called(self, now: Standing, action: Action, machine: int) -> Standing:
        hold, pending = now.hold, now.pending
        for kind in action.emits:
            if kind == self._duties.holds and hold == FREE:
                hold = ASKED
            elif kind in self._duties.releases and not self._words.answers.get(kind):
                hold = FREE
        if action.gives_up:
            pending = tuple(awaited for awaited in pending if awaited[1] != machine)
        return now._replace(hold=hold, pending=pending, facts=self._facts.after_action(now.facts, action))

    def _unguarded(self, choice: Choice, event: str, facts: int) -> list[Breach]:
        """Actions that are called without a reason, or although one of their guards may block."""
        if not any(action.name in self._reasoned for action in choice.actions):
            return []
        known, excuses = choice.past | self._facts.known(facts)[0], self._duties.only_on
        return [
            Breach("unproved-guard", f"`{action.name}` is called on {event}, which is no reason for it")
            for action in choice.actions
            if event not in excuses.get(action.name, {event})
        ] + [
            Breach("unproved-guard", f"`{action.name}` is called while {' and '.join(sorted(missing))} may block")
            for action in choice.actions
            if (missing := self._words.guards_missing(action.name, event, known))
        ]

    def _broken(self, now: Standing, action: Action) -> list[Breach]:
        """Duties that one action breaks in the midst of the others."""
        found = []
        under_way, settled = bool(now.facts & self._run), bool(now.facts & self._settled)
        if action.run in ("begins", "returns") and under_way:
            found.append(Breach("unproved-run", f"`{action.name}` begins a run while another one is under way"))
        if action.run in ("needs", "settles", "concludes") and not under_way:
            found.append(Breach("unproved-run", f"`{action.name}` is called without a run under way"))
        if action.run == "concludes" and under_way and not settled:
            found.append(Breach("unproved-run", f"`{action.name}` closes a run that does not know how it ended"))
        if under_way and now.hold != HELD:
            found += [
                Breach("unproved-hold", f"`{kind}` is asked for in a run while the plan is not held")
                for kind in action.emits
                if kind in self._duties.for_held_plans
            ]
        for fact in sorted(self._duties.excluded.get(action.name, frozenset())):
            if now.facts & self._facts.bits[fact]:
                found.append(
                    Breach("unproved-exclusion", f"`{action.name}` is called although {self._duties.facts[fact].doc}")
                )
        return found

    def owed(
        self, before: Condition, event: str, answers: Awaited | None, after: Standing, *, interrupts: bool
    ) -> tuple[Breach, ...]:
        """Duties that a whole step has left undone; `interrupts` tells that it must settle a run under way."""
        found = []
        took = {choice.machine for choice in after.choices if choice.row is not None}
        if answers is not None and answers[1] not in took:
            found.append(Breach("unproved-answer", f"no row takes {event}, the answer to `{answers[0]}`"))
        if event in CANCELS and (silent := {machine for _, machine in before.pending} - took):
            leaves = " and ".join(before.leaves[machine] for machine in sorted(silent))
            found.append(Breach("unproved-cancel", f"no row answers {event} in {leaves}"))
        if interrupts and self._facts.running(before.facts) and self._facts.running(after.facts):
            code = "unproved-cancel" if event in CANCELS else "unproved-interrupt"
            found.append(Breach(code, f"the run goes on after {event}"))
        return tuple(found)


def _by_row(breaches: Iterable[Breach], row: Row) -> tuple[Breach, ...]:
    return tuple(breach._replace(row=row) for breach in breaches)
