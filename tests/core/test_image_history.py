"""Image history (T10): the plan's Light frames against those right after the last validated refocus."""

from __future__ import annotations

from typing import Any

import pytest

from statefocus import events
from statefocus.image_history import Decline, ImageHistory, Limits, Sharpness, against, mean
from statefocus.testing import SimulatedRig

from .rigs import due, measured, quiet_rig, reading, run_now, take_light, to_filter

HFR_2_STARS_100 = (2.0, 100)


def history_rig(**settings: Any) -> SimulatedRig:
    """A rig with T10 alone, in focus in L after a validated run; HFR and stars may decline by 10 and 20 %."""
    own = {"enabled": True, "frames": 2, "hfr_percent": 10.0, "stars_percent": 20.0, "judged": "average"}
    rig = quiet_rig({"image_history": own | settings})
    rig.tell(events.PlanStarted(frame_type="Light", filter="L"))
    run_now(rig)
    return rig


def based_rig(**settings: Any) -> SimulatedRig:
    """The same, its baseline taken: HFR 2.0 px and 100 stars."""
    rig = history_rig(**settings)
    take_light(rig, *HFR_2_STARS_100)
    return rig


# --- the metric ---


@pytest.mark.parametrize(
    ("metric", "hfr", "stars", "both"),
    [("hfr", 1, 0, 1), ("stars", 0, 1, 1), ("hfr_and_stars", 0, 0, 1), ("hfr_or_stars", 1, 1, 1)],
)
def test_t10_each_of_the_four_metrics_counts_what_it_names(metric: str, hfr: int, stars: int, both: int) -> None:
    for frame, runs in (((2.4, 100), hfr), ((2.0, 70), stars), ((2.4, 70), both), ((2.0, 100), 0), ((1.6, 140), 0)):
        rig = based_rig(metric=metric)
        take_light(rig, *frame, times=2)
        assert [run.causes for run in rig.runs[1:]] == [("image_history",)] * runs


@pytest.mark.parametrize(("metric", "at", "below"), [("hfr", (2.5, 100), (2.49, 100)), ("stars", (2.0, 75), (2.0, 76))])
def test_t10_the_limit_itself_counts_and_anything_less_does_not(
    metric: str, at: tuple[float, int], below: tuple[float, int]
) -> None:
    for frame, runs in ((below, 1), (at, 2)):
        rig = based_rig(metric=metric, hfr_percent=25.0, stars_percent=25.0)
        take_light(rig, *frame, times=2)
        assert len(rig.runs) == runs


def test_t10_is_off_unless_the_profile_wants_it() -> None:
    rig = based_rig(enabled=False, no_baseline="refocus")
    take_light(rig, 9.0, 1, times=5)
    assert due(rig) == []


# --- how many frames, and how they are judged ---


def test_t10_on_average_one_frame_may_be_good() -> None:
    rig = based_rig(metric="hfr", judged="average")
    take_light(rig, 2.0, 100)
    take_light(rig, 2.4, 100)
    assert len(rig.runs) == 2


def test_t10_consecutive_frames_must_each_be_bad() -> None:
    rig = based_rig(metric="hfr", judged="consecutive")
    for hfr_px in (9.0, 2.0, 9.0, 2.1):
        take_light(rig, hfr_px, 100)
    assert len(rig.runs) == 1
    take_light(rig, 2.2, 100, times=2)
    assert len(rig.runs) == 2


def test_t10_consecutive_frames_that_decline_each_in_another_way_count_for_either() -> None:
    rig = based_rig(metric="hfr_or_stars", judged="consecutive")
    take_light(rig, 2.4, 100)
    take_light(rig, 2.0, 70)
    assert len(rig.runs) == 2


def test_t10_is_never_due_before_its_number_of_frames() -> None:
    rig = based_rig(metric="hfr", frames=3)
    take_light(rig, 9.0, 100, times=2)
    assert (reading(rig, "image_history").text, due(rig)) == ("[-]", [])
    take_light(rig, 9.0, 100)
    assert len(rig.runs) == 2


def test_t10_older_frames_are_forgotten() -> None:
    rig = based_rig(metric="hfr")
    take_light(rig, 2.0, 100, times=6)
    take_light(rig, 2.3, 100, times=2)
    assert len(rig.runs) == 2


def test_t10_the_baseline_is_the_mean_of_its_frames_which_are_not_judged_themselves() -> None:
    rig = history_rig(metric="hfr", baseline_frames=2, frames=1, hfr_percent=25.0)
    take_light(rig, 2.0, 100)
    take_light(rig, 3.0, 100)
    assert (reading(rig, "image_history").text, len(rig.runs)) == ("[-]", 1)
    take_light(rig, 3.1, 100)
    assert reading(rig, "image_history").reading == pytest.approx(24.0)
    take_light(rig, 3.125, 100)
    assert len(rig.runs) == 2


def test_t10_after_the_baseline_frames_go_to_the_judged_ones() -> None:
    rig = history_rig(frames=1)
    for _ in range(3):
        take_light(rig, *HFR_2_STARS_100)
    assert rig.state.context.triggers.history.recent == {"1 L": (Sharpness(2.0, 100),)}


