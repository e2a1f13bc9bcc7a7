"""The one place from which the focuser is moved."""

from __future__ import annotations

from statefocus import focusing
from statefocus.actions.registry import Result, emit
from statefocus.context import Context
from statefocus.effects import MoveFocuser


def move(context: Context, position: int, purpose: str) -> Result:
    """Return the move to a position, by way of what its approach needs (A7)."""
    target = focusing.move_to(context, position)
    return emit(context, MoveFocuser, position=target.position, via=target.via, purpose=purpose)
