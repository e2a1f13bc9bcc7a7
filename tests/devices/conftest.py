"""A real Alpaca server on the loopback interface, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TypeVar

import pytest

from statefocus.clock import VirtualClock
from statefocus.devices.alpaca import AlpacaCamera
from statefocus.devices.camera import DeviceCamera
from statefocus.devices.rig import Rig, open_rig
from statefocus.observatory import Observatory, serving
from statefocus.profile import Address, Profile

START = 1_760_000_000.0
Result = TypeVar("Result")


@dataclass
class Site:
    profile: Profile
    clock: VirtualClock
    rig: Rig
    observatory: Observatory

    @property
    def camera(self) -> AlpacaCamera:
        """The camera as Alpaca has it."""
        assert isinstance(self.rig.camera, DeviceCamera)
        assert isinstance(self.rig.camera._driver, AlpacaCamera)
        return self.rig.camera._driver

    def finish(self, task: Generator[float, None, Result]) -> Result:
        """Carry a task out in virtual time; gives what it returns."""
        while True:
            try:
                seconds = next(task)
            except StopIteration as done:
                result: Result = done.value
                return result
            self.clock.advance_to(self.clock.now() + max(seconds, 0.0))


def profile_of(camera: dict[str, object], **observatory: object) -> Profile:
    small = {"width_px": 128, "height_px": 128, **camera}
    return Profile.model_validate(
        {"schema": 1, "observatory": {"camera": small, "sky": {"stars": 12}, **observatory}},
    )


@pytest.fixture
def happenings() -> list[dict[str, object]]:
    return []


@pytest.fixture
def camera() -> dict[str, object]:
    return {}


@pytest.fixture
def site(happenings: list[dict[str, object]], camera: dict[str, object]) -> Iterator[Site]:
    profile = profile_of(camera, happenings=happenings)
    clock = VirtualClock(START)
    observatory = Observatory(profile.observatory, clock=clock.now, seed=1, started_at=START)
    with serving(observatory) as server:
        address = Address(host=server.host, port=server.port)
        roles = ("camera", "focuser", "filter_wheel", "telescope", "conditions", "safety")
        devices = profile.devices.model_copy(update=dict.fromkeys(roles, address))
        profile = profile.model_copy(update={"devices": devices})
        rig = open_rig(profile, clock)
        try:
            yield Site(profile, clock, rig, observatory)
        finally:
            rig.close()
