"""A bug in the core ends in a safe state, not in a dead night; and what comes too late changes nothing."""

from __future__ import annotations

from typing import NoReturn

import pytest
from msgspec.structs import replace

from statefocus import actions, events, rules
from statefocus.effects import MoveFocuser
from statefocus.testing import SimulatedRig, failed

from .rigs import begin_run, due, fail, measured, quiet_rig, run_now


def broken(*_: object) -> NoReturn:
    message = "a bug"
    raise ZeroDivisionError(message)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> SimulatedRig:
    """A rig in the midst of a run whose fit has a bug."""
    monkeypatch.setitem(actions.ACTIONS, "fit_curve", replace(actions.ACTIONS["fit_curve"], call=broken))
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}}, best=10_025)
    rig.driver_compensation = True
    rig.start_plan()
    begin_run(rig, "Refocusing.Measuring")
    rig.until("")
    return rig


def cut_off_rig() -> SimulatedRig:
    """A rig whose earlier session was cut off in a run that had begun at 10000, and has left the focuser at 10060."""
    rig = quiet_rig(position=10_060)
    rig.tell(events.SessionStarted(position=10_060, unfinished=10_000))
    return rig


def test_a_run_that_an_earlier_session_was_cut_off_in_is_made_again_from_where_it_had_begun() -> None:
    rig = cut_off_rig()
    assert (due(rig), rig.state.context.verified_position, rig.runs) == (["asap"], 10_000, [])
    rig.tell(events.FocuserRead(position=10_060))
    assert rig.state.context.other_hand is None
    rig.read_facts()
    (run,) = rig.runs
    assert (run.causes, run.outcome, run.start_position) == (("asap",), "validated", 10_000)
    assert sum(run.sweep.positions) / len(run.sweep.positions) == 10_000


@pytest.mark.parametrize(("stands", "via"), [(10_065, (10_120,)), (10_150, ()), (10_055, (10_120,))])
def test_its_first_point_is_approached_with_the_backlash_taken_up(stands: int, via: tuple[int, ...]) -> None:
    rig = quiet_rig(position=stands)
    rig.tell(events.SessionStarted(position=stands, unfinished=10_000))
    rig.read_facts()
    first, second, *_ = [move for move in rig.emitted("move_focuser") if move.purpose == "sweep"]
    assert (first.position, first.via) == (10_060, via), "nobody knows from which side it came there"
    assert second.via == ()


def test_a_session_by_hand_makes_no_run_again_and_returns_to_where_the_focuser_had_stood() -> None:
    rig = quiet_rig(position=10_060)
    rig.tell(events.SessionStarted(position=10_060, unfinished=10_000, by_hand=True))
    rig.read_facts()
    assert (due(rig), rig.runs) == ([], [])
    rig.script("measure_frame", *[measured(None)] * 30)
    rig.tell(events.RunRequested())
    assert ([run.outcome for run in rig.runs], rig.position) == (["restored"], 10_000)
    rig.tell(events.UndoRequested(position=9_900))
    assert ([run.causes for run in rig.runs][1:], rig.position) == ([("undo",)], 9_900)


@pytest.mark.parametrize("enabled", [False, True])
def test_c8_a_drivers_own_compensation_that_was_left_off_is_set_back(enabled: bool) -> None:
    """Where ours is on, at the end of the session; else by the next run."""
    rig = quiet_rig(compensation={"enabled": enabled, "steps_per_degree": 12.0, "average_readings": 1})
    rig.tell(events.SessionEnding())
    rig = replaced(rig, events.SessionStarted(position=10_000, driver_left_off=True))
    run_now(rig)
    assert rig.driver_compensation is not enabled
    rig.driver_compensation = rig.driver_compensation and not enabled
    run_now(rig)
    rig.tell(events.SessionEnding())
    assert rig.driver_compensation


def replaced(rig: SimulatedRig, started: events.SessionStarted) -> SimulatedRig:
    """The same rig in another session."""
    rig.state = rig.session.begin(rig.t)
    rig.tell(started)
    return rig


def test_one_that_fails_again_leaves_the_focuser_where_the_first_had_begun() -> None:
    rig = cut_off_rig()
    rig.script("measure_frame", *[measured(None)] * 30)
    rig.read_facts()
    assert [run.outcome for run in rig.runs] == ["restored"]
    assert rig.position == 10_000


