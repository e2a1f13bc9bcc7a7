"""The rows that a step tells of, held against the machines in the header: what they heed, and which guards they ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from statefocus.errors import TraceError
from statefocus.machine.definition import Definition
from statefocus.machine.reading import read_definition
from statefocus.machine.vocabulary import RUN_CONCLUDED
from statefocus.trace.header import sources_of
from statefocus.trace.reading import Line

Broken = Iterator[tuple[str, str]]
_Known = Mapping[str, tuple[frozenset[str], frozenset[str]]]


@dataclass(frozen=True)
class Rows:
    """The rows of each machine by id: the events that they heed, and the guards that they ask."""

    machines: Mapping[str, _Known] = field(default_factory=dict)

    @classmethod
    def of(cls, header: Line) -> Rows:
        """Read them in a trace's header; none of a machine that cannot be read."""
        try:
            sources = sources_of(header)
        except TraceError:
            return cls()
        read = [read_definition(files)[0] for files in sources]
        return cls({machine.name: _known(machine) for machine in read if machine is not None})

    def against(self, body: Mapping[str, Any], event: str) -> Broken:
        """Tell which rows of a step its machine does not have like that."""
        machine = body["machine"]
        known = self.machines.get(machine)
        heard = {event} if machine == "session" else {event, RUN_CONCLUDED}
        for one in body.get("tried", ()) if known is not None else ():
            row, asked = one["row"], one["guards"]
            events, guards = known.get(row, (None, frozenset())) if known else (None, frozenset())
            if events is None:
                yield (
                    "guards",
                    f"row `{row}` is told of, and the {machine} machine in the header has none of that name.",
                )
            elif events.isdisjoint(heard):
                yield (
                    "guards",
                    f"row `{row}` is told of, and in the header's {machine} machine it does not heed {event}.",
                )
            elif missing := sorted(guards - set(asked)):
                yield (
                    "guards",
                    f"row `{row}` asks {', '.join(missing)} in the header's machine, and no ruling is recorded.",
                )


def _known(machine: Definition) -> _Known:
    return {
        row.id: (
            frozenset(row.on),
            frozenset(guard for name in row.when for guard in machine.conjunctions.get(name, (name,))),
        )
        for row in machine.rows
    }
