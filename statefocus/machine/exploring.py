"""Every condition that a session can come to, by any event and any outcome of its guards, and the way to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from statefocus.machine.abstraction import FREE, Awaited, Condition, Facts
from statefocus.machine.acting import Acting, Breach, Standing
from statefocus.machine.checking import CANCELS
from statefocus.machine.deciding import Choice, Decider
from statefocus.machine.definition import Definition
from statefocus.machine.duties import NONE
from statefocus.machine.vocabulary import FAILURE, RUN_CONCLUDED, Vocabulary

MOST_CONDITIONS = 200_000
"""A system with more conditions than this is not proved, so that no edited file keeps a person waiting for long."""


class Happening(NamedTuple):
    """An event, the facts once it was folded, the effect that it answers, and guards assumed to pass."""

    event: str
    facts: int
    answers: Awaited | None = None
    assumed: frozenset[str] = NONE


class Move(NamedTuple):
    """One event, what each machine did, and where that led; `answers` tells the effect that an answer is to."""

    before: Condition
    event: str
    answers: Awaited | None
    choices: tuple[Choice, ...]
    after: Condition
    breaches: tuple[Breach, ...] = ()


@dataclass
class Exploration:
    """What was found.

    Attributes
    ----------
    came_by
        For each condition the move that first led to it; None for the first.
    onward
        The conditions that each one leads to.
    answered
        The moves by answers alone, from each condition.
    taken
        Machine, row and event of each row that can be taken.
    broken
        Moves that break a duty; nothing is explored beyond them.
    moves, combinations
        How many moves were made, and how many combinations of condition, event and outcomes of guards they stand for.
    complete
        Whether all conditions were explored.
    """

    came_by: dict[Condition, Move | None]
    onward: dict[Condition, set[Condition]] = field(default_factory=dict)
    answered: dict[Condition, list[Move]] = field(default_factory=dict)
    taken: set[tuple[int, str, str]] = field(default_factory=set)
    broken: list[Move] = field(default_factory=list)
    moves: int = 0
    combinations: int = 0
    complete: bool = True

    def way_to(self, condition: Condition) -> list[Move]:
        """The shortest way from the start to a condition."""
        way: list[Move] = []
        move = self.came_by[condition]
        while move is not None:
            way.append(move)
            move = self.came_by[move.before]
        return way[::-1]


class Explorer:
    """Walks the machines of a session, the session first, the others in the order in which they see each event."""

    def __init__(self, definitions: Sequence[Definition], vocabulary: Vocabulary) -> None:
        self.definitions, self.vocabulary = tuple(definitions), vocabulary
        self.facts = Facts(vocabulary.duties)
        self._deciders = [Decider(definition, vocabulary, index) for index, definition in enumerate(definitions)]
        self._acting = Acting(vocabulary, self.facts)
        answers = {answer for answer in vocabulary.answers.values() if answer}
        self._events = sorted(vocabulary.events - answers - {FAILURE, RUN_CONCLUDED})
        self._always_heard = {*CANCELS, *vocabulary.duties.interrupts, *self.facts.changed_by}
        self._events_heard: dict[tuple[str, ...], tuple[str, ...]] = {}

    def explore(self) -> Exploration:
        """Visit every condition once, nearest first."""
        start = Condition(tuple(each.leaf(each.initial) for each in self.definitions), (), FREE, 0)
        found = Exploration({start: None})
        waiting = [start]
        for condition in waiting:  # grows while it is walked
            found.onward[condition] = set()
            found.answered[condition] = []
            for move in self._moves(condition, found):
                self._note(move, found)
                if not move.breaches and move.after not in found.came_by:
                    found.came_by[move.after] = move
                    waiting.append(move.after)
            if len(waiting) > MOST_CONDITIONS:
                found.complete = False
                break
        return found

    def _note(self, move: Move, found: Exploration) -> None:
        found.moves += 1
        if move.breaches:
            found.broken.append(move)
        else:
            found.onward[move.before].add(move.after)
            if move.answers is not None:
                found.answered[move.before].append(move)

    def _moves(self, condition: Condition, found: Exploration) -> Iterator[Move]:
        heard = self._heard(condition.leaves)
        found.combinations += len(self._events) - len(heard)
        for event in heard:
            for facts in self.facts.after_event(condition.facts, event):
                yield from self._move(condition, Happening(event, facts), found)
                wanted = self.vocabulary.duties.interrupts.get(event)
                if wanted and self.facts.running(facts):
                    yield from self._move(condition, Happening(event, facts, assumed=wanted), found)
        for awaited in condition.pending:
            for event in (str(self.vocabulary.answers[awaited[0]]), FAILURE):
                for facts in self.facts.after_event(condition.facts, event):
                    yield from self._move(condition, Happening(event, facts, awaited), found)

    def _heard(self, leaves: tuple[str, ...]) -> tuple[str, ...]:
        """Events that may do anything in these leaves; the others change nothing."""
        if leaves not in self._events_heard:
            pairs = tuple(zip(self._deciders, leaves, strict=True))
            self._events_heard[leaves] = tuple(
                event
                for event in self._events
                if event in self._always_heard or any(decider.listens(leaf, event) for decider, leaf in pairs)
            )
        return self._events_heard[leaves]

    def _move(self, before: Condition, happening: Happening, found: Exploration) -> Iterator[Move]:
        event, facts, answers, assumed = happening
        folded = self._acting.folded(before, event, answers, facts)
        standings = [Standing(before.leaves, folded.pending, folded.hold, folded.facts)]
        combinations = 1
        for index, decider in enumerate(self._deciders):
            standings, outcomes = self._decide(decider, index, happening, standings, found)
            combinations *= outcomes
        found.combinations += 0 if assumed else combinations
        interrupts = bool(assumed) or self.vocabulary.duties.interrupts.get(event) == NONE
        for each in standings:
            after = Condition(each.leaves, each.pending, each.hold, each.facts)
            breaches = each.breaches or self._acting.owed(before, event, answers, each, interrupts=interrupts)
            if each.choices or breaches or after != before:
                yield Move(before, event, answers, each.choices, after, breaches)

    def _decide(
        self, decider: Decider, index: int, happening: Happening, standings: list[Standing], found: Exploration
    ) -> tuple[list[Standing], int]:
        """Let one machine decide in each of the ways in which those before it may have decided."""
        event, _, answers, assumed = happening
        owned = answers is None or answers[1] == index
        if not any(each.concluded for each in standings) and not (
            owned and decider.listens(standings[0].leaves[index], event)
        ):
            return standings, 1
        after: list[Standing] = []
        most = 1
        for each in standings:
            heard = RUN_CONCLUDED if each.concluded else event
            if each.breaches or not (owned or each.concluded) or not decider.listens(each.leaves[index], heard):
                after.append(each)
                continue
            passing, blocked = self.facts.known(each.facts)
            decided = decider.decide(each.leaves[index], heard, passing | assumed if assumed else passing, blocked)
            most = max(most, decided.outcomes)
            found.taken.update((index, choice.row.id, heard) for choice in decided.choices if choice.row)
            after += [self._acting.act(each, choice, heard) for choice in decided.choices]
        return after, most
