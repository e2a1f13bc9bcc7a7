"""Devices over ASCOM Alpaca; the only place that knows `alpyca`."""

from statefocus.devices.alpaca.camera import AlpacaCamera
from statefocus.devices.alpaca.focuser import AlpacaFocuser
from statefocus.devices.alpaca.mount import AlpacaConditions, AlpacaMount, AlpacaSafety, AlpacaWheel
from statefocus.devices.alpaca.opening import reach

__all__ = [
    "AlpacaCamera",
    "AlpacaConditions",
    "AlpacaFocuser",
    "AlpacaMount",
    "AlpacaSafety",
    "AlpacaWheel",
    "reach",
]
