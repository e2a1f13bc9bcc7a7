"""Guiding that stands still during a run: what Ekos is asked, and when it has come back."""

from __future__ import annotations

import pytest

from statefocus import events
from statefocus.events import Event
from statefocus.hosts.ekos.guiding import Asked, Guided, Guider
from statefocus.hosts.ekos.holding import Stopped
from statefocus.profile.hosts import Guiding

IDLE, ABORTED, LOOPING = 0, 1, 5


class Night:
    """A guider, what it has asked and told, and the state of the Guide module."""

    def __init__(self, *, paused: bool = False, **settings: object) -> None:
        self.stopped = Stopped(guiding=paused)
        self.told: list[Event] = []
        self.asked: list[Asked] = []
        self.state: int | None = Guided.SUSPENDED if paused else Guided.GUIDING
        self.guider = Guider(Guiding.model_validate(settings), self.stopped, self.told.append)

    def stands(self, now: float) -> bool:
        return self.guider.stands(self.state, now, self.asked.append)

    def is_back(self, now: float) -> bool:
        return self.guider.is_back(lambda: self.state, now, self.asked.append)

    def failed(self) -> str:
        (event,) = self.told
        assert isinstance(event, events.GuidingFailed)
        return event.sentence


# --- pausing ---


def test_guiding_is_suspended_and_told_once_it_stands() -> None:
    night = Night()
    assert not night.stands(0.0)
    assert (night.asked, night.told) == (["suspend"], [])
    night.state = Guided.SUSPENDED
    assert night.stands(0.1)
    assert (night.told, night.stopped.guiding) == ([events.GuidingPaused()], True)


@pytest.mark.parametrize("state", [None, IDLE, ABORTED, LOOPING, Guided.SUSPENDED])
def test_what_is_no_guiding_or_not_ours_is_left_alone(state: int | None) -> None:
    night = Night()
    night.state = state
    assert night.stands(0.0)
    assert (night.asked, night.told, night.stopped.guiding) == ([], [], False)


def test_a_profile_may_leave_guiding_on() -> None:
    night = Night(during_runs="leave")
    assert night.stands(0.0)
    assert night.asked == []


def test_a_dither_is_waited_for() -> None:
    night = Night()
    for now, state in enumerate((Guided.DITHERING, Guided.DITHERING_SETTLE, Guided.DITHERING_SUCCESS)):
        night.state = state
        assert not night.stands(float(now))
    assert night.asked == []
    night.state = Guided.GUIDING
    assert not night.stands(4.0)
    assert night.asked == ["suspend"]


def test_a_lost_star_is_not_searched_for_while_the_telescope_is_out_of_focus() -> None:
    night = Night()
    night.state = Guided.REACQUIRE
    night.stands(0.0)
    assert night.asked == ["suspend"]


def test_it_is_asked_again_and_given_up_in_time() -> None:
    night = Night(timeout_s=5.0)
    assert [night.stands(now) for now in (0.0, 1.0, 2.0, 3.0, 4.0, 5.1)] == [False] * 5 + [True]
    assert night.asked == ["suspend"] * 3
    assert night.failed() == "Ekos's guiding could not be paused within 5 s; the run begins while it guides."


# --- coming back ---


def test_it_is_back_when_the_star_has_stayed_for_long_enough() -> None:
    night = Night(paused=True, settle_s=5.0)
    assert not night.is_back(0.0)
    assert night.asked == ["resume"]
    night.state = Guided.GUIDING
    for at, arcsec in ((1.0, 0.5), (2.0, 2.5), (3.0, 1.0), (5.0, 2.0), (7.9, 0.0)):
        night.guider.is_off_by(arcsec, at)
        assert not night.is_back(at)
    assert night.told == []
    night.guider.is_off_by(0.5, 8.0)
    assert night.is_back(8.0)
    assert (night.told, night.stopped.guiding) == ([events.GuidingSettled(seconds=8.0)], False)
    assert night.is_back(9.0)
    assert len(night.told) == 1


def test_one_good_reading_alone_is_no_settled_guiding() -> None:
    night = Night(paused=True, settle_s=0.0)
    night.is_back(0.0)
    night.state = Guided.GUIDING
    night.guider.is_off_by(0.1, 1.0)
    assert not night.is_back(1.0)
    night.guider.is_off_by(0.1, 2.0)
    assert night.is_back(2.0)


