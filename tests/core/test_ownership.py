"""One program owns the focuser: another hand on it is noticed, told, and never fought; and a host may be gone."""

from __future__ import annotations

from typing import Any

import pytest

from statefocus import events, owning
from statefocus.effects import Effect
from statefocus.folding.plan import DOWNLOAD_S
from statefocus.testing import SimulatedRig, failed

from .rigs import begin_run, due, quiet_rig, run_now, tried

EVERY_FRAME = {"count": {"enabled": True, "frames": 1}}
COMPENSATION = {"enabled": True, "steps_per_degree": 10.0, "average_readings": 1, "mode": "real_time"}


def taken_rig(policy: str = "refuse", **profile: Any) -> SimulatedRig:
    """A rig in a plan, whose focuser was seen elsewhere than where it was left; the policy says what follows."""
    rig = quiet_rig(EVERY_FRAME, focuser={"other_hand": policy}, **profile)
    rig.start_plan()
    rig.position = 10_060
    rig.tell(events.FocuserRead(position=10_060))
    return rig


def told(rig: SimulatedRig, level: str) -> list[str]:
    """What a person was told."""
    return [effect.sentence for effect in rig.emitted("notify") if effect.level == level]


def test_a_focuser_that_something_else_moved_is_told_once_and_not_moved_any_more() -> None:
    rig = taken_rig()
    rig.tell(events.FocuserRead(position=10_060))
    assert told(rig, "error") == [
        (
            "The focuser is not moved any more: something else moved it from 10000 to 10060. Look for the other "
            "program or person, then resume the triggers, or focus by hand."
        )
    ]
    rig.take_frames(2)
    assert (rig.runs, due(rig), rig.position) == ([], ["count"], 10_060)
    rig.t += 60.0
    rig.read_facts()
    steps = rig.send(events.FrameSaved(number=9, frame_type="Light", next_frame_type="Light"))
    blocked = {name for name, said in tried(steps, "count-due").guards.items() if not said.passes}
    assert blocked == {"focuser_ours"}


def test_a_second_hand_elsewhere_is_told_too() -> None:
    rig = taken_rig()
    rig.tell(events.FocuserRead(position=9_000))
    assert [sentence.split(". ")[0].split(": ")[1] for sentence in told(rig, "error")] == [
        "something else moved it from 10000 to 10060",
        "something else moved it from 10060 to 9000",
    ]


@pytest.mark.parametrize("wish", [events.TriggersResumed(), events.RunRequested()])
def test_a_person_takes_the_focuser_back_where_it_stands(wish: events.Event) -> None:
    rig = taken_rig()
    rig.read_facts()
    rig.tell(wish)
    assert rig.state.context.other_hand is None
    if isinstance(wish, events.TriggersResumed):
        assert (rig.runs, rig.state.context.verified_position) == ([], 10_060)
        rig.take_frames(1)
    (run,) = rig.runs
    assert (run.start_position, run.outcome) == (10_060, "validated")


def test_what_the_profile_hands_over_counts_as_focused() -> None:
    rig = taken_rig("hand_over")
    context = rig.state.context
    assert (context.verified_position, context.other_hand) == (10_060, None)
    assert told(rig, "warning") == [
        "Position 10060 counts as focused now, as the profile says: something else moved it from 10000 to 10060."
    ]
    assert told(rig, "error") == []
    rig.take_frames(1)
    assert [run.causes for run in rig.runs] == [("count",)]


@pytest.mark.parametrize("leaf", ["Imaging.Exposing", "Paused", "MeridianFlip"])
@pytest.mark.parametrize(("policy", "row"), [("refuse", "focuser-taken"), ("hand_over", "position-handed-over")])
def test_another_hand_is_noticed_whatever_the_plan_does(policy: str, row: str, leaf: str) -> None:
    rig = quiet_rig(EVERY_FRAME, focuser={"other_hand": policy})
    rig.start_plan()
    if leaf == "Imaging.Exposing":
        rig.open_shutter()
    else:
        rig.tell(events.PlanPaused() if leaf == "Paused" else events.FlipStarted())
    (step,) = rig.send(events.FocuserRead(position=10_060))
    assert (step.row, rig.leaf) == (row, leaf)


