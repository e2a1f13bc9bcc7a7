"""What an event and its steps are told as: the derived lines, made in one place for the writer and for replay."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from statefocus.effects import Effect
from statefocus.session import Outcome, State, Step
from statefocus.trace.checkpoints import checkpoint
from statefocus.trace.records import run_record
from statefocus.trace.rendering import render

CHECKPOINT_EVERY = 500
"""Events between two checkpoint lines."""

Told = tuple[str, bytes]
"""Kind and rendered body of a line."""


def derived(event_seq: int, number: int, steps: Sequence[Step], state: State) -> list[Told]:
    """Tell all that follows from one event.

    Parameters
    ----------
    event_seq
        Sequence number of the event's own line.
    number
        Which event of the session it is, from 1.
    steps
        What it did to each machine.
    state
        Where the session stands afterwards.
    """
    lines: list[Told] = []
    for step in steps:
        lines.append(("step", b'{"of":%d,%b' % (event_seq, _step(step))))
        lines += map(_effect, step.effects)
    if state.context.concluded is not None:
        lines.append(("run", render(run_record(state.context.concluded, state.context))))
    if number % CHECKPOINT_EVERY == 0:
        lines.append(("checkpoint", checkpoint(number, state)))
    return lines


def run_of(before: int | None, state: State) -> int | None:
    """Number of the run that the lines derived from an event belong to: the one before it, or one that it began."""
    under_way = state.context.run
    return before or (under_way.number if under_way else None)


def _effect(effect: Effect) -> Told:
    return "effect", render(effect)


def _step(step: Step) -> bytes:
    plain = _plain_step(step.machine, step.before, step.after, step.outcome, step.row)
    if not (step.tried or step.triggers or step.fault):
        return plain
    return b"%b,%b" % (plain[:-1], render(_details(step))[1:])


@cache
def _plain_step(machine: str, before: str, after: str, outcome: Outcome, row: str | None) -> bytes:
    told = {"machine": machine, "before": before, "after": after, "outcome": outcome, "row": row}
    return render(told)[1:]


def _details(step: Step) -> dict[str, Any]:
    """What is told of a step where rows were tried, or where it failed."""
    told: dict[str, Any] = {}
    if step.tried:
        told["tried"] = step.tried
    if step.triggers:
        told["triggers"] = {
            reading.name: {"due": reading.due, "reading": reading.reading, "limit": reading.limit, "text": reading.text}
            for reading in step.triggers
        }
    if step.fault:
        told["fault"] = step.fault
    return told
