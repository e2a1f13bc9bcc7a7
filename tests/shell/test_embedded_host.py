"""The embedded host: whose hold is whose."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from statefocus import events
from statefocus.clock import VirtualClock
from statefocus.hosts.embedded import EmbeddedHost, planned
from statefocus.hosts.protocol import Kept, Surroundings
from statefocus.profile import Plan, Profile


@pytest.fixture
def told() -> list[events.Event]:
    return []


@pytest.fixture
def host(told: list[events.Event]) -> EmbeddedHost:
    nothing: Any = None
    clock = VirtualClock(0.0)
    crew: Any = SimpleNamespace(post=told.append)
    made = EmbeddedHost(Surroundings(Profile(), nothing, clock, crew, lambda *_told: Kept(None)))
    made._running = True
    return made


def stands(host: EmbeddedHost) -> bool:
    return next(host._gap(), None) is not None


def test_a_hold_is_told_once_when_the_plan_stands(host: EmbeddedHost, told: list[events.Event]) -> None:
    host.hold(7)
    assert stands(host)
    assert stands(host)
    assert told == [events.PlanHeld(effect=7, running=True)]


def test_a_person_who_resumes_does_not_release_our_hold(host: EmbeddedHost, told: list[events.Event]) -> None:
    host.pause(paused=True)
    host.hold(7)
    host.pause(paused=False)
    assert stands(host)
    host.release(8)
    assert not stands(host)
    assert told[-1] == events.PlanReleased(effect=8)


def test_what_the_failure_policy_leaves_paused_a_person_resumes(host: EmbeddedHost) -> None:
    host.hold(7)
    host.leave_paused()
    assert stands(host)
    host.pause(paused=False)
    assert not stands(host)


def test_without_a_plan_there_is_nothing_to_hold(host: EmbeddedHost, told: list[events.Event]) -> None:
    host._running = False
    host.hold(7)
    assert told == [events.PlanHeld(effect=7, running=False)]


LIGHTS_AND_DARKS = Plan.model_validate(
    {
        "jobs": [
            {"frames": 2, "exposure_s": 60.0},
            {"frames": 1, "exposure_s": 60.0, "frame_type": "Dark"},
            {"frames": 2, "exposure_s": 30.0},
            {"frames": 1, "exposure_s": 60.0, "frame_type": "Dark"},
        ]
    }
)


@pytest.mark.parametrize(("lights", "frames"), [(None, 6), (1, 1), (2, 2), (3, 4), (4, 5), (5, 6)])
def test_a_plan_ends_with_the_last_light_frame_that_is_wanted(lights: int | None, frames: int) -> None:
    assert [one.number for one in planned(LIGHTS_AND_DARKS, lights)] == list(range(1, frames + 1))
