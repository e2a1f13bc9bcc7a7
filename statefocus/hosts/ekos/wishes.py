"""What the session asks of the Ekos host, and the answer while there is no Ekos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from statefocus import events
from statefocus.events import Event

_UNKNOWN = "It is not known whether Ekos lives on."

What = Literal["hold", "release", "leave paused", "release later", "abort", "let go", "gap is over", "pause", "unpause"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the session asks for."""

    what: What
    effect: int = 0


def grant_without_ekos(wish: Wish, *, lives_on: bool = False) -> Event | None:
    """Answer a wish while there is no Ekos: nothing runs, so all is held, and nothing is to go on.

    With `lives_on` it may run where it is not seen: then nothing is told to be held, to go on, or to be given up.
    """
    if lives_on and wish.what in ("hold", "release", "abort"):
        return events.EffectFailed(effect=wish.effect, reason="unreachable", sentence=_UNKNOWN)
    if wish.what == "hold":
        return events.PlanHeld(effect=wish.effect, running=False)
    if wish.what == "release":
        return events.PlanReleased(effect=wish.effect)
    return events.PlanAborted(effect=wish.effect) if wish.what == "abort" else None
