"""What the gate makes of calls and notifications, in their order and out of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from statefocus import events
from statefocus.hosts.gate.answering import ENDED
from statefocus.hosts.gate.asking import Answer, Asking, GateCall, Ticket
from statefocus.hosts.protocol import Kept
from tests.gate.stage import EXPOSURE_S, Stage

TWICE: dict[str, object] = {"count": {"frames": 1}}


def word_of(asking: Asking) -> str | None:
    return asking.answer.word if asking.answer else None


def test_the_first_call_begins_the_plan_and_waits_for_its_run() -> None:
    stage = Stage({"first_frame": True})
    assert stage.goes(filter_="L") == 1
    assert stage.causes == [("first_frame",)]
    assert stage.kinds == ["plan_started", "plan_held", "plan_released", "frame_preparing", "exposure_started"]
    assert stage.runs[0].filter == "L"


def test_a_call_tells_the_end_of_the_frame_before() -> None:
    stage = Stage()
    stage.goes(filter_="L")
    stage.gate("Dark", "L")
    saved = stage.told(events.FrameSaved)
    assert [(one.number, one.frame_type, one.filter, one.next_frame_type) for one in saved] == [
        (1, "Light", "L", "Dark")
    ]
    assert saved[0].position == stage.position


def test_runs_are_made_while_the_call_waits() -> None:
    stage = Stage()
    assert [stage.goes() for _ in range(5)] == [0, 0, 1, 0, 2]
    assert stage.causes == [("count",), ("count",)]
    order = stage.kinds
    assert order.index("plan_held") < order.index("plan_released") < len(order) - order[::-1].index("frame_preparing")


def test_a_saved_frame_is_told_when_it_is_known_what_follows() -> None:
    stage = Stage(TWICE)
    stage.goes()
    assert stage.notify("frame-saved", file="C:\\lights/a.fits", hfr=2.5, stars=80).word == "told"
    assert stage.told(events.FrameSaved) == []
    assert stage.told(events.ExposureEnded) == [events.ExposureEnded(number=1)]
    assert stage.goes("Dark") == 0, "no refocus before a dark"
    saved = stage.told(events.FrameSaved)[0]
    assert (saved.file, saved.hfr_px, saved.stars, saved.next_frame_type) == ("a.fits", 2.5, 80, "Dark")
    stage.goes("Dark")
    assert stage.goes("Light") == 1


def test_one_run_serves_count_and_filter_in_the_new_filter() -> None:
    stage = Stage(TWICE)
    stage.goes(filter_="L")
    assert stage.goes(filter_="R") == 1
    assert (stage.runs[0].causes, stage.runs[0].filter) == (("count", "filter"), "R")
    assert stage.told(events.FilterChanged) == [events.FilterChanged(former="L", filter="R", by="plan")]


def test_one_run_serves_flip_centering_and_filter() -> None:
    stage = Stage({**TWICE, "after_centering": True})
    stage.goes(filter_="L")
    stage.notify("frame-saved")
    for word in ("flip-started", "flip-finished", "centering-finished"):
        assert stage.notify(word).word == "told"
    stage.notify("filter-changed", filter="R")
    assert stage.runs == []
    assert stage.goes(filter_="R") == 1
    assert (set(stage.runs[0].causes), stage.runs[0].filter) == ({"count", "filter", "flip", "centering"}, "R")


def test_a_flip_whose_end_nobody_told_is_over_when_the_next_frame_is_asked_for() -> None:
    stage = Stage()
    stage.goes()
    stage.notify("flip-started")
    assert stage.goes() == 1
    assert stage.causes == [("flip",)]


def test_a_plan_that_was_announced_begins_with_its_first_call() -> None:
    stage = Stage({"first_frame": True})
    stage.goes(filter_="L")
    stage.notify("frame-saved")
    stage.notify("plan-finished")
    stage.notify("plan-started", frames=20)
    stage.goes(filter_="R")
    second = stage.told(events.PlanStarted)[1]
    assert (second.frames, second.filter, second.frame_type) == (20, "R", "Light")
    assert [run.filter for run in stage.runs] == ["L", "R"]


def test_a_plan_that_begins_ends_the_one_before() -> None:
    stage = Stage()
    stage.goes()
    stage.notify("plan-started")
    assert stage.kinds[-3:] == ["exposure_ended", "frame_saved", "plan_finished"]
    assert stage.notify("plan-finished").word == "ignored"


def test_the_wheel_is_turned_where_the_call_comes_before_it() -> None:
    stage = Stage(wheel="L")
    stage.goes(filter_="L")
    assert stage.goes(filter_="R") == 1
    assert stage.wheel is not None
    assert (stage.wheel.name, stage.wheel.turns) == ("R", 1)
    assert "filter_changing" in stage.kinds
    stage.wheel.name = "B"
    assert stage.goes(filter_="B") == 2
    assert stage.wheel.turns == 1, "the host has turned it"


def test_a_caller_that_dies_while_it_waits_leaves_no_frame_behind() -> None:
    stage = Stage({"first_frame": True})
    asking: list[Asking] = []
    stage.at["frame_taken"] = lambda: stage.host.leave(stage.host._asking or asking[0])
    asking.append(stage.gate())
    assert asking[0].answer is None
    assert "frame_preparing" not in stage.kinds
    assert stage.runs[0].outcome == "validated"
    assert stage.goes() == 0, "the next call goes on"


@pytest.mark.parametrize("by", ["the caller", "the session"])
def test_a_call_that_comes_to_an_end_when_it_is_let_go_takes_no_frame(by: str) -> None:
    stage = Stage(TWICE)

    def end() -> None:
        asking = stage.host._asking
        assert asking is not None
        if by == "the caller":
            assert not asking.abandon(), "its answer comes at once: it stays for that"
            stage.host.leave(asking)
        else:
            asking.settle(Answer("down", ENDED))

    stage.at["frame_preparing"] = end
    stage.gate()
    assert stage.kinds[-3:] == ["frame_preparing", "exposure_started", "exposure_failed"]
    assert stage.goes() == 0
    assert stage.told(events.FrameSaved) == []


def test_no_frame_is_numbered_for_a_caller_that_gave_up_while_the_wheel_turned() -> None:
    stage = Stage(wheel="L")
    stage.goes(filter_="L")
    turning = stage.gate(filter_="R")
    assert (turning.answer, turning.waits_for) == (None, "the filter wheel turns to R")
    assert turning.abandon()
    stage.host.leave(turning)
    stage.passes(5)
    assert "exposure_failed" not in stage.kinds
    asking = stage.gate(filter_="R")
    stage.passes(5)
    assert asking.answer is not None
    assert asking.answer.frame == 2


def test_a_frame_that_is_told_while_the_next_one_waits_for_its_run_is_not_counted_again() -> None:
    stage = Stage({"count": {"frames": 1}, "first_frame": True})
    said: list[Ticket] = []
    stage.at["frame_taken"] = lambda: said.append(stage.host.notify("frame-saved", {"file": "strange.fits"}))
    assert stage.goes() == 1
    stage.at["frame_taken"] = lambda: said.append(stage.host.notify("frame-saved", {"file": "late.fits"}))
    assert stage.goes() == 2
    assert [one.answer.word for one in said if one.answer] == ["ignored", "ignored"]
    assert [frame.number for frame in stage.told(events.FrameSaved)] == [1]


def test_two_programs_at_the_gate_and_one_that_calls_twice() -> None:
    stage = Stage({"first_frame": True})
    others: list[Asking] = []

    def call(by: str) -> None:
        others.append(stage.host.gate(stage.gate_call(by)))

    stage.at["frame_taken"] = lambda: call("other")
    stage.at["frame_measured"] = lambda: call("one")
    first = stage.gate()
    assert [word_of(one) for one in (first, *others)] == ["stop", "stop", "go"]
    assert others[0].answer is not None
    assert "one waits at the gate already" in others[0].answer.why
    assert "newer call" in (first.answer.why if first.answer else "")


def test_another_program_has_to_wait_until_the_exposure_is_over() -> None:
    stage = Stage()
    stage.gate(by="one")
    stage.passes(20)
    refused = stage.gate(by="other")
    assert refused.answer is not None
    assert (refused.answer.word, "another 40 s" in refused.answer.why) == ("stop", True)
    stage.passes(40)
    assert stage.goes(by="other") == 0
    assert len(stage.told(events.FrameSaved)) == 1


def test_a_call_that_comes_too_early_tells_that_the_frame_has_failed() -> None:
    stage = Stage(TWICE)
    stage.gate()
    stage.passes(10)
    assert stage.goes() == 0
    assert [failed.number for failed in stage.told(events.ExposureFailed)] == [1]
    assert stage.told(events.FrameSaved) == []
    assert stage.goes() == 1


def test_a_frame_that_the_plan_did_not_want_any_more_counts_for_nothing() -> None:
    stage = Stage()
    stage.goes()
    stage.gate()
    stage.notify("plan-finished")
    assert [saved.number for saved in stage.told(events.FrameSaved)] == [1]
    assert [failed.number for failed in stage.told(events.ExposureFailed)] == [2]


def test_what_is_told_twice_or_too_late_counts_once() -> None:
    stage = Stage({"count": {"frames": 3}})
    stage.goes()
    assert stage.notify("frame-saved", file="a.fits").word == "told"
    assert stage.notify("frame-saved", file="a.fits").word == "ignored"
    assert stage.notify("frame-saved").word == "ignored"
    stage.gate()
    for word in ("frame-saved", "exposure-ended"):
        late = stage.notify(word)
        assert (late.word, "too late" in late.why) == ("ignored", True)
    stage.passes(EXPOSURE_S)
    assert stage.notify("exposure-ended").word == "told"
    assert stage.notify("exposure-ended").word == "ignored"
    stage.goes()
    assert [saved.number for saved in stage.told(events.FrameSaved)] == [1, 2]
    for word in ("plan-resumed", "filter-changed"):
        assert stage.notify(word, **({"filter": "L"} if word == "filter-changed" else {})).word != "stop"
    assert stage.notify("filter-changed", filter="L").word == "ignored"
    assert (stage.notify("flip-started").word, stage.notify("flip-started").word) == ("told", "ignored")
    assert (stage.notify("flip-finished").word, stage.notify("flip-finished").word) == ("told", "ignored")


def test_a_flip_that_is_told_twice_without_a_plan_counts_once() -> None:
    stage = Stage()
    stage.notify("flip-started")
    assert [stage.notify("flip-finished").word for _ in range(2)] == ["told", "ignored"]
    assert stage.notify("flip-finished", pier_side="east").word == "ignored", "the same flip"
    stage.notify("flip-started")
    assert [stage.notify("flip-finished", pier_side="west").word for _ in range(2)] == ["told", "ignored"]
    assert stage.notify("flip-finished", pier_side="east").word == "told", "it stands on another side"
    assert [flip.pier_side for flip in stage.told(events.FlipFinished)] == [None, "west", "east"]
    stage.goes()
    stage.notify("plan-finished")
    assert stage.notify("flip-finished", pier_side="east").word == "told", "there was a plan between"


def test_a_host_that_never_asks_is_counted_by_what_it_tells() -> None:
    stage = Stage()
    for name in "abc":
        stage.passes(EXPOSURE_S)
        assert stage.notify("frame-saved", file=name, type="Light", filter="L").word == "told"
    assert [saved.number for saved in stage.told(events.FrameSaved)] == [1, 2]
    assert stage.goes(filter_="L") == 1, "and is served when it asks at last"


def test_a_host_that_tells_each_exposure_without_asking() -> None:
    stage = Stage({"count": {"frames": 100}})
    for _ in range(3):
        stage.notify("exposure-started", type="Light", filter="L", exposure=EXPOSURE_S)
        stage.passes(EXPOSURE_S)
        stage.notify("exposure-ended")
    stage.notify("plan-finished")
    assert stage.kinds.count("frame_saved") == 3
    assert stage.kinds[-1] == "plan_finished"


def test_a_failed_exposure_counts_for_nothing() -> None:
    stage = Stage(TWICE)
    stage.goes()
    assert stage.notify("exposure-failed", why="a cloud").word == "told"
    assert stage.notify("exposure-failed").word == "ignored"
    assert stage.goes() == 0
    assert stage.told(events.FrameSaved) == []


@pytest.mark.parametrize("on_pause", ["stop", "wait"])
def test_the_failure_policy_pause(on_pause: str) -> None:
    stage = Stage({"first_frame": True}, failure={"policy": "pause"}, host={"gate": {"on_pause": on_pause}})
    stage.slope = 0.0
    asking = stage.gate()
    assert word_of(asking) == ("stop" if on_pause == "stop" else None)
    if on_pause == "stop":
        assert asking.answer is not None
        assert "failure.policy = pause" in asking.answer.why
        assert word_of(stage.gate()) == "stop", "until a person has looked at it"
        assert stage.notify("plan-resumed").word == "told"
        stage.goes()
        return
    stage.passes(900)
    assert (asking.answer, asking.waits_for) == (None, "the plan is paused")
    stage.slope = 0.06
    stage.notify("plan-resumed")
    assert (word_of(asking), stage.runs[-1].outcome) == ("go", "validated")


def test_the_failure_policy_abort() -> None:
    stage = Stage({"first_frame": True}, failure={"policy": "abort"})
    stage.slope = 0.0
    assert word_of(stage.gate()) == "stop"
    assert word_of(stage.gate()) == "stop"
    assert "plan_aborted" in stage.kinds
    stage.slope = 0.06
    stage.notify("plan-started")
    stage.passes(3600)
    stage.goes()


def test_a_plan_that_a_person_paused_goes_on_with_the_next_call() -> None:
    stage = Stage({"on_resume": True})
    stage.goes()
    stage.notify("frame-saved")
    assert stage.notify("plan-paused").word == "told"
    assert stage.notify("plan-paused").word == "ignored"
    assert stage.told(events.FrameSaved)[0].next_frame_type == "Light"
    assert stage.goes() == 1
    assert stage.causes == [("resume",)]


def test_a_refocus_asked_for_while_the_host_pauses_is_made_at_once() -> None:
    stage = Stage()
    stage.goes()
    stage.notify("frame-saved")
    stage.notify("plan-paused")
    stage.tell(events.RefocusRequested())
    stage.settle()
    assert stage.causes == [("asap",)]


def test_a_run_by_hand_before_any_plan_is_made_at_once() -> None:
    stage = Stage()
    stage.tell(events.RunRequested())
    stage.settle()
    assert stage.causes == [("manual",)]
    assert stage.told(events.PlanHeld)[0].running is False


def test_no_run_begins_in_an_exposure_that_goes_on_in_silence() -> None:
    stage = Stage({"first_frame": True})
    stage.gate(exposure=1200.0)
    stage.host.hold(99)
    stage.settle()
    stage.passes(1199)
    assert stage.told(events.PlanHeld)[1:] == []
    stage.passes(301)
    assert [held.effect for held in stage.told(events.PlanHeld)[1:]] == [99]


def test_after_a_long_silence_the_frame_is_told_and_the_plan_resumes_with_the_next_call() -> None:
    stage = Stage(TWICE)
    stage.goes()
    stage.notify("frame-saved")
    stage.passes(290)
    assert stage.told(events.FrameSaved) == []
    stage.passes(20)
    assert stage.told(events.FrameSaved)[0].next_frame_type is None
    assert stage.runs == []
    stage.passes(3600)
    assert stage.goes() == 1
    assert [begun.resumed for begun in stage.told(events.PlanStarted)] == [False, True]
    assert stage.causes == [("count",)]


def test_the_end_of_the_session_leaves_nobody_waiting() -> None:
    stage = Stage({"first_frame": True})
    stage.at["frame_taken"] = stage.host.stop
    assert word_of(stage.gate()) == "down"
    assert word_of(stage.gate()) == "down"


def test_a_session_ends_also_where_a_run_waits_for_a_gap_that_does_not_come() -> None:
    stage = Stage()
    for name in "abc":
        stage.notify("frame-saved", file=name, type="Light", filter="L")
    assert stage.leaf == "Refocusing.Holding"
    stage.at["session_ending"] = stage.host.stop
    stage.tell(events.SessionEnding(reason="Ctrl-C"))
    stage.settle()
    assert stage.state.at_rest


def test_a_bias_frame_has_no_exposure() -> None:
    stage = Stage()
    for _ in range(3):
        assert word_of(stage.gate("Bias", exposure=0.0)) == "go"
    assert len(stage.told(events.FrameSaved)) == 2
    assert stage.told(events.ExposureFailed) == []


def test_a_filter_changed_by_hand_asks_a_person() -> None:
    stage = Stage()
    stage.goes(filter_="L")
    stage.notify("frame-saved")
    stage.notify("filter-changed", filter="R", by="hand")
    assert stage.told(events.FilterChanged)[0].by == "person"
    assert stage.emitted("ask_person")


def test_frames_are_measured_for_the_image_history_once_their_file_is_there() -> None:
    tries: list[Path] = []

    def read(path: Path) -> Kept:
        tries.append(path)
        if len(tries) < 4:
            raise FileNotFoundError(path)
        return Kept(path, 2.25, 70)

    stage = Stage({"image_history": {"enabled": True}}, read=read)
    stage.goes()
    stage.notify("frame-saved", file="slow.fits")
    asking = stage.gate()
    assert (asking.answer, asking.waits_for) == (None, "the frame that was saved last is being measured")
    stage.passes(5)
    assert word_of(asking) == "go"
    assert (stage.told(events.FrameSaved)[0].hfr_px, len(tries)) == (2.25, 4)


def test_a_file_that_never_appears_holds_nobody_up_for_long() -> None:
    def read(path: Path) -> Kept:
        raise FileNotFoundError(path)

    stage = Stage({"image_history": {"enabled": True}}, read=read, host={"gate": {"file_wait_s": 10}})
    stage.goes()
    stage.notify("frame-saved", file="nowhere.fits")
    asking = stage.gate()
    stage.passes(9)
    assert asking.answer is None
    stage.passes(2)
    assert word_of(asking) == "go"
    assert stage.told(events.FrameSaved)[0].hfr_px is None


def test_the_hosts_own_autofocus_restarts_the_triggers() -> None:
    stage = Stage()
    stage.goes()
    stage.notify("host-refocused", position=10_010)
    stage.goes()
    assert stage.goes() == 1
    assert stage.told(events.HostRefocused)[0].position == 10_010


def test_a_fault_of_ours_answers_whoever_waits_and_the_next_call_goes_on() -> None:
    stage = Stage(wheel="L")
    assert stage.wheel is not None
    stage.wheel.names = []
    asking = stage.gate(filter_="L")
    assert asking.answer is not None
    assert (asking.answer.word, "RuntimeError" in asking.answer.why) == ("down", True)
    assert "RuntimeError" in stage.host.failure
    stage.wheel.names = ["L"]
    stage.goes(filter_="L")


def test_a_busy_focuser_holds_the_frame_back() -> None:
    stage = Stage()
    stage.host.focuser_busy = lambda: True
    asking = stage.gate()
    assert (asking.answer, asking.waits_for) == (None, "the focuser is moving")
    stage.host.focuser_busy = lambda: False
    stage.passes(1)
    assert word_of(asking) == "go"


VIA: dict[str, Any] = {"filters": {"L": {"offset_steps": 0}, "R": {"focus": "via", "via": "L", "offset_steps": 0}}}


def in_run(stage: Stage, act: Callable[[], object], kind: str = "frame_taken") -> None:
    """Do something in the middle of the next run."""
    stage.at[kind] = act


def test_calls_in_a_run_by_way_of_another_filter_do_not_turn_the_wheel() -> None:
    stage = Stage({"first_frame": True}, wheel="R", **VIA)
    calls: list[Asking] = []

    def again() -> None:
        if calls:
            stage.host.leave(calls[-1])
        calls.append(stage.host.gate(GateCall("Light", "R", EXPOSURE_S, "one")))
        if stage.state.context.run is not None:
            stage.at["frame_measured"] = again

    in_run(stage, again)
    first = stage.gate(filter_="R")
    stage.passes(60)
    assert first.answer is not None
    assert len(calls) > 3
    assert [(run.outcome, run.filter) for run in stage.runs] == [("validated", "L")]
    assert word_of(calls[-1]) == "go"
    assert stage.wheel is not None
    assert stage.wheel.name == "R"
    assert stage.told(events.FilterChanged) == []
    assert stage.told(events.FramePreparing)[0].filter == "R"


def test_another_filter_after_a_caller_was_killed_in_a_run_is_told_after_it() -> None:
    stage = Stage({"first_frame": True}, wheel="L")
    calls: list[Asking] = []

    def killed() -> None:
        stage.host.leave(stage.host._asking or calls[0])
        calls.append(stage.host.gate(GateCall("Light", "R", EXPOSURE_S, "one")))

    in_run(stage, killed)
    stage.gate(filter_="L")
    stage.passes(60)
    assert [(run.outcome, run.filter, run.causes) for run in stage.runs] == [
        ("validated", "L", ("first_frame",)),
        ("validated", "R", ("filter",)),
    ]
    assert word_of(calls[0]) == "go"


def test_a_first_call_in_a_run_by_hand_begins_the_plan_after_it() -> None:
    stage = Stage({"first_frame": True}, wheel="L")
    calls: list[Asking] = []
    in_run(stage, lambda: calls.append(stage.host.gate(GateCall("Light", "R", EXPOSURE_S, "one"))))
    stage.tell(events.RunRequested())
    stage.settle()
    stage.passes(60)
    assert [(run.outcome, run.causes) for run in stage.runs] == [
        ("validated", ("manual",)),
        ("validated", ("first_frame",)),
    ]
    assert stage.runs[1].filter == "R"
    assert word_of(calls[0]) == "go"


def test_silence_in_a_run_tells_no_gap() -> None:
    stage = Stage(host={"gate": {"quiet_s": 1}})
    stage.goes(filter_="L")
    stage.host._held_for, stage.host._hold_told = 99, True
    stage.notify("filter-changed", filter="R")
    stage.passes(60)
    assert stage.told(events.FilterChanged) == []
    stage.host.release(99)
    stage.settle()
    stage.passes(60)
    assert stage.told(events.FilterChanged) == [events.FilterChanged(former="L", filter="R", by="plan")]


def test_a_frame_without_asking_in_a_run_names_the_plans_filter() -> None:
    stage = Stage({"first_frame": True}, wheel="R", **VIA)
    in_run(stage, lambda: stage.host.notify("exposure-started", {"type": "Light", "exposure": 60.0}))
    stage.gate(filter_="R")
    stage.passes(60)
    assert stage.told(events.FilterChanged) == []
    assert stage.told(events.FramePreparing)[0].filter == "R"


def test_the_end_of_the_session_is_answered_when_the_focuser_is_back() -> None:
    stage = Stage({"first_frame": True})
    later: list[Asking] = []
    seen: list[object] = []

    def end() -> None:
        stage.host.stop()
        later.append(stage.host.gate(GateCall("Light", None, EXPOSURE_S, "one")))

    assert stage.crew is not None
    post = stage.crew.post
    stage.at["frame_taken"] = lambda: post(events.SessionEnding(reason="Ctrl-C"))
    stage.at["session_ending"] = end
    stage.at["devices_halted"] = lambda: seen.extend((later[0].answer, later[0].waits_for))
    first = stage.gate()
    stage.passes(5)
    assert seen == [None, "the session ends, and puts back what is under way"]
    assert stage.state.at_rest
    assert word_of(later[0]) == "down"
    assert word_of(first) == "stop", "its newer call has taken its place"


def test_the_end_of_the_session_is_answered_however_long_it_takes() -> None:
    stage = Stage()
    stage.host.focuser_busy = lambda: True
    waiting = stage.gate()
    stage.host.stop()
    stage.passes(60)
    late = stage.gate(by="two")
    assert (waiting.answer, late.answer and late.answer.word) == (None, "stop")
    stage.host.close()
    assert word_of(waiting) == "down"


def test_the_end_of_the_session_waits_for_a_compensation_move() -> None:
    stage = Stage()
    busy = True
    stage.host.session_rests = lambda: not busy
    stage.host.stop()
    asking = stage.gate()
    assert (asking.answer, asking.waits_for) == (None, "the session ends, and puts back what is under way")
    busy = False
    stage.passes(1)
    assert word_of(asking) == "down"


HISTORY: dict[str, object] = {"image_history": {"enabled": True}}


def test_a_file_that_blocks_when_it_is_read_holds_nobody_up_for_long() -> None:
    stage = Stage(HISTORY, host={"gate": {"file_wait_s": 10}})
    told: list[str] = []
    stage.host.tell = told.append
    crew = stage.crew
    assert crew is not None
    start, stuck = crew.start, []

    def starts(lane: str, task: Any, key: int = 0) -> None:
        if lane == "gate files":
            stage.host._files._within = True
            stuck.append(task)
        else:
            start(lane, task, key)

    stage.goes()
    crew.start = starts  # type: ignore[method-assign]
    stage.notify("frame-saved", file="fifo.fits")
    asking = stage.gate()
    stage.passes(9)
    assert asking.answer is None
    stage.passes(2)
    assert word_of(asking) == "go"
    assert (stage.told(events.FrameSaved)[0].file, stage.told(events.FrameSaved)[0].hfr_px) == ("fifo.fits", None)
    assert told == ["Frame 1 is not measured: its file could not be read within 10 s (host.gate.file_wait_s)."]
    stage.passes(EXPOSURE_S)
    stage.notify("frame-saved", file="next.fits")
    assert told[1:] == ["Frame 2 is not measured: the file of frame 1 is still read."]
    assert len(stuck) == 1
    assert word_of(stage.gate()) == "go", "at once"
    stage.passes(EXPOSURE_S)
    crew.start = start  # type: ignore[method-assign]
    for task in stuck:
        start("gate files", task)
    stage.settle()
    stage.passes(20)
    assert stage.host._files._out == set()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a fifo is POSIX's")
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.fits")
    stage = Stage(HISTORY, read=lambda path: Kept(path, 2.0, 10))
    told: list[str] = []
    stage.host.tell = told.append
    stage.goes()
    stage.notify("frame-saved", file=str(tmp_path / "fifo.fits"))
    assert word_of(stage.gate()) == "go"
    assert told == [f"Frame 1 is not measured: {tmp_path / 'fifo.fits'} is no regular file."]
    saved = stage.told(events.FrameSaved)[0]
    assert (saved.file, saved.hfr_px) == (None, None)


@pytest.mark.parametrize("there", [True, False])
def test_a_file_without_a_frame_is_told(tmp_path: Path, there: bool) -> None:
    from statefocus.frames import read_frame

    path = tmp_path / "a.fits"
    if there:
        path.write_text("junk", "utf-8")
    stage = Stage(HISTORY, read=lambda path: Kept(path, read_frame(path).exposure_s))
    told: list[str] = []
    stage.host.tell = told.append
    stage.goes()
    stage.notify("frame-saved", file=str(path))
    asking = stage.gate()
    stage.passes(25)
    assert word_of(asking) == "go"
    (sentence,) = told
    assert sentence.startswith("Frame 1 is not measured: its file cannot be read: ")
    assert str(path) in sentence
    saved = stage.told(events.FrameSaved)[0]
    assert (saved.file, saved.hfr_px) == ("a.fits" if there else None, None)


@pytest.mark.parametrize("policy", ["abort", "pause"])
def test_a_call_in_a_run_that_fails_begins_no_plan_anew(policy: str) -> None:
    stage = Stage({"first_frame": True}, wheel="L", failure={"policy": policy})
    stage.slope = 0.0
    calls: list[Asking] = []
    in_run(stage, lambda: calls.append(stage.host.gate(GateCall("Light", "R", EXPOSURE_S, "one"))))
    stage.gate(filter_="L")
    stage.passes(60)
    assert word_of(calls[0]) == "stop"
    assert len(stage.told(events.PlanStarted)) == len(stage.runs) == 1
    assert stage.told(events.FilterChanged) == []


# --- after a run that was cut off ---


def cut_off(**gate: Any) -> Stage:
    """A session that begins after one that was cut off in a run from 10000, and has left the focuser at 10060."""
    stage = Stage(guards={"astro_night": "ignore"}, host={"gate": gate})
    stage.position = 10_060
    stage.tell(events.SessionStarted(position=10_060, unfinished=10_000))
    stage.read_facts()
    stage.settle()
    return stage


def test_a_run_that_was_cut_off_is_not_made_again_while_the_host_may_be_exposing() -> None:
    stage = cut_off()
    for _ in range(10):
        stage.passes(20)
    assert (stage.runs, stage.told(events.PlanHeld)) == ([], [])
    assert stage.goes() == 1, "before the next frame"
    assert [(run.causes, run.outcome, run.start_position) for run in stage.runs] == [(("asap",), "validated", 10_000)]


def test_a_run_that_was_cut_off_is_made_again_where_the_host_says_nothing_for_long() -> None:
    stage = cut_off(quiet_s=60, exposure_s=40)
    stage.passes(99)
    assert stage.runs == []
    stage.passes(1)
    assert [run.outcome for run in stage.runs] == ["validated"]


def test_a_person_who_asks_for_a_run_then_is_told_what_to_wait_for() -> None:
    stage = cut_off(quiet_s=60, exposure_s=40)
    stage.passes(40)
    stage.tell(events.RunRequested())
    stage.settle()
    assert stage.runs == []
    told = stage.emitted("notify")[-1].sentence
    assert told.startswith("Not now: an earlier session was cut off, and the host has not told yet what it does")
    assert "or for another 60 s without a word (`between_frames` failed)" in told


def test_a_frame_that_is_begun_without_the_gate_is_a_word_too() -> None:
    stage = cut_off()
    stage.notify("exposure-started", type="Light", exposure=60.0)
    assert stage.told(events.PlanHeld) == []
    stage.passes(61)
    assert stage.goes()
    assert [run.outcome for run in stage.runs] == ["validated"]
