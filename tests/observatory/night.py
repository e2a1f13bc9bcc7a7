"""A virtual night: a clock that jumps, an observatory, and calls to its devices without HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from statefocus.observatory import Observatory
from statefocus.profile.observatory import ObservatorySettings

START = 1_760_000_000.0
SMALL = {"width_px": 256, "height_px": 256, "hot_pixels_percent": 0.0, "cosmic_rays_per_min": 0.0}
ONE_STAR = {"stars": 1, "faintest_electrons_per_s": 9000, "brightest_electrons_per_s": 9001, "pointing_jitter_px": 0.0}
STILL_AIR = {"seeing_jitter_percent": 0.0, "seeing_wander_percent": 0.0, "wiggle_c": 0.0}


@dataclass
class Clock:
    t: float = START

    def now(self) -> float:
        return self.t

    def sleep(self, seconds: float) -> None:
        self.t += seconds


@dataclass
class Night:
    clock: Clock
    observatory: Observatory
    _connected: set[str] = field(default_factory=set)

    def get(self, kind: str, member: str, *arguments: Any) -> Any:
        return self._call("GET", kind, member, *arguments)

    def put(self, kind: str, member: str, *arguments: Any) -> None:
        self._call("PUT", kind, member, *arguments)

    def _call(self, method: str, kind: str, member: str, *arguments: Any) -> Any:
        device = self.observatory.devices[kind]
        if kind not in self._connected:
            device.connect()
            self._connected.add(kind)
        found = device.member(method, member.lower())
        assert found is not None, member
        return device.call(found, *arguments)

    def minutes(self, at_min: float) -> None:
        self.clock.t = START + at_min * 60.0

    def move(self, steps: int) -> None:
        self.put("focuser", "Move", steps)
        self.clock.sleep(200.0)

    def expose(self, seconds: float = 4.0, *, light: bool = True) -> Any:
        self.put("camera", "StartExposure", seconds, light)
        self.clock.sleep(seconds + 2.0)
        return self.get("camera", "ImageArray")


def night(seed: int = 7, **settings: Any) -> Night:
    clock = Clock()
    parsed = ObservatorySettings.model_validate(settings)
    observatory = Observatory(
        parsed, clock=clock.now, seed=seed, site_longitude_deg=16.4, site_latitude_deg=48.2, started_at=START
    )
    return Night(clock, observatory)


def scripted(*happenings: dict[str, Any], **settings: Any) -> Night:
    return night(happenings=happenings, camera=SMALL, **settings)
