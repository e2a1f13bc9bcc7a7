"""Asking a person (T4): a filter change by hand refocuses only after a yes, and silence means no."""

from __future__ import annotations

from typing import Any

import pytest

from statefocus import events
from statefocus.testing import SimulatedRig

from .rigs import begin_run, due, fail, quiet_rig, reading, run_now, to_filter

YES, NO = events.ConfirmationGiven(yes=True), events.ConfirmationGiven(yes=False)


def changed_by_hand(rig: SimulatedRig, name: str = "R") -> None:
    """Change the filter by hand; the question waits for its answer."""
    rig.send(events.FilterChanged(former=rig.state.context.plan.filter or "L", filter=name, by="person"))


def asking_rig(*, plan: bool = True, **triggers: Any) -> SimulatedRig:
    """A rig that asks about a filter change by hand."""
    rig = quiet_rig({"filter_change": True, **triggers})
    if plan:
        rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    changed_by_hand(rig)
    return rig


def state(rig: SimulatedRig) -> tuple[str, str]:
    """What the machine is at, and how the question stands."""
    return rig.state.leaves["confirmation"], rig.state.context.triggers.question


def dropped(rig: SimulatedRig) -> int:
    """How many timers were dropped."""
    return sum(len(effect.timers) for effect in rig.emitted("drop_timer"))


def test_t4_a_change_by_hand_asks_and_names_filter_and_time() -> None:
    rig = asking_rig(confirm_within_s=45.0)
    (asked,) = rig.emitted("ask_person")
    (timer,) = rig.emitted("start_timer")
    assert asked.question == "The filter was changed by hand to R. Refocus? No answer in 45 s means no."
    assert (asked.seconds, timer.seconds, timer.purpose) == (45.0, 45.0, "confirmation")
    assert (state(rig), due(rig), rig.state.context.runs) == (("Asking", "asked"), [], 0)


@pytest.mark.parametrize(
    "change",
    [
        events.FilterChanged(former="L", filter="R", by="plan"),
        events.FilterChanged(former="L", filter="L", by="person"),
        events.FilterChanged(former=None, filter="R", by="person"),
    ],
    ids=["by-plan", "the-same", "the-first"],
)
def test_t4_nobody_is_asked_about_a_change_by_the_plan_or_none_at_all(change: events.FilterChanged) -> None:
    rig = quiet_rig({"filter_change": True})
    rig.tell(change)
    assert rig.emitted("ask_person") == []


def test_t4_nobody_is_asked_where_the_trigger_is_off() -> None:
    rig = quiet_rig({"filter_change": False})
    changed_by_hand(rig)
    assert (rig.emitted("ask_person"), state(rig)) == ([], ("Quiet", ""))


def test_t4_nobody_is_asked_about_a_filter_that_only_gets_its_offset() -> None:
    rig = quiet_rig({"filter_change": True}, filters={"R": {"offset_steps": 30, "focus": "offset"}})
    changed_by_hand(rig)
    assert (rig.emitted("ask_person"), state(rig)) == ([], ("Quiet", ""))


def test_t4_a_change_on_to_a_filter_that_only_gets_its_offset_settles_the_question() -> None:
    rig = quiet_rig({"filter_change": True}, filters={"H": {"offset_steps": 30, "focus": "offset"}})
    changed_by_hand(rig)
    changed_by_hand(rig, "H")
    assert (state(rig), dropped(rig), len(rig.emitted("ask_person"))) == (("Quiet", ""), 1, 1)


def test_t4_nobody_is_asked_once_the_session_is_ending() -> None:
    rig = quiet_rig({"filter_change": True})
    rig.tell(events.SessionEnding())
    changed_by_hand(rig)
    assert rig.emitted("ask_person") == []


def test_t4_a_yes_with_no_plan_running_runs_now() -> None:
    rig = asking_rig(plan=False)
    steps = rig.tell(YES)
    assert steps[0].row == "filter-confirmed"
    assert [run.causes for run in rig.runs] == [("filter",)]
    assert (state(rig), dropped(rig), due(rig)) == (("Quiet", ""), 1, [])


def test_t4_a_yes_while_the_plan_is_paused_runs_now_and_leaves_it_paused() -> None:
    rig = quiet_rig({"filter_change": True})
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    rig.tell(events.PlanPaused())
    changed_by_hand(rig)
    rig.tell(YES)
    assert ([run.causes for run in rig.runs], rig.leaf) == ([("filter",)], "Paused")


