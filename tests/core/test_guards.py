"""Guards (G): each blocks when false, unknown or stale, passes when not used, and is recorded in any case."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from statefocus import events
from statefocus.machine.vocabulary import Ruling
from statefocus.testing import SimulatedRig
from statefocus.triggers import NAMES

from .rigs import begin_run, due, quiet_rig, reading, run_now, tried

MAY_REFOCUS = (
    "triggers_armed",
    "tracking",
    "unparked",
    "light_plan",
    "aids_closed",
    "astro_night",
    "safe",
    "flip_not_imminent",
)
BY_DEVICE = {
    "tracking": {"tracking": False},
    "unparked": {"parked": True},
    "safe": {"safe": False},
    "flip_not_imminent": {"flip_in_s": 100.0},
}


def asked(rig: SimulatedRig) -> dict[str, Ruling]:
    """Ask for a refocus with nothing running, and give what each guard said."""
    steps = rig.tell(events.RefocusRequested())
    return dict(tried(steps, "asap-now").guards)


def night_rig(mode: str, altitude_deg: float | None) -> SimulatedRig:
    rig = quiet_rig(guards={"astro_night": mode})
    if altitude_deg is not None:
        rig.tell(events.SunRead(altitude_deg=altitude_deg))
    return rig


# --- may_refocus, one guard at a time ---


def test_all_guards_are_evaluated_and_recorded_when_all_pass() -> None:
    said = asked(quiet_rig())
    assert [name for name in said if name in MAY_REFOCUS] == list(MAY_REFOCUS)
    assert {name: ruling for name, ruling in said.items() if ruling is not Ruling.PASSED} == {
        "astro_night": Ruling.NOT_USED
    }


@pytest.mark.parametrize(("guard", "facts"), BY_DEVICE.items(), ids=BY_DEVICE)
def test_a_false_fact_blocks_and_the_others_are_recorded_all_the_same(guard: str, facts: dict[str, Any]) -> None:
    rig = quiet_rig()
    rig.read_facts(**facts)
    said = asked(rig)
    assert (said[guard], rig.runs, due(rig)) == (Ruling.FAILED, [], ["asap"])
    assert [name for name, ruling in said.items() if not ruling.passes] == [guard]
    assert set(MAY_REFOCUS) <= set(said)


@pytest.mark.parametrize(("guard", "facts"), BY_DEVICE.items(), ids=BY_DEVICE)
def test_a_fact_that_could_not_be_read_is_unknown_and_blocks(guard: str, facts: dict[str, Any]) -> None:
    rig = quiet_rig()
    rig.read_facts(**dict.fromkeys(facts))
    assert (asked(rig)[guard], rig.runs) == (Ruling.UNKNOWN, [])


@pytest.mark.parametrize("guard", BY_DEVICE)
def test_a_stale_fact_is_unknown_and_blocks(guard: str) -> None:
    rig = quiet_rig(guards={"stale_after_s": 60.0})
    rig.t += 60.0
    assert asked(rig)[guard] is Ruling.PASSED
    rig.t += 0.1
    rig.t += 60.0
    assert (asked(rig)[guard], len(rig.runs)) == (Ruling.UNKNOWN, 1)


@pytest.mark.parametrize(("guard", "facts"), BY_DEVICE.items(), ids=BY_DEVICE)
def test_a_fact_that_is_not_used_passes_and_is_recorded_as_such(guard: str, facts: dict[str, Any]) -> None:
    rig = quiet_rig(guards={guard: "not_used"})
    rig.read_facts(**facts)
    assert asked(rig)[guard] is Ruling.NOT_USED
    assert [run.outcome for run in rig.runs] == ["validated"]


def test_a_run_that_would_not_end_before_the_flip_waits_for_it() -> None:
    rig = quiet_rig(autofocus={"expected_run_s": 180.0})
    rig.read_facts(flip_in_s=180.0)
    assert asked(rig)["flip_not_imminent"] is Ruling.FAILED
    rig.read_facts(flip_in_s=180.1)
    assert asked(rig)["flip_not_imminent"] is Ruling.PASSED


def test_the_time_for_which_the_result_is_shown_counts_too() -> None:
    rig = quiet_rig(autofocus={"expected_run_s": 180.0, "hold_after_focus_s": 60.0})
    rig.read_facts(flip_in_s=240.0)
    assert asked(rig)["flip_not_imminent"] is Ruling.FAILED
    rig.read_facts(flip_in_s=240.1)
    assert asked(rig)["flip_not_imminent"] is Ruling.PASSED


def test_paused_triggers_block() -> None:
    rig = quiet_rig()
    rig.tell(events.TriggersPaused())
    assert (asked(rig)["triggers_armed"], rig.runs) == (Ruling.FAILED, [])


def test_an_open_aid_blocks_until_the_last_one_is_closed() -> None:
    rig = quiet_rig()
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    rig.tell(events.AidOpened(aid="Focusing Aid"))
    rig.tell(events.AidClosed(aid="Bahtinov Aid"))
    assert (asked(rig)["aids_closed"], rig.runs) == (Ruling.FAILED, [])
    rig.tell(events.AidClosed(aid="Focusing Aid"))
    assert asked(rig)["aids_closed"] is Ruling.PASSED


@pytest.mark.parametrize("kind", ["Dark", "Flat", "Bias"])
def test_light_plan_blocks_while_the_plan_takes_anything_but_light_frames(kind: str) -> None:
    rig = quiet_rig()
    rig.start_plan(kind)
    assert (asked(rig)["light_plan"], rig.runs) == (Ruling.FAILED, [])


def test_light_plan_looks_at_what_the_plan_takes_next() -> None:
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}})
    rig.start_plan()
    rig.open_shutter()
    steps = rig.close_shutter(next_frame_type="Dark")
    assert tried(steps, "count-due").guards["light_plan"] is Ruling.FAILED


def test_no_run_follows_the_last_frame_of_a_plan() -> None:
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}})
    rig.start_plan()
    rig.open_shutter()
    rig.close_shutter(next_frame_type=None)
    assert rig.runs == []


def test_light_plan_is_unknown_when_the_host_has_been_silent_for_too_long() -> None:
    rig = quiet_rig()
    rig.start_plan()
    rig.t += 121.0
    rig.read_facts()
    assert asked(rig)["light_plan"] is Ruling.UNKNOWN


def test_light_plan_may_be_left_out() -> None:
    rig = quiet_rig(guards={"light_plan": "not_used"})
    rig.start_plan("Dark")
    assert asked(rig)["light_plan"] is Ruling.NOT_USED


@pytest.mark.parametrize(
    ("mode", "altitude_deg", "said"),
    [
        ("require", -18.0, Ruling.PASSED),
        ("require", -17.9, Ruling.FAILED),
        ("require", None, Ruling.UNKNOWN),
        ("forbid", -17.9, Ruling.PASSED),
        ("forbid", -18.0, Ruling.FAILED),
        ("forbid", None, Ruling.UNKNOWN),
        ("ignore", None, Ruling.NOT_USED),
        ("ignore", 10.0, Ruling.NOT_USED),
    ],
)
def test_astro_night_is_as_the_profile_wants_it(mode: str, altitude_deg: float | None, said: Ruling) -> None:
    rig = night_rig(mode, altitude_deg)
    assert asked(rig)["astro_night"] is said
    assert len(rig.runs) == said.passes


def test_a_due_trigger_that_is_inhibited_says_so_with_every_reading() -> None:
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}})
    rig.read_facts(safe=False)
    rig.start_plan()
    rig.open_shutter()
    (step, *_) = rig.close_shutter()
    assert step.outcome == "inhibited"
    assert [one.name for one in step.triggers if one.due] == ["count"]
    assert len(step.triggers) == len(NAMES)


# --- a run by hand ---


@pytest.mark.parametrize(
    "facts",
    [{"tracking": False}, {"tracking": None}, {"flip_in_s": 1.0}, {"flip_in_s": None}],
    ids=str,
)
def test_a_manual_run_needs_neither_tracking_nor_time_before_the_flip(facts: dict[str, Any]) -> None:
    rig = quiet_rig()
    rig.read_facts(**facts)
    rig.tell(events.RunRequested())
    assert [(run.causes, run.outcome) for run in rig.runs] == [(("manual",), "validated")]


def test_a_manual_run_needs_neither_armed_triggers_nor_light_frames_nor_night() -> None:
    rig = night_rig("require", 20.0)
    rig.start_plan("Flat")
    rig.tell(events.TriggersPaused())
    rig.tell(events.RunRequested())
    assert [run.outcome for run in rig.runs] == ["validated"]


@pytest.mark.parametrize(
    ("guard", "facts", "said"),
    [
        ("unparked", {"parked": True}, Ruling.FAILED),
        ("unparked", {"parked": None}, Ruling.UNKNOWN),
        ("safe", {"safe": False}, Ruling.FAILED),
        ("safe", {"safe": None}, Ruling.UNKNOWN),
    ],
)
def test_a_manual_run_needs_unparked_and_safe(guard: str, facts: dict[str, Any], said: Ruling) -> None:
    rig = quiet_rig()
    rig.read_facts(**facts)
    steps = rig.tell(events.RunRequested())
    assert (tried(steps, "run-by-hand").guards[guard], rig.runs) == (said, [])
    assert not_now(rig).endswith(f"(`{guard}` {said}). Ask for a refocus as soon as possible instead.")


def not_now(rig: SimulatedRig) -> str:
    """What a person is told whose wish was not served."""
    told, sentence = str(rig.emitted("notify")[-1].sentence).split(": ", 1)
    assert told == "Not now"
    return sentence


NOT_NOW: dict[str, tuple[dict[str, Any], float, str]] = {
    "parked": ({"parked": True}, 7.0, "the mount is parked, told 7 s ago (`unparked` failed)"),
    "unsafe": ({"safe": False}, 7.0, "the safety monitor says that it is not safe, told 7 s ago (`safe` failed)"),
    "untold": ({"safe": None}, 7.0, "the device could not tell, 7 s ago (`safe` unknown)"),
    "stale": (
        {},
        500.0,
        "; ".join(
            f"the device told it last 500 s ago, limit 120 s (`{guard}` unknown)" for guard in ("unparked", "safe")
        ),
    ),
}


@pytest.mark.parametrize(("facts", "later_s", "said"), NOT_NOW.values(), ids=NOT_NOW)
def test_a_person_is_told_which_guards_said_no_and_on_what(facts: dict[str, Any], later_s: float, said: str) -> None:
    rig = quiet_rig()
    rig.read_facts(**facts)
    rig.t += later_s
    rig.send(events.RunRequested())
    assert not_now(rig) == f"{said}. Ask for a refocus as soon as possible instead."


def test_a_person_is_told_that_nothing_has_told_a_fact() -> None:
    rig = quiet_rig()
    rig.state = replace(rig.state, context=replace(rig.state.context, facts={}))
    rig.send(events.RunRequested())
    assert not_now(rig).startswith("no device has told this yet (`unparked` unknown); no device has told this yet")


def test_a_wish_that_the_machine_refuses_names_every_guard_that_said_no() -> None:
    """Whatever is against it: what the row recorded and what a person is told are the same."""
    rig = quiet_rig()
    rig.read_facts(safe=False, parked=True)
    rig.tell(events.AidOpened(aid="Bahtinov Aid"))
    for wish, row in ((events.RunRequested(), "run-by-hand"), (events.UndoRequested(), "undo")):
        steps = rig.tell(wish)
        against = [name for name, said in tried(steps, row).guards.items() if not said.passes]
        assert len(against) >= 3
        assert all(f"`{name}` " in not_now(rig) for name in against)


def test_what_is_under_way_is_told_too() -> None:
    rig = quiet_rig()
    rig.start_plan()
    rig.open_shutter()
    rig.tell(events.RunRequested())
    assert not_now(rig).startswith("an exposure of the plan is being prepared, taken or read out. Ask ")
    other = quiet_rig()
    begin_run(other)
    other.send(events.RunRequested())
    assert not_now(other).startswith("run 1 is under way. ")


def test_a_manual_run_needs_all_aids_closed() -> None:
    rig = quiet_rig()
    rig.tell(events.AidOpened(aid="Auto Focus Aid"))
    steps = rig.tell(events.RunRequested())
    assert tried(steps, "run-by-hand").guards["aids_closed"] is Ruling.FAILED
    assert "Auto Focus Aid is open (`aids_closed` failed)" in not_now(rig)


def test_a_manual_run_is_refused_in_the_middle_of_an_exposure() -> None:
    rig = quiet_rig()
    rig.start_plan()
    rig.open_shutter()
    rig.tell(events.RunRequested())
    assert (rig.runs, rig.leaf) == ([], "Imaging.Exposing")
    assert "Not now" in rig.emitted("notify")[-1].sentence


# --- the ground is lost in the middle of a run ---

IN_A_RUN = (
    "Refocusing.Holding",
    "Refocusing.Readying",
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
GROUND = {
    "unsafe": events.SafetyRead(safe=False),
    "parked": events.MountRead(tracking=True, parked=True, flip_in_s=86_400.0),
    "not-tracking": events.MountRead(tracking=False, parked=False, flip_in_s=86_400.0),
    "flip": events.FlipStarted(),
}


@pytest.mark.parametrize("happened", GROUND.values(), ids=GROUND)
@pytest.mark.parametrize("leaf", IN_A_RUN)
def test_what_takes_the_ground_away_cancels_the_run_restores_and_leaves_it_due(
    leaf: str, happened: events.Event
) -> None:
    rig = quiet_rig(best=10_025)
    rig.start_plan()
    begin_run(rig, leaf)
    (step, *_) = rig.send(happened)
    waits = leaf == "Refocusing.Readying"  # for the answer, without which nobody knows what to switch back (C8)
    assert (step.outcome, step.after) == (("stayed", leaf) if waits else ("taken", "Restoring.Halting"))
    rig.until("")
    assert [(run.outcome, run.automatic) for run in rig.runs] == [("cancelled", True)]
    assert (rig.position, rig.held) == (10_000, False)
    assert due(rig) == ["asap"]
    assert rig.state.context.triggers.retry_t is None
    assert rig.leaf == ("MeridianFlip" if isinstance(happened, events.FlipStarted) else "Imaging.Idle")


@pytest.mark.parametrize("leaf", [leaf for leaf in IN_A_RUN if leaf != "Refocusing.Holding"])
def test_a_fact_that_is_still_good_or_becomes_unknown_in_the_middle_of_a_run_cancels_nothing(leaf: str) -> None:
    rig = quiet_rig()
    begin_run(rig, leaf)
    rig.send(events.SafetyRead(safe=True))
    rig.send(events.MountRead(tracking=True, parked=False, flip_in_s=86_400.0))
    rig.send(events.SafetyRead(safe=None))
    rig.send(events.MountRead())
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["validated"]


def test_a_manual_run_goes_on_without_tracking_and_ends_when_it_is_unsafe() -> None:
    rig = quiet_rig()
    rig.send(events.RunRequested())
    rig.until("Refocusing.Exposing")
    rig.send(GROUND["not-tracking"])
    assert rig.leaf == "Refocusing.Exposing"
    rig.send(GROUND["unsafe"])
    assert rig.leaf == "Restoring.Halting"


def test_a_source_that_is_not_used_takes_no_ground_away() -> None:
    rig = quiet_rig(guards={"safe": "not_used"})
    begin_run(rig)
    rig.send(GROUND["unsafe"])
    assert rig.leaf == "Refocusing.Exposing"


def test_what_was_interrupted_is_served_once_the_ground_is_back() -> None:
    rig = quiet_rig()
    rig.start_plan()
    begin_run(rig)
    rig.tell(GROUND["unsafe"])
    rig.read_facts(safe=True)
    rig.take_frames(1)
    assert [run.outcome for run in rig.runs] == ["cancelled", "validated"]


def test_a_facts_age_counts_from_its_last_reading() -> None:
    rig = quiet_rig({"count": {"enabled": True, "frames": 1}})
    rig.start_plan()
    rig.open_shutter()
    rig.t += 600.0
    steps = (
        *rig.tell(events.ExposureEnded(number=1)),
        *rig.tell(events.FrameSaved(number=1, frame_type="Light", next_frame_type="Light")),
    )
    assert tried(steps, "count-due").guards["tracking"] is Ruling.UNKNOWN
    assert reading(rig, "count").due
    run_now(rig)
    assert len(rig.runs) == 1