def test_a_reading_within_the_tolerance_is_nobodys_hand() -> None:
    rig = quiet_rig(EVERY_FRAME, focuser={"tolerance_steps": 5})
    rig.start_plan()
    for position in (10_005, 9_995, None):
        rig.tell(events.FocuserRead(position=position))
    assert rig.state.context.other_hand is None
    rig.tell(events.FocuserRead(position=10_006))
    assert rig.state.context.other_hand is not None


def test_a_reading_in_the_middle_of_a_run_tells_of_our_own_moves() -> None:
    rig = quiet_rig(EVERY_FRAME)
    begin_run(rig)
    rig.send(events.FocuserRead(position=9_000))
    assert rig.state.context.other_hand is None
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["validated"]


def test_a_reading_while_a_correction_is_under_way_tells_of_our_own_move() -> None:
    rig = quiet_rig(EVERY_FRAME, compensation=COMPENSATION)
    rig.read_temperature(10.0)
    rig.t += 10.0
    rig.send(events.TemperatureRead(focuser_c=9.0, external_c=9.0))
    assert [effect.kind for effect in rig.waiting] == ["move_focuser"]
    rig.send(events.FocuserRead(position=9_995))
    assert rig.state.context.other_hand is None
    rig.until("")
    assert (rig.state.context.verified_position, told(rig, "error")) == (9_990, [])


def test_a_person_who_focuses_with_an_aid_is_no_other_hand() -> None:
    rig = quiet_rig(EVERY_FRAME)
    rig.start_plan()
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    rig.tell(events.FocuserRead(position=10_060))
    assert rig.state.context.other_hand is None


def test_where_a_person_has_left_the_focuser_with_an_aid_is_where_it_is_corrected_from() -> None:
    rig = quiet_rig(EVERY_FRAME, compensation=COMPENSATION)
    rig.tell(events.SessionStarted(position=10_000))
    rig.read_temperature(10.0, 9.0)
    assert rig.position == 9_990
    rig.looks = False
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    rig.position = 10_060
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    rig.read_temperature(8.0)
    assert (rig.position, rig.state.context.verified_position) == (10_060, None)
    rig.tell(events.FocuserRead(position=10_060))
    context = rig.state.context
    assert (context.verified_position, context.compensation.applied_steps, told(rig, "error")) == (10_060, 0, [])
    rig.read_temperature(8.0, 7.0)
    assert rig.position == 10_050


def test_an_aid_that_moved_nothing_changes_nothing() -> None:
    rig = quiet_rig(EVERY_FRAME, compensation=COMPENSATION)
    rig.tell(events.SessionStarted(position=10_000))
    rig.read_temperature(10.0, 9.0)
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    context = rig.state.context
    assert (context.verified_position, context.compensation.applied_steps) == (9_990, -10)


def test_an_aid_that_is_closed_in_a_run_leaves_the_run_to_say_where_the_focuser_stands() -> None:
    rig = quiet_rig(EVERY_FRAME)
    begin_run(rig)
    rig.send(events.AidOpened(aid="Bahtinov Aid"))
    rig.send(events.AidClosed(aid="Bahtinov Aid"))
    assert rig.state.context.verified_position == 10_000


def test_a_second_aid_after_the_first_forgets_nothing() -> None:
    rig = quiet_rig(EVERY_FRAME, compensation=COMPENSATION)
    rig.read_temperature(10.0, 9.0)
    rig.looks = False
    for _ in range(2):
        rig.tell(events.AidOpened(aid="Bahtinov Aid"))
        rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    rig.tell(events.FocuserRead(position=9_990))
    context = rig.state.context
    assert (context.verified_position, context.compensation.applied_steps) == (9_990, -10)


def test_a_profile_that_never_looks_goes_by_what_it_knows() -> None:
    rig = quiet_rig(EVERY_FRAME, focuser={"watch_every_s": 0.0})
    rig.tell(events.SessionStarted(position=10_000))
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    assert rig.state.context.verified_position == 10_000


def test_a_focuser_that_was_put_back_is_taken_back_where_it_stands() -> None:
    rig = taken_rig()
    rig.tell(events.FocuserRead(position=10_000))
    assert len(told(rig, "error")) == 1
    rig.tell(events.TriggersResumed())
    assert rig.state.context.verified_position == 10_000


