"""The run: the sweep (A1, A2, A8), Run Again, cancel and undo (A11-A13), validation (V), and giving everything back."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace
from rich.console import Console

from statefocus import events
from statefocus.context import Context, Run
from statefocus.effects import Effect
from statefocus.faces.progress import Progress
from statefocus.focus.points import FocusPoint
from statefocus.focusing import best_position, other_centre, predicted, validation_passed
from statefocus.testing import SimulatedRig, failed
from statefocus.trace.records import run_record

from .rigs import begin_run, due, fail, measured, quiet_rig, run_now


def swept(rig: SimulatedRig) -> list[int]:
    """Where the sweep of the first run went."""
    return [move.position for move in rig.emitted("move_focuser") if move.purpose == "sweep"]


def only(rig: SimulatedRig) -> Run:
    (run,) = rig.runs
    return run


# --- A1, A2, A7: the sweep ---


def test_a1_seven_points_of_ten_steps_go_out_by_thirty_then_inward_six_times() -> None:
    rig = quiet_rig(autofocus={"points": 7, "step_size_steps": 10}, position=1000, best=1000)
    run_now(rig)
    assert swept(rig) == [1030, 1020, 1010, 1000, 990, 980, 970]


def test_a1_three_points_of_ten_steps_at_a_thousand() -> None:
    rig = quiet_rig(autofocus={"points": 3, "step_size_steps": 10}, position=1000, best=1000)
    rig.slope = 0.3
    run_now(rig)
    assert swept(rig) == [1010, 1000, 990]
    assert (only(rig).outcome, only(rig).position) == ("validated", 1000)


def test_a7_the_way_out_goes_beyond_so_that_every_position_is_reached_inward() -> None:
    rig = quiet_rig(focuser={"backlash": "overshoot", "overshoot_steps": 80}, best=10_020)
    run_now(rig)
    vias = [(move.purpose, move.via) for move in rig.emitted("move_focuser") if move.via]
    assert vias == [("sweep", (10_140,)), ("best", (10_100,))]


def test_a7_without_backlash_compensation_every_move_is_direct() -> None:
    rig = quiet_rig(focuser={"backlash": "none"}, best=10_020)
    run_now(rig)
    assert all(move.via == () for move in rig.emitted("move_focuser"))


@pytest.mark.parametrize(
    ("position", "best", "positions"),
    [
        (20, 60, list(range(120, -1, -15))),
        (49_990, 49_900, list(range(49_940, 49_819, -15))),
    ],
    ids=["inner-end", "outer-end"],
)
def test_a1_a_sweep_that_would_leave_the_travel_is_shifted(position: int, best: int, positions: list[int]) -> None:
    rig = quiet_rig(position=position, best=best)
    run_now(rig)
    assert swept(rig) == positions
    assert (only(rig).outcome, only(rig).position) == ("validated", best)


def test_a1_a_sweep_longer_than_the_travel_is_refused_before_any_move() -> None:
    rig = quiet_rig(max_step=119, position=60)
    run_now(rig)
    assert (rig.moves, only(rig).outcome) == ([], "restored")
    assert "needs 120 steps of travel, and the focuser has 119" in only(rig).reason
    assert not rig.held
    assert len(rig.emitted("prepare_focuser")) == 1


def test_a2_a_focuser_that_is_not_absolute_is_refused_before_any_move() -> None:
    rig = quiet_rig()
    rig.absolute = False
    run_now(rig)
    assert (rig.moves, only(rig).outcome) == ([], "restored")
    assert "not absolute" in only(rig).reason


def test_a7_absolute_compensation_too_ends_every_outward_move_inward() -> None:
    rig = quiet_rig(focuser={"backlash": "absolute", "backlash_in_steps": 40, "backlash_out_steps": 40}, best=10_020)
    run_now(rig)
    vias = [(move.purpose, move.via) for move in rig.emitted("move_focuser") if move.via]
    assert vias == [("sweep", (10_120,)), ("best", (10_080,))]


def test_a8_the_way_back_is_settled_before_the_plan_goes_on() -> None:
    rig = quiet_rig(focuser={"settle_s": 2.5}, best=10_025)
    begin_run(rig)
    rig.tell(events.CancelRequested())
    settled = {move.purpose: move.settle_s for move in rig.emitted("move_focuser")}
    assert settled == {"sweep": 0.0, "restore": 2.5}  # the sweep settles in a state of its own


@pytest.mark.parametrize("fast", [True, False])
def test_a6_focus_frames_ask_for_fast_read_out_where_the_profile_does(fast: bool) -> None:
    rig = quiet_rig(autofocus={"fast_readout": fast})
    run_now(rig)
    assert {frame.fast_readout for frame in rig.emitted("take_frame")} == {fast}


def test_a8_each_move_is_followed_by_the_settle_time() -> None:
    rig = quiet_rig(focuser={"settle_s": 2.5})
    run_now(rig)
    assert [timer.seconds for timer in rig.emitted("start_timer") if timer.purpose == "settle"] == [2.5] * 10


def test_a3_focus_frames_use_the_settings_of_the_filter() -> None:
    own = {"exposure_s": 8.0, "gain": 200, "binning": 2}
    rig = quiet_rig(autofocus={"exposure_s": 3.0, "filters": {"Ha": own}})
    rig.tell(events.FilterChanged(former="L", filter="Ha"))
    run_now(rig)
    frames = {(frame.exposure_s, frame.gain, frame.binning) for frame in rig.emitted("take_frame")}
    assert frames == {(8.0, 200, 2)}
    assert {frame.binning for frame in rig.emitted("measure_frame")} == {2}


def test_the_plan_is_held_before_the_focuser_is_touched_and_let_go_at_the_end() -> None:
    rig = quiet_rig()
    rig.start_plan()
    run_now(rig)
    kinds = [effect.kind for step in rig.steps for effect in step.effects]
    assert kinds[:2] == ["pause_plan", "prepare_focuser"]
    assert kinds[-3:] == ["release_focuser", "start_timer", "resume_plan"]


# --- A14: the result stays in view ---


def shown_rig(**tables: Any) -> SimulatedRig:
    """A rig whose plan waits for a minute after a run, stopped there."""
    rig = quiet_rig(autofocus={"hold_after_focus_s": 60.0}, best=10_020, **tables)
    rig.start_plan()
    begin_run(rig, "Concluding.Showing")
    return rig


def shown_s(rig: SimulatedRig) -> list[float]:
    return [timer.seconds for timer in rig.emitted("start_timer") if timer.purpose == "show"]


def test_a14_the_plan_waits_while_the_result_is_in_view() -> None:
    rig = shown_rig()
    begun = rig.t
    assert rig.held
    rig.until("")
    assert (rig.t - begun, rig.held, only(rig).outcome) == (60.0, False, "validated")


def test_a14_a_run_took_as_long_as_until_its_result_was_in_view() -> None:
    rig = shown_rig()
    begun, shown = rig.state.context.run.started_t if rig.state.context.run else 0.0, rig.t
    rig.until("")
    record = run_record(only(rig), rig.log[-1].state.context)
    assert record["duration_s"] == shown - begun > 0
    unheld = quiet_rig(best=10_020)
    unheld.start_plan()
    begin_run(unheld, "Concluding.Showing")
    assert unheld.state.context.run is not None
    assert unheld.state.context.run.shown_t is None


def test_a14_the_result_is_told_when_its_view_begins_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    rig = quiet_rig(autofocus={"hold_after_focus_s": 60.0}, best=10_020)
    progress = Progress(Console(width=200))
    rig.start_plan()
    begin_run(rig, "Concluding.Showing")
    for one in rig.log:
        progress.saw(one.event, one.steps, one.state)
    heard = len(rig.log)
    assert "run 1 validated, focuser at 10020" in capsys.readouterr().out
    rig.until("")
    for one in rig.log[heard:]:
        progress.saw(one.event, one.steps, one.state)
    assert "run 1" not in capsys.readouterr().out


def test_a14_only_what_takes_the_ground_away_ends_the_view() -> None:
    rig = shown_rig()
    rig.send(events.MountRead(tracking=True, parked=False, flip_in_s=86_400.0))
    rig.send(events.SafetyRead(safe=True))
    assert rig.leaf == "Concluding.Showing"
    rig.send(events.HostFocusing())
    assert rig.leaf == "Concluding.Resuming"


def test_a14_a_failed_result_stays_in_view_too() -> None:
    rig = quiet_rig(autofocus={"hold_after_focus_s": 60.0})
    rig.start_plan()
    rig.script("measure_frame", *[measured(None)] * 9)
    run_now(rig)
    assert (only(rig).outcome, shown_s(rig)) == ("restored", [60.0])


def test_a14_a_cancel_ends_the_wait_and_keeps_the_result() -> None:
    rig = shown_rig()
    begun = rig.t
    rig.tell(events.CancelRequested())
    assert (rig.t, rig.held, rig.leaf) == (begun, False, "Imaging.Idle")
    assert (only(rig).outcome, rig.position) == ("validated", 10_020)


@pytest.mark.parametrize(
    "happened",
    [
        events.SessionEnding(),
        events.FlipStarted(),
        events.SafetyRead(safe=False),
        events.MountRead(tracking=True, parked=True),
    ],
    ids=lambda event: str(event.kind),
)
def test_a14_the_wait_is_over_at_once_when_something_else_matters_more(happened: events.Event) -> None:
    rig = shown_rig()
    begun = rig.t
    rig.tell(happened)
    assert (rig.t, rig.held, only(rig).outcome) == (begun, False, "validated")


def test_a14_nothing_is_shown_of_a_cancelled_run_nor_without_a_plan() -> None:
    rig = quiet_rig(autofocus={"hold_after_focus_s": 60.0})
    run_now(rig)
    rig.start_plan()
    begin_run(rig)
    rig.tell(events.CancelRequested())
    assert shown_s(rig) == [0.0, 0.0]


# --- A16: several frames a point ---


def test_a16_each_position_is_left_only_after_all_of_its_frames() -> None:
    rig = quiet_rig(autofocus={"frames_per_point": 3}, best=10_020)
    run_now(rig)
    assert len(swept(rig)) == 9
    assert len(rig.emitted("take_frame")) == 3 * 9 + 1  # and one validation frame
    assert len(only(rig).points) == 9
    assert (only(rig).outcome, only(rig).position) == ("validated", 10_020)


def test_a16_a_frame_without_stars_and_a_spoilt_one_do_not_move_the_point() -> None:
    rig = quiet_rig(autofocus={"frames_per_point": 4})
    rig.script("measure_frame", measured(4.0), measured(None), measured(90.0), measured(4.2))
    run_now(rig)
    first = only(rig).points[0]
    assert (first.position, first.measure, first.stars) == (10_060.0, 4.2, 100)


def test_a16_a_position_whose_frames_all_show_no_star_is_no_measurement() -> None:
    rig = quiet_rig(autofocus={"frames_per_point": 3})
    rig.script("measure_frame", *[measured(None)] * 3)
    run_now(rig)
    assert only(rig).points[0] == FocusPoint(10_060.0, None, None, 0)
    assert only(rig).outcome == "validated"


def test_a16_an_exposure_that_fails_is_tried_again_without_losing_the_frames_before() -> None:
    rig = quiet_rig(autofocus={"frames_per_point": 3})
    rig.script("take_frame", rig.ideal, failed)
    run_now(rig)
    assert (only(rig).outcome, len(rig.emitted("take_frame"))) == ("validated", 29)


# --- A5: what was amiss with the frames ---


def test_a5_a_missing_dark_is_told_once_a_run_and_the_run_goes_on() -> None:
    def without_dark(effect: Effect) -> events.Event:
        return replace(rig.ideal(effect), remark="There is no dark.")

    rig = quiet_rig(best=10_020)
    rig.script("measure_frame", *[without_dark] * 10)
    run_now(rig)
    assert (only(rig).outcome, only(rig).remarks) == ("validated", ("There is no dark.",))
    assert [(told.level, told.sentence) for told in rig.emitted("notify")] == [("warning", "There is no dark.")]


# --- A9: smart focus ---


@pytest.mark.parametrize(
    ("best", "side"), [(9_900, "inward"), (10_100, "outward"), (10_050, "outward")], ids=["inward", "outward", "edge"]
)
def test_a9_a_sweep_that_missed_its_minimum_is_continued_on_that_side_until_it_was_swept(best: int, side: str) -> None:
    rig = quiet_rig(best=best)
    run_now(rig)
    run = only(rig)
    extra = swept(rig)[9:]
    expected = range(9_925, 0, -15) if side == "inward" else range(10_075, 20_000, 15)
    assert extra == list(expected)[: len(extra)]
    assert 0 < len(extra) == run.sweep.extended <= 8
    assert (run.outcome, run.position) == ("validated", best)
    assert run.fit is not None
    assert min(run.sweep.positions) < (run.fit.best_position or 0.0) < max(run.sweep.positions)


def test_a9_each_outward_point_is_approached_inward() -> None:
    rig = quiet_rig(best=10_100)
    run_now(rig)
    moves = [move for move in rig.emitted("move_focuser") if move.purpose == "sweep"][9:]
    assert [move.via for move in moves] == [(move.position + 60,) for move in moves]


@pytest.mark.parametrize(("most", "took"), [(1, "one more point"), (3, "3 more points")])
def test_a9_no_more_points_than_the_profile_says_and_never_a_position_that_was_not_swept(most: int, took: str) -> None:
    rig = quiet_rig(best=10_500, autofocus={"smart_points": most})
    run_now(rig)
    assert swept(rig)[9:] == [10_075, 10_090, 10_105][:most]
    assert (only(rig).outcome, rig.position) == ("restored", 10_000)
    assert f"Smart focus took {took} and still saw no minimum" in only(rig).reason


def test_a9_it_stays_within_the_travel_and_says_so() -> None:
    rig = quiet_rig(position=95, best=-60)
    run_now(rig)
    assert swept(rig)[9:] == [20, 5]
    assert (only(rig).outcome, rig.position) == ("restored", 95)
    assert "cannot take a point further inward: the focuser's travel, 0 to 50000, ends there" in only(rig).reason


@pytest.mark.parametrize(
    "tables",
    [
        {"autofocus": {"smart_focus": False}},
        {"optics": {"obstruction_percent": 30.0}},
        {"autofocus": {"smart_points": 0}},
    ],
    ids=["switched-off", "obstructed", "no-points"],
)
def test_a9_where_it_is_off_the_sweep_is_not_continued(tables: dict[str, Any]) -> None:
    rig = quiet_rig(best=9_900, **tables)
    run_now(rig)
    assert (len(swept(rig)), only(rig).outcome) == (9, "restored")
    assert "Smart focus" not in only(rig).reason


def test_a9_an_obstructed_telescope_may_ask_for_it() -> None:
    rig = quiet_rig(best=9_900, optics={"obstruction_percent": 30.0}, autofocus={"smart_focus": True})
    run_now(rig)
    assert only(rig).outcome == "validated"


def test_a9_a_sweep_that_found_nothing_is_made_once_more_around_its_lowest_points() -> None:
    """Only the innermost position shows a star, and far out of focus."""
    rig = quiet_rig(best=9_940)
    rig.script("measure_frame", *[measured(None)] * 8)
    run_now(rig)
    run = only(rig)
    assert swept(rig)[9:18] == list(range(10_000, 9_879, -15))
    assert (run.outcome, run.position, run.sweep.recentred, len(run.earlier_points)) == ("validated", 9_940, True, 9)


def test_a9_a_sweep_is_recentred_only_once_and_its_refusal_is_a_sentence() -> None:
    rig = quiet_rig()
    rig.script("measure_frame", *[measured(None)] * 8, measured(9.0), *[measured(None)] * 8, measured(9.0))
    run_now(rig)
    assert (len(swept(rig)), only(rig).outcome, rig.position) == (18, "restored", 10_000)
    assert "Smart focus swept once more around the lowest points, and found no focus there either" in only(rig).reason


def test_a9_a_sweep_that_was_made_again_has_to_pass_every_verdict() -> None:
    """Four points of the second sweep would do for a validation frame, had they been seen in the first."""
    first, four = [measured(None)] * 8 + [measured(9.0)], [measured(None)] * 5
    seen = quiet_rig(best=9_963)
    seen.slope = 0.3
    seen.script("measure_frame", *four)
    run_now(seen)
    assert only(seen).outcome == "validated"
    again = quiet_rig(best=9_903)
    again.slope = 0.3
    again.script("measure_frame", *first, *four)
    run_now(again)
    assert (only(again).sweep.recentred, only(again).outcome) == (True, "restored")


def test_a9_without_any_star_there_is_nothing_to_go_by() -> None:
    rig = quiet_rig()
    rig.script("measure_frame", *[measured(None)] * 9)
    run_now(rig)
    assert len(swept(rig)) == 9
    assert "Smart focus has no star to go by" in only(rig).reason


def test_a9_a_cancel_in_an_extended_sweep_returns_to_the_start() -> None:
    rig = quiet_rig(best=9_900)
    begin_run(rig, "Refocusing.Fitting")
    rig.until("Refocusing.Exposing")
    rig.tell(events.CancelRequested())
    assert (rig.position, only(rig).outcome) == (10_000, "cancelled")


# --- A11-A13: Run Again, cancel, undo ---


def a12_rig() -> SimulatedRig:
    rig = quiet_rig(autofocus={"step_size_steps": 50}, position=2000, best=1900)
    rig.slope = 0.02
    rig.tell(events.RunRequested())
    assert (rig.position, only(rig).start_position) == (1900, 2000)
    return rig


def test_a12_cancel_after_the_end_returns_to_where_the_run_began() -> None:
    rig = a12_rig()
    rig.tell(events.UndoRequested())
    assert rig.position == 2000
    assert [(run.causes, run.outcome) for run in rig.runs][-1] == (("undo",), "cancelled")


def test_a12_run_again_stores_the_best_position_as_the_one_to_return_to() -> None:
    rig = a12_rig()
    rig.best = 1890
    rig.tell(events.RunRequested(again=True))
    assert rig.position == 1890
    rig.tell(events.UndoRequested())
    assert rig.position == 1900


def test_a11_run_again_centres_on_the_last_best_position() -> None:
    rig = a12_rig()
    rig.tell(events.UndoRequested())
    before = len(swept(rig))
    rig.tell(events.RunRequested(again=True))
    assert swept(rig)[before:] == list(range(2100, 1699, -50))


def test_a11_a_position_from_another_session_is_taken_where_there_is_no_run_yet() -> None:
    rig = quiet_rig(position=2000, best=1900)
    rig.tell(events.RunRequested(again=True, position=1910))
    assert swept(rig)[4] == 1910


def test_a12_a_second_cancel_stays_where_the_first_one_went() -> None:
    rig = a12_rig()
    rig.tell(events.UndoRequested())
    rig.tell(events.UndoRequested())
    assert rig.position == 2000


def test_a12_a_start_position_from_another_session_can_be_returned_to() -> None:
    rig = quiet_rig(position=1900)
    rig.tell(events.UndoRequested(position=2000))
    assert rig.position == 2000


def test_a12_without_a_run_there_is_nothing_to_undo_and_a_person_is_told() -> None:
    rig = quiet_rig()
    rig.tell(events.UndoRequested())
    assert (rig.moves, rig.runs) == ([], [])
    assert "Not now: no run has left a position to return to (`undo_known`" in rig.emitted("notify")[-1].sentence


def test_a7_an_undo_ends_inward_as_the_sweep_does() -> None:
    """Outward from 1900 to 2000: without going beyond, the backlash swallows the move."""
    rig = a12_rig()
    rig.tell(events.UndoRequested())
    back = rig.emitted("move_focuser")[-1]
    assert (back.position, back.via) == (2000, (2060,))


def test_a_plan_that_runs_is_held_during_an_undo() -> None:
    rig = a12_rig()
    rig.start_plan()
    rig.send(events.UndoRequested())
    rig.until("Restoring.Moving")
    assert rig.held


@pytest.mark.parametrize("kind", ["pause_plan", "prepare_focuser"])
def test_an_undo_that_could_not_begin_is_told_and_the_focuser_is_known_to_stand_where_it_stood(kind: str) -> None:
    rig = a12_rig()
    fail(rig, kind)
    rig.tell(events.UndoRequested())
    assert (rig.position, rig.leaf, rig.held) == (1900, "Imaging.Idle", False)
    assert rig.state.context.verified_position == 1900
    assert f"{kind} failed on purpose." in " ".join(told.sentence for told in rig.emitted("notify"))


def test_an_undo_that_could_not_begin_can_be_asked_for_again() -> None:
    rig = a12_rig()
    fail(rig, "prepare_focuser")
    rig.tell(events.UndoRequested())
    rig.tell(events.UndoRequested())
    assert rig.position == 2000


@pytest.mark.parametrize("leaf", ["Refocusing.Moving", "Refocusing.Fitting", "Validating.Measuring"])
def test_a12_cancel_at_any_moment_returns_to_the_start(leaf: str) -> None:
    rig = quiet_rig(best=10_025)
    begin_run(rig, leaf)
    rig.tell(events.CancelRequested())
    assert (rig.position, only(rig).outcome, only(rig).reason) == (10_000, "cancelled", "A person cancelled the run.")
    assert (due(rig), rig.leaf) == (["asap"], "Imaging.Idle")


def test_a12_a_run_that_a_person_cancelled_backs_off() -> None:
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}})
    rig.start_plan()
    begin_run(rig)
    rig.tell(events.CancelRequested())
    rig.take_frames(3)
    assert len(rig.runs) == 1


def test_a12_the_sessions_end_cancels_too() -> None:
    rig = quiet_rig(best=10_025)
    begin_run(rig)
    rig.tell(events.SessionEnding(reason="Ctrl-C"))
    assert (rig.position, only(rig).outcome, rig.state.at_rest) == (10_000, "cancelled", True)


def test_no_automatic_run_begins_once_the_session_is_ending() -> None:
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}})
    rig.start_plan()
    rig.open_shutter()
    rig.tell(events.SessionEnding())
    rig.close_shutter()
    assert rig.runs == []


@pytest.mark.parametrize(
    ("kind", "times"),
    [("prepare_focuser", 1), ("move_focuser", 1), ("start_timer", 1), ("take_frame", 2), ("measure_frame", 1)],
)
def test_a13_a_device_that_fails_ends_the_run_restored(kind: str, times: int) -> None:
    rig = quiet_rig(best=10_025)
    rig.start_plan()
    fail(rig, kind, times)
    run_now(rig)
    assert (only(rig).outcome, rig.position, rig.held) == ("restored", 10_000, False)
    assert only(rig).reason == f"{kind} failed on purpose."


def test_a13_a_host_that_cannot_hold_its_plan_ends_the_run_before_any_move() -> None:
    rig = quiet_rig()
    rig.start_plan()
    fail(rig, "pause_plan")
    run_now(rig)
    assert (rig.moves, only(rig).outcome, rig.leaf) == ([], "restored", "Imaging.Idle")
    assert len(rig.emitted("resume_plan")) == 1


def test_one_exposure_may_fail_at_each_point_without_costing_the_run() -> None:
    rig = quiet_rig(best=10_025)
    for _ in range(9):
        rig.script("take_frame", failed, rig.ideal)
    run_now(rig)
    assert only(rig).outcome == "validated"
    assert len(rig.emitted("take_frame")) == 19


def test_a_picture_that_cannot_be_drawn_changes_nothing() -> None:
    rig = quiet_rig()
    fail(rig, "publish_curve")
    run_now(rig)
    assert only(rig).outcome == "validated"


# --- F7: clouds do not pass ---


def test_f7_no_star_at_any_point_ends_restored_with_the_reason() -> None:
    rig = quiet_rig(best=10_025)
    rig.script("measure_frame", *[measured(None)] * 9)
    run_now(rig)
    assert (only(rig).outcome, rig.position) == ("restored", 10_000)
    assert "No star was measured" in only(rig).reason


def test_f7_a_minimum_outside_the_sweep_is_not_accepted() -> None:
    rig = quiet_rig(best=10_500)
    run_now(rig)
    assert (only(rig).outcome, rig.position) == ("restored", 10_000)


# --- V: validation ---


def blurred_rig(values: list[float | None], **tables: Any) -> SimulatedRig:
    """A rig whose frames at the new position measure these values."""
    rig = quiet_rig(best=10_025, **tables)
    rig.script("measure_frame", *[rig.ideal] * 9, *[measured(value) for value in values])
    run_now(rig)
    return rig


@pytest.mark.parametrize("value", [2.19, 1.81])
def test_v1_a_frame_within_the_tolerance_of_the_prediction_validates(value: float) -> None:
    rig = blurred_rig([value])
    assert (only(rig).outcome, rig.position, len(only(rig).validations)) == ("validated", 10_025, 1)


@pytest.mark.parametrize("value", [2.21, 1.79, None])
def test_v2_a_miss_is_repeated_once_and_the_repeat_may_validate(value: float | None) -> None:
    rig = blurred_rig([value, 2.0])
    assert (only(rig).outcome, only(rig).validations) == ("validated", (value, 2.0))


def test_v2_keep_records_the_run_as_unvalidated_and_warns() -> None:
    rig = blurred_rig([2.5, 2.5])
    assert (only(rig).outcome, rig.position) == ("unvalidated", 10_025)
    assert len(rig.emitted("prepare_focuser")) == 1
    (told,) = rig.emitted("notify")
    assert told.level == "warning"
    assert "measures 2.50 px; the curve predicts 2.00 px within 10 %" in told.sentence
    assert due(rig) == []


def test_v2_keep_says_so_when_no_star_was_seen() -> None:
    rig = blurred_rig([None, None])
    assert "shows no star" in only(rig).reason


def test_v2_restore_goes_back_and_leaves_the_trigger_due() -> None:
    rig = blurred_rig([2.5, 2.5], validation={"on_miss": "restore"})
    assert (only(rig).outcome, rig.position, due(rig)) == ("restored", 10_000, ["asap"])
    assert any(told.level == "warning" for told in rig.emitted("notify"))


def test_v2_the_tolerance_is_the_profiles() -> None:
    rig = blurred_rig([2.5], validation={"tolerance_percent": 30.0})
    assert only(rig).outcome == "validated"


def test_v2_a_curve_that_only_a_frame_could_confirm_is_never_kept_without_one() -> None:
    """Three points are too few to judge a focus by (F5)."""
    rig = quiet_rig(autofocus={"points": 3, "step_size_steps": 10})
    rig.slope = 0.3
    rig.script("measure_frame", *[rig.ideal] * 3, measured(3.0), measured(3.0))
    run_now(rig)
    assert (only(rig).outcome, rig.position) == ("restored", 10_000)


# --- putting things back ---


def test_a_way_back_that_fails_is_tried_again_after_a_wait() -> None:
    rig = quiet_rig(failure={"restore_retries": 3, "retry_wait_s": 7.0})
    begin_run(rig)
    fail(rig, "move_focuser", 3)
    rig.tell(events.CancelRequested())
    assert (only(rig).outcome, rig.position) == ("cancelled", 10_000)
    assert [timer.seconds for timer in rig.emitted("start_timer") if timer.purpose == "retry"] == [7.0] * 3


def lost_rig() -> SimulatedRig:
    """A rig whose focuser is stuck away from where the run began."""
    rig = quiet_rig(best=10_025, failure={"restore_retries": 2, "retry_wait_s": 1.0})
    rig.start_plan()
    begin_run(rig)
    fail(rig, "move_focuser", 3)
    rig.tell(events.CancelRequested())
    return rig


def test_when_every_way_back_fails_the_run_is_lost_a_person_is_told_and_the_plan_goes_on() -> None:
    rig = lost_rig()
    assert (only(rig).outcome, rig.held, rig.leaf) == ("lost", False, "Imaging.Idle")
    assert len(rig.emitted("prepare_focuser")) == 1
    told = rig.emitted("notify")[0]
    assert (told.level, "could not be returned to position 10000" in told.sentence) == ("error", True)


def test_after_a_lost_run_the_next_failure_returns_to_the_last_verified_position() -> None:
    rig = lost_rig()
    assert rig.position != 10_000
    begin_run(rig)
    rig.tell(events.CancelRequested())
    assert rig.position == 10_000
    assert not rig.state.context.lost


@pytest.mark.parametrize("how", ["cancelled-before-it-was-read", "refused-before-any-move"])
def test_the_focuser_stays_lost_until_something_has_moved_it_back(how: str) -> None:
    rig = lost_rig()
    if how.startswith("cancelled"):
        begin_run(rig, "Refocusing.Holding")
        rig.tell(events.CancelRequested())
    else:
        rig.absolute = False
        run_now(rig)
    assert rig.state.context.lost


def test_a_host_that_does_not_resume_is_asked_again_then_a_person_is_told() -> None:
    rig = quiet_rig(failure={"restore_retries": 2, "retry_wait_s": 5.0})
    rig.start_plan()
    fail(rig, "resume_plan", 3)
    run_now(rig)
    assert (rig.leaf, len(rig.emitted("resume_plan"))) == ("Paused", 3)
    assert "does not resume its plan" in rig.emitted("notify")[-1].sentence


def test_tries_of_the_way_back_are_not_taken_from_those_of_the_host() -> None:
    rig = quiet_rig(failure={"restore_retries": 2, "retry_wait_s": 1.0})
    rig.start_plan()
    begin_run(rig)
    fail(rig, "move_focuser", 2)
    fail(rig, "resume_plan", 1)
    rig.tell(events.CancelRequested())
    assert (rig.leaf, rig.held) == ("Imaging.Idle", False)


def test_a_host_that_cannot_abort_leaves_the_plan_paused_and_tells() -> None:
    rig = quiet_rig(failure={"policy": "abort"})
    rig.start_plan()
    fail(rig, "measure_frame")
    fail(rig, "abort_plan")
    run_now(rig)
    assert rig.leaf == "Paused"
    assert any("Resume it by hand" in told.sentence for told in rig.emitted("notify"))


def test_a_plan_that_somebody_else_paused_stays_paused_after_a_run() -> None:
    rig = quiet_rig()
    rig.start_plan()
    begin_run(rig)
    rig.send(events.PlanPaused())
    rig.until("")
    assert rig.leaf == "Paused"
    rig.tell(events.PlanResumed())
    assert rig.leaf == "Imaging.Idle"


def test_a_pause_while_the_next_exposure_is_prepared_is_not_forgotten_when_that_exposure_begins() -> None:
    """The host pauses at the next gap; until then the frame that was being prepared is taken."""
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}})
    rig.start_plan()
    rig.tell(events.FramePreparing(number=1, frame_type="Light"))
    rig.tell(events.PlanPaused())
    rig.tell(events.ExposureStarted(number=1, exposure_s=60.0))
    rig.close_shutter()
    assert [run.outcome for run in rig.runs] == ["validated"]
    assert rig.leaf == "Paused"


def test_two_runs_never_overlap_and_a_person_is_told() -> None:
    rig = quiet_rig()
    begin_run(rig)
    (step, *_) = rig.send(events.RunRequested())
    assert (step.row, step.after) == ("run-not-now", "Refocusing.Exposing")
    rig.until("")
    assert len(rig.runs) == 1


# --- C8: the driver's own compensation during a run ---


@pytest.mark.parametrize("former", [True, False])
def test_c8_the_drivers_compensation_is_off_during_a_run_and_as_before_at_the_end(*, former: bool) -> None:
    rig = quiet_rig()
    rig.driver_compensation = former
    begin_run(rig)
    assert not rig.driver_compensation
    rig.until("")
    assert rig.driver_compensation is former


def test_c8_it_is_set_back_too_when_the_run_is_cancelled_before_the_answer_has_come() -> None:
    """The focuser was read and its driver switched off; the answer is still in the queue behind the cancel."""
    rig = quiet_rig()
    rig.driver_compensation = True
    begin_run(rig, "Refocusing.Readying")
    late = rig.ideal(rig.waiting[0])
    rig.send(events.CancelRequested())
    rig.send(late)
    rig.until("")
    assert rig.driver_compensation


def test_a12_a_cancel_is_what_ended_a_run_whose_focuser_then_cannot_be_read() -> None:
    rig = quiet_rig()
    begin_run(rig, "Refocusing.Readying")
    rig.send(events.CancelRequested())
    fail(rig, "prepare_focuser")
    rig.until("")
    assert (only(rig).outcome, only(rig).reason) == ("cancelled", "A person cancelled the run.")
    assert rig.moves == []


def test_c8_a_driver_that_cannot_be_switched_off_refuses_the_run() -> None:
    rig = quiet_rig()
    fail(rig, "prepare_focuser")
    run_now(rig)
    assert (rig.moves, only(rig).outcome) == ([], "restored")


def test_v1_without_a_run_or_before_its_frame_nothing_is_validated() -> None:
    rig = quiet_rig()
    assert not validation_passed(rig.state.context)
    begin_run(rig, "Validating.Measuring")
    assert not validation_passed(rig.state.context)


@pytest.mark.parametrize("wish", [events.RunRequested(), events.UndoRequested()], ids=lambda event: str(event.kind))
def test_no_run_by_hand_begins_once_the_session_is_ending(wish: events.Event) -> None:
    rig = a12_rig()
    rig.tell(events.SessionEnding())
    rig.tell(wish)
    assert (rig.state.context.runs, rig.position) == (1, 1900)
    assert "Not now: the session is being ended (`session_goes_on` failed)" in rig.emitted("notify")[-1].sentence


def test_a9_a_curve_that_could_not_be_shown_does_not_end_the_sweep_that_goes_on() -> None:
    rig = quiet_rig(best=9_900)
    fail(rig, "publish_curve")
    run_now(rig)
    assert only(rig).outcome == "validated"
    assert len(swept(rig)) > 9
    again = quiet_rig(best=9_940)
    again.script("measure_frame", *[measured(None)] * 8)
    fail(again, "publish_curve")
    run_now(again)
    assert (only(again).outcome, only(again).sweep.recentred) == ("validated", True)


def at_the_best(rig: SimulatedRig, **fit: Any) -> tuple[Context, Run]:
    """A run that waits for its validation frame, with another fit than it found."""
    begin_run(rig, "Validating.Measuring")
    context = rig.state.context
    assert context.run is not None
    assert context.run.fit is not None
    run = replace(context.run, fit=dataclasses.replace(context.run.fit, **fit))
    return replace(context, run=run), run


@pytest.mark.parametrize(
    ("found", "whole"), [(100.4999996, 101), (100.499998, 100), (0.0, 0), (0.7, 1), (-0.7, -1), (-2.5, -3)]
)
def test_a_position_is_rounded_half_away_from_zero_and_first_to_a_millionth(found: float, whole: int) -> None:
    _, run = at_the_best(quiet_rig(), best_position=found)
    assert best_position(run) == whole


def test_nothing_is_predicted_without_a_position() -> None:
    _, run = at_the_best(quiet_rig(), best_position=None)
    assert predicted(run) is None
    assert predicted(replace(run, fit=None)) is None


@pytest.mark.parametrize(
    ("percent", "measured_px", "passed"),
    [(12.5, 2.25, True), (12.5, 1.75, True), (12.5, 2.26, False), (10.0, 2.199, True), (10.0, 2.201, False)],
)
def test_v1_the_tolerance_is_of_the_prediction_and_belongs_to_it(
    percent: float, measured_px: float, passed: bool
) -> None:
    rig = quiet_rig(validation={"tolerance_percent": percent})
    context, run = at_the_best(rig, best_position=10_000.0, coefficients=(10_000.0, 2.0, 0.1), model="hyperbola")
    context = replace(context, run=replace(run, validations=(measured_px,)))
    assert validation_passed(context) is passed


@pytest.mark.parametrize(("lowest", "centre"), [(0, None), (14, None), (15, 10_015), (-15, 9_985), (-14, None)])
def test_a9_a_sweep_is_recentred_where_its_lowest_points_lie_a_step_from_its_middle(
    lowest: int, centre: int | None
) -> None:
    """One star, at one position: nothing else says where the focus may be."""
    rig = quiet_rig()
    context, run = at_the_best(rig, model="none", accepted=False, best_position=None)
    positions = run.sweep.positions
    middle = (min(positions) + max(positions)) // 2
    points = tuple(
        FocusPoint(float(middle + lowest) if index == 4 else point.position, 3.0 if index == 4 else None)
        for index, point in enumerate(run.points)
    )
    assert other_centre(replace(context, run=replace(run, points=points))) == centre
