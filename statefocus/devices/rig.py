"""All devices of a rig, opened by its profile."""

from __future__ import annotations

from dataclasses import dataclass

from statefocus.clock import Clock
from statefocus.devices.camera import Camera
from statefocus.devices.focuser import Focuser
from statefocus.devices.mount import Conditions, FilterWheel, Mount, Safety
from statefocus.devices.transport import TimeLimits, Wire, value_of
from statefocus.errors import Problem, ProfileError
from statefocus.profile import Address, Profile

_TYPES = {
    "camera": "camera",
    "focuser": "focuser",
    "filter_wheel": "filterwheel",
    "telescope": "telescope",
    "conditions": "observingconditions",
    "safety": "safetymonitor",
}


@dataclass
class Rig:
    """The devices of a rig; those that it does not have are None."""

    camera: Camera
    focuser: Focuser
    filter_wheel: FilterWheel | None = None
    mount: Mount | None = None
    conditions: Conditions | None = None
    safety: Safety | None = None

    def close(self) -> None:
        """Hang up on all devices; they stay connected for whoever else uses them."""
        for device in (self.camera, self.focuser, self.filter_wheel, self.mount, self.conditions, self.safety):
            if device is not None:
                device.close()


def open_rig(profile: Profile, clock: Clock) -> Rig:
    """Reach every device of a profile, and connect those that are not.

    Raises
    ------
    DeviceError
        Where one cannot be reached.
    ProfileError
        Where camera or focuser have no address.
    """
    devices = profile.devices
    if devices.camera is None or devices.focuser is None:
        raise ProfileError([Problem("no-device", profile.name, 0, "camera and focuser need an address.")])
    camera = Camera(*_reach(profile, "camera", devices.camera), clock)
    focuser = Focuser(*_reach(profile, "focuser", devices.focuser), profile.focuser, clock)
    rig = Rig(camera, focuser)
    if devices.filter_wheel:
        rig.filter_wheel = FilterWheel(*_reach(profile, "filter_wheel", devices.filter_wheel), clock)
    if devices.telescope:
        rig.mount = Mount(*_reach(profile, "telescope", devices.telescope), clock)
    if devices.conditions:
        rig.conditions = Conditions(*_reach(profile, "conditions", devices.conditions))
    if devices.safety:
        rig.safety = Safety(*_reach(profile, "safety", devices.safety))
    return rig


def _reach(profile: Profile, role: str, address: Address) -> tuple[Wire, str]:
    """Open the wire to a device and see to it that it is connected."""
    devices = profile.devices
    limits = TimeLimits(devices.connect_timeout_s, devices.read_timeout_s, devices.image_timeout_s)
    wire = Wire(address.host, address.port, f"{role.replace('_', ' ')} at {address.host}:{address.port}", limits)
    path = f"/api/v1/{_TYPES[role]}/{address.number}"
    if not value_of(wire.name, wire.get(f"{path}/connected")[1]):
        value_of(wire.name, wire.put(f"{path}/connected", {"Connected": True})[1])
    return wire, path
