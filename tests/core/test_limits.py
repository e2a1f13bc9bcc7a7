"""At the very moment that a limit names, it is over."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from statefocus import offsetting
from statefocus.context import Context, RightFor
from statefocus.machine.vocabulary import Ruling
from statefocus.rules import GUARDS

from .rigs import quiet_rig

OFFSETS = {"L": {"offset_steps": 0}, "R": {"offset_steps": 30}}


def at(t: float) -> Context:
    rig = quiet_rig(filters=OFFSETS)
    rig.start_plan()
    context = rig.state.context
    return replace(context, now=t, plan=replace(context.plan, filter="R", exposing=False, shutter_until=100.0))


@pytest.mark.parametrize("guard", ["shutter_closed", "between_frames"])
@pytest.mark.parametrize(("t", "said"), [(99.9, Ruling.FAILED), (100.0, Ruling.PASSED), (100.1, Ruling.PASSED)])
def test_a_shutter_is_closed_when_its_exposure_is_over(guard: str, t: float, said: Ruling) -> None:
    assert GUARDS[guard].call(at(t)) is said


@pytest.mark.parametrize(("t", "owed"), [(99.9, False), (100.0, True)])
def test_an_offset_that_failed_is_owed_again_when_its_time_has_come(t: float, owed: bool) -> None:
    context = replace(at(t), right_for=RightFor("L"), offset_retry_t=100.0)
    assert offsetting.is_owed(context) is owed