def test_where_a_driver_has_gone_beside_ours_is_where_it_is_taken_back() -> None:
    rig = quiet_rig(EVERY_FRAME, compensation=COMPENSATION)
    rig.tell(events.SessionStarted(position=10_000))
    for position in (10_000, 9_900, 9_800):
        rig.tell(events.FocuserRead(position=position, driver_compensation=True))
    assert len(told(rig, "error")) == 1
    rig.tell(events.TriggersResumed())
    assert rig.state.context.verified_position == 9_800


@pytest.mark.parametrize(("seen", "kept"), [(None, 10_000), (9_900, 9_900)])
def test_where_a_driver_was_seen_is_kept_and_else_where_it_was_left(seen: int | None, kept: int) -> None:
    rig = quiet_rig(EVERY_FRAME, compensation=COMPENSATION)
    rig.tell(events.FocuserRead(position=seen, driver_compensation=True))
    hand = rig.state.context.other_hand
    assert hand is not None
    assert (hand.position, hand.driver) == (kept, True)


@pytest.mark.parametrize("wish", [events.RunRequested(), events.UndoRequested()])
def test_a_wish_that_cannot_be_served_gives_nothing_back(wish: events.Event) -> None:
    rig = taken_rig()
    rig.open_shutter()
    rig.tell(wish)
    assert rig.state.context.other_hand is not None


def test_a_frame_tells_that_the_hosts_own_autofocus_is_over() -> None:
    rig = quiet_rig(EVERY_FRAME)
    rig.start_plan()
    rig.tell(events.HostFocusing())
    rig.take_frames(1)
    assert [run.outcome for run in rig.runs] == ["validated"]


def test_no_correction_and_no_offset_moves_a_focuser_that_is_not_ours() -> None:
    filters = {"L": {"offset_steps": 0}, "R": {"offset_steps": 50}}
    rig = taken_rig(compensation=COMPENSATION, filters=filters)
    rig.read_temperature(10.0, 5.0, 0.0)
    rig.tell(events.FilterChanged(former="L", filter="R"))
    assert rig.position == 10_060
    rig.tell(events.TriggersResumed())
    rig.read_temperature(-5.0)
    assert rig.position != 10_060


def test_the_drivers_own_compensation_moves_the_focuser_where_ours_is_off() -> None:
    rig = quiet_rig(EVERY_FRAME)
    rig.start_plan()
    rig.tell(events.FocuserRead(position=10_030, driver_compensation=True))
    assert (rig.state.context.other_hand, rig.state.context.verified_position) == (None, 10_030)


@pytest.mark.parametrize("policy", ["refuse", "hand_over"])
def test_a_drivers_compensation_beside_ours_is_told_and_ours_stands_still(policy: str) -> None:
    rig = quiet_rig(EVERY_FRAME, compensation=COMPENSATION, focuser={"other_hand": policy})
    rig.tell(events.SessionStarted(position=10_000))
    rig.tell(events.FocuserRead(position=10_000, driver_compensation=True))
    assert [sentence.split(": ")[1].split(". ")[0] for sentence in told(rig, "error")] == [
        "its driver's own temperature compensation was switched on beside ours"
    ]
    rig.read_temperature(10.0, 5.0, 0.0)
    assert rig.position == 10_000


@pytest.mark.parametrize("ends", [events.HostRefocused(position=None), events.TriggersResumed()])
def test_nothing_is_moved_while_the_hosts_own_autofocus_moves_the_focuser(ends: events.Event) -> None:
    rig = quiet_rig(EVERY_FRAME)
    rig.start_plan()
    rig.tell(events.HostFocusing())
    rig.read_facts()
    for event in (events.FocuserRead(position=12_000), events.RefocusRequested(), events.RunRequested()):
        rig.tell(event)
    assert (rig.runs, told(rig, "error")) == ([], [])
    (refusal,) = told(rig, "warning")
    assert "the focuser is not free: the host's own autofocus moves it (`focuser_free` failed)" in refusal
    rig.tell(ends)
    rig.take_frames(1)
    assert {run.outcome for run in rig.runs} == {"validated"}