def test_readings_from_before_it_goes_on_do_not_count() -> None:
    night = Night(paused=True, settle_s=0.0)
    for at in (0.0, 1.0, 2.0):
        night.guider.is_off_by(0.1, at)
    night.is_back(3.0)
    night.state = Guided.GUIDING
    assert not night.is_back(3.1)


def test_guiding_that_an_earlier_life_has_let_go_on_settles_too() -> None:
    night = Night(paused=True, settle_s=0.0)
    night.state = Guided.GUIDING
    assert not night.is_back(0.0)
    night.guider.is_off_by(0.5, 1.0)
    night.guider.is_off_by(0.5, 2.0)
    assert night.is_back(2.0)
    assert (night.asked, [event.kind for event in night.told]) == ([], ["guiding_settled"])


@pytest.mark.parametrize("state", [Guided.GUIDING, Guided.REACQUIRE, Guided.DITHERING, Guided.CALIBRATING, None])
def test_at_the_end_nobody_waits_until_it_has_settled(state: int | None) -> None:
    night = Night(paused=True)
    night.guider.hurries = True
    assert not night.is_back(0.0)
    night.state = state
    assert night.is_back(0.1)
    assert (night.asked, night.told, night.stopped.guiding) == (["resume"], [], False)


def test_a_suspension_that_comes_after_the_hold_was_given_up_is_undone() -> None:
    night = Night()
    night.stands(0.0)
    night.guider.anew()
    assert not night.is_back(0.5)
    night.state = Guided.SUSPENDED
    assert not night.is_back(1.0)
    assert night.asked == ["suspend", "resume"]


def test_a_suspension_that_never_comes_is_not_waited_for() -> None:
    night = Night()
    night.stands(0.0)
    night.guider.anew()
    assert [night.is_back(now) for now in (0.5, 4.9, 5.0)] == [False, False, True]
    assert not night.stopped.guiding


def test_a_calibration_is_waited_for_longer() -> None:
    night = Night(timeout_s=5.0)
    for now, state in ((0.0, Guided.STAR_SELECT), (6.0, Guided.CALIBRATING), (200.0, Guided.CALIBRATION_SUCCESS)):
        night.state = state
        assert not night.stands(now)
    night.state = Guided.GUIDING
    night.guider.anew()
    assert not night.stands(201.0)
    assert night.asked == ["suspend"]


@pytest.mark.parametrize("state", [IDLE, ABORTED, None])
def test_what_somebody_else_has_started_or_ended_is_theirs(state: int | None) -> None:
    night = Night(paused=True)
    night.state = state
    assert night.is_back(0.0)
    assert (night.asked, night.told, night.stopped.guiding) == ([], [], False)


def test_guiding_that_ends_instead_of_going_on_is_told() -> None:
    night = Night(paused=True)
    night.is_back(0.0)
    night.state = ABORTED
    assert night.is_back(1.0)
    assert night.failed().startswith("Ekos's guiding has ended instead of going on after the run")
    assert not night.stopped.guiding


@pytest.mark.parametrize("state", [Guided.GUIDING, Guided.REACQUIRE, None])
def test_guiding_that_does_not_settle_lets_the_plan_go_on_in_time(state: int | None) -> None:
    night = Night(paused=True, timeout_s=5.0)
    night.is_back(0.0)
    night.state = state
    assert [night.is_back(now) for now in (1.0, 4.9, 5.1)] == [False, False, True]
    assert "has not settled (within 2 arcseconds for 5 s) 5 s after the run" in night.failed()
    assert night.asked == ["resume"]


def test_guiding_that_stays_suspended_is_told_as_such() -> None:
    night = Night(paused=True, timeout_s=5.0)
    assert [night.is_back(now) for now in (0.0, 1.0, 4.9, 5.1)] == [False, False, False, True]
    assert night.failed().startswith("Ekos's guiding is still suspended, 5 s after the run")
    assert night.asked == ["resume"] * 2
    assert night.stopped.guiding  # it stays ours to start
    assert night.is_back(6.0)
    assert night.is_back(100.0)
    night.state = Guided.GUIDING
    assert night.is_back(101.0)
    assert (len(night.told), night.stopped.guiding) == (1, False)
