"""Filters (O): offsets on a change, runs by way of another filter, last good positions."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from statefocus import events
from statefocus.context import RightFor, Run
from statefocus.effects import Effect, MoveFocuser
from statefocus.offsetting import is_owed, owed_steps
from statefocus.testing import SimulatedRig, failed

from .rigs import begin_run, due, fail, measured, quiet_rig, run_now, to_filter

FILTERS: dict[str, Any] = {
    "L": {"offset_steps": 100},
    "R": {"offset_steps": 130},
    "B": {"offset_steps": 60, "focus": "via", "via": "L"},
    "H": {"offset_steps": 150, "focus": "offset"},
}
"""L and R are focused directly, B by way of L, H is only moved to; nothing is known of any other."""


def filter_rig(first: str = "L", *, refocus: bool = False, **profile: Any) -> SimulatedRig:
    """A rig whose plan began in focus in a filter; a change refocuses only where it is asked for."""
    rig = quiet_rig({"filter_change": refocus}, **{"filters": FILTERS, "best": 10_020, **profile})
    rig.tell(events.PlanStarted(frame_type="Light", filter=first))
    return rig


def asked_filters(rig: SimulatedRig) -> list[str]:
    """What the filter wheel was asked for."""
    return [effect.filter for effect in rig.emitted("set_filter")]


def purposes(rig: SimulatedRig) -> list[str]:
    """What the focuser was moved for, with repetitions left out."""
    told = [move.purpose for move in rig.emitted("move_focuser")]
    return [one for index, one in enumerate(told) if not index or told[index - 1] != one]


# --- O1: offsets on a change ---


@pytest.mark.parametrize("by", ["plan", "person"])
@pytest.mark.parametrize(("now", "position"), [("R", 10_030), ("B", 9_960), ("H", 10_050), ("L", 10_000)])
def test_o1_a_change_moves_the_focuser_by_the_difference_of_the_offsets(now: str, position: int, by: str) -> None:
    rig = filter_rig()
    to_filter(rig, now, by=by)
    assert (rig.position, rig.state.context.runs) == (position, 0)
    assert purposes(rig) == ([] if now == "L" else ["filter_offset"])


def test_o1_there_and_back_again_is_where_it_began() -> None:
    rig = filter_rig()
    for now in ("R", "H", "B", "R", "L"):
        to_filter(rig, now)
    assert rig.moves == [10_030, 10_050, 9_960, 10_030, 10_000]


def test_o1_by_way_of_a_filter_without_a_known_offset_nothing_is_lost_or_doubled() -> None:
    rig = filter_rig()
    for now, position in (("R", 10_030), ("unknown", 10_030), ("R", 10_030), ("unknown", 10_030), ("L", 10_000)):
        to_filter(rig, now)
        assert rig.position == position


def test_o1_a_plan_that_begins_in_a_filter_without_offset_is_not_moved_to_one_that_has() -> None:
    rig = filter_rig("unknown")
    to_filter(rig, "R")
    assert rig.moves == []


def test_o1_nothing_moves_before_anybody_knows_which_filter_is_in_focus() -> None:
    rig = quiet_rig(filters=FILTERS)
    rig.tell(events.FilterChanged(former=None, filter="R"))
    assert rig.moves == []


def test_o1_a_second_plan_in_another_filter_does_not_take_that_for_the_one_in_focus() -> None:
    rig = filter_rig("L")
    rig.tell(events.PlanStarted(frame_type="Light", filter="R"))
    rig.read_temperature(10.0)
    assert rig.position == 10_030


def test_o1_a_plan_that_names_no_filter_leaves_the_one_that_is_known() -> None:
    rig = filter_rig("L")
    rig.tell(events.PlanStarted(frame_type="Light"))
    to_filter(rig, "R")
    assert rig.position == 10_030


def test_o1_during_an_exposure_it_waits_for_the_frame() -> None:
    rig = filter_rig()
    rig.open_shutter()
    to_filter(rig, "R", by="person")
    rig.read_temperature(10.0)
    assert rig.moves == []
    rig.close_shutter()
    assert rig.moves == [10_030]


def test_o1_while_a_focusing_aid_is_open_it_waits_until_it_is_closed() -> None:
    rig = filter_rig()
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    to_filter(rig, "R")
    assert rig.moves == []
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    assert rig.moves == [10_030]


def test_o1_where_nobody_looks_at_the_focuser_the_closed_aid_itself_lets_it_move() -> None:
    rig = filter_rig(focuser={"watch_every_s": 0})
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    to_filter(rig, "R")
    rig.send(events.AidClosed(aid="Bahtinov Aid"))
    assert [effect.kind for effect in rig.waiting] == ["move_focuser"]


def test_o1_while_the_mount_flips_it_waits_for_the_end_of_the_flip() -> None:
    rig = filter_rig()
    rig.tell(events.FlipStarted())
    to_filter(rig, "R")
    assert rig.moves == []
    rig.tell(events.FlipFinished())
    assert rig.moves == [10_030]


def test_o1_while_the_wheel_turns_on_it_waits() -> None:
    rig = filter_rig()
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    to_filter(rig, "R")
    rig.tell(events.FilterChanging(filter="B"))
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    assert rig.moves == []
    rig.tell(events.FilterChanged(former="R", filter="B"))
    assert rig.moves == [9_960]


def test_o1_once_the_session_is_ending_nothing_moves_any_more() -> None:
    rig = filter_rig()
    rig.tell(events.SessionEnding())
    to_filter(rig, "R")
    assert rig.moves == []


def test_o1_while_nobody_knows_where_the_focuser_is_nothing_moves() -> None:
    rig = filter_rig(failure={"restore_retries": 0})
    begin_run(rig)
    fail(rig, "move_focuser")
    rig.tell(events.CancelRequested())
    moves = len(rig.moves)
    to_filter(rig, "R")
    assert (rig.runs[0].outcome, len(rig.moves)) == ("lost", moves)


def test_o1_without_a_known_position_nothing_moves() -> None:
    rig = filter_rig()
    rig.state, rig.looks = rig.session.begin(rig.t), False
    rig.tell(events.SessionStarted(position=None))
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    to_filter(rig, "R")
    assert (rig.moves, is_owed(rig.state.context)) == ([], False)


def test_o1_a_change_by_hand_in_the_middle_of_a_run_is_made_up_for_after_it() -> None:
    rig = filter_rig()
    begin_run(rig)
    to_filter(rig, "R", by="person")
    assert [run.outcome for run in rig.runs] == ["cancelled"]
    assert (rig.position, purposes(rig)) == (10_030, ["sweep", "restore", "filter_offset"])


def test_o1_a_move_that_failed_is_told_stays_owed_and_is_tried_again_after_a_while() -> None:
    rig = filter_rig(failure={"retry_after_min": 5.0})
    fail(rig, "move_focuser")
    to_filter(rig, "R")
    told = rig.emitted("notify")[-1]
    assert (told.level, told.sentence) == ("warning", "The move for filter R failed: move_focuser failed on purpose.")
    failed_t = rig.t
    rig.t = failed_t + 299.9
    rig.tell(events.TemperatureRead(focuser_c=10.0))
    assert len(rig.moves) == 1
    rig.t = failed_t + 300.0
    rig.tell(events.TemperatureRead(focuser_c=10.0))
    assert (rig.position, len(rig.moves)) == (10_030, 2)
    to_filter(rig, "L")
    assert rig.position == 10_000


@pytest.mark.parametrize("told", [events.CancelRequested(), events.SessionEnding()], ids=lambda event: str(event.kind))
def test_o1_a_move_under_way_is_finished_not_torn_apart(told: events.Event) -> None:
    rig = filter_rig()
    rig.send(events.FilterChanged(former="L", filter="R"))
    steps = rig.send(told)
    assert [(step.outcome, step.row) for step in steps if step.machine == "offsets"] == [("stayed", "finish-first")]
    rig.until("")
    assert (rig.position, rig.state.leaves["offsets"], rig.state.at_rest) == (10_030, "Still", True)


@pytest.mark.parametrize("change", ["R", "B"])
def test_o1_the_focuser_goes_no_further_than_it_reaches(change: str) -> None:
    outer = change == "R"
    rig = filter_rig(position=9_990 if outer else 20, max_step=10_000, best=9_990 if outer else 20)
    begin_run(rig)  # which tells how far it goes
    rig.tell(events.CancelRequested())
    to_filter(rig, change)
    assert rig.position == (10_000 if outer else 0)


@pytest.mark.parametrize("change", ["R", "B"])
def test_o1_what_the_end_of_the_travel_keeps_back_is_neither_lost_nor_doubled(change: str) -> None:
    outer = change == "R"
    rig = filter_rig(position=9_990 if outer else 20, max_step=10_000)
    begin_run(rig)
    rig.tell(events.CancelRequested())
    begun = rig.position
    to_filter(rig, change)
    to_filter(rig, "H")
    to_filter(rig, change)
    to_filter(rig, "L")
    assert rig.position == begun


def test_o1_at_the_inner_end_a_move_that_would_be_none_is_not_made() -> None:
    rig = filter_rig(position=0, best=0)
    to_filter(rig, "B")
    assert rig.moves == []


def test_a7_an_outward_offset_ends_inward_as_the_sweep_does() -> None:
    rig = filter_rig()
    run_now(rig)
    to_filter(rig, "R")
    move = rig.emitted("move_focuser")[-1]
    assert (move.purpose, move.position, move.via) == ("filter_offset", 10_050, (10_110,))


def test_a_filter_change_during_a_correction_waits_for_it_and_neither_is_lost() -> None:
    rule = {"enabled": True, "mode": "real_time", "steps_per_degree": 12.0, "average_readings": 1}
    rig = filter_rig(compensation=rule)
    rig.read_temperature(10.0)
    rig.t += 10.0
    rig.send(events.TemperatureRead(focuser_c=9.0))
    rig.send(events.FilterChanged(former="L", filter="R"))
    assert [effect.kind for effect in rig.waiting] == ["move_focuser"]
    rig.until("")
    rig.read_temperature(9.0)
    assert rig.moves == [9_988, 10_018]


def test_a_correction_during_the_move_for_a_filter_waits_for_it_and_neither_is_lost() -> None:
    rule = {"enabled": True, "mode": "real_time", "steps_per_degree": 12.0, "average_readings": 1}
    rig = filter_rig(compensation=rule)
    rig.read_temperature(10.0)
    rig.send(events.FilterChanged(former="L", filter="R"))
    rig.t += 10.0
    rig.send(events.TemperatureRead(focuser_c=9.0))
    assert [effect.kind for effect in rig.waiting] == ["move_focuser"]
    rig.until("")
    rig.t += 10.0
    rig.tell(events.TemperatureRead(focuser_c=9.0))
    assert rig.moves == [10_030, 10_018]


# --- O2: which filter is focused, and how ---


def test_o2_direct_refocuses_in_the_new_filter_around_where_its_offset_says() -> None:
    rig = filter_rig(refocus=True, best=10_040)
    to_filter(rig, "R")
    (run,) = rig.runs
    assert (run.causes, run.filter, run.outcome, run.start_position) == (("filter",), "R", "validated", 10_000)
    middle = run.sweep.positions[len(run.sweep.positions) // 2]
    assert (middle, rig.position, asked_filters(rig)) == (10_030, 10_040, [])
    assert purposes(rig) == ["sweep", "best"]


def test_o2_direct_is_direct_also_where_another_filter_is_named() -> None:
    rig = filter_rig("R", filters=FILTERS | {"R": {"offset_steps": 130, "focus": "direct", "via": "L"}})
    run_now(rig)
    assert ([run.filter for run in rig.runs], asked_filters(rig)) == (["R"], [])


def test_o2_after_a_direct_run_the_position_is_right_for_that_filter() -> None:
    rig = filter_rig(refocus=True, best=10_040)
    to_filter(rig, "R")
    to_filter(rig, "H")
    assert rig.position == 10_060


def test_o2_offset_alone_makes_no_refocus() -> None:
    rig = filter_rig(refocus=True)
    to_filter(rig, "H")
    assert (rig.position, rig.state.context.runs, due(rig)) == (10_050, 0, [])


def test_o2_in_a_filter_that_only_gets_its_offset_other_triggers_focus_directly() -> None:
    rig = filter_rig("H", best=10_020)
    run_now(rig)
    assert [(run.filter, run.outcome) for run in rig.runs] == [("H", "validated")]
    assert asked_filters(rig) == []


def via_rig(**profile: Any) -> SimulatedRig:
    """A rig whose plan is in B, which is focused by way of L; L is in focus at 10 020, and so B at 9 980."""
    return filter_rig("B", **profile)


def test_o2_via_turns_to_the_other_filter_focuses_turns_back_and_applies_the_offset() -> None:
    rig = via_rig()
    run_now(rig)
    (run,) = rig.runs
    assert (run.filter, run.home_filter, run.outcome, run.offset_made) == ("L", "B", "validated", True)
    assert (asked_filters(rig), rig.position, rig.state.context.plan.filter) == (["L", "B"], 9_980, "B")
    assert purposes(rig) == ["sweep", "best", "filter_offset"]
    kinds = [effect.kind for step in rig.steps for effect in step.effects if effect.kind != "notify"]
    assert kinds[-5:] == ["release_focuser", "set_filter", "move_focuser", "start_timer", "resume_plan"]
    assert kinds.index("set_filter") < kinds.index("move_focuser")


def test_o2_via_the_sweep_is_centred_where_the_other_filter_is_expected() -> None:
    rig = via_rig()
    run_now(rig)
    targets = rig.runs[0].sweep.positions
    assert targets[len(targets) // 2] == 10_040


def test_o2_via_the_offset_after_the_run_is_not_made_twice() -> None:
    rig = via_rig()
    run_now(rig)
    rig.read_temperature(10.0)
    rig.take_frames(1)
    assert rig.position == 9_980
    to_filter(rig, "R")
    assert rig.position == 10_050


def test_o2_via_frames_are_taken_with_the_settings_of_the_filter_that_they_are_taken_in() -> None:
    own = {"L": {"exposure_s": 2.0, "binning": 2}, "B": {"exposure_s": 9.0, "binning": 1}}
    rig = via_rig(autofocus={"filters": own})
    run_now(rig)
    assert {(frame.exposure_s, frame.binning) for frame in rig.emitted("take_frame")} == {(2.0, 2)}


def test_o2_via_a_change_by_the_plan_refocuses_by_way_of_the_other_filter() -> None:
    rig = filter_rig(refocus=True)
    to_filter(rig, "B")
    assert [(run.causes, run.filter) for run in rig.runs] == [(("filter",), "L")]
    assert (rig.position, due(rig)) == (9_980, [])


def test_o2_via_a_run_by_hand_goes_by_way_of_the_other_filter_too() -> None:
    rig = via_rig()
    rig.tell(events.RunRequested())
    assert (asked_filters(rig), rig.position) == (["L", "B"], 9_980)


def test_o2_via_a_filter_that_is_parfocal_with_the_other_one_needs_no_move_after_the_run() -> None:
    rig = via_rig(filters=FILTERS | {"B": {"offset_steps": 100, "focus": "via", "via": "L"}})
    run_now(rig)
    assert (asked_filters(rig), purposes(rig), rig.position) == (["L", "B"], ["sweep", "best"], 10_020)


def test_o2_in_the_other_filter_itself_the_wheel_stays() -> None:
    rig = filter_rig("L")
    run_now(rig)
    assert (asked_filters(rig), rig.runs[0].home_filter, rig.position) == ([], None, 10_020)


def test_o2_via_an_unvalidated_focus_that_is_kept_gets_the_offset_too() -> None:
    rig = via_rig(validation={"on_miss": "keep"})
    rig.script("measure_frame", *[rig.ideal] * 9, measured(4.0), measured(4.0))  # an ideal answer is a reply too
    run_now(rig)
    assert [run.outcome for run in rig.runs] == ["unvalidated"]
    assert (asked_filters(rig), rig.position) == (["L", "B"], 9_980)


LEAVES = (
    "Refocusing.Filtering",
    "Refocusing.Moving",
    "Refocusing.Settling",
    "Refocusing.Exposing",
    "Refocusing.Measuring",
    "Refocusing.Fitting",
    "Validating.Moving",
    "Validating.Settling",
    "Validating.Exposing",
    "Validating.Measuring",
)
ENDS: dict[str, events.Event] = {
    "cancel": events.CancelRequested(),
    "session end": events.SessionEnding(),
    "unsafe": events.SafetyRead(safe=False),
    "flip": events.FlipStarted(),
    "a third filter": events.FilterChanged(former="L", filter="R", by="person"),
}


@pytest.mark.parametrize("leaf", LEAVES)
@pytest.mark.parametrize("end", ENDS)
def test_o2_via_whatever_ends_the_run_and_whenever_the_wheel_turns_back(leaf: str, end: str) -> None:
    rig = via_rig()
    begin_run(rig, leaf)
    rig.send(ENDS[end])
    assert rig.leaf == "Restoring.Halting"
    rig.until("")
    assert (rig.runs[0].outcome, asked_filters(rig), rig.position) == ("cancelled", ["L", "B"], 10_000)
    assert (rig.state.context.plan.filter, owed_steps(rig.state.context)) == ("B", 0)


@pytest.mark.parametrize("leaf", ["Refocusing.Holding", "Refocusing.Readying"])
@pytest.mark.parametrize("end", ENDS)
def test_o2_via_before_the_wheel_was_asked_to_turn_it_is_left_alone(leaf: str, end: str) -> None:
    rig = via_rig()
    begin_run(rig, leaf)
    rig.send(ENDS[end])
    rig.until("")
    assert (rig.runs[0].outcome, asked_filters(rig)) == ("cancelled", [])


@pytest.mark.parametrize("leaf", ["Refocusing.Moving", "Refocusing.Exposing", "Validating.Moving"])
def test_o2_via_a_person_who_turns_the_wheel_back_in_the_middle_interrupts_the_run(leaf: str) -> None:
    """Half of its points would be those of another filter."""
    rig = via_rig()
    begin_run(rig, leaf)
    rig.send(events.FilterChanged(former="L", filter="B", by="person"))
    assert rig.leaf == "Restoring.Halting"
    rig.until("")
    assert rig.runs[0].reason == "The filter was changed to B."


def test_o2_via_what_the_host_tells_of_our_own_turning_interrupts_nothing() -> None:
    rig = via_rig()
    begin_run(rig, "Refocusing.Filtering")
    rig.send(events.FilterChanged(former="B", filter="L", by="person"))
    rig.until("Concluding.Refiltering")
    rig.send(events.FilterChanged(former="L", filter="B", by="person"))
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["validated"]


@pytest.mark.parametrize("happened", ["B", "L"])
def test_o2_via_either_filter_is_right_while_the_wheel_turns(happened: str) -> None:
    rig = via_rig()
    begin_run(rig, "Refocusing.Filtering")
    rig.send(events.FilterChanged(former="R", filter=happened, by="person"))
    assert rig.leaf == "Refocusing.Filtering"


@pytest.mark.parametrize(
    ("kind", "times"), [("set_filter", 1), ("take_frame", 2), ("measure_frame", 1), ("start_timer", 1)]
)
def test_o2_via_a_run_that_fails_turns_the_wheel_back_and_leaves_the_focuser_where_it_began(
    kind: str, times: int
) -> None:
    rig = via_rig()
    fail(rig, kind, times)
    run_now(rig)
    assert (rig.runs[0].outcome, rig.runs[0].reason) == ("restored", f"{kind} failed on purpose.")
    assert (asked_filters(rig), rig.position, rig.leaf) == (["L", "B"], 10_000, "Imaging.Idle")


def test_o2_via_a_sweep_that_is_refused_does_not_turn_the_wheel() -> None:
    rig = via_rig(max_step=100, position=50, best=50)
    run_now(rig)
    assert (rig.runs[0].outcome, asked_filters(rig), rig.moves) == ("restored", [], [])


def test_o2_via_a_wheel_that_does_not_turn_back_is_asked_again() -> None:
    rig = via_rig(failure={"restore_retries": 3, "retry_wait_s": 7.0})
    begin_run(rig, "Concluding.Refiltering")
    fail(rig, "set_filter", 3)
    rig.until("")
    assert (asked_filters(rig), rig.position, rig.leaf) == (["L", *["B"] * 4], 9_980, "Imaging.Idle")
    assert [timer.seconds for timer in rig.emitted("start_timer") if timer.purpose == "retry"] == [7.0] * 3


def test_o2_via_also_when_the_timer_between_two_tries_fails() -> None:
    rig = via_rig()
    begin_run(rig, "Concluding.Refiltering")
    fail(rig, "set_filter")
    fail(rig, "start_timer")
    rig.until("")
    assert (asked_filters(rig), rig.leaf) == (["L", "B", "B"], "Imaging.Idle")


def test_o2_via_a_wheel_that_is_stuck_leaves_the_plan_paused_and_tells() -> None:
    rig = via_rig(failure={"restore_retries": 2})
    begin_run(rig, "Concluding.Refiltering")
    fail(rig, "set_filter", 3)
    rig.until("")
    told = rig.emitted("notify")[-1]
    assert (rig.leaf, rig.held, rig.state.context.plan.paused) == ("Paused", True, True)
    assert len(rig.emitted("leave_plan_paused")) == 1
    assert told.level == "error"
    assert "does not turn back to B after the run: set_filter failed on purpose." in told.sentence
    assert rig.runs[0].outcome == "validated"


def test_o2_via_once_a_person_has_turned_the_stuck_wheel_the_offset_is_made() -> None:
    rig = via_rig(failure={"restore_retries": 0})
    begin_run(rig, "Concluding.Refiltering")
    fail(rig, "set_filter")
    rig.until("")
    assert rig.position == 10_020
    to_filter(rig, "B", by="person")
    assert rig.position == 9_980


def test_o2_via_tries_of_the_wheel_are_not_taken_from_those_of_the_host() -> None:
    rig = via_rig(failure={"restore_retries": 2})
    begin_run(rig, "Concluding.Refiltering")
    fail(rig, "set_filter", 2)
    fail(rig, "resume_plan", 2)
    rig.until("")
    assert (rig.leaf, rig.held) == ("Imaging.Idle", False)


def test_o2_via_an_offset_that_fails_after_the_run_is_told_and_tried_again_by_itself() -> None:
    rig = via_rig()
    begin_run(rig, "Concluding.Offsetting")
    fail(rig, "move_focuser")
    rig.until("")
    sentences = [told.sentence for told in rig.emitted("notify")]
    assert sentences == [
        "The filter's offset could not be applied after the run: move_focuser failed on purpose.",
    ]
    assert (rig.runs[0].outcome, rig.runs[0].offset_made, rig.position) == ("validated", False, 9_980)


def halfway(rig: SimulatedRig) -> None:
    """Let the next move stop half-way, and fail."""

    def slipped(effect: Effect) -> events.Event:
        assert isinstance(effect, MoveFocuser)
        rig.position = (rig.position + effect.position) // 2
        return failed(effect)

    rig.script("move_focuser", slipped)


def test_o1_a_move_that_failed_half_way_is_not_made_twice_after_a_run_that_did_not_focus() -> None:
    rig = filter_rig()
    halfway(rig)
    to_filter(rig, "R")
    assert rig.position == 10_015
    rig.send(events.RunRequested())
    rig.until("Refocusing.Measuring")
    rig.tell(events.CancelRequested())
    rig.t += 3600.0
    rig.read_temperature(10.0)
    assert rig.position == 10_030


def test_o2_via_an_offset_after_the_run_that_failed_half_way_is_not_made_twice_either() -> None:
    rig = via_rig()
    begin_run(rig, "Concluding.Offsetting")
    halfway(rig)
    halfway(rig)
    rig.until("")
    assert rig.position != 9_980
    rig.send(events.RunRequested())
    rig.until("Refocusing.Measuring")
    rig.tell(events.CancelRequested())
    rig.t += 3600.0
    rig.read_temperature(10.0)
    assert rig.position == 9_980


def test_a_person_who_turned_the_focuser_is_believed() -> None:
    """No move has failed: a run returns to where it found the focuser."""
    rig = filter_rig()
    rig.position = 10_010
    begin_run(rig)
    rig.tell(events.CancelRequested())
    assert rig.position == 10_010


@pytest.mark.parametrize("position", ["inner", "outer"])
def test_o2_via_the_offset_after_a_run_goes_no_further_than_the_focuser_reaches(position: str) -> None:
    inner = position == "inner"
    own = FILTERS | {"B": {"offset_steps": 0 if inner else 230, "focus": "via", "via": "L"}}
    best = 70 if inner else 9_880
    rig = filter_rig("B", filters=own, position=best, best=best, max_step=10_000)
    rig.state = replace(rig.state, context=replace(rig.state.context, right_for=RightFor("L")))
    run_now(rig)
    assert rig.runs[0].outcome == "validated"
    assert rig.position == (0 if inner else 10_000)
    to_filter(rig, "L")
    assert rig.position == best


def test_o2_via_a_driver_that_does_not_take_its_own_compensation_back_changes_nothing_of_that() -> None:
    rig = via_rig()
    fail(rig, "release_focuser")
    run_now(rig)
    assert (asked_filters(rig), rig.position, rig.leaf) == (["L", "B"], 9_980, "Imaging.Idle")
    assert "could not be set back as it was" in rig.emitted("notify")[-1].sentence


@pytest.mark.parametrize(("policy", "leaf"), [("pause", "Paused"), ("abort", "Imaging.Idle")])
def test_o2_via_after_a_failure_the_wheel_turns_back_before_the_policy_rules(policy: str, leaf: str) -> None:
    rig = via_rig(failure={"policy": policy})
    fail(rig, "take_frame", 2)
    run_now(rig)
    assert (asked_filters(rig), rig.leaf) == (["L", "B"], leaf)
    kinds = [effect.kind for step in rig.steps for effect in step.effects if effect.kind != "notify"]
    assert kinds[-2:] == ["set_filter", {"pause": "leave_plan_paused", "abort": "abort_plan"}[policy]]


def test_o2_via_after_a_failure_a_stuck_wheel_does_not_keep_the_plan_that_the_policy_gives_up() -> None:
    rig = via_rig(failure={"policy": "abort", "restore_retries": 1})
    fail(rig, "take_frame", 2)
    begin_run(rig, "Concluding.Refiltering")
    fail(rig, "set_filter", 2)
    rig.until("")
    assert rig.leaf == "Imaging.Idle"
    assert len(rig.emitted("abort_plan")) == 1
    assert "Turn it yourself" in " ".join(told.sentence for told in rig.emitted("notify"))


def test_o2_via_a_flip_that_interrupts_and_ends_meanwhile_is_followed_by_a_run_before_the_plan_resumes() -> None:
    rig = quiet_rig({"meridian_flip": True}, filters=FILTERS, best=10_020)
    rig.tell(events.PlanStarted(frame_type="Light", filter="B"))
    begin_run(rig)
    rig.send(events.FlipStarted())
    rig.send(events.FlipFinished())
    rig.until("Concluding.Refiltering")
    (step,) = rig.send(rig.ideal(rig.waiting.popleft()))
    assert (step.row, step.after) == ("flipped-meanwhile", "Refocusing.Holding")
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["cancelled", "validated"]
    assert rig.runs[-1].causes == ("flip", "asap")
    assert (asked_filters(rig), rig.position) == (["L", "B"] * 2, 9_980)
    assert len(rig.emitted("resume_plan")) == 1


def test_o2_via_the_run_is_compared_with_those_of_the_filter_that_it_was_made_in() -> None:
    rig = via_rig()
    run_now(rig)
    assert [past.filter for past in rig.state.context.history] == ["L"]


# --- O3: last good positions ---


def last_rig() -> SimulatedRig:
    """A rig without offsets, focused in L at 10 000 and in R at 10 033."""
    own = {"L": {"last_position": True}, "R": {"last_position": True}, "never": {"last_position": True}, "X": {}}
    rig = quiet_rig(filters=own, best=10_000)
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    run_now(rig)
    to_filter(rig, "R")
    rig.best = 10_033
    run_now(rig)
    return rig


def test_o3_a_change_goes_to_where_the_filter_was_last_focused() -> None:
    rig = last_rig()
    for now, position in (("L", 10_000), ("R", 10_033), ("L", 10_000)):
        to_filter(rig, now)
        assert rig.position == position


def test_o3_a_filter_that_was_never_focused_stays_where_the_last_one_was() -> None:
    rig = last_rig()
    to_filter(rig, "never")
    assert rig.position == 10_033


def test_o3_only_where_the_profile_wants_it() -> None:
    rig = last_rig()
    to_filter(rig, "X")
    rig.best = 10_060
    run_now(rig)
    to_filter(rig, "L")
    assert rig.position == 10_000
    to_filter(rig, "X")
    assert rig.position == 10_000


def test_o3_where_both_offsets_are_known_they_are_what_counts() -> None:
    rig = quiet_rig(filters={"L": {"offset_steps": 0}, "R": {"offset_steps": 30, "last_position": True}}, best=10_000)
    rig.tell(events.PlanStarted(frame_type="Light", filter="R"))
    run_now(rig)
    to_filter(rig, "L")
    rig.best = 9_990
    run_now(rig)
    to_filter(rig, "R")
    assert rig.position == 10_020


def test_o3_a_run_that_was_not_validated_leaves_no_good_position() -> None:
    rig = last_rig()
    rig.best = 10_060
    rig.script("measure_frame", *[rig.ideal] * 9, measured(4.0), measured(4.0))  # an ideal answer is a reply too
    run_now(rig)
    assert rig.runs[-1].outcome == "unvalidated"
    assert rig.state.context.last_good == {"L": 10_000, "R": 10_033}


def test_o3_a_run_in_no_known_filter_leaves_none_either() -> None:
    rig = quiet_rig()
    run_now(rig)
    run: Run = rig.runs[0]
    assert (run.outcome, rig.state.context.last_good) == ("validated", {})


# --- what a position is right for ---


def test_a12_after_an_undo_the_position_counts_for_the_filter_that_it_counted_for_before_the_run() -> None:
    rig = filter_rig("L", position=10_000, best=10_020)
    rig.state = replace(rig.state, context=replace(rig.state.context, right_for=RightFor("H", 3)))
    run_now(rig)
    assert rig.state.context.right_for == RightFor("L", 0)
    rig.send(events.UndoRequested())
    rig.until("Imaging")
    assert rig.state.context.right_for == RightFor("H", 3)


def test_a12_an_undo_that_does_not_arrive_leaves_the_position_counting_for_the_filter_of_the_run() -> None:
    rig = filter_rig("L", position=10_000, best=10_020)
    rig.state = replace(rig.state, context=replace(rig.state.context, right_for=RightFor("H", 3)))
    run_now(rig)
    fail(rig, "prepare_focuser")
    rig.tell(events.UndoRequested())
    assert rig.state.context.right_for == RightFor("L", 0)


def test_a_plan_that_names_its_filter_for_the_first_time_does_not_interrupt_a_run_by_hand() -> None:
    rig = quiet_rig()
    rig.send(events.RunRequested())
    rig.until("Refocusing.Exposing")
    rig.tell(events.FilterChanged(filter="L", former=None))
    assert [(run.outcome, run.filter) for run in rig.runs] == [("validated", "L")]


def test_a_filter_that_turns_after_it_was_named_interrupts_a_run_by_hand() -> None:
    rig = quiet_rig()
    rig.send(events.RunRequested())
    rig.until("Refocusing.Exposing")
    rig.send(events.FilterChanged(filter="L", former=None))
    rig.send(events.FilterChanged(filter="R", former="L"))
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["cancelled"]