def test_a_fault_halts_returns_the_focuser_resumes_the_plan_and_tells(faulty: SimulatedRig) -> None:
    step = next(step for step in faulty.steps if step.outcome == "fault")
    kinds = [effect.kind for effect in step.effects]
    assert kinds[0] == "halt_devices"
    assert {"move_focuser", "resume_plan", "notify"} <= set(kinds)
    assert step.fault == "ZeroDivisionError: a bug"
    assert (faulty.position, faulty.held, faulty.leaf) == (10_000, False, "Imaging.Idle")


def test_after_a_fault_the_focuser_is_known_again_once_it_is_back(faulty: SimulatedRig) -> None:
    context = faulty.state.context
    assert (context.verified_position, context.astray, context.pending) == (10_000, False, {})


def in_a_fault(monkeypatch: pytest.MonkeyPatch) -> SimulatedRig:
    """A rig whose fit has a bug, with what the fault asks for not answered yet."""
    monkeypatch.setitem(actions.ACTIONS, "fit_curve", replace(actions.ACTIONS["fit_curve"], call=broken))
    rig = quiet_rig(best=10_025)
    begin_run(rig, "Refocusing.Measuring")
    while rig.steps[-1].outcome != "fault":
        rig.answer()
    return rig


def test_a_way_back_that_fails_after_a_fault_is_told_and_nobody_takes_the_focuser_for_focused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = in_a_fault(monkeypatch)
    fail(rig, "move_focuser")
    rig.until("")
    assert rig.emitted("notify")[-1].sentence == (
        "After the fault the focuser could not be returned to position 10000: move_focuser failed on purpose. Look at "
        "it before you go on."
    )
    context = rig.state.context
    assert (context.verified_position, context.astray, rig.state.at_rest) == (10_000, True, True)
    rig.tell(events.FocuserRead(position=rig.position))
    assert (rig.state.context.astray, rig.state.context.stands_at) == (True, rig.position)
    rig.tell(events.FocuserRead(position=rig.position))
    assert rig.state.context.other_hand is None


def test_a_second_fault_gives_up_the_way_back_of_the_first_and_asks_for_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rig = in_a_fault(monkeypatch)
    monkeypatch.setitem(rig.session._engines["session"].__dict__, "_listens", None)
    rig.send(events.SunRead(altitude_deg=-20.0))
    assert [effect.position for effect in rig.steps[-1].effects if isinstance(effect, MoveFocuser)] == [10_000]


def test_a_fault_is_told_as_the_runs_end(faulty: SimulatedRig) -> None:
    (run,) = faulty.runs
    assert (run.outcome, "ZeroDivisionError: a bug" in run.reason) == ("lost", True)


def test_a_fault_pauses_the_triggers_until_a_person_resumes_them(faulty: SimulatedRig) -> None:
    faulty.take_frames(3)
    assert faulty.state.context.runs == 1
    faulty.tell(events.TriggersResumed())
    assert any("due now: count" in notice.sentence for notice in faulty.emitted("notify"))


def test_a_fault_gives_the_driver_its_own_compensation_back(faulty: SimulatedRig) -> None:
    assert faulty.driver_compensation


def test_after_a_fault_the_driver_has_its_own_compensation_again_when_the_session_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ours had taken over (C8); the fault must not make it forget that."""
    monkeypatch.setitem(actions.ACTIONS, "fit_curve", replace(actions.ACTIONS["fit_curve"], call=broken))
    rig = quiet_rig(compensation={"enabled": True, "steps_per_degree": 12.0, "average_readings": 1})
    context = rig.state.context
    former = replace(context, compensation=replace(context.compensation, driver_was_on=True))
    rig.state = replace(rig.state, context=former)
    run_now(rig)
    rig.tell(events.SessionEnding())
    assert rig.driver_compensation


def test_a_fault_in_a_correction_under_way_leaves_the_focuser_where_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The halt may have stopped it half-way: it must be sent to a position that is known."""
    rig = quiet_rig(compensation={"enabled": True, "steps_per_degree": 12.0, "average_readings": 1})
    rig.read_temperature(10.0)
    rig.t += 10.0
    rig.send(events.TemperatureRead(focuser_c=9.0, external_c=9.0))
    monkeypatch.setitem(rig.session._engines["session"].__dict__, "_listens", None)
    rig.send(events.SunRead(altitude_deg=-20.0))
    halted, *others = rig.log[-1].steps[0].effects
    assert halted.kind == "halt_devices"
    assert others[0].kind == "move_focuser"


