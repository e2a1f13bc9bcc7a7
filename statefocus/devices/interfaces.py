"""What is asked of devices: of those of a rig by the session, and of each protocol by the rig's devices.

A driver is the small, raw side: one reading or one command, without waiting, checking or trying again. What has to be
right for every protocol, such as a verified move, stands once, in `focuser`, `camera` and `mount`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from statefocus.devices.values import Exposure, Shot

Side = Literal["east", "west"]


class Camera(Protocol):
    """Whatever takes a frame: a device, a command of the user's, or the host."""

    name: str

    def expose(
        self, exposure_s: float, *, gain: int | None = None, binning: int = 1, light: bool = True, fast: bool = False
    ) -> Generator[float, None, Exposure]:
        """Take a frame; given up where the generator is closed."""

    def abort(self) -> None:
        """Give the exposure up; a camera that cannot, or cannot be reached, is left to finish."""

    def close(self) -> None:
        """Let go of it; it stays as it is for whoever else uses it."""


class Conditions(Protocol):
    """One weather station."""

    def temperature_c(self) -> float | None:
        """Read the air temperature; None where the station has no such sensor."""

    def close(self) -> None:
        """Hang up."""


class Safety(Protocol):
    """One safety monitor."""

    def safe(self) -> bool | None:
        """Read its word; None where it has none to give."""

    def close(self) -> None:
        """Hang up."""


class CameraDriver(Protocol):
    """A camera as its protocol has it."""

    name: str

    def prepare(self, shot: Shot) -> None:
        """Set the camera up for a frame, and remember what is to be set back."""

    def set_back(self) -> None:
        """Set back what was changed and is not yet set back; nothing where nothing is left."""

    def begin(self, shot: Shot) -> None:
        """Start the exposure."""

    def exposing(self) -> bool:
        """Whether the shutter is open."""

    def ready(self) -> bool:
        """Whether the frame that was begun can be had."""

    def pixels(self) -> NDArray[Any]:
        """Fetch it, indexed [x, y]."""

    def abort(self) -> None:
        """End the exposure."""

    def close(self) -> None:
        """Hang up."""


class FocuserDriver(Protocol):
    """A focuser as its protocol has it; positions are those of its step counter."""

    name: str

    def absolute(self) -> bool:
        """Whether it goes to positions."""

    def counter(self) -> int:
        """Read where it stands."""

    def max_step(self) -> int:
        """Read the end of its travel."""

    def go_to(self, counter: int) -> None:
        """Start a move; Unreachable or Timeout where nobody knows whether it was begun."""

    def moving(self) -> bool:
        """Whether a move is under way."""

    def halt(self) -> None:
        """Stop it; a focuser that cannot be stopped is left to finish."""

    def temperature_c(self) -> float | None:
        """Read its own sensor; None where it has none."""

    def compensation(self) -> bool:
        """Whether its own temperature compensation is on; False where it has none."""

    def compensate(self, *, on: bool) -> None:
        """Switch its own temperature compensation."""

    def close(self) -> None:
        """Hang up."""


class WheelDriver(Protocol):
    """A filter wheel as its protocol has it; slots from 0."""

    name: str

    def names(self) -> list[str]:
        """Read the filters' names, by slot."""

    def slot(self) -> int | None:
        """Read the slot in the light path; None while it turns."""

    def turn(self, slot: int) -> None:
        """Start to turn."""

    def close(self) -> None:
        """Hang up."""


class MountDriver(Protocol):
    """A mount as its protocol has it."""

    name: str

    def tracking(self) -> bool | None:
        """Whether it tracks; None where it does not tell."""

    def parked(self) -> bool | None:
        """Whether it is parked; None where it does not tell."""

    def hours_to_transit(self) -> float:
        """How far the target is from the meridian, sidereal hours, -12 to 12; negative after the transit."""

    def side(self) -> Side | None:
        """Read the side of the pier; None where it does not tell."""

    def begin_flip(self) -> None:
        """Start to go to the other side of the pier."""

    def slewing(self) -> bool:
        """Whether it slews."""

    def close(self) -> None:
        """Hang up."""