@pytest.mark.parametrize("ends", [events.HostRefocused(position=10_060), events.HostLost(sentence="No answer.")])
def test_the_hosts_own_autofocus_is_over_when_it_tells_so_or_is_gone(ends: events.Event) -> None:
    rig = quiet_rig(EVERY_FRAME)
    rig.start_plan()
    rig.tell(events.HostFocusing())
    rig.tell(ends)
    assert rig.state.context.other_hand is None


@pytest.mark.parametrize("leaf", ["Refocusing.Exposing", "Refocusing.Readying", "Validating.Exposing"])
def test_a_host_that_begins_to_focus_in_our_run_ends_it(leaf: str) -> None:
    rig = quiet_rig(EVERY_FRAME)
    begin_run(rig, leaf)
    rig.send(events.HostFocusing())
    rig.until("")
    (run,) = rig.runs
    assert (run.outcome, run.reason) == ("cancelled", "The host began an autofocus of its own.")


def test_a_host_that_is_gone_leaves_no_plan_no_flip_and_no_frame_under_way() -> None:
    rig = quiet_rig({"meridian_flip": True})
    rig.start_plan()
    rig.open_shutter()
    rig.send(events.FlipStarted())
    (step, *_) = rig.tell(events.HostLost(sentence="KStars left the bus."))
    plan = rig.state.context.plan
    assert (step.row, rig.leaf) == ("host-lost", "Imaging.Idle")
    assert (plan.running, plan.exposing, plan.flip_under_way) == (False, False, False)
    assert told(rig, "error") == ["The host is gone: KStars left the bus."]
    rig.tell(events.HostFound())
    assert told(rig, "info") == ["The host can be reached again."]


EVERYWHERE = (
    *("Imaging.Exposing", "Paused", "MeridianFlip"),
    *("Refocusing.Exposing", "Validating.Exposing", "Restoring.Moving", "Concluding.Releasing"),
)


def rig_at(leaf: str) -> SimulatedRig:
    """A rig in one of these states."""
    rig = quiet_rig(EVERY_FRAME)
    if leaf == "Imaging.Exposing":
        rig.start_plan()
        rig.open_shutter()
    elif leaf in ("Paused", "MeridianFlip"):
        rig.start_plan()
        rig.tell(events.PlanPaused() if leaf == "Paused" else events.FlipStarted())
    else:
        begin_run(rig, "Refocusing.Exposing" if leaf == "Restoring.Moving" else leaf)
        if leaf == "Restoring.Moving":
            rig.send(events.CancelRequested())
            rig.until(leaf)
    assert rig.leaf == leaf
    return rig


@pytest.mark.parametrize("leaf", EVERYWHERE)
def test_a_host_that_is_gone_is_told_wherever_the_session_stands_and_a_run_goes_on(leaf: str) -> None:
    rig = rig_at(leaf)
    (step, *_) = rig.send(events.HostLost(sentence="No answer."))
    in_a_run = leaf not in EVERYWHERE[:3]
    assert step.row == ("host-lost-in-a-run" if in_a_run else "host-lost")
    assert rig.leaf == (leaf if in_a_run else "Imaging.Idle")
    assert told(rig, "error")[-1] == "The host is gone: No answer."
    leaf = rig.leaf
    (step, *_) = rig.send(events.HostFound())
    assert (step.row, rig.leaf) == ("host-found", leaf)


@pytest.mark.parametrize("leaf", EVERYWHERE)
def test_a_host_that_is_found_is_told_wherever_the_session_stands(leaf: str) -> None:
    rig = rig_at(leaf)
    (step, *_) = rig.send(events.HostFound())
    assert (step.row, rig.leaf, told(rig, "info")[-1]) == ("host-found", leaf, "The host can be reached again.")


@pytest.mark.parametrize("leaf", EVERYWHERE)
def test_guiding_that_is_amiss_is_told_and_changes_nothing_else(leaf: str) -> None:
    rig = rig_at(leaf)
    (step,) = rig.send(events.GuidingFailed(sentence="The star is lost."))
    assert (step.row, told(rig, "warning")[-1]) == ("guiding-failed", "The star is lost.")
    assert rig.leaf == leaf


