"""What N.I.N.A.'s events mean beside gate calls, before the real core, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statefocus import events
from statefocus.hosts.nina.focusing import Found
from statefocus.hosts.nina.frames import UNASKED
from statefocus.hosts.nina.hearing import NinaHearing
from statefocus.hosts.nina.reading import TARGET
from statefocus.hosts.protocol import Kept
from tests.gate.stage import EXPOSURE_S, Stage
from tests.nina.facts import EVENTS

HISTORY: dict[str, object] = {"image_history": {"enabled": True}}


class NoApi:
    """Answers what a test has put there."""

    def __init__(self) -> None:
        self.answers: dict[str, Mapping[str, Any]] = {}

    def table(self, path: str) -> Mapping[str, Any]:
        return self.answers.get(path, {})


class NinaStage(Stage):
    """A session that follows N.I.N.A."""

    MAKES = NinaHearing
    KIND = "nina"
    host: NinaHearing

    def __init__(self, *told: Any, **profile: Any) -> None:
        super().__init__(*told, **profile)
        self.api = NoApi()
        self.host._found = Found(self.api, lambda: self.position)  # type: ignore[arg-type]
        self.host._link_up = True

    def hear(self, name: str, **body: Any) -> None:
        """N.I.N.A. tells an event."""
        self.host.hear(json.dumps({"Response": {"Event": name, **body}, "Success": True, "StatusCode": 200}))
        self.settle()

    def saved(self, file: str, exposure: float = EXPOSURE_S, **told: Any) -> None:
        """N.I.N.A. has saved a frame."""
        self.hear("IMAGE-SAVE", ImageStatistics={"Filename": file, "ExposureTime": exposure, **told})

    def files(self) -> list[tuple[int, str | None, float | None]]:
        return [(one.number, one.file, one.hfr_px) for one in self.told(events.FrameSaved)]


def test_an_image_tells_of_the_frame_that_the_gate_let_go() -> None:
    stage = NinaStage()
    stage.goes(filter_="L")
    stage.saved("a.fits", Filter="L", HFR=2.5, Stars=80)
    assert stage.told(events.FrameSaved) == []
    stage.goes(filter_="L")
    (saved,) = stage.told(events.FrameSaved)
    assert (saved.number, saved.file, saved.hfr_px, saved.stars, saved.filter) == (1, "a.fits", 2.5, 80, "L")


def test_an_image_that_is_told_after_the_next_call_counts_once() -> None:
    stage = NinaStage({"count": {"frames": 3}})
    stage.goes()
    for name in "abc":
        stage.gate()
        stage.passes(4)
        stage.saved(f"{name}.fits")
        stage.passes(EXPOSURE_S)
    assert [one.number for one in stage.told(events.FrameSaved)] == [1, 2, 3]
    assert len(stage.runs) == 1


def test_an_image_that_is_told_while_its_run_is_made_counts_once() -> None:
    stage = NinaStage({"count": {"frames": 1}})
    stage.goes()
    stage.at["frame_taken"] = lambda: stage.saved("a.fits")
    stage.gate()
    assert [one.number for one in stage.told(events.FrameSaved)] == [1]
    assert len(stage.runs) == 1


def test_a_late_image_of_a_call_without_exposure_is_known_by_its_own() -> None:
    stage = NinaStage()
    stage.gate(exposure=None)
    stage.passes(EXPOSURE_S)
    stage.gate(exposure=None)
    stage.passes(4)
    stage.saved("a.fits")
    stage.passes(EXPOSURE_S)
    stage.saved("b.fits")
    stage.gate(exposure=None)
    assert stage.files() == [(1, None, None), (2, "b.fits", None)]


@pytest.mark.parametrize("exposure", [0.5, 2.0, 8.0])
def test_short_exposures_whose_images_come_late_count_once(exposure: float) -> None:
    stage = NinaStage({"count": {"frames": 100}})
    names = iter("abcdefgh")
    for number in range(6):
        stage.gate(exposure=exposure)
        if number:
            stage.passes(min(exposure, 1.5))
            stage.saved(next(names), exposure)
        stage.passes(exposure + 1)
    stage.saved(next(names), exposure)
    stage.hear("SEQUENCE-FINISHED")
    assert [number for number, _, _ in stage.files()] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("first", ["script", "event"])
def test_a_frame_that_a_script_and_an_event_tell_counts_once(first: str) -> None:
    stage = NinaStage()
    stage.goes()
    path = r"C:\Users\me\a.fits"
    if first == "script":
        assert stage.notify("frame-saved", file=path).word == "told"
        stage.saved("a.fits", HFR=3.0)
    else:
        stage.saved("a.fits", HFR=3.0)
        assert stage.notify("frame-saved", file=path).word == "ignored"
        assert stage.notify("frame-saved").word == "ignored"
    stage.saved("a.fits", HFR=3.0)
    stage.goes()
    assert [(number, hfr) for number, _, hfr in stage.files()] == [(1, 3.0)]


def test_the_image_history_waits_for_what_nina_has_measured() -> None:
    stage = NinaStage(HISTORY, read=lambda path: pytest.fail(f"{path} is not to be read"))
    stage.goes()
    asking = stage.gate()
    assert (asking.answer, asking.waits_for) == (None, "the frame that was saved last is being measured")
    stage.passes(3)
    stage.saved("a.fits", HFR=2.25, Stars=70)
    stage.passes(1)
    assert asking.answer is not None
    assert stage.files() == [(1, "a.fits", 2.25)]
    stage.passes(EXPOSURE_S)
    asking = stage.gate()
    stage.passes(25)
    assert asking.answer is not None, "it does not wait for ever"


def test_snapshots_and_focus_frames_count_for_nothing() -> None:
    stage = NinaStage()
    stage.goes()
    stage.saved("a.fits")
    stage.saved("snap.fits", 2, ImageType="SNAPSHOT")
    stage.saved("focus.fits", 2, TargetName=TARGET)
    stage.goes()
    assert [file for _, file, _ in stage.files()] == ["a.fits"]


@pytest.mark.parametrize(
    ("told", "kind"), [("DARK", "Dark"), ("DARKFLAT", "Dark"), ("LIGHT", "Light"), (None, "Light")]
)
def test_the_kind_of_a_frame(told: str | None, kind: str) -> None:
    stage = NinaStage()
    for name in "ab":
        stage.passes(EXPOSURE_S)
        stage.saved(name, EXPOSURE_S, ImageType=told)
    assert stage.told(events.FrameSaved)[0].frame_type == kind


def test_a_sequence_that_never_calls_the_gate_is_counted_and_told_that_it_cannot_be_held() -> None:
    stage = NinaStage({"count": {"frames": 2}})
    stage.hear("SEQUENCE-STARTING")
    for number in range(8):
        stage.passes(600)
        stage.saved(f"{number}.fits", 600, Filter="L")
    assert len(stage.told(events.FrameSaved)) == 7
    assert stage.told(events.PlanHeld) == []
    assert {failed.sentence for failed in stage.told(events.EffectFailed)} == {UNASKED}
    warned = [one for one in stage.emitted("notify") if UNASKED in one.sentence]
    assert len(warned) >= 1
    assert stage.state.context.triggers.lights >= 2, "it stays due"
    stage.passes(1200)
    assert stage.goes(filter_="L") == len(stage.runs), "and is made when it calls the gate at last"
    assert stage.runs[-1].outcome == "validated"


def test_no_hold_is_granted_within_a_long_exposure_of_a_sequence_that_never_asks() -> None:
    stage = NinaStage()
    stage.hear("SEQUENCE-STARTING")
    stage.passes(5)
    stage.tell(events.RunRequested())
    stage.settle()
    stage.passes(800)
    assert stage.told(events.PlanHeld) == []


def test_the_filter_is_turned_by_the_plan_or_by_hand() -> None:
    stage = NinaStage({"count": {"frames": 9}})
    stage.hear("SEQUENCE-STARTING")
    stage.goes(filter_="L")
    stage.saved("a.fits", Filter="L")
    stage.hear("FILTERWHEEL-CHANGED", Previous={"Name": "L"}, New={"Name": "R"})
    stage.hear("FILTERWHEEL-CHANGED", Previous={"Name": "L"}, New={"Name": "R"})
    assert stage.goes() == 1
    stage.hear("SEQUENCE-FINISHED")
    stage.hear("FILTERWHEEL-CHANGED", Previous={"Name": "R"}, New={"Name": "B"})
    assert [(one.filter, one.by) for one in stage.told(events.FilterChanged)] == [("R", "plan"), ("B", "person")]
    assert stage.told(events.FrameSaved)[0].filter == "L"


def test_one_run_serves_a_flip_that_also_centres() -> None:
    stage = NinaStage({"after_centering": True})
    stage.goes()
    stage.saved("a.fits")
    for name in ("MOUNT-BEFORE-FLIP", "MOUNT-CENTER", "MOUNT-AFTER-FLIP", "MOUNT-AFTER-FLIP"):
        stage.hear(name)
    assert stage.goes() == 1
    assert set(stage.causes[0]) == {"flip", "centering"}


def test_a_sequence_begins_and_ends_once() -> None:
    stage = NinaStage({"first_frame": True})
    stage.hear("SEQUENCE-STARTING")
    assert stage.goes() == 1
    stage.hear("SEQUENCE-STARTING")
    stage.saved("a.fits")
    stage.hear("SEQUENCE-FINISHED")
    stage.hear("SEQUENCE-FINISHED")
    assert stage.kinds.count("plan_started") == stage.kinds.count("plan_finished") == 1


def test_a_call_that_overtakes_the_beginning_of_its_sequence_belongs_to_it() -> None:
    stage = NinaStage()
    stage.gate()
    stage.hear("SEQUENCE-STARTING")
    assert stage.kinds.count("plan_started") == 1
    assert "plan_finished" not in stage.kinds


def test_a_sequence_that_is_stopped_while_its_call_waits_takes_no_frame() -> None:
    stage = NinaStage({"first_frame": True})
    stage.hear("SEQUENCE-STARTING")
    stage.at["frame_taken"] = lambda: stage.hear("SEQUENCE-FINISHED")
    asking = stage.gate()
    assert asking.answer is not None
    assert (asking.answer.word, "has ended" in asking.answer.why) == ("stop", True)
    assert "frame_preparing" not in stage.kinds
    assert stage.runs[0].outcome == "validated"


def test_a_frame_that_the_camera_did_not_give() -> None:
    stage = NinaStage({"count": {"frames": 1}})
    stage.goes()
    stage.hear("CAMERA-DOWNLOAD-TIMEOUT")
    assert stage.goes() == 0
    assert len(stage.told(events.ExposureFailed)) == 1


@pytest.mark.parametrize("source", ["host", "device"])
def test_safety_is_told_where_the_profile_asks_for_it(source: str) -> None:
    stage = NinaStage(guards={"safe": source})
    stage.hear("SAFETY-CHANGED", IsSafe=False)
    assert (stage.told(events.SafetyRead)[-1].safe is False) == (source == "host")


# --- its own autofocus ---


def focus(stage: NinaStage, *, to: int, end: str = "AUTOFOCUS-FINISHED") -> None:
    stage.hear("AUTOFOCUS-STARTING")
    for step in (-20, 0, 20):
        stage.passes(10)
        point = {"Position": to + step, "HFR": 2 + abs(step) / 20}
        stage.hear("AUTOFOCUS-POINT-ADDED", **({"ImageStatistics": point} if step else point))
    stage.position = to if end == "AUTOFOCUS-FINISHED" else stage.position
    stage.hear(end)
    stage.passes(3)


def test_its_own_autofocus_restarts_every_trigger() -> None:
    stage = NinaStage()
    stage.goes()
    stage.saved("a.fits")
    stage.api.answers["/equipment/focuser/last-af"] = {
        "Filter": "L",
        "Temperature": 4.5,
        "CalculatedFocusPoint": {"Position": 10_039.6, "Value": 1.9, "Error": 0},
        "MeasurePoints": [{"Position": 10_020, "Value": 3.0, "Error": 0.1}],
    }
    focus(stage, to=10_040)
    assert len(stage.told(events.HostFocusing)) == 1
    (found,) = stage.told(events.HostRefocused)
    assert (found.position, found.measure, found.filter, found.temperature_c) == (10_040, 1.9, "L", 4.5)
    assert found.points == ((10_020.0, 3.0), (10_040.0, 2.0), (10_060.0, 3.0))
    assert 30 <= found.seconds <= 31
    assert stage.kinds[-3:] == ["host_focusing", "frame_saved", "host_refocused"]
    assert stage.state.context.triggers.lights == 0
    stage.hear("AUTOFOCUS-FINISHED")
    stage.hear("AUTOFOCUS-POINT-ADDED", ImageStatistics={"Position": 10_060, "HFR": 3.0})
    stage.passes(3)
    assert len(stage.told(events.HostRefocused)) == len(stage.told(events.HostFocusing)) == 1


def test_no_run_begins_while_it_focuses() -> None:
    stage = NinaStage({"first_frame": True})
    stage.hear("AUTOFOCUS-STARTING")
    stage.gate()
    assert stage.runs == []


def test_a_report_of_another_autofocus_is_not_taken() -> None:
    stage = NinaStage()
    stage.api.answers["/equipment/focuser/last-af"] = {
        "Filter": "Ha",
        "MeasurePoints": [{"Position": 1, "Value": 3.0, "Error": 0.1}],
    }
    focus(stage, to=10_040)
    assert stage.told(events.HostRefocused)[0].filter is None


def test_an_autofocus_that_failed_leaves_everything_due() -> None:
    stage = NinaStage()
    stage.goes()
    stage.saved("a.fits")
    focus(stage, to=10_040, end="ERROR-AF")
    (failed,) = stage.told(events.HostRefocused)
    assert (failed.failed, failed.position) == (True, None)
    assert stage.goes() == 0
    assert stage.goes() == 1


@pytest.mark.parametrize("how", ["silence", "focuser gone"])
def test_an_autofocus_whose_end_is_not_told_is_over_some_time(how: str) -> None:
    stage = NinaStage(host={"nina": {"autofocus_limit_min": 5}})
    stage.hear("AUTOFOCUS-STARTING")
    stage.passes(200)
    stage.hear("AUTOFOCUS-POINT-ADDED", Position=1, HFR=1)
    stage.passes(200)
    assert stage.told(events.HostRefocused) == []
    if how == "silence":
        stage.passes(120)
    else:
        stage.hear("FOCUSER-DISCONNECTED")
    assert [one.failed for one in stage.told(events.HostRefocused)] == [True]


def test_a_profile_may_refuse_its_autofocus() -> None:
    stage = NinaStage(host={"nina": {"own_autofocus": "refuse"}})
    stage.goes()
    stage.saved("a.fits")
    focus(stage, to=10_040)
    stage.hear("FOCUSER-USER-FOCUSED")
    assert {(one.position, one.failed) for one in stage.told(events.HostRefocused)} == {(None, False)}


def test_a_person_has_focused_at_nina() -> None:
    stage = NinaStage()
    stage.position = 10_007
    stage.hear("FOCUSER-USER-FOCUSED")
    stage.passes(3)
    assert [one.position for one in stage.told(events.HostRefocused)] == [10_007]


# --- rubbish ---

_RUBBISH: list[str | bytes] = [
    b"\xff\xfe", "", "null", "[]", "{", "[" * 100_000, '{"Response": "Test event", "Success": true}',
    '{"Response": {"Event": 5}}', '{"Response": {"Event": ["IMAGE-SAVE"]}}', '{"Response": {"Event": "TS-WAITSTART"}}',
    '{"Response": {"Event": "IMAGE-SAVE"}}', '{"Response": {"Event": "IMAGE-SAVE", "ImageStatistics": [1]}}',
    '{"Response": {"Event": "IMAGE-SAVE", "ImageStatistics": {"HFR": "NaN", "Stars": 1e999, "Filename": 3}}}',
    '{"Response": {"Event": "AUTOFOCUS-POINT-ADDED", "Position": "NaN", "HFR": NaN}}',
    '{"Response": {"Event": "FILTERWHEEL-CHANGED", "New": null}}', '{"Response": {"Event": "SAFETY-CHANGED"}}',
]  # fmt: skip


def test_rubbish_changes_nothing_that_goes_on() -> None:
    stage = NinaStage()
    stage.goes()
    for text in _RUBBISH:
        stage.host.hear(text)
        stage.settle()
    stage.hear("ERROR-AF")
    stage.saved("a.fits", HFR="NaN", Stars=True)
    stage.goes()
    assert (1, "a.fits", None) in stage.files()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    ["ImageStatistics", "New", "IsSafe", "Position", "HFR", "Filename", "ExposureTime", "Name", "Stars", "ImageType"]
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(EVENTS)),
            st.dictionaries(FIELDS, VALUES | st.dictionaries(FIELDS, VALUES, max_size=4), max_size=3),
            st.floats(0, 700),
        ),
        max_size=8,
    )
)
def test_no_order_of_events_and_no_content_stops_the_gate(told: list[tuple[str, dict[str, Any], float]]) -> None:
    stage = NinaStage(read=Kept)
    for name, body, wait_s in told:
        stage.hear(name, **body)
        stage.passes(wait_s)
    stage.hear("ERROR-AF")
    stage.passes(100)
    asking = stage.gate()
    stage.passes(600)
    assert asking.answer is not None