def test_t4_a_yes_during_an_exposure_runs_after_it() -> None:
    rig = quiet_rig({"filter_change": True})
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    rig.open_shutter()
    changed_by_hand(rig)
    rig.send(YES)
    assert (rig.leaf, due(rig), rig.runs) == ("Imaging.Exposing", ["filter"], [])
    rig.close_shutter()
    assert [run.causes for run in rig.runs] == [("filter",)]


def test_t4_a_yes_that_a_guard_inhibits_stays_due() -> None:
    rig = asking_rig()
    rig.facts["safe"] = False
    rig.send(events.SafetyRead(safe=False))
    steps = rig.send(YES)
    assert (steps[0].outcome, due(rig)) == ("inhibited", ["filter"])
    rig.facts["safe"] = True
    rig.take_frames(1)
    assert [run.causes for run in rig.runs] == [("filter",)]


OVER = {
    "aid": (events.AidOpened(aid="Bahtinov Aid"), events.AidClosed(aid="Bahtinov Aid")),
    "mount": (
        events.MountRead(tracking=False, parked=False, flip_in_s=86_400.0),
        events.MountRead(tracking=True, parked=False, flip_in_s=86_400.0),
    ),
    "safety": (events.SafetyRead(safe=False), events.SafetyRead(safe=True)),
    "sun": (events.SunRead(altitude_deg=-10.0), events.SunRead(altitude_deg=-20.0)),
    "triggers": (events.TriggersPaused(), events.TriggersResumed()),
}
"""What forbids a run, and the end of it."""


@pytest.mark.parametrize("paused", [False, True], ids=["no plan", "a paused plan"])
@pytest.mark.parametrize(("forbids", "over"), OVER.values(), ids=OVER)
def test_t4_a_yes_that_was_inhibited_runs_as_soon_as_what_forbade_it_is_over(
    forbids: events.Event, over: events.Event, *, paused: bool
) -> None:
    rig = quiet_rig({"filter_change": True}, guards={"astro_night": "require"})
    if paused:
        rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
        rig.tell(events.PlanPaused())
    rig.read_facts()
    rig.tell(events.SunRead(altitude_deg=-20.0))
    changed_by_hand(rig)
    rig.send(forbids)
    rig.send(YES)
    assert (rig.runs, due(rig)) == ([], ["filter"])
    steps = rig.tell(over)
    assert steps[0].row == "filter-confirmed-later"
    assert [run.causes for run in rig.runs] == [("filter",)]


def test_t4_a_yes_that_was_inhibited_is_not_for_a_filter_that_only_gets_its_offset() -> None:
    rig = quiet_rig({"filter_change": True}, filters={"H": {"offset_steps": 30, "focus": "offset"}})
    rig.read_facts()
    changed_by_hand(rig)
    rig.send(events.SafetyRead(safe=False))
    rig.send(YES)
    changed_by_hand(rig, "H")
    rig.tell(events.SafetyRead(safe=True))
    assert (rig.runs, due(rig)) == ([], [])


def test_t4_a_no_asks_no_more_and_runs_nothing() -> None:
    rig = asking_rig()
    rig.tell(NO)
    rig.take_frames(2)
    assert (state(rig), dropped(rig), rig.runs, due(rig)) == (("Quiet", ""), 1, [], [])


def test_t4_a_no_does_not_undo_what_the_plan_has_made_due() -> None:
    rig = quiet_rig({"filter_change": True})
    rig.tell(events.TriggersPaused())
    rig.tell(events.FilterChanged(former="L", filter="R"))
    changed_by_hand(rig, "B")
    rig.tell(NO)
    assert due(rig) == ["filter"]


def test_t4_silence_means_no_and_is_told() -> None:
    rig = asking_rig()
    rig.until("")
    told = rig.emitted("notify")[-1]
    assert (told.level, told.sentence) == ("info", "No answer: no refocus after the filter change by hand.")
    rig.take_frames(2)
    assert (state(rig), rig.runs, due(rig), rig.emitted("drop_timer")) == (("Quiet", ""), [], [], [])


@pytest.mark.parametrize("late", [YES, NO], ids=["yes", "no"])
def test_t4_an_answer_after_the_time_changes_nothing(late: events.ConfirmationGiven) -> None:
    rig = asking_rig(plan=False)
    rig.until("")
    rig.tell(late)
    assert (rig.runs, due(rig), state(rig)) == ([], [], ("Quiet", ""))


def test_t4_a_yes_that_nobody_asked_for_changes_nothing() -> None:
    rig = quiet_rig({"filter_change": True})
    rig.tell(YES)
    assert (rig.runs, due(rig)) == ([], [])


