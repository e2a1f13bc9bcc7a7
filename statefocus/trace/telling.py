"""What an event and its steps are told as: the derived lines, made in one place for the writer and for replay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from statefocus.session import State, Step
from statefocus.trace.encoding import encode_effect, encode_step
from statefocus.trace.records import run_record

CHECKPOINT_EVERY = 500
"""Events between two checkpoint lines."""

Told = tuple[str, dict[str, Any]]
"""Kind and body of a line."""


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
        lines.append(("step", encode_step(step, event_seq)))
        lines += [("effect", encode_effect(effect)) for effect in step.effects]
    if state.context.concluded is not None:
        lines.append(("run", run_record(state.context.concluded, state.context)))
    if number % CHECKPOINT_EVERY == 0:
        lines.append(("checkpoint", _checkpoint(state)))
    return lines


def _checkpoint(state: State) -> dict[str, Any]:
    context = state.context
    return {
        "leaves": dict(state.leaves),
        "lights": context.plan.lights,
        "runs": context.runs,
        "verified_position": context.verified_position,
        "next_effect": context.next_effect,
    }