@pytest.mark.parametrize("event", [events.GuidingPaused(), events.GuidingSettled(seconds=4.0)])
def test_guiding_that_goes_as_it_should_concerns_nobody(event: events.Event) -> None:
    rig = quiet_rig(EVERY_FRAME)
    begin_run(rig)
    before = rig.state.context
    rig.send(event)
    assert (rig.leaf, rig.state.context.run) == ("Refocusing.Exposing", before.run)


def test_a_shutter_stays_open_without_its_host_for_as_long_as_it_was_to_be() -> None:
    rig = quiet_rig(EVERY_FRAME, compensation={**COMPENSATION, "mode": "after_exposure"})
    rig.tell(events.SessionStarted(position=10_000))
    rig.start_plan()
    rig.read_temperature(10.0)
    rig.tell(events.FramePreparing(number=1, frame_type="Light"))
    rig.tell(events.ExposureStarted(number=1, exposure_s=600.0))
    rig.tell(events.HostLost(sentence="No answer."))
    rig.read_facts()
    rig.tell(events.RefocusRequested())
    rig.read_temperature(5.0)
    assert (rig.moves, rig.runs) == ([], [])
    rig.t += 600.0 + DOWNLOAD_S
    rig.read_temperature(5.0)
    assert rig.moves != []
    rig.read_facts()
    assert [run.causes for run in rig.runs] == [("asap",)]


def test_a_run_goes_on_without_its_host() -> None:
    rig = quiet_rig(EVERY_FRAME)
    begin_run(rig)
    (step, *_) = rig.send(events.HostLost(sentence="KStars left the bus."))
    assert step.row == "host-lost-in-a-run"
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["validated"]


def test_a_run_after_another_hand_begins_where_the_focuser_stands() -> None:
    rig = taken_rig("hand_over")
    run_now(rig)
    (run,) = rig.runs
    assert run.start_position == 10_060


@pytest.mark.parametrize("ends", [events.HostRefocused(position=None), events.HostLost(sentence="No answer.")])
def test_another_hand_is_not_forgotten_over_the_hosts_own_autofocus(ends: events.Event) -> None:
    rig = taken_rig()
    rig.tell(events.HostFocusing())
    rig.tell(events.RunRequested())
    assert "the host's own autofocus moves it (`focuser_free` failed)" in told(rig, "warning")[0]
    rig.tell(ends)
    rig.start_plan()
    rig.take_frames(2)
    assert (rig.runs, rig.position, due(rig)) == ([], 10_060, ["count"])
    assert len(told(rig, "error")) == 1 + isinstance(ends, events.HostLost)
    rig.tell(events.TriggersResumed())
    rig.take_frames(1)
    assert [run.outcome for run in rig.runs] == ["validated"]


# --- after a move that failed ---


def strayed_rig(at: int = 9_994, **profile: Any) -> SimulatedRig:
    """A rig whose correction from 10000 to 9990 has failed on its way, and has left the focuser elsewhere."""
    rig = quiet_rig(EVERY_FRAME, compensation=COMPENSATION, **profile)
    run_now(rig)
    assert rig.position == 10_000
    rig.looks = False

    def stuck(effect: Effect) -> events.Event:
        rig.position = at
        return failed(effect)

    rig.script("move_focuser", stuck)
    rig.read_temperature(10.0, 9.0)
    assert (rig.position, rig.state.context.astray) == (at, True)
    return rig


def corrected(rig: SimulatedRig) -> int:
    """Where the focuser stands once the correction that failed is made again."""
    rig.t += 60.0 * rig.profile.failure.retry_after_min
    rig.read_temperature(9.0)
    return rig.position


def test_where_a_failed_correction_has_left_the_focuser_is_nobodys_hand_and_nothing_is_reckoned_from_there() -> None:
    rig = strayed_rig()
    for _ in range(2):
        rig.tell(events.FocuserRead(position=9_994))
        assert (rig.state.context.other_hand, rig.state.context.verified_position) == (None, 10_000)
    assert corrected(rig) == 9_990
    context = rig.state.context
    assert (context.verified_position, context.compensation.applied_steps) == (9_990, -10)
    assert (context.astray, context.stray_at) == (False, None)


