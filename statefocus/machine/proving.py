"""Proves what every night owes its telescope, over every state, event and outcome of guards; see docs/proof.md.

A duty that a machine breaks is told as the shortest way from the session's start to the breach.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from statefocus.errors import Problem
from statefocus.machine.acting import Breach
from statefocus.machine.deciding import Choice
from statefocus.machine.definition import Definition, Place, Row
from statefocus.machine.endings import unending
from statefocus.machine.exploring import MOST_CONDITIONS, Exploration, Explorer, Move
from statefocus.machine.grouping import groups
from statefocus.machine.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved, or what was found against it.

    Attributes
    ----------
    problems
        One for each duty that is broken and each row that breaks it; none where all is proved.
    conditions
        Abstract states of all machines together that a session can come to.
    combinations
        Combinations of such a state, an event, and an outcome of the guards that it asks.
    """

    problems: tuple[Problem, ...]
    conditions: int
    combinations: int

    def __str__(self) -> str:
        said = f"{self.conditions:,} states of the machines together, {self.combinations:,} combinations of a state,"
        return f"{said} an event and what its guards say"


def prove(definitions: Sequence[Definition], vocabulary: Vocabulary) -> Proof:
    """Explore all that can happen to the machines of a session.

    Parameters
    ----------
    definitions
        Definitions without problems (see `machine.checking`), the session first, in the order of their turns.
    vocabulary
        What their names stand for, and what is known of them.
    """
    proofs = [_prove(group, vocabulary) for group in groups(definitions, vocabulary)]
    return Proof(
        tuple(dict.fromkeys(problem for proof in proofs for problem in proof.problems)),
        sum(proof.conditions for proof in proofs),
        sum(proof.combinations for proof in proofs),
    )


def _prove(definitions: Sequence[Definition], vocabulary: Vocabulary) -> Proof:
    explorer = Explorer(definitions, vocabulary)
    found = explorer.explore()
    teller = _Teller(tuple(definitions), found)
    problems = list(teller.broken()) if found.complete else [_too_many(definitions[0])]
    if not problems:
        for each in unending(found, definitions, vocabulary, explorer.facts):
            problems += teller.told(each.breach, found.way_to(each.condition), each.round)
    if not problems:
        problems = list(teller.never_fires())
    return Proof(tuple(problems), len(found.came_by), found.combinations)


def _too_many(definition: Definition) -> Problem:
    sentence = f"the machines together have more than {MOST_CONDITIONS:,} states, too many to be proved."
    return Problem("unproved-size", definition.file, 0, sentence, "Take states or rows away.")


class _Teller:
    """Tells breaches to a person; of the same breach by the same row only the nearest."""

    def __init__(self, definitions: tuple[Definition, ...], found: Exploration) -> None:
        self._definitions, self._found = definitions, found
        self._told: set[tuple[str, Place | None]] = set()

    def broken(self) -> Iterator[Problem]:
        """Moves that break a duty at once."""
        for move in self._found.broken:
            for breach in move.breaches:
                yield from self.told(breach, [*self._found.way_to(move.before), move])

    def told(self, breach: Breach, way: Sequence[Move], rounds: Sequence[Move] = ()) -> list[Problem]:
        """One problem, at the row that the way ends with, unless the like was told already."""
        place = breach.row.place if breach.row else self._place(way, rounds)
        key = (breach.sentence, breach.row.place if breach.row else None)
        if key in self._told:
            return []
        self._told.add(key)
        steps = "; ".join(f"{number}. {_step(move)}" for number, move in enumerate(way, 1)) or "at the start"
        hint = f"The shortest way there, where guards that are not named block: {steps}."
        return [Problem(breach.code, place.file, place.line, f"{breach.sentence}.", hint)]

    def _place(self, way: Sequence[Move], rounds: Sequence[Move]) -> Place:
        """The row taken last, in the round or on the way; the state it happens in where no row was taken there."""
        for move in (*rounds[:1], *reversed(way)):
            rows = [choice.row for choice in move.choices if choice.row is not None]
            if rows:
                return rows[0].place
            silent = [choice for choice in move.choices if choice.row is None]
            if silent:
                return self._definitions[silent[0].machine].states[silent[0].leaf].place
        return Place(self._definitions[0].file, 0)

    def never_fires(self) -> Iterator[Problem]:
        """Rows that no combination leads to."""
        for number, definition in enumerate(self._definitions):
            for row in definition.rows:
                never = [event for event in row.on if (number, row.id, event) not in self._found.taken]
                if never:
                    yield _never(row, never)


def _never(row: Row, events: Sequence[str]) -> Problem:
    on = "" if len(events) == len(row.on) else f" on {' or '.join(events)}"
    sentence = f"row `{row.id}` can never fire{on}: what it waits for cannot happen there."
    return Problem("never-fires", row.place.file, row.place.line, sentence, "Correct it or delete it.")


def _step(move: Move) -> str:
    answered = f" (to `{move.answers[0]}`)" if move.answers else ""
    taken = [_taken(choice, choice.row) for choice in move.choices if choice.row is not None]
    return f"{move.event}{answered}: {', '.join(taken) or 'no row'}"


def _taken(choice: Choice, row: Row) -> str:
    past = f" past {', '.join(sorted(choice.past))}" if choice.past else ""
    leads = f"to {choice.after}" if row.to else f"stays in {choice.leaf}"
    return f"`{row.id}`{past} {leads}"
