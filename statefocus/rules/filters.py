"""The guards of filters (O)."""

from __future__ import annotations

from statefocus import offsetting
from statefocus.context import REFOCUSED, Context
from statefocus.rules.registry import test


@test
def offset_owed(context: Context) -> bool:
    """The focuser stands where another filter than the one in the light path is in focus (O1, O3)."""
    return offsetting.is_owed(context)


@test
def focuser_still(context: Context) -> bool:
    """No machine is moving the focuser."""
    return not any(waiting.kind == "move_focuser" for waiting in context.pending.values())


@test
def other_filter_wanted(context: Context) -> bool:
    """The run is made in another filter than the plan's (O2)."""
    return context.run is not None and context.run.home_filter is not None


@test
def filter_to_restore(context: Context) -> bool:
    """The wheel was turned for the run, and the plan's filter is to be turned back to (O2)."""
    return context.run is not None and context.run.filter_turned


@test
def run_offset_owed(context: Context) -> bool:
    """The run has found the focus in another filter than the plan's, and the offset between them is to be made (O2)."""
    run = context.run
    if run is None or run.outcome not in REFOCUSED:
        return False
    return offsetting.run_offset_steps(context, run) != 0
