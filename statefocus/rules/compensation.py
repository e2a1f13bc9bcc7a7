"""The guards of temperature compensation (C)."""

from __future__ import annotations

from statefocus import compensating
from statefocus.context import Context
from statefocus.rules.registry import test


@test
def compensation_enabled(context: Context) -> bool:
    """The profile wants temperature compensation."""
    return context.profile.compensation.enabled


@test
def compensation_real_time(context: Context) -> bool:
    """Corrections are made also during an exposure (C1)."""
    return context.profile.compensation.mode == "real_time"


@test
def shutter_closed(context: Context) -> bool:
    """The plan takes no exposure at this moment (C1)."""
    plan = context.plan
    return not plan.exposing and all(
        until is None or context.now >= until for until in (plan.shutter_until, plan.unheard_until)
    )


@test
def correction_due(context: Context) -> bool:
    """The rule wants the focuser at least one whole step from where it is (C4)."""
    return compensating.is_due(context)


@test
def no_run(context: Context) -> bool:
    """No autofocus run is under way (C6)."""
    return context.run is None


@test
def filter_still(context: Context) -> bool:
    """The filter wheel stands still (C6)."""
    return not context.plan.filter_changing


@test
def no_flip(context: Context) -> bool:
    """No meridian flip is under way (C6)."""
    return not context.plan.flip_under_way


@test
def focuser_known(context: Context) -> bool:
    """The focuser's position is known."""
    return context.verified_position is not None and not context.lost