# --- what it reads ---


@pytest.mark.parametrize(
    ("metric", "value", "limit"),
    [("hfr", 5.0, 10.0), ("stars", 10.0, 20.0), ("hfr_and_stars", 5.0, 10.0), ("hfr_or_stars", 5.0, 10.0)],
)
def test_t10_its_reading_and_its_limit_are_those_of_the_metric(metric: str, value: float, limit: float) -> None:
    rig = based_rig(metric=metric)
    take_light(rig, 2.1, 90, times=2)
    told = reading(rig, "image_history")
    assert told.reading == pytest.approx(value)
    assert (told.limit, told.due) == (limit, False)
    assert told.text == "[HFR +5 %, stars -10 %]"


def test_t10_without_a_baseline_there_is_no_reading() -> None:
    rig = history_rig()
    told = reading(rig, "image_history")
    assert (told.reading, told.limit, told.text) == (None, 10.0, "[-]")


# --- what is no measurement ---

NO_MEASUREMENT = [(None, 100), (2.0, None), (2.0, 0), (0.0, 100), (-1.0, 100), (float("nan"), 100), (float("inf"), 100)]


@pytest.mark.parametrize(("hfr_px", "stars"), NO_MEASUREMENT, ids=str)
def test_t10_a_frame_without_stars_or_hfr_is_no_measurement(hfr_px: float | None, stars: int | None) -> None:
    rig = history_rig(no_baseline="refocus", frames=1)
    before = rig.state.context.triggers.history
    take_light(rig, hfr_px, stars, times=3)
    assert rig.state.context.triggers.history == before
    take_light(rig, *HFR_2_STARS_100)
    assert rig.state.context.triggers.history.baselines == {"1 L": Sharpness(2.0, 100)}


def test_t10_one_star_is_enough_to_measure() -> None:
    rig = history_rig()
    take_light(rig, 0.5, 1)
    assert rig.state.context.triggers.history.baselines == {"1 L": Sharpness(0.5, 1)}


def test_t10_frames_that_are_not_light_frames_never_count() -> None:
    rig = based_rig(frames=1)
    before = rig.state.context.triggers.history
    rig.tell(events.FrameSaved(number=9, frame_type="Dark", hfr_px=9.0, stars=1, next_frame_type="Light"))
    assert rig.state.context.triggers.history == before


# --- the baseline: per filter and binning, after a validated refocus ---


def test_t10_each_filter_has_its_own_baseline() -> None:
    rig = based_rig(frames=1)
    to_filter(rig, "R")
    take_light(rig, 4.0, 20, times=3)
    assert (reading(rig, "image_history").text, len(rig.runs)) == ("[-]", 1)
    to_filter(rig, "L")
    take_light(rig, 2.4, 70)
    assert len(rig.runs) == 2


def test_t10_each_binning_has_its_own_baseline_of_the_same_focus() -> None:
    rig = based_rig(frames=1)
    take_light(rig, 1.0, 60, binning=2)
    take_light(rig, 1.05, 58, binning=2)
    assert len(rig.runs) == 1
    assert rig.state.context.triggers.history.baselines == {"1 L": Sharpness(2.0, 100), "2 L": Sharpness(1.0, 60)}
    take_light(rig, 1.2, 40, binning=2)
    assert len(rig.runs) == 2


def test_t10_two_baselines_may_be_taken_by_turns() -> None:
    rig = history_rig(baseline_frames=2)
    for hfr_px, binning in ((2.0, 1), (1.0, 2), (3.0, 1), (1.5, 2)):
        take_light(rig, hfr_px, 100, binning=binning)
    history = rig.state.context.triggers.history
    assert history.baselines == {"1 L": Sharpness(2.5, 100), "2 L": Sharpness(1.25, 100)}
    assert history.gathering == {}


def test_t10_the_filter_is_that_of_the_frame_and_else_that_of_the_plan() -> None:
    rig = history_rig()
    take_light(rig, *HFR_2_STARS_100, filter_="R")
    take_light(rig, 2.2, 90)
    assert rig.state.context.triggers.history.baselines == {"1 L": Sharpness(2.2, 90)}


def test_t10_the_baseline_is_taken_only_in_the_filter_that_was_focused() -> None:
    rig = history_rig()
    to_filter(rig, "R")
    take_light(rig, *HFR_2_STARS_100)
    assert rig.state.context.triggers.history.baselines == {}
    to_filter(rig, "L")
    take_light(rig, 2.2, 90)
    assert rig.state.context.triggers.history.baselines == {"1 L": Sharpness(2.2, 90)}


def test_t10_before_any_refocus_there_is_no_baseline() -> None:
    rig = quiet_rig({"image_history": {"enabled": True}})
    rig.start_plan()
    take_light(rig, *HFR_2_STARS_100, times=3)
    assert rig.state.context.triggers.history.baselines == {}


