"""Whatever is called and told, in whatever order: nobody is left waiting, and no run disturbs a frame."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statefocus import events
from statefocus.hosts.gate.asking import Asking
from tests.gate.stage import Stage

NOTICES = [
    ("plan-started", {}),
    ("plan-started", {"resumed": True}),
    ("plan-finished", {}),
    ("plan-paused", {}),
    ("plan-resumed", {}),
    ("exposure-started", {"type": "Light", "exposure": 30.0}),
    ("exposure-ended", {}),
    ("exposure-failed", {}),
    ("frame-saved", {}),
    ("frame-saved", {"file": "a.fits"}),
    ("frame-saved", {"file": "b.fits", "filter": "R"}),
    ("filter-changing", {"filter": "R"}),
    ("filter-changed", {"filter": "R"}),
    ("filter-changed", {"filter": "L", "by": "hand"}),
    ("flip-started", {}),
    ("flip-finished", {}),
    ("centering-finished", {}),
    ("host-refocused", {"position": 10_000}),
]
CALLS = st.tuples(
    st.sampled_from(["Light", "Dark"]),
    st.sampled_from([None, "L", "R"]),
    st.sampled_from(["one", "one", "other"]),
    st.sampled_from([None, 60.0]),
)
ACTS = st.one_of(
    CALLS,
    st.sampled_from(NOTICES),
    st.sampled_from([1.0, 61.0, 400.0]),
    st.sampled_from(["asap", "hand", "leave"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTS, max_size=14), st.sampled_from(["continue", "pause", "abort"]), st.booleans())
def test_nobody_is_left_waiting(acts: list[object], policy: str, sharp: bool) -> None:
    stage = Stage({"first_frame": True}, wheel="L", failure={"policy": policy})
    stage.slope = 0.06 if sharp else 0.0
    asked: list[Asking] = []
    for act in acts:
        _do(stage, act, asked)
    stage.passes(120)
    for asking in asked:
        waits = asking.answer is None and not asking.abandoned
        assert not waits or asking.waits_for == "the plan is paused"
    assert all(step.outcome != "fault" for step in stage.steps)
    _no_run_in_a_frame(stage)
    stage.notify("plan-started")
    stage.passes(7200)
    last = stage.gate(by="one")
    stage.passes(10)
    assert last.answer is not None
    assert policy != "continue" or last.answer.word == "go"
    stage.host.stop()
    assert all(one.answer is not None or one.abandoned for one in asked)


def _do(stage: Stage, act: object, asked: list[Asking]) -> None:
    if isinstance(act, float):
        stage.passes(act)
    elif act in ("asap", "hand"):
        assert stage.crew is not None
        stage.crew.post(events.RefocusRequested() if act == "asap" else events.RunRequested())
    elif act == "leave":
        if asked:
            stage.host.leave(asked[-1])
    elif isinstance(act, tuple) and len(act) == 2:
        stage.notify(act[0], **act[1])
    elif isinstance(act, tuple):
        asked.append(stage.gate(act[0], act[1], by=act[2], exposure=act[3]))
    stage.settle()


def _no_run_in_a_frame(stage: Stage) -> None:
    """A frame that was let go, and not taken unasked, is over before a run is granted its hold."""
    over_t = 0.0
    for one in stage.log:
        match one.event:
            case events.ExposureStarted():
                over_t = one.t + one.event.exposure_s
            case events.ExposureEnded() | events.ExposureFailed() | events.FrameSaved():
                over_t = 0.0
            case events.PlanHeld():
                assert one.t >= over_t
