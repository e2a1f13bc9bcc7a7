"""All devices of a rig, opened by its profile, whatever protocols they speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from statefocus.clock import Clock
from statefocus.devices.focuser import Focuser
from statefocus.devices.interfaces import Camera, Conditions, Safety
from statefocus.devices.mount import FilterWheel, Mount
from statefocus.devices.opening import Opening
from statefocus.profile import Profile


@dataclass
class Rig:
    """The devices of a rig; those that it does not have are None."""

    camera: Camera
    focuser: Focuser
    filter_wheel: FilterWheel | None = None
    mount: Mount | None = None
    conditions: Conditions | None = None
    safety: Safety | None = None
    hang_up: Callable[[], None] = field(default=lambda: None)

    def close(self) -> None:
        """Hang up on all devices; they stay connected for whoever else uses them."""
        for device in (self.camera, self.focuser, self.filter_wheel, self.mount, self.conditions, self.safety):
            if device is not None:
                device.close()
        self.hang_up()


def open_rig(profile: Profile, clock: Clock, of_host: Camera | None = None) -> Rig:
    """Reach every device of a profile, and connect those that are not; `of_host` is the host's camera, if it has one.

    Raises
    ------
    DeviceError
        Where one cannot be reached.
    ProfileError
        Where camera or focuser have no address.
    UsageError
        Where the host is to take the frames and cannot, or INDI is not installed.
    """
    opening = Opening(profile, clock)
    try:
        wheel = opening.filter_wheel()
        return Rig(
            camera=opening.camera(wheel.current if wheel else lambda: None, of_host),
            focuser=opening.focuser(),
            filter_wheel=wheel,
            mount=opening.mount(),
            conditions=opening.conditions(),
            safety=opening.safety(),
            hang_up=opening.close,
        )
    except BaseException:
        opening.close()
        raise