def test_a_hand_on_a_focuser_that_a_failed_correction_has_left_is_told() -> None:
    rig = strayed_rig()
    rig.tell(events.FocuserRead(position=9_994))
    rig.position = 10_060
    rig.tell(events.FocuserRead(position=10_060))
    assert "something else moved it from 9994 to 10060" in told(rig, "error")[0]
    assert corrected(rig) == 10_060
    rig.tell(events.TriggersResumed())
    context = rig.state.context
    assert (context.verified_position, context.astray, context.stray_at) == (10_060, False, None)
    assert owning.expected(context) == owning.Expected(10_060)


def test_a_hand_that_puts_the_focuser_where_it_was_meant_to_stand_is_a_hand() -> None:
    rig = strayed_rig()
    rig.tell(events.FocuserRead(position=9_994))
    rig.tell(events.FocuserRead(position=10_000))
    assert "something else moved it from 9994 to 10000" in told(rig, "error")[0]


def test_a_failed_correction_that_moved_nothing_leaves_the_focuser_where_it_was() -> None:
    rig = strayed_rig(at=10_000)
    rig.tell(events.FocuserRead(position=10_000))
    assert (rig.state.context.astray, rig.state.context.verified_position) == (False, 10_000)
    rig.tell(events.FocuserRead(position=9_994))
    assert "something else moved it from 10000 to 9994" in told(rig, "error")[0]


def test_an_offset_that_failed_is_watched_as_a_correction_is() -> None:
    filters = {"L": {"offset_steps": 0}, "R": {"offset_steps": 50, "focus": "offset"}}
    rig = quiet_rig(EVERY_FRAME, filters=filters)
    rig.looks = False
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    rig.script("move_focuser", failed)
    rig.tell(events.FilterChanged(former="L", filter="R"))
    rig.tell(events.FocuserRead(position=10_020))
    assert told(rig, "error") == []
    rig.tell(events.FocuserRead(position=10_060))
    assert "something else moved it from 10020 to 10060" in told(rig, "error")[0]


def test_where_nothing_has_read_it_since_a_failed_correction_the_watch_is_told_that_nobody_knows() -> None:
    rig = strayed_rig()
    assert owning.expected(rig.state.context) == owning.Expected(None)
    rig.tell(events.FocuserRead(position=9_994))
    assert owning.expected(rig.state.context) == owning.Expected(9_994)


def test_an_aid_that_turns_nothing_after_a_failed_correction_changes_nothing() -> None:
    rig = strayed_rig()
    rig.tell(events.FocuserRead(position=9_994))
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    assert owning.expected(rig.state.context) == owning.Expected(None)
    rig.tell(events.FocuserRead(position=9_994))
    assert (rig.state.context.verified_position, rig.state.context.stray_at) == (10_000, 9_994)
    assert corrected(rig) == 9_990


def test_what_a_person_focuses_with_an_aid_after_a_failed_correction_is_where_it_is_meant_to_stand() -> None:
    rig = strayed_rig()
    rig.tell(events.FocuserRead(position=9_994))
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    rig.position = 10_060
    rig.tell(events.FocuserRead(position=10_060))
    context = rig.state.context
    assert (context.verified_position, context.astray, context.stray_at) == (10_060, False, None)
    assert told(rig, "error") == []


def test_the_backlash_of_the_next_move_is_taken_up_from_where_the_failed_one_has_left_the_focuser() -> None:
    rig = strayed_rig(at=9_970, focuser={"backlash": "overshoot", "overshoot_steps": 60})
    rig.tell(events.FocuserRead(position=9_970))
    corrected(rig)
    move = rig.emitted("move_focuser")[-1]
    assert (move.position, move.via) == (9_990, (10_050,))


@pytest.mark.parametrize("ends", [events.HostRefocused(position=None), events.HostLost(sentence="No answer.")])
def test_a_person_may_focus_by_hand_once_the_hosts_own_autofocus_is_over(ends: events.Event) -> None:
    rig = taken_rig()
    rig.tell(events.HostFocusing())
    rig.tell(ends)
    rig.tell(events.PlanPaused())
    rig.read_facts()
    rig.tell(events.RunRequested())
    assert [(run.outcome, run.causes) for run in rig.runs] == [("validated", ("manual",))]
