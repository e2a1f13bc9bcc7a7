"""What must hold in every night, whatever happens in it; found by random nights against the real machines."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from statefocus import events
from statefocus.context import Run
from statefocus.effects import SetFilter
from statefocus.events import KINDS
from statefocus.session import Session
from statefocus.testing import SimulatedRig, machines

from .nights import ACTS, PROFILES, Act, Oracle, play, restores_failed
from .watched import WATCHED_ACTS, WATCHED_PROFILES, Watched

nights = given(profile=PROFILES, acts=ACTS)
moderate = settings(
    deadline=None, derandomize=True, max_examples=50, suppress_health_check=[HealthCheck.too_slow], print_blob=False
)
more = settings(moderate, max_examples=200)
ENDS = {"validated", "unvalidated", "restored", "cancelled", "lost"}


def ended(run: Run | None) -> bool:
    return run is not None and run.outcome in ENDS


@moderate
@nights
def test_no_automatic_run_begins_while_any_guard_is_false_or_unknown(profile: dict[str, Any], acts: list[Act]) -> None:
    rig = play(profile, acts)
    oracle = Oracle(rig.profile.guards, rig.profile.autofocus.expected_hold_s)
    for happening in rig.log:
        oracle.hear(happening)
        step = happening.steps[0]
        begins = step.after.startswith("Refocusing") and not step.before.startswith("Refocusing")
        if begins and not isinstance(happening.event, events.RunRequested):
            assert oracle.forbids(happening.t) == []


@moderate
@nights
def test_every_run_ends_as_it_must_and_the_plan_is_never_left_held(profile: dict[str, Any], acts: list[Act]) -> None:
    rig = play(profile, acts)
    rig.until("")
    assert rig.state.context.run is None
    assert rig.state.context.pending == {}
    assert {run.outcome for run in rig.runs} <= ENDS
    assert len(rig.runs) == rig.state.context.runs
    holding = False
    for step in rig.steps:
        for effect in step.effects:
            holding |= effect.kind == "pause_plan"
            holding &= effect.kind not in ("resume_plan", "abort_plan")
            told = getattr(effect, "sentence", "")
            holding &= "stays paused" not in told and "Resume it by hand" not in told
    assert not holding


@moderate
@nights
def test_when_the_session_ends_everything_comes_to_rest_and_the_driver_has_its_own_compensation_again(
    profile: dict[str, Any], acts: list[Act]
) -> None:
    rig = play(profile, acts)
    rig.send(events.SessionEnding(reason="Ctrl-C"))
    rig.until("")
    assert rig.state.at_rest
    assert rig.state.leaves["compensation"] == "Off"
    assert len(rig.emitted("switch_driver_compensation")) in ((2,) if profile["compensation"]["enabled"] else (0,))


@moderate
@nights
def test_a_plan_that_stays_paused_does_so_by_the_policy_or_because_the_host_does_not_answer(
    profile: dict[str, Any], acts: list[Act]
) -> None:
    rig = play(profile, acts)
    rig.until("")
    sentences = " ".join(told.sentence for told in rig.emitted("notify"))
    if rig.held:
        assert "stays paused" in sentences or "Resume it by hand" in sentences
    if "failure.policy = pause" in sentences:
        assert rig.profile.failure.policy == "pause"
    if "was given up" in sentences:
        assert rig.profile.failure.policy == "abort"


@moderate
@nights
def test_a_run_is_lost_only_when_every_way_back_has_failed(profile: dict[str, Any], acts: list[Act]) -> None:
    rig = play(profile, acts)
    for index, happening in enumerate(rig.log):
        before = rig.log[index - 1].state.context.run if index else None
        after = happening.state.context.run
        if after is not None and after.outcome == "lost" and (before is None or before.outcome != "lost"):
            assert restores_failed(rig.log[: index + 1]) >= rig.profile.failure.restore_retries + 1


@moderate
@nights
def test_a_run_that_did_not_focus_ends_where_it_began(profile: dict[str, Any], acts: list[Act]) -> None:
    rig = play(profile, [act for act in acts if act[0] != "late"])
    rig.until("")
    for run in rig.runs:
        if run.outcome in ("restored", "cancelled") and run.start_position is not None and run.points:
            assert run.position == run.start_position


@moderate
@nights
def test_a_cancel_is_answered_in_every_state_of_a_run(profile: dict[str, Any], acts: list[Act]) -> None:
    rig = play(profile, acts)
    while rig.state.context.run is not None:
        for cancel in (events.CancelRequested(), events.SessionEnding()):
            _, steps = rig.session.step(rig.state, cancel, rig.t)
            assert steps[0].outcome in ("taken", "stayed")
        rig.answer()


@moderate
@nights
def test_there_is_never_a_fault(profile: dict[str, Any], acts: list[Act]) -> None:
    rig = play(profile, acts)
    rig.until("")
    assert [step.fault for step in rig.steps if step.outcome == "fault"] == []


@moderate
@nights
def test_there_are_never_two_runs_at_once(profile: dict[str, Any], acts: list[Act]) -> None:
    rig = play(profile, acts)
    before = rig.log[0].state.context
    for happening in rig.log[1:]:
        now = happening.state.context
        if now.runs != before.runs:
            assert now.runs == before.runs + 1
            assert before.run is None or now.concluded is not None
        before = now


@moderate
@nights
def test_nothing_but_a_run_moves_the_focuser_during_a_run_a_flip_a_filter_change_or_with_an_aid_open(
    profile: dict[str, Any], acts: list[Act]
) -> None:
    rig = play(profile, acts)
    oracle = Oracle(rig.profile.guards, rig.profile.autofocus.expected_hold_s)
    for happening in rig.log:
        oracle.hear(happening)
        moves = [
            effect
            for step in happening.steps
            for effect in step.effects
            if effect.kind == "move_focuser" and step.machine != "session"
        ]
        assert len(moves) <= 1
        if moves:
            assert (happening.state.context.run, oracle.flipping, oracle.aids, oracle.turning) == (
                None,
                False,
                0,
                False,
            )


@moderate
@nights
def test_a_correction_and_a_move_for_a_filter_are_never_under_way_at_once(
    profile: dict[str, Any], acts: list[Act]
) -> None:
    rig = play(profile, acts)
    for happening in rig.log:
        moving = [one for one in happening.state.context.pending.values() if one.kind == "move_focuser"]
        assert len([one for one in moving if one.machine != "session"]) <= 1


@moderate
@nights
def test_a_run_that_has_turned_the_wheel_asks_last_for_the_plans_own_filter(
    profile: dict[str, Any], acts: list[Act]
) -> None:
    rig = play(profile, acts)
    rig.until("")
    asked: list[str] = []
    for happening in rig.log:
        emitted = [effect for step in happening.steps for effect in step.effects]
        asked += [effect.filter for effect in emitted if isinstance(effect, SetFilter)]
        run = happening.state.context.concluded
        if run is not None:
            assert asked == [] or asked[-1] == run.home_filter != asked[0]
            asked = []


@moderate
@nights
def test_a_question_is_open_no_longer_than_its_timer_and_nothing_runs_for_a_filter_without_a_yes(
    profile: dict[str, Any], acts: list[Act]
) -> None:
    rig = play(profile, acts)
    told = False
    for happening in rig.log:
        event, context = happening.event, happening.state.context
        by_plan = isinstance(event, events.FilterChanged) and event.by == "plan"
        told |= by_plan or (isinstance(event, events.ConfirmationGiven) and event.yes)
        assert context.triggers.filter_changed <= told
        timers = [one for one in context.pending.values() if one.machine == "confirmation"]
        assert len(timers) == (happening.state.leaves["confirmation"] == "Asking")
        if happening.state.leaves["confirmation"] == "Asking":
            assert context.triggers.question == "asked"
    rig.until("")
    assert rig.state.leaves["confirmation"] == "Quiet"


@moderate
@nights
def test_no_automatic_run_begins_while_a_filter_change_or_a_flip_is_known_to_come(
    profile: dict[str, Any], acts: list[Act]
) -> None:
    rig = play(profile, acts)
    oracle = Oracle(rig.profile.guards, rig.profile.autofocus.expected_hold_s)
    for happening in rig.log:
        oracle.hear(happening)
        step = happening.steps[0]
        begins = step.after.startswith("Refocusing") and not step.before.startswith("Refocusing")
        assert not (begins and oracle.shutter)
        if begins and not isinstance(happening.event, events.RunRequested):
            assert (oracle.ahead, oracle.turning, oracle.flipping) == (set(), False, False)


@moderate
@nights
def test_the_focuser_is_never_sent_beyond_its_travel(profile: dict[str, Any], acts: list[Act]) -> None:
    rig = play(profile, acts)
    rig.until("")
    for move in rig.emitted("move_focuser"):
        assert all(0 <= position <= rig.max_step for position in (move.position, *move.via))


@moderate
@given(profile=PROFILES, acts=ACTS, kind=st.sampled_from(sorted(KINDS)), which=st.integers(0, 200))
def test_an_answer_that_nobody_waits_for_changes_nothing(
    profile: dict[str, Any], acts: list[Act], kind: str, which: int
) -> None:
    rig = play(profile, acts)
    if which in rig.state.context.pending:
        return
    late = {
        "plan_held": events.PlanHeld(effect=which),
        "plan_aborted": events.PlanAborted(effect=which),
        "focuser_moved": events.FocuserMoved(effect=which, position=3),
        "frame_measured": events.FrameMeasured(effect=which, value=1.0),
    }.get(kind, events.EffectFailed(effect=which, reason="timeout", sentence="late"))
    before = rig.state
    (step,) = rig.send(late)
    assert (step.outcome, step.effects) == ("stale", ())
    unchanged = replace(before.context, now=rig.t, wish=None, concluded=None)
    assert rig.state == replace(before, context=replace(unchanged, acting=rig.state.context.acting))


@moderate
@nights
def test_the_same_events_make_the_same_steps(profile: dict[str, Any], acts: list[Act]) -> None:
    rig: SimulatedRig = play(profile, acts)
    session = Session(machines(), rig.profile)
    state = session.begin(rig.log[0].t)
    for happening in rig.log:
        state, steps = session.step(state, happening.event, happening.t)
        assert steps == happening.steps
    assert state.leaves == rig.state.leaves


# --- where the focuser is believed to stand ---

_STOOD = (events.FocuserPrepared, events.FocuserMoved, events.DevicesHalted)
_TELLS = (events.SessionStarted, events.FocuserMoved, events.FocuserRead, events.HostRefocused)
_TAKES_BACK = (events.TriggersResumed, events.RunRequested, events.UndoRequested)


@moderate
@nights
def test_the_believed_position_is_always_one_that_was_told(profile: dict[str, Any], acts: list[Act]) -> None:
    rig = play(profile, acts)
    believed, read, stood, left = None, None, None, None
    for happening in rig.log:
        event, now = happening.event, happening.state.context
        told = getattr(event, "position", None)
        answers = isinstance(event, events.Answer) and happening.steps[0].outcome != "stale"
        if isinstance(event, _STOOD) and answers and told is not None:
            stood = told
        elif isinstance(event, events.FocuserRead) and told is not None:
            read = told
        if now.verified_position == believed:
            continue
        if now.verified_position is None:
            assert isinstance(event, events.AidClosed)
            left = believed
        elif now.concluded is not None:
            assert now.verified_position == stood
        elif isinstance(event, _TAKES_BACK):
            assert now.verified_position == read
        else:
            assert isinstance(event, _TELLS)
            assert now.verified_position in (told, left)
        believed = now.verified_position


@more
@given(profile=WATCHED_PROFILES, acts=WATCHED_ACTS)
def test_the_focuser_stands_where_it_is_believed_to_and_nothing_moves_it_against_another_hand(
    profile: dict[str, Any], acts: list[Act]
) -> None:
    night = Watched(profile)
    for act in acts:
        night.act(act)
    assert night.amiss == []
