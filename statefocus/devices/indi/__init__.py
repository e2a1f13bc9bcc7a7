"""Devices over INDI; the only place that knows `indipyclient`."""

from statefocus.devices.indi.servers import Servers

__all__ = ["Servers"]
