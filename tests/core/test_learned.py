"""The learned sweep: two frames and one to validate, and the whole sweep wherever those do not hold."""

from __future__ import annotations

from typing import Any

import pytest

from statefocus import events
from statefocus.context import Run
from statefocus.effects import MoveFocuser
from statefocus.testing import SimulatedRig

from .rigs import begin_run, fail, measured, quiet_rig, run_now

SLOPE = 0.06
"""Of the simulated rig, px a step."""
CHANNEL = "1 "  # no filter, binning 1
KNOWN = ((CHANNEL, (SLOPE, SLOPE * 1.01, SLOPE * 0.99)),)
FULL = [10_060, 10_045, 10_030, 10_015, 10_000, 9_985, 9_970, 9_955, 9_940]


def learned_rig(learned: Any = KNOWN, **profile: Any) -> SimulatedRig:
    """A rig that has learned its curve in earlier sessions."""
    rig = quiet_rig(autofocus={"sweep": "learned"}, **profile)
    rig.tell(events.SessionStarted(position=rig.position, learned=learned))
    return rig


def swept(rig: SimulatedRig) -> list[int]:
    """Positions that the focuser was sent to for frames of a sweep."""
    moves = [effect for effect in rig.emitted("move_focuser") if isinstance(effect, MoveFocuser)]
    return [move.position for move in moves if move.purpose == "sweep"]


def only(rig: SimulatedRig) -> Run:
    """The one run that there was."""
    (run,) = rig.runs
    return run


def test_two_frames_and_one_to_validate_are_all_it_takes() -> None:
    rig = learned_rig(best=10_012)
    run_now(rig)
    run = only(rig)
    assert swept(rig) == [10_045, 9_955]
    assert (run.outcome, run.position, len(run.validations)) == ("validated", 10_012, 1)
    assert run.fit is not None
    assert (run.fit.model, run.doubted) == ("learned", None)


@pytest.mark.parametrize(
    "learned", [(), ((CHANNEL, (SLOPE, SLOPE)),), ((CHANNEL, (0.04, SLOPE, 0.08)),), (("1 R", (SLOPE,) * 9),)]
)
def test_a_curve_that_is_not_known_well_or_is_that_of_another_filter_means_a_whole_sweep(learned: Any) -> None:
    rig = learned_rig(learned)
    run_now(rig)
    assert swept(rig) == FULL
    assert only(rig).outcome == "validated"


def test_three_validated_runs_teach_it_and_the_fourth_uses_it() -> None:
    rig = learned_rig(())
    for _ in range(4):
        run_now(rig)
    assert [len(run.points) for run in rig.runs] == [9, 9, 9, 2]
    assert {run.outcome for run in rig.runs} == {"validated"}
    assert rig.state.context.learned[CHANNEL].slope == pytest.approx(SLOPE, rel=1e-6)
    assert len(rig.state.context.learned[CHANNEL].slopes) == 3  # the pair has used it, and taught nothing


def test_a_run_that_was_not_validated_teaches_nothing() -> None:
    rig = learned_rig(())
    rig.script("measure_frame", *[rig.ideal] * 9, measured(9.0), measured(9.0))
    run_now(rig)
    assert only(rig).outcome == "unvalidated"
    assert rig.state.context.learned == {}


def test_the_profile_decides() -> None:
    rig = quiet_rig()
    rig.tell(events.SessionStarted(position=rig.position, learned=KNOWN))
    run_now(rig)
    assert swept(rig) == FULL


@pytest.mark.parametrize(("best", "undrawn"), [(10_052.0, 0), (9_900.0, 0), (10_052.0, 1)])
def test_a_focus_that_the_two_do_not_enclose_is_swept_in_full(best: float, undrawn: int) -> None:
    rig = learned_rig(best=best, optics={"obstruction_percent": 0.0})
    fail(rig, "publish_curve", times=undrawn)
    run_now(rig)
    run = only(rig)
    assert swept(rig)[:3] == [10_045, 9_955, 10_060]
    assert run.doubted is not None
    assert not run.doubted.accepted
    assert len(run.earlier_points) >= 2
    assert (run.outcome, run.position) == ("validated", round(best))


def test_a_rig_that_has_changed_since_is_found_out_by_the_validation_frame_and_swept_in_full() -> None:
    rig = learned_rig(best=10_030)
    rig.slope = 0.075
    run_now(rig)
    run = only(rig)
    assert swept(rig)[:3] == [10_045, 9_955, 10_060]
    assert run.doubted is not None
    assert (run.outcome, run.position, len(run.validations)) == ("validated", 10_030, 1)


def test_a_validation_frame_that_misses_is_not_kept_but_swept_in_full() -> None:
    rig = learned_rig(best=10_012)
    rig.script("measure_frame", rig.ideal, rig.ideal, measured(4.0), measured(4.1))
    run_now(rig)
    run = only(rig)
    assert swept(rig) == [10_045, 9_955, *FULL]
    assert run.doubted is not None
    assert run.doubted.accepted
    assert (run.outcome, run.position) == ("validated", 10_012)


def test_a_validation_frame_that_misses_once_is_repeated_as_ever() -> None:
    rig = learned_rig(best=10_012)
    rig.script("measure_frame", rig.ideal, rig.ideal, measured(4.0))
    run_now(rig)
    assert (len(only(rig).points), only(rig).outcome) == (2, "validated")


def test_a_frame_without_stars_means_a_whole_sweep() -> None:
    rig = learned_rig()
    rig.script("measure_frame", measured(None))
    run_now(rig)
    assert swept(rig) == [10_045, 9_955, *FULL]
    assert only(rig).outcome == "validated"


def test_where_the_travel_does_not_hold_the_two_the_whole_sweep_is_shifted_as_ever() -> None:
    rig = learned_rig(position=40, best=40)
    run_now(rig)
    assert swept(rig) == [120, 105, 90, 75, 60, 45, 30, 15, 0]


def test_a_cancel_in_the_whole_sweep_that_follows_returns_to_where_the_run_began() -> None:
    rig = learned_rig(best=10_052)
    begin_run(rig, "Refocusing.Fitting")
    rig.answer()
    assert rig.leaf == "Refocusing.Moving"
    rig.until("Refocusing.Exposing")
    rig.tell(events.CancelRequested())
    assert (only(rig).outcome, rig.position) == ("cancelled", 10_000)


def test_a_device_that_fails_in_it_fails_the_run_as_ever() -> None:
    rig = learned_rig()
    fail(rig, "take_frame", 2)
    run_now(rig)
    assert (only(rig).outcome, rig.position) == ("restored", 10_000)
