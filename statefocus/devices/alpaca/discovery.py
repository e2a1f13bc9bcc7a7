"""Finds Alpaca servers and their devices, with alpyca's discovery and management calls."""

from __future__ import annotations

from dataclasses import dataclass

from alpaca import discovery, management


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """One device of one server."""

    host: str
    port: int
    kind: str
    number: int
    name: str


def discover(timeout_s: float) -> list[FoundDevice]:
    """Ask the network by broadcast, and each server that answers for its devices."""
    found = []
    for address in discovery.search_ipv4(timeout=timeout_s):
        host, _, port = str(address).rpartition(":")
        for device in management.configureddevices(address):
            kind, number = str(device["DeviceType"]).lower(), int(device["DeviceNumber"])
            found.append(FoundDevice(host, int(port), kind, number, str(device["DeviceName"])))
    return found