def test_t4_another_change_by_hand_asks_again_and_the_time_starts_anew() -> None:
    rig = asking_rig()
    changed_by_hand(rig, "B")
    assert [asked.question.split(".")[0][-1] for asked in rig.emitted("ask_person")] == ["R", "B"]
    assert (dropped(rig), [effect.kind for effect in rig.waiting]) == (1, ["start_timer"])
    assert rig.waiting[0].id == rig.emitted("start_timer")[-1].id
    assert state(rig) == ("Asking", "asked")


def test_t4_the_plans_own_change_comes_first_and_settles_the_question() -> None:
    rig = asking_rig()
    rig.send(events.FilterChanged(former="R", filter="B", by="plan"))
    assert (state(rig), dropped(rig), rig.leaf) == (("Quiet", ""), 1, "Refocusing.Holding")
    rig.until("")
    assert [run.causes for run in rig.runs] == [("filter",)]


def test_t4_the_wheel_that_is_told_once_more_settles_nothing() -> None:
    rig = asking_rig()
    rig.send(events.FilterChanged(former="R", filter="R", by="plan"))
    assert state(rig) == ("Asking", "asked")


def test_t4_a_refocus_comes_first_and_settles_the_question() -> None:
    rig = asking_rig()
    rig.send(events.RunRequested())
    while rig.state.context.run is not None:
        timers = [effect for effect in rig.waiting if getattr(effect, "purpose", "") == "confirmation"]
        rig.waiting.extend(timers and [rig.waiting.popleft()] if rig.waiting[0] in timers else [])
        rig.answer()
    assert rig.runs[0].outcome == "validated"
    assert (state(rig), dropped(rig), list(rig.waiting)) == (("Quiet", ""), 1, [])


def test_t4_a_refocus_that_failed_does_not_settle_it() -> None:
    rig = quiet_rig({"filter_change": True})
    begin_run(rig)
    changed_by_hand(rig)
    assert rig.leaf == "Restoring.Halting"
    timer = next(effect for effect in rig.waiting if effect.kind == "start_timer")
    rig.waiting.remove(timer)
    rig.until("")
    assert ([run.outcome for run in rig.runs], state(rig)) == (["cancelled"], ("Asking", "asked"))


def test_t4_a_yes_in_the_middle_of_a_run_by_hand_is_kept_until_that_is_over() -> None:
    rig = quiet_rig({"filter_change": True})
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    begin_run(rig)
    changed_by_hand(rig)
    rig.send(YES)
    rig.until("")
    assert due(rig) == ["filter", "asap"]
    rig.take_frames(1)
    assert [(run.outcome, run.causes) for run in rig.runs] == [
        ("cancelled", ("asap",)),
        ("validated", ("filter", "asap")),
    ]


@pytest.mark.parametrize("told", [events.CancelRequested(), events.SessionEnding()], ids=lambda event: str(event.kind))
def test_t4_a_cancel_or_the_sessions_end_closes_the_question(told: events.Event) -> None:
    rig = asking_rig()
    rig.send(told)
    assert (state(rig), dropped(rig), rig.state.at_rest) == (("Quiet", ""), 1, True)
    rig.tell(YES)
    assert rig.runs == []


def test_t4_a_timer_that_fails_closes_the_question() -> None:
    rig = asking_rig()
    fail(rig, "start_timer")
    rig.until("")
    assert (state(rig), due(rig), rig.state.at_rest) == (("Quiet", ""), [], True)


def test_t4_a_question_drops_its_own_timer_and_no_other_effect() -> None:
    rig = asking_rig()
    rig.send(events.RunRequested())
    rig.send(NO)
    assert [effect.kind for effect in rig.waiting] == ["pause_plan"]
    rig.until("")
    assert [run.outcome for run in rig.runs] == ["validated"]


def test_t4_triggers_that_are_paused_and_resumed_do_not_answer() -> None:
    rig = asking_rig()
    rig.send(events.TriggersPaused())
    rig.send(events.TriggersResumed())
    assert (state(rig), reading(rig, "filter").due) == (("Asking", "asked"), False)


def test_t4_after_an_answer_the_next_change_by_hand_asks_anew() -> None:
    rig = asking_rig()
    rig.tell(NO)
    changed_by_hand(rig, "B")
    rig.tell(YES)
    rig.take_frames(1)
    assert [run.causes for run in rig.runs] == [("filter",)]


def test_t4_a_yes_after_a_refocus_that_came_first_makes_nothing_due() -> None:
    rig = quiet_rig({"filter_change": True})
    run_now(rig)
    to_filter(rig, "R")
    rig.tell(YES)
    assert due(rig) == []
