"""Reaches a device of an Alpaca server, and sees to it that it is connected."""

from __future__ import annotations

from statefocus.devices.alpaca.transport import Wire, value_of
from statefocus.devices.values import TimeLimits
from statefocus.profile import Address

_TYPES = {
    "camera": "camera",
    "focuser": "focuser",
    "filter_wheel": "filterwheel",
    "telescope": "telescope",
    "conditions": "observingconditions",
    "safety": "safetymonitor",
}


def reach(role: str, address: Address, limits: TimeLimits) -> tuple[Wire, str]:
    """Give the wire to a device, and its path on the server.

    Raises
    ------
    DeviceError
        Where it cannot be reached.
    """
    wire = Wire(address.host, address.port, f"{role.replace('_', ' ')} at {address.host}:{address.port}", limits)
    path = f"/api/v1/{_TYPES[role]}/{address.number}"
    if not value_of(wire.name, wire.get(f"{path}/connected")[1]):
        value_of(wire.name, wire.put(f"{path}/connected", {"Connected": True})[1])
    return wire, path
