"""Foresees a hold: what the session would do if the frame that is being taken were saved; nothing comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from statefocus.context import Fact
from statefocus.effects import PausePlan
from statefocus.events import FrameSaved
from statefocus.machine.definition import Definition
from statefocus.profile import Profile
from statefocus.session import Session, State


class Foresight:
    """Asks a core of its own, with the state of the session; for one thread, whichever.

    Parameters
    ----------
    machines, profile
        As the session has them.
    state
        Gives the session's state.
    now
        Gives the time, unix seconds.
    """

    def __init__(
        self, machines: Sequence[Definition], profile: Profile, state: Callable[[], State], now: Callable[[], float]
    ) -> None:
        self._session = Session(machines, profile)
        self._state, self._now = state, now

    def __call__(self, frame: FrameSaved, seconds: float) -> bool:
        """Tell whether the plan will be held once that frame is saved, so many seconds from now."""
        t, state = self._now() + seconds, self._state()
        _, steps = self._session.step(_read_again(state, t), frame, t)
        return any(isinstance(effect, PausePlan) for step in steps for effect in step.effects)


def _read_again(state: State, t: float) -> State:
    """Take it that every fact is read again until then, and says the same."""
    facts = {
        name: Fact(fact.value, t if fact.value is not None else fact.t) for name, fact in state.context.facts.items()
    }
    return replace(state, context=replace(state.context, facts=facts))
