"""The errors that an Alpaca device answers with, and the one for a request that no device can understand."""

from __future__ import annotations

NOT_IMPLEMENTED = 0x400
INVALID_VALUE = 0x401
VALUE_NOT_SET = 0x402
NOT_CONNECTED = 0x407
PARKED = 0x408
INVALID_OPERATION = 0x40B
ACTION_NOT_IMPLEMENTED = 0x40C
DRIVER = 0x500


class AlpacaError(Exception):
    """A device refuses: HTTP 200 with an error number (ASCOM Alpaca API Reference, section 2.8)."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.message = message


class BadRequestError(Exception):
    """The request cannot be understood: HTTP 400 with a plain text."""


def invalid_value(name: str, value: float, low: float, high: float) -> AlpacaError:
    """Return the error for a value outside its range."""
    return AlpacaError(INVALID_VALUE, f"{name} {value:g} is outside {low:g}..{high:g}")


def require_range(name: str, value: float, low: float, high: float) -> None:
    """Raise InvalidValue unless low <= value <= high."""
    if not low <= value <= high:
        raise invalid_value(name, value, low, high)
