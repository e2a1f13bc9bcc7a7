"""What to ask Ekos next, to hold its sequence and to let it go."""

from __future__ import annotations

from typing import Any

import pytest

from statefocus.hosts.ekos.holding import LATE_S, Hold, Release
from statefocus.hosts.ekos.sight import Capturing as State


def wants(hold: Hold, status: int, now: float = 0.0, exposing_s: float = 0.1, *, flipping: bool = False) -> str:
    return hold.wants(status, now, exposing_s, flipping=flipping)


def test_right_after_a_frame_the_next_exposure_is_given_up() -> None:
    hold = Hold(7)
    assert [wants(hold, State.IMAGE_RECEIVED), wants(hold, State.PROGRESS), wants(hold, State.CAPTURING)] == [
        "wait",
        "wait",
        "suspend",
    ]
    assert wants(hold, State.CAPTURING, now=0.1) == "wait"
    assert wants(hold, State.SUSPENDED, now=0.2) == "held"


def test_an_exposure_that_has_run_for_long_is_waited_for() -> None:
    hold = Hold(7)
    assert wants(hold, State.CAPTURING, exposing_s=LATE_S + 0.1) == "pause"
    assert wants(hold, State.PAUSE_PLANNED) == "wait"
    assert wants(hold, State.PAUSED) == "held"
    assert hold.way == "pause"


def test_a_pause_that_ekos_did_not_heed_is_asked_for_again() -> None:
    hold = Hold(7)
    assert wants(hold, State.CAPTURING, 0.0, 5.0) == "pause"
    assert wants(hold, State.CAPTURING, 1.0, 6.0) == "wait"
    assert wants(hold, State.CAPTURING, 3.0, 8.0) == "pause"


def test_a_pause_that_was_arranged_needs_nothing_more() -> None:
    assert wants(Hold(7, way="pause"), State.PAUSED) == "held"


@pytest.mark.parametrize("status", [State.PAUSED, State.SUSPENDED])
def test_what_somebody_else_holds_is_not_ours_to_start(status: int) -> None:
    hold = Hold(7)
    assert wants(hold, status) == "free"
    assert hold.way == ""


@pytest.mark.parametrize("status", [State.IDLE, State.ABORTED, State.COMPLETE])
def test_a_sequence_that_stands_is_free_once_it_is_meant(status: int) -> None:
    hold = Hold(7)
    assert wants(hold, status, now=10.0) == "wait"
    assert wants(hold, status, now=10.6) == "free"


def test_idle_between_two_jobs_is_not_free() -> None:
    hold = Hold(7)
    assert [
        wants(hold, State.IDLE, now=1.0),
        wants(hold, State.CAPTURING, now=1.1),
        wants(hold, State.IDLE, now=9.0),
    ] == [
        "wait",
        "suspend",
        "wait",
    ]


@pytest.mark.parametrize("status", [State.MERIDIAN_FLIP, State.PAUSED, State.IDLE, State.ALIGNING, State.CALIBRATING])
def test_a_flip_is_waited_for(status: int) -> None:
    hold = Hold(7)
    assert wants(hold, status, now=1.0, flipping=True) == "wait"
    assert wants(hold, status, now=2.0, flipping=True) == "wait"


def test_a_person_s_start_in_our_hold_is_held_again() -> None:
    hold = Hold(7)
    assert wants(hold, State.CAPTURING) == "suspend"
    assert wants(hold, State.SUSPENDED) == "held"
    assert wants(hold, State.CAPTURING, now=30.0) == "suspend"


@pytest.mark.parametrize(
    ("way", "status", "needed"), [("suspend", State.SUSPENDED, "start"), ("pause", State.PAUSED, "unpause")]
)
def test_what_we_hold_goes_on_and_that_is_verified(way: str, status: int, needed: str) -> None:
    release = Release(8, "suspend" if way == "suspend" else "pause", timeout_s=15.0)
    assert [release.needs(status, now) for now in (0.0, 0.1, 2.5)] == [needed, "wait", needed]
    assert release.needs(status, 15.5) == "failed"
    assert release.needs(State.CAPTURING, 16.0) == "released"


@pytest.mark.parametrize("status", [State.ABORTED, State.IDLE, State.COMPLETE])
def test_what_a_person_has_stopped_is_not_started(status: int) -> None:
    assert Release(8, "suspend", timeout_s=15.0).needs(status, 0.0) == "released"
    assert Release(8, "pause", timeout_s=15.0).needs(status, 0.0) == "released"


@pytest.mark.parametrize("status", [State.PAUSED, State.SUSPENDED, State.CAPTURING])
def test_what_was_not_ours_is_left_alone(status: int) -> None:
    assert Release(8, "", timeout_s=15.0).needs(status, 0.0) == "released"


@pytest.mark.parametrize("way", ["suspend", "pause"])
def test_a_hold_in_which_a_person_stopped_the_sequence_has_nothing_to_let_go(way: Any) -> None:
    hold = Hold(7, way)
    assert [wants(hold, State.ABORTED, now=1.0), hold.way] == ["wait", way]
    assert [wants(hold, State.ABORTED, now=1.6), hold.way] == ["free", ""]
