"""Checks a machine definition before the night: every problem at once, each with code, file:line, sentence and hint.

The inviolable rules are among them: no way to a guarded action, such as beginning a run, except past all of its guards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from statefocus.errors import DefinitionError, Problem
from statefocus.machine.definition import Definition, Place, Row, Source, State
from statefocus.machine.reading import read_definition
from statefocus.machine.vocabulary import FAILURE, Vocabulary
from statefocus.toml_text import did_you_mean

CANCELS = ("cancel_requested", "session_ending")
MOST_SHOWN = 5
"""Rows that a conjunction opens, and that are told by their names."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """A definition and the words that it may use."""

    definition: Definition
    words: Vocabulary

    def at(self, key: str) -> Place:
        """Where a plain key is written, by its dotted name."""
        return self.definition.places.get(key, Place(self.definition.file, 0))

    def problem(self, code: str, place: Place, sentence: str, hint: str = "") -> Problem:
        return Problem(code, place.file, place.line, sentence, hint)


_Check = Callable[[_Checked], Iterator[Problem]]


def check(definition: Definition, vocabulary: Vocabulary) -> list[Problem]:
    """Find all problems of a definition; those of names first, those of structure only where all names are known."""
    checked = _Checked(definition, vocabulary)
    found = [problem for check in _NAME_CHECKS for problem in check(checked)]
    if not found:
        found = [problem for check in _STRUCTURE_CHECKS for problem in check(checked)]
    files = [source.file for source in definition.sources]
    return sorted(found, key=lambda problem: (files.index(problem.file), problem.line))


def load(sources: Sequence[Source], vocabulary: Vocabulary) -> Definition:
    """Read and check a machine: its main file, then its parts.

    Raises
    ------
    DefinitionError
        With every problem found.
    """
    definition, problems = read_definition(sources)
    if definition is not None and not problems:
        problems = check(definition, vocabulary)
    if problems or definition is None:
        raise DefinitionError(problems)
    return definition


# --- names ---


def _unknown_names(checked: _Checked) -> Iterator[Problem]:
    definition, words = checked.definition, checked.words
    guards = set(words.guards) | set(definition.conjunctions)
    for name, parts in definition.conjunctions.items():
        place = checked.at(f"guards.{name}")
        single = [part for part in parts if part not in definition.conjunctions]
        yield from _unknown(checked, "unknown-guard", place, f"conjunction `{name}` names guard", single, words.guards)
        for part in [part for part in parts if part in definition.conjunctions]:
            sentence = f"conjunction `{name}` names the conjunction `{part}`."
            yield checked.problem("nested-guard", place, sentence, "Name its single guards instead.")
    for state in definition.states.values():
        used = (*state.enter, *state.exit)
        yield from _unknown(
            checked, "unknown-action", state.place, f"state {state.name} names action", used, words.actions
        )
    for row in definition.rows:
        said = f"row `{row.id}` names"
        yield from _unknown(checked, "unknown-event", row.place, f"{said} event", row.on, words.events)
        yield from _unknown(checked, "unknown-guard", row.place, f"{said} guard", row.when, guards)
        yield from _unknown(checked, "unknown-action", row.place, f"{said} action", row.do, words.actions)
        states = (*row.sources, *((row.to,) if row.to else ()))
        yield from _unknown(checked, "unknown-state", row.place, f"{said} state", states, definition.states)


def _unknown(
    checked: _Checked, code: str, place: Place, said: str, names: Iterable[str], known: Iterable[str]
) -> Iterator[Problem]:
    allowed = set(known)
    for name in names:
        if name not in allowed:
            yield checked.problem(code, place, f"{said} `{name}`, which does not exist.", did_you_mean(name, allowed))


def _shadowing(checked: _Checked) -> Iterator[Problem]:
    for name in checked.definition.conjunctions:
        if name in checked.words.guards:
            place = checked.at(f"guards.{name}")
            yield checked.problem(
                "shadowed-guard", place, f"conjunction `{name}` has the name of a guard.", "Rename it."
            )


def _initials(checked: _Checked) -> Iterator[Problem]:
    definition = checked.definition
    if definition.initial not in definition.states:
        hint = did_you_mean(definition.initial, definition.states)
        yield checked.problem(
            "unknown-state", checked.at("initial"), f"initial state `{definition.initial}` does not exist.", hint
        )
    for state in definition.states.values():
        children = {child.name.rpartition(".")[2] for child in definition.children(state.name)}
        if children and state.initial not in children:
            sentence = f"state {state.name} has states inside, and `initial` must name one of them."
            yield checked.problem("no-initial", state.place, sentence, did_you_mean(state.initial or "", children))
        if state.initial and not children:
            sentence = f"state {state.name} names an initial state, and has none inside."
            yield checked.problem("no-initial", state.place, sentence)


def _incomplete_rows(checked: _Checked) -> Iterator[Problem]:
    for row in checked.definition.rows:
        for key, value in (("id", row.id), ("on", row.on), ("from", row.sources), ("why", row.why)):
            if not value:
                yield checked.problem("incomplete-row", row.place, f"row `{row.id}` needs `{key}`.")
    for name, number in Counter(row.id for row in checked.definition.rows).items():
        if number > 1:
            place = [row.place for row in checked.definition.rows if row.id == name][-1]
            yield checked.problem("duplicate-id", place, f"{number} rows are called `{name}`.", "Give each its own id.")


# --- structure ---


def _unused(checked: _Checked) -> Iterator[Problem]:
    definition = checked.definition
    used = {name for row in definition.rows for name in row.when}
    for name in definition.conjunctions:
        if name not in used:
            place = checked.at(f"guards.{name}")
            yield checked.problem(
                "unused-guard", place, f"conjunction `{name}` is used by no row.", "Use it or delete it."
            )


def _duplicates(checked: _Checked) -> Iterator[Problem]:
    """A row that never fires on one of its events, or in one of its states, since another always fires first there.

    Events and states of a row are lists, so a single event in a single state may be another row's.
    """
    for row in checked.definition.rows:
        pairs = [(event, state) for event in row.on for state in row.sources]
        shadows = {pair: before for pair in pairs if (before := _shadow(checked.definition, row, *pair))}
        events = [event for event in row.on if all((event, state) in shadows for state in row.sources)]
        states = [state for state in row.sources if all((event, state) in shadows for event in row.on)]
        if events:
            yield _never(checked, row, events, row.sources, shadows[events[0], row.sources[0]])
        elif states:
            yield _never(checked, row, row.on, states, shadows[row.on[0], states[0]])


def _never(checked: _Checked, row: Row, events: Sequence[str], states: Sequence[str], before: Row) -> Problem:
    where = f"on {', '.join(events)} in {', '.join(states)}"
    sentence = f"row `{row.id}` can never fire {where}: row `{before.id}` always fires first."
    return checked.problem("shadowed-row", row.place, sentence, "Order them, or take it out of one.")


def _shadow(definition: Definition, row: Row, event: str, state: str) -> Row | None:
    """The first of the rows that keep a row from firing in each leaf of a state; None where it may fire in any."""
    leaves = [leaf for leaf in definition.leaves() if definition.inside(leaf, state)]
    shadows = [_before(definition, row, event, leaf) for leaf in leaves]
    return shadows[0] if shadows and all(shadows) else None


def _before(definition: Definition, row: Row, event: str, leaf: str) -> Row | None:
    rows = definition.rows_from(leaf, event)
    return next((other for other in rows[: rows.index(row)] if _covers(definition, other, row)), None)


def _covers(definition: Definition, first: Row, second: Row) -> bool:
    return set(definition.guards_of(first)) <= set(definition.guards_of(second))


def _reachability(checked: _Checked) -> Iterator[Problem]:
    definition = checked.definition
    start = definition.leaf(definition.initial)
    ways = {leaf: _ways(definition, leaf) for leaf in definition.leaves()}
    reached = _reach(ways, start)
    home = set(definition.lineage(start))
    for leaf in definition.leaves():
        state = definition.states[leaf]
        if leaf not in reached:
            yield checked.problem(
                "unreachable-state", state.place, f"no row ever leads to {leaf}.", "Lead there, or delete it."
            )
        elif not ways[leaf] - {leaf} and leaf != start:
            yield checked.problem(
                "trap-state", state.place, f"no row leads out of {leaf}.", "Every state needs a way out."
            )
        elif not any(home & set(definition.lineage(other)) for other in _reach(ways, leaf)):
            top = definition.lineage(start)[-1]
            yield checked.problem("no-way-home", state.place, f"from {leaf} no way leads back to {top}.")


def _ways(definition: Definition, leaf: str) -> set[str]:
    """The leaves that a row leads to from a leaf."""
    lineage = set(definition.lineage(leaf))
    return {definition.leaf(row.to) for row in definition.rows if row.to and not lineage.isdisjoint(row.sources)}


def _reach(ways: Mapping[str, set[str]], leaf: str) -> set[str]:
    """A leaf, and all that can be reached from it."""
    reached, waiting = {leaf}, [leaf]
    while waiting:
        further = ways[waiting.pop()] - reached
        reached |= further
        waiting += further
    return reached


@dataclass(frozen=True, slots=True)
class _Open:
    """A row that calls a guarded action on some events without some of its guards."""

    row: Row
    action: str
    missing: tuple[str, ...]
    events: tuple[str, ...]


def _inviolable(checked: _Checked) -> Iterator[Problem]:
    """A row that calls a guarded action must carry that action's guards; a person's own wish needs fewer.

    Where all rows that use a conjunction lack the same guards, it is the conjunction that is told, once.
    """
    found = [one for row in checked.definition.rows for one in _open(checked, row)]
    for name in checked.definition.conjunctions:
        for missing in dict.fromkeys(one.missing for one in found):
            opened = _opened_by(checked, name, missing, found)
            if opened:
                found = [one for one in found if one not in opened]
                yield _open_conjunction(checked, name, opened)
    for one in found:
        said = f"row `{one.row.id}` calls `{one.action}` on {', '.join(one.events)} without the guards "
        hint = "This rule cannot be edited away: add them to `when`."
        yield checked.problem("inviolable-rule", one.row.place, f"{said}{', '.join(one.missing)}.", hint)


def _open(checked: _Checked, row: Row) -> Iterator[_Open]:
    held = set(checked.definition.guards_of(row))
    for action in _called(checked.definition, row):
        missing_on = {event: checked.words.guards_missing(action, event, held) for event in row.on}
        lacking = {event: tuple(sorted(guards)) for event, guards in missing_on.items() if guards}
        for missing in dict.fromkeys(lacking.values()):
            yield _Open(row, action, missing, tuple(event for event, those in lacking.items() if those == missing))


def _opened_by(checked: _Checked, name: str, missing: tuple[str, ...], found: Sequence[_Open]) -> list[_Open]:
    """What a conjunction with other guards of an action opens: two rows or more, and all that use it for that."""
    held = set(checked.definition.conjunctions[name])
    opened = [
        one
        for one in found
        if one.missing == missing
        and name in one.row.when
        and held & checked.words.guards_needed(one.action, one.events[0])
    ]
    rows = {one.row.id for one in opened}
    actions = {one.action for one in opened}
    using = [row for row in checked.definition.rows if name in row.when]
    calling = {row.id for row in using if actions & set(_called(checked.definition, row))}
    return opened if len(rows) > 1 and rows == calling else []


def _open_conjunction(checked: _Checked, name: str, opened: Sequence[_Open]) -> Problem:
    rows = list(dict.fromkeys(one.row.id for one in opened))
    actions = " and ".join(f"`{action}`" for action in dict.fromkeys(one.action for one in opened))
    shown = ", ".join(f"`{row}`" for row in rows[:MOST_SHOWN])
    more = f" and {len(rows) - MOST_SHOWN} more" if len(rows) > MOST_SHOWN else ""
    sentence = (
        f"conjunction `{name}` opens {len(rows)} rows, which call {actions} without the guards "
        f"{', '.join(opened[0].missing)}: {shown}{more}."
    )
    hint = "This rule cannot be edited away: add them to the conjunction."
    return checked.problem("inviolable-rule", checked.at(f"guards.{name}"), sentence, hint)


def _called(definition: Definition, row: Row) -> dict[str, None]:
    """Names of the actions that a row calls in any leaf: its own, and those of the states that it enters."""
    leaves = [leaf for leaf in definition.leaves() if any(definition.inside(leaf, state) for state in row.sources)]
    entered = [name for leaf in leaves for state in definition.entered(leaf, row) for name in state.enter]
    return dict.fromkeys((*row.do, *entered))


def _initial_entry(checked: _Checked) -> Iterator[Problem]:
    """The entry actions of the first state are never called: nothing has led there."""
    definition = checked.definition
    for name in definition.lineage(definition.leaf(definition.initial)):
        if definition.states[name].enter:
            sentence = f"{name} is where the machine begins, and its entry actions would not be called there."
            yield checked.problem(
                "entry-at-start", definition.states[name].place, sentence, "Begin in a state without."
            )


def _answers(checked: _Checked) -> Iterator[Problem]:
    """A state that emits an effect must handle its answer, its failure and a cancel."""
    for leaf in checked.definition.leaves():
        state = checked.definition.states[leaf]
        awaited = _awaited(checked, state)
        handled = {event for row in checked.definition.rows for event in row.on if _from(checked, row, leaf)}
        for effect, answer in awaited.items():
            for event in (answer, FAILURE):
                if event not in handled:
                    sentence = f"{leaf} emits {effect}, and no row handles {event} there."
                    yield checked.problem("unhandled-answer", state.place, sentence, "The session would hang in it.")
        if awaited and not all(cancel in handled for cancel in CANCELS):
            sentence = f"{leaf} emits {', '.join(awaited)}, and no row there handles {' and '.join(CANCELS)}."
            yield checked.problem("unhandled-cancel", state.place, sentence, "Ctrl-C must be answered in every state.")


def _awaited(checked: _Checked, state: State) -> dict[str, str]:
    """Effects that a leaf waits for, and their answers: its own, those of a state around it, those of a row into it."""
    definition = checked.definition
    around = [name for name in definition.lineage(state.name) if definition.leaf(name) == state.name]
    asking = [action for name in around for action in definition.states[name].enter]
    asking += [action for row in definition.rows if row.to in around for action in row.do]
    emitted = [effect for name in asking for effect in checked.words.actions[name].emits]
    return {effect: answer for effect in emitted if (answer := checked.words.answers.get(effect))}


def _from(checked: _Checked, row: Row, leaf: str) -> bool:
    return any(state in row.sources for state in checked.definition.lineage(leaf))


_NAME_CHECKS: tuple[_Check, ...] = (_unknown_names, _shadowing, _initials, _incomplete_rows)
_STRUCTURE_CHECKS: tuple[_Check, ...] = (
    _unused,
    _duplicates,
    _reachability,
    _initial_entry,
    _inviolable,
    _answers,
)
