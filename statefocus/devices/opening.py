"""Opens the devices of a profile one by one, each by the protocol that its address tells."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from statefocus.clock import Clock
from statefocus.devices.camera import DeviceCamera
from statefocus.devices.command import CommandCamera
from statefocus.devices.focuser import Focuser
from statefocus.devices.interfaces import Camera, Conditions, Safety
from statefocus.devices.mount import FilterWheel, Mount
from statefocus.devices.values import TimeLimits
from statefocus.errors import Problem, ProfileError, UsageError
from statefocus.profile import Address, IndiAddress, Profile

if TYPE_CHECKING:
    from statefocus.devices.indi import Servers


class Opening:
    """Opens the devices of one profile; the devices of one INDI server share a connection.

    Parameters
    ----------
    profile
        Where they are, and how they are used.
    clock
        For time limits.
    """

    def __init__(self, profile: Profile, clock: Clock) -> None:
        devices = profile.devices
        self._profile, self._clock = profile, clock
        self._limits = TimeLimits(devices.connect_timeout_s, devices.read_timeout_s, devices.image_timeout_s)

    def camera(self, filter_now: Callable[[], str | None], of_host: Camera | None = None) -> Camera:
        """Open whatever takes focus frames: the device, the command, or what the host gives.

        Raises
        ------
        UsageError
            Where the host is to take them and cannot.
        """
        settings = self._profile.camera
        if settings.source == "command":
            return CommandCamera(settings, filter_now)
        if settings.source == "host":
            if of_host is None:
                raise UsageError(
                    'camera.source = "host", and this host takes no frames for others: write "device" or "command".'
                )
            return of_host
        address = self._needed("camera")
        if isinstance(address, IndiAddress):
            from statefocus.devices.indi.camera import IndiCamera

            link = self._servers.link("camera", address, IndiCamera.NEEDS)
            return DeviceCamera(IndiCamera(link, upload=settings.indi_upload), self._clock)
        from statefocus.devices.alpaca import AlpacaCamera, reach

        return DeviceCamera(AlpacaCamera(*reach("camera", address, self._limits)), self._clock)

    def focuser(self) -> Focuser:
        """Open the focuser."""
        address = self._needed("focuser")
        if isinstance(address, IndiAddress):
            from statefocus.devices.indi.focuser import IndiFocuser

            indi = IndiFocuser(self._servers.link("focuser", address, IndiFocuser.NEEDS))
            return Focuser(indi, self._profile.focuser, self._clock)
        from statefocus.devices.alpaca import AlpacaFocuser, reach

        driver = AlpacaFocuser(*reach("focuser", address, self._limits))
        return Focuser(driver, self._profile.focuser, self._clock)

    def filter_wheel(self) -> FilterWheel | None:
        """Open the filter wheel."""
        address = self._profile.devices.filter_wheel
        if address is None:
            return None
        if isinstance(address, IndiAddress):
            from statefocus.devices.indi.mount import IndiWheel

            return FilterWheel(IndiWheel(self._servers.link("filter wheel", address, IndiWheel.NEEDS)), self._clock)
        from statefocus.devices.alpaca import AlpacaWheel, reach

        return FilterWheel(AlpacaWheel(*reach("filter_wheel", address, self._limits)), self._clock)

    def mount(self) -> Mount | None:
        """Open the mount."""
        address = self._profile.devices.telescope
        if address is None:
            return None
        if isinstance(address, IndiAddress):
            from statefocus.devices.indi.mount import IndiMount

            link = self._servers.link("telescope", address, IndiMount.NEEDS)
            return Mount(IndiMount(link, self._clock, self._profile.site.longitude_deg), self._clock)
        from statefocus.devices.alpaca import AlpacaMount, reach

        return Mount(AlpacaMount(*reach("telescope", address, self._limits)), self._clock)

    def conditions(self) -> Conditions | None:
        """Open the weather station."""
        address = self._profile.devices.conditions
        if address is None:
            return None
        if isinstance(address, IndiAddress):
            from statefocus.devices.indi.weather import IndiConditions

            return IndiConditions(self._servers.link("conditions", address, IndiConditions.NEEDS))
        from statefocus.devices.alpaca import AlpacaConditions, reach

        return AlpacaConditions(*reach("conditions", address, self._limits))

    def safety(self) -> Safety | None:
        """Open the safety monitor."""
        address = self._profile.devices.safety
        if address is None:
            return None
        if isinstance(address, IndiAddress):
            from statefocus.devices.indi.weather import IndiSafety

            return IndiSafety(self._servers.link("safety", address, IndiSafety.NEEDS))
        from statefocus.devices.alpaca import AlpacaSafety, reach

        return AlpacaSafety(*reach("safety", address, self._limits))

    def _needed(self, role: str) -> Address | IndiAddress:
        address: Address | IndiAddress | None = getattr(self._profile.devices, role)
        if address is None:
            raise ProfileError([Problem("no-device", self._profile.name, 0, f"the {role} needs an address.")])
        return address

    @cached_property
    def _servers(self) -> Servers:
        from statefocus.devices.indi import Servers

        return Servers(self._limits)

    def close(self) -> None:
        """Hang up on the servers that devices share."""
        if "_servers" in self.__dict__:
            self._servers.close()
