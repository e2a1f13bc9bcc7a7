"""What devices tell and are told, whatever protocol they speak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a server may take, seconds."""

    connect_s: float = 2.0
    read_s: float = 5.0
    image_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame to be taken; a gain of None leaves the camera's own, `fast` asks for fast read-out (A6)."""

    exposure_s: float
    gain: int | None = None
    binning: int = 1
    light: bool = True
    fast: bool = False


@dataclass(frozen=True, slots=True)
class Exposure:
    """One frame as the camera gave it; `pixels` are indexed [x, y]."""

    pixels: NDArray[Any]
    exposure_s: float
    binning: int


@dataclass(frozen=True, slots=True)
class FocuserState:
    """What a focuser tells of itself; positions in steps."""

    position: int
    max_step: int
    absolute: bool
    driver_compensation: bool


@dataclass(frozen=True, slots=True)
class MountState:
    """What a mount tells; `to_transit_s` is the time to the target's next transit, negative after it.

    What it does not tell of tracking and parking is None.
    """

    tracking: bool | None
    parked: bool | None
    to_transit_s: float
    west: bool
