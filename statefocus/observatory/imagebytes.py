"""ImageBytes: an image, or an error, as the standard's binary form (ASCOM Alpaca API Reference, section 8)."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

MEDIA_TYPE = "application/imagebytes"
_HEADER = struct.Struct("<iiIIiiiiiii")
_VERSION, _INT32, _UINT16 = 1, 2, 8


def image_bytes(pixels: NDArray[np.uint16], client_transaction: int, server_transaction: int) -> bytes:
    """Return an image, axes [x, y], as ImageBytes: Int32 elements that travel as unsigned 16 bit, little-endian."""
    width, height = pixels.shape
    header = _HEADER.pack(
        _VERSION, 0, client_transaction, server_transaction, _HEADER.size, _INT32, _UINT16, 2, width, height, 0
    )
    return header + pixels.astype("<u2", copy=False).tobytes()


def error_bytes(number: int, message: str, client_transaction: int, server_transaction: int) -> bytes:
    """Return an error as ImageBytes: its number in the header, its message in UTF-8 after it."""
    header = _HEADER.pack(_VERSION, number, client_transaction, server_transaction, _HEADER.size, 0, 0, 0, 0, 0, 0)
    return header + message.encode("utf-8")