def test_t10_a_refocus_that_was_not_validated_leaves_the_former_baseline() -> None:
    rig = based_rig()
    rig.script("measure_frame", *[rig.ideal] * 9, measured(4.0), measured(4.0))  # an ideal answer is a reply too
    run_now(rig)
    assert rig.runs[-1].outcome == "unvalidated"
    take_light(rig, 2.1, 90)
    history = rig.state.context.triggers.history
    assert (history.baselines, len(history.recent["1 L"])) == ({"1 L": Sharpness(2.0, 100)}, 1)


def test_t10_a_validated_refocus_begins_a_new_baseline() -> None:
    rig = based_rig()
    run_now(rig)
    assert rig.state.context.triggers.history.baselines == {"1 L": Sharpness(2.0, 100)}
    take_light(rig, 2.5, 80)
    assert rig.state.context.triggers.history.baselines == {"1 L": Sharpness(2.5, 80)}


def test_t11_a_refocus_forgets_the_frames_since_the_last_one() -> None:
    rig = based_rig(metric="hfr", frames=3)
    take_light(rig, 9.0, 100, times=2)
    run_now(rig)
    take_light(rig, *HFR_2_STARS_100)
    take_light(rig, 9.0, 100, times=2)
    assert (len(rig.runs), due(rig)) == (2, [])


def test_t11_a_refocus_forgets_a_baseline_that_was_half_taken() -> None:
    rig = history_rig(baseline_frames=2)
    take_light(rig, 4.0, 50)
    run_now(rig)
    take_light(rig, *HFR_2_STARS_100, times=2)
    assert rig.state.context.triggers.history.baselines == {"1 L": Sharpness(2.0, 100)}


def test_t11_a_run_that_was_cancelled_forgets_nothing() -> None:
    rig = based_rig()
    take_light(rig, 2.1, 90)
    before = rig.state.context.triggers.history
    rig.send(events.RunRequested())
    rig.until("Refocusing.Exposing")
    rig.tell(events.CancelRequested())
    assert rig.state.context.triggers.history == before


# --- no baseline ---


def test_t10_without_a_baseline_it_waits() -> None:
    rig = history_rig(no_baseline="wait")
    to_filter(rig, "R")
    take_light(rig, 9.0, 1, times=5)
    assert (len(rig.runs), due(rig)) == (1, [])


def test_t10_or_a_refocus_makes_one_after_the_number_of_frames() -> None:
    rig = history_rig(no_baseline="refocus", frames=3)
    to_filter(rig, "R")
    take_light(rig, *HFR_2_STARS_100, times=2)
    assert (len(rig.runs), due(rig)) == (1, [])
    take_light(rig, *HFR_2_STARS_100)
    assert [run.causes for run in rig.runs[1:]] == [("image_history",)]
    take_light(rig, *HFR_2_STARS_100, times=4)
    assert (len(rig.runs), due(rig)) == (2, [])
    assert rig.state.context.triggers.history.baselines == {"1 R": Sharpness(2.0, 100)}


def test_t10_frames_without_a_baseline_are_counted_for_each_filter_by_itself() -> None:
    rig = history_rig(no_baseline="refocus", frames=3)
    for name in ("R", "B", "R", "B"):
        to_filter(rig, name)
        take_light(rig, *HFR_2_STARS_100)
    assert (len(rig.runs), due(rig)) == (1, [])


def test_t10_frames_of_a_baseline_that_is_being_taken_are_not_without_one() -> None:
    rig = history_rig(no_baseline="refocus", frames=1, baseline_frames=3)
    take_light(rig, *HFR_2_STARS_100, times=2)
    assert (len(rig.runs), due(rig)) == (1, [])


# --- only in the east ---


@pytest.mark.parametrize(("east", "runs"), [(True, 2), (False, 1), (None, 1)])
def test_t10_may_be_limited_to_the_east_and_unknown_is_not_east(*, east: bool | None, runs: int) -> None:
    rig = based_rig(metric="hfr", only_east=True)
    rig.facts["east"] = east
    take_light(rig, 9.0, 100, times=2)
    assert len(rig.runs) == runs


def test_t10_without_that_limit_the_side_does_not_matter() -> None:
    rig = based_rig(metric="hfr")
    rig.facts["east"] = False
    take_light(rig, 9.0, 100, times=2)
    assert len(rig.runs) == 2


# --- the arithmetic ---


def test_a_decline_is_told_in_percent_of_the_baseline() -> None:
    assert against(Sharpness(3.0, 25), Sharpness(2.0, 100)) == Decline(50.0, 75.0)


def test_the_mean_of_frames_is_taken_of_both_values() -> None:
    assert mean((Sharpness(2.0, 10), Sharpness(3.0, 20), Sharpness(4.0, 32))) == Sharpness(3.0, 21)


def test_without_a_baseline_nothing_is_degraded() -> None:
    limits = Limits("hfr", 10.0, 10.0, 1, "consecutive")
    history = ImageHistory(recent={"1 L": (Sharpness(9.0, 1),)})
    assert (history.decline("1 L", limits), history.degraded("1 L", limits)) == (None, False)