def test_a_guard_that_raises_is_a_fault_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rules.GUARDS, "safe", replace(rules.GUARDS["safe"], call=broken))
    rig = quiet_rig()
    rig.tell(events.RefocusRequested())
    assert rig.steps[-1].outcome in ("fault", "stale")
    assert (rig.moves, rig.state.context.triggers.paused) == ([], True)


# --- late and wrong answers ---


def test_the_answer_to_what_was_given_up_is_stale_and_changes_nothing_but_the_time() -> None:
    rig = quiet_rig()
    begin_run(rig)
    late = rig.ideal(rig.waiting[0])
    rig.tell(events.CancelRequested())
    before = rig.state
    rig.t += 5.0
    (step,) = rig.send(late)
    assert step.outcome == "stale"
    assert rig.state == replace(before, context=replace(before.context, now=rig.t, concluded=None))


def test_an_answer_that_comes_twice_is_stale_the_second_time() -> None:
    rig = quiet_rig()
    begin_run(rig)
    answer = rig.ideal(rig.waiting.popleft())
    rig.send(answer)
    (step,) = rig.send(answer)
    assert (step.outcome, rig.leaf) == ("stale", "Refocusing.Measuring")


@pytest.mark.parametrize("leaf", ["Refocusing.Moving", "Refocusing.Exposing", "Validating.Measuring"])
def test_an_answer_of_the_wrong_kind_neither_counts_nor_takes_the_place_of_the_right_one(leaf: str) -> None:
    rig = quiet_rig()
    begin_run(rig, leaf)
    wrong = events.PlanAborted(effect=rig.waiting[0].id)
    before = rig.state
    rig.send(wrong)
    assert rig.leaf == leaf
    assert rig.state.context.pending == before.context.pending
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["validated"]


# --- one thing fails while another has already gone wrong ---


def test_f7_a_curve_that_was_rejected_is_the_reason_though_its_picture_could_not_be_drawn() -> None:
    rig = quiet_rig(optics={"obstruction_percent": 30.0})
    rig.slope = 0.0
    fail(rig, "publish_curve")
    run_now(rig)
    (run,) = rig.runs
    assert run.outcome == "restored"
    assert "failed on purpose" not in run.reason
    assert "too flat" in run.reason


def test_a13_one_exposure_of_the_validation_frame_may_fail_without_costing_the_run() -> None:
    rig = quiet_rig()
    begin_run(rig, "Validating.Exposing")
    fail(rig, "take_frame")
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["validated"]


@pytest.mark.parametrize(
    ("policy", "leaf", "kind"), [("pause", "Paused", "leave_plan_paused"), ("abort", "Imaging.Idle", "abort_plan")]
)
def test_t13_the_policy_rules_too_where_the_drivers_own_compensation_could_not_be_set_back(
    policy: str, leaf: str, kind: str
) -> None:
    rig = quiet_rig(failure={"policy": policy})
    rig.start_plan()
    fail(rig, "take_frame", 2)
    fail(rig, "release_focuser")
    run_now(rig)
    assert (rig.leaf, len(rig.emitted(kind))) == (leaf, 1)


def test_c8_a_driver_that_does_not_take_its_own_compensation_back_is_told() -> None:
    rig = quiet_rig()
    fail(rig, "release_focuser")
    run_now(rig)
    assert [run.outcome for run in rig.runs] == ["validated"]
    assert "could not be set back as it was: release_focuser failed on purpose." in rig.emitted("notify")[-1].sentence


def test_a_flip_that_is_still_going_on_comes_before_a_pause_of_the_plan() -> None:
    rig = quiet_rig()
    rig.start_plan()
    begin_run(rig)
    rig.send(events.FlipStarted())
    rig.send(events.PlanPaused())
    rig.until("")
    assert rig.leaf == "MeridianFlip"


def test_c8_a_drivers_own_compensation_that_was_left_off_is_set_back_though_the_run_never_began() -> None:
    rig = replaced(quiet_rig(), events.SessionStarted(position=10_000, driver_left_off=True))
    rig.script("pause_plan", failed)
    run_now(rig)
    assert (rig.runs[-1].start_position, rig.driver_compensation) == (None, True)
