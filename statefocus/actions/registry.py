"""The register of actions: each says which kinds of effects it may return, so that a machine file can be checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from statefocus.context import Context, Run
from statefocus.effects import Effect, LeavePlanPaused, Notify
from statefocus.machine.vocabulary import Action, RunPart

ACTIONS: dict[str, Action] = {}

Result = tuple[Context, tuple[Effect, ...]]
Call = Callable[[Context], Result]


def action(*emits: type[Effect], run: RunPart = "", gives_up: bool = False) -> Callable[[Call], Call]:
    """Enter a function into the vocabulary, under its own name; see `Action` for what it says of itself."""

    def enter(function: Call) -> Call:
        doc = (function.__doc__ or "").strip().splitlines()[0]
        kinds = tuple(kind.kind for kind in emits)
        if function.__name__ in ACTIONS:
            raise ValueError(f"there are two actions of the name {function.__name__}")
        ACTIONS[function.__name__] = Action(function.__name__, doc, function, kinds, run, gives_up)
        return function

    return enter


def emit(context: Context, kind: type[Effect], **fields: Any) -> Result:
    """Return an effect with the session's next number."""
    effect = kind(id=context.next_effect, **fields)
    return replace(context, next_effect=context.next_effect + 1), (effect,)


def tell(context: Context, level: str, sentence: str) -> Result:
    """Return a notification."""
    return emit(context, Notify, level=level, sentence=sentence)


def hand_over(context: Context, sentence: str) -> Result:
    """Make our hold of the plan a pause that a person ends, and tell why."""
    context, leaving = emit(replace(context, plan=replace(context.plan, paused=True)), LeavePlanPaused)
    context, telling = tell(context, "error", sentence)
    return context, leaving + telling


def give_up(context: Context) -> tuple[Context, tuple[int, ...]]:
    """Wait no longer for the effects of the machine that acts; gives their ids."""
    waiting = {key: value for key, value in context.pending.items() if value.machine != context.acting}
    return replace(context, pending=waiting), tuple(sorted(set(context.pending) - set(waiting)))


def current(context: Context) -> Run:
    """The run under way."""
    if context.run is None:
        message = "this action needs a run under way; a machine file has named it in the wrong place"
        raise RuntimeError(message)
    return context.run
