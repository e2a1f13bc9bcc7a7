"""The rig: site, optics, focuser, and where its devices are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from pydantic import Field, field_validator, model_validator

from statefocus.profile.addresses import DeviceAddress
from statefocus.profile.base import Conflict, Section

PLACEHOLDERS = ("file", "exposure_s", "binning", "gain", "filter")
"""What is filled into `camera.command`."""

_PLACEHOLDER = re.compile(r"\{(\w*)\}")


def _told(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


class Site(Section):
    """Where the telescope stands."""

    latitude_deg: float = Field(48.2, ge=-90, le=90, description="Latitude, north positive.")
    longitude_deg: float = Field(16.4, ge=-180, le=180, description="Longitude, east positive.")
    elevation_m: float = Field(200.0, ge=-500, le=9000, description="Height above sea level.")
    time_zone: str = Field("Europe/Vienna", description="IANA name; times are shown in it.")


class Optics(Section):
    """The telescope's optics, as far as focusing depends on them (CFZ = 4.88 x wavelength x f_ratio^2)."""

    f_ratio: float = Field(5.5, gt=0.5, le=100, description="Focal length divided by aperture.")
    wavelength_um: float = Field(0.55, gt=0.1, le=2.0, description="Wavelength for the critical focus zone.")
    obstruction_percent: float = Field(
        0.0, ge=0, le=80, description="Diameter of the central obstruction, of that of the aperture; 0 for a lens."
    )


class Focuser(Section):
    """How the focuser is moved, and when a move counts as arrived."""

    um_per_step: float = Field(4.0, gt=0, le=1000, description="Travel of one step.")
    backlash: Literal["none", "overshoot", "absolute"] = Field(
        "overshoot",
        description="`overshoot` ends each outward move with an inward one, the sweep's own direction; `absolute` does "
        "so too, and adds the steps below on each reversal (A7).",
    )
    overshoot_steps: int = Field(60, ge=0, le=100_000, description="How far beyond; larger than the real backlash.")
    backlash_in_steps: int = Field(0, ge=0, le=100_000, description="Added where a move turns inward; only `absolute`.")
    backlash_out_steps: int = Field(
        0, ge=0, le=100_000, description="Added where a move turns outward; only `absolute`."
    )
    settle_s: float = Field(1.0, ge=0, le=600, description="Wait after each move before an exposure.")
    tolerance_steps: int = Field(1, ge=0, le=1000, description="A move that ends further off than this has failed.")
    watch_every_s: float = Field(
        30.0, ge=0, le=3600, description="How often it is looked whether something else has moved it; 0 for never."
    )
    other_hand: Literal["refuse", "hand_over"] = Field(
        "refuse",
        description="When another program, or a hand, has moved the focuser: `refuse` stops every automatic move until "
        "a person resumes the triggers or focuses by hand; `hand_over` takes the new position as focused, tells so, "
        "and goes on. Not looked for in a run, with an aid open, and after a run that could not put it back; after a "
        "correction or an offset that failed, from where that has left it. Where the driver compensates the "
        "temperature and statefocus does not, a new position is the driver's.",
    )
    move_timeout_s: float = Field(120.0, gt=0, le=3600, description="A move that takes longer has failed.")


class Devices(Section):
    """Where the devices are: the observatory that comes with statefocus, or real ones over Alpaca or INDI."""

    kind: Literal["embedded", "real", "alpaca"] = Field(
        "embedded",
        description="`embedded` starts the simulated observatory; `real` uses the addresses below (`alpaca` is its "
        "older name). An address is a table for Alpaca, or text: `indi://HOST:PORT/DEVICE NAME`, "
        "`alpaca://HOST:PORT/NUMBER`.",
    )
    camera: DeviceAddress = Field(None, description="Camera that takes the plan's and the focus frames.")
    focuser: DeviceAddress = Field(None, description="Absolute focuser.")
    filter_wheel: DeviceAddress = Field(None, description="Filter wheel, if there is one.")
    telescope: DeviceAddress = Field(None, description="Mount; needed by the guards `tracking` and `unparked`.")
    conditions: DeviceAddress = Field(None, description="Weather station, for the external temperature.")
    safety: DeviceAddress = Field(None, description="SafetyMonitor or INDI's weather, for the guard `safe`.")
    connect_timeout_s: float = Field(2.0, gt=0, le=60, description="Time limit for reaching a server.")
    read_timeout_s: float = Field(5.0, gt=0, le=120, description="Time limit for one answer.")
    image_timeout_s: float = Field(60.0, gt=0, le=3600, description="Time limit for downloading one image.")

    @property
    def embedded(self) -> bool:
        """Whether the simulated observatory is meant."""
        return self.kind == "embedded"


class Camera(Section):
    """Where focus frames come from, and what that needs."""

    source: Literal["device", "command", "host"] = Field(
        "device",
        description="`device`: `devices.camera`, shared with whoever else uses it; `command`: the command below; "
        "`host`: the program that runs the plan takes them.",
    )
    command: tuple[str, ...] = Field(
        (),
        description="Program and arguments that write one FITS file; {file}, {exposure_s}, {binning}, {gain} and "
        "{filter} are filled in, the last two with nothing where there is none. No shell is started.",
    )
    timeout_s: float = Field(60.0, gt=0, le=3600, description="Time limit of the command, beyond the exposure itself.")
    indi_upload: Literal["local", "client"] = Field(
        "local",
        description="How an INDI camera hands focus frames over: `local` by a file in a folder of their own, so that "
        "no other client of the server gets them, and `client` over the network, to every client that listens.",
    )

    @field_validator("command")
    @classmethod
    def _names_the_file(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        for argument in command:
            unknown = [name for name in _PLACEHOLDER.findall(argument) if name not in PLACEHOLDERS]
            if unknown:
                raise ValueError(f"there is no {{{unknown[0]}}}; known are {_told(PLACEHOLDERS)}")
        if command and not any("{file}" in argument for argument in command[1:]):
            message = "no argument holds {file}, the file that is to be written"
            raise ValueError(message)
        return command

    @model_validator(mode="after")
    def _has_its_command(self) -> Camera:
        if self.source == "command" and not self.command:
            raise Conflict('camera.source = "command" needs camera.command', ("command",), ("source",))
        return self


class Tools(Section):
    """Other programs that statefocus may call."""

    astap: str | None = Field(
        None, description="ASTAP's program, for the metric hfd-astap; sought as astap_cli, astap on PATH when absent."
    )
    timeout_s: float = Field(30.0, gt=0, le=600, description="Time limit of such a program for one frame.")
