"""Draws a machine from its definition: a Mermaid state diagram, and a transition table in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from statefocus.machine.definition import Definition, Row, State
from statefocus.machine.vocabulary import Vocabulary


def mermaid(definition: Definition) -> str:
    """Draw the states and rows as a Mermaid `stateDiagram-v2`; rows that stay are left to the table."""
    lines = ["stateDiagram-v2"]
    if definition.initial in definition.states:  # a part shown by itself has none
        lines.append(f"    [*] --> {definition.initial}")
    for state in definition.states.values():
        if state.parent is None:
            lines += _state(definition, state, "    ")
    for arrow, events in _arrows(definition).items():
        lines.append(f"    {arrow} : {', '.join(events)}")
    return "\n".join(lines) + "\n"


def _state(definition: Definition, state: State, indent: str) -> Iterator[str]:
    children, own = definition.children(state.name), state.name.rpartition(".")[2]
    if not children:
        yield f'{indent}state "{own}" as {_id(state.name)}'
        return
    yield f'{indent}state "{own}" as {_id(state.name)} {{'
    yield f"{indent}    [*] --> {_id(f'{state.name}.{state.initial}')}"
    for child in children:
        yield from _state(definition, child, indent + "    ")
    yield f"{indent}}}"


def _arrows(definition: Definition) -> dict[str, list[str]]:
    """Rows between the same two states share an arrow."""
    arrows: dict[str, list[str]] = {}
    for row in definition.rows:
        for source in row.sources if row.to else ():
            arrow = f"{_id(source)} --> {_id(row.to or source)}"
            if row.id not in arrows.setdefault(arrow, []):
                arrows[arrow].append(row.id)
    return arrows


def _id(name: str) -> str:
    return name.replace(".", "_")


def markdown(definition: Definition, vocabulary: Vocabulary) -> str:
    """Tell a machine as a page: its diagram, its states, its rows, and what every name means."""
    parts = [
        f"# Machine `{definition.name}`",
        f"{definition.doc} Generated from {_names(tuple(source.file for source in definition.sources))}; do not edit.",
        f"```mermaid\n{mermaid(definition)}```",
        "## States",
        _table(("state", "on entry", "on exit", "meaning"), (_told(state) for state in definition.states.values())),
        "## Rows",
        "An event is offered to the rows of the leaf state, then to those of the states around it, each in this order.",
        _table(("row", "on", "from", "to", "when", "do", "why"), (_cells(row) for row in definition.rows)),
        "## Guards",
        _guards(definition, vocabulary),
        "## Actions",
        _actions(definition, vocabulary),
    ]
    return "\n\n".join(parts) + "\n"


def _told(state: State) -> tuple[str, ...]:
    return (f"`{state.name}`", _names(state.enter), _names(state.exit), state.doc)


def _cells(row: Row) -> tuple[str, ...]:
    to = f"`{row.to}`" if row.to else "(stays)"
    return (f"`{row.id}`", _names(row.on), _names(row.sources), to, _names(row.when), _names(row.do), row.why)


def _guards(definition: Definition, vocabulary: Vocabulary) -> str:
    together = [(f"`{name}`", "all of: " + _names(parts)) for name, parts in definition.conjunctions.items()]
    used = dict.fromkeys(name for row in definition.rows for name in definition.guards_of(row))
    return _table(("guard", "meaning"), [*together, *((f"`{name}`", vocabulary.guards[name].doc) for name in used)])


def _actions(definition: Definition, vocabulary: Vocabulary) -> str:
    named = [name for state in definition.states.values() for name in (*state.enter, *state.exit)]
    named += [name for row in definition.rows for name in row.do]
    used = [vocabulary.actions[name] for name in dict.fromkeys(named)]
    return _table(("action", "emits", "meaning"), ((f"`{a.name}`", _names(a.emits), a.doc) for a in used))


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]
    return "\n".join(lines)
