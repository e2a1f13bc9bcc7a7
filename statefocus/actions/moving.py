"""The one place from which the focuser is moved."""

from __future__ import annotations

from statefocus import focusing
from statefocus.actions.registry import Result, emit
from statefocus.context import Context
from statefocus.effects import MoveFocuser

FOR_A_FRAME = ("sweep", "best")


def move(context: Context, position: int, purpose: str) -> Result:
    """Return the move to a position, by way of what its approach needs (A7), and its settle time (A8).

    A move to where a focus frame is taken is followed by a state of its own, in which the telescope settles.
    """
    target = focusing.move_to(context, position)
    settle_s = 0.0 if purpose in FOR_A_FRAME else context.profile.focuser.settle_s
    return emit(context, MoveFocuser, position=target.position, via=target.via, purpose=purpose, settle_s=settle_s)
