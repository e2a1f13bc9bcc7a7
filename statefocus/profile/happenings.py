"""What goes wrong in a simulated night, and when: the script of its faults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from statefocus.profile.base import Section


class Timed(Section):
    """When something happens, from the session's start; without `for_min` it lasts."""

    at_min: float = Field(ge=0, le=100_000, description="Minutes from the session's start.")
    for_min: float | None = Field(None, gt=0, le=100_000, description="How long it lasts; to the end when absent.")


class Clouds(Timed):
    """Clouds dim the stars."""

    do: Literal["clouds"]
    magnitudes: float = Field(default=99.0, ge=0, le=99, description="How much dimmer; 99 leaves no star.")


class Unsafe(Timed):
    """The safety monitor says no."""

    do: Literal["unsafe"]


class TrackingOff(Timed):
    """The mount stops tracking; a command to track ends it."""

    do: Literal["tracking_off"]


class Parked(Timed):
    """Somebody parks the mount; Unpark ends it."""

    do: Literal["parked"]


class FocuserStuck(Timed):
    """The focuser accepts a move and stops short, without an error."""

    do: Literal["focuser_stuck"]
    moves_percent: float = Field(default=0.0, ge=0, le=100, description="How much of the way it still goes.")


class FocuserSlips(Section):
    """The draw tube jumps and the step counter does not know."""

    do: Literal["focuser_slips"]
    at_min: float = Field(ge=0, le=100_000, description="Minutes from the session's start.")
    steps: float = Field(ge=-100_000, le=100_000, description="The jump; positive is outward.")


class CameraHangs(Timed):
    """Exposures started meanwhile never become ready, until they are aborted."""

    do: Literal["camera_hangs"]


DeviceKind = Literal["camera", "focuser", "filterwheel", "telescope", "observingconditions", "safetymonitor"]


class DeviceError(Timed):
    """Every member of one device answers with a driver's error."""

    do: Literal["device_error"]
    device: DeviceKind = Field(description="Which device.")
    number: int = Field(default=0x500, ge=0x400, le=0xFFF, description="Alpaca error number; 1280 is 0x500.")
    message: str = Field(default="the device does not answer its driver", min_length=1, description="Error message.")


class ServerGone(Timed):
    """Connections are closed without an answer."""

    do: Literal["server_gone"]


class SensorFailed(Timed):
    """A temperature sensor fails."""

    do: Literal["sensor_failed"]
    sensor: Literal["focuser", "external"] = Field(default="focuser", description="Which sensor.")
    answers: Literal["nan", "error"] = Field(default="nan", description="NaN, or error 0x500.")


class TemperatureJump(Timed):
    """The ambient temperature jumps; the tube follows in its time."""

    do: Literal["temperature_jump"]
    celsius: float = Field(ge=-50, le=50, description="The jump, in degrees.")


class BadSeeing(Timed):
    """The seeing grows."""

    do: Literal["bad_seeing"]
    factor: float = Field(default=2.0, gt=0.1, le=20, description="Factor on the FWHM.")


Happening = Annotated[
    Clouds
    | Unsafe
    | TrackingOff
    | Parked
    | FocuserStuck
    | FocuserSlips
    | CameraHangs
    | DeviceError
    | ServerGone
    | SensorFailed
    | TemperatureJump
    | BadSeeing,
    Field(discriminator="do"),
]
