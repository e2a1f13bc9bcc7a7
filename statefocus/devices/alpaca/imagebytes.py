"""Reads Alpaca's ImageBytes: a 44-byte header, then pixels in little-endian order, column by column.

Source: ASCOM Alpaca API reference, section on ImageBytes.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from statefocus.errors import Protocol, Refused

MEDIA_TYPE = "application/imagebytes"
_HEADER = struct.Struct("<11i")
_TYPES = {1: "<i2", 2: "<i4", 3: "<f8", 4: "<f4", 5: "<u8", 6: "<u1", 7: "<i8", 8: "<u2", 9: "<u4"}


def read_image(name: str, content: bytes) -> NDArray[Any]:
    """Read an ImageBytes answer without copying its pixels.

    Returns
    -------
    Pixels indexed [x, y], as Alpaca orders them; transpose the view for [row, column].

    Raises
    ------
    Protocol
        Where it is shorter than it says, or of an unknown kind; colour planes are not read.
    Refused
        Where the camera reports an error.
    """
    if len(content) < _HEADER.size:
        raise Protocol(f"The {name} sent an image of {len(content)} bytes, less than its header.")
    version, error, _, _, start, _, kind, rank, width, height, _ = _HEADER.unpack_from(content)
    if error:
        said = content[start:].decode(errors="replace")
        raise Refused(f"The {name} says: {said or 'error without words'} (0x{error:X}).", error)
    if version != 1 or rank != 2 or kind not in _TYPES:  # a plane has two dimensions
        raise Protocol(f"The {name} sent an image of version {version}, type {kind}, rank {rank}; none of ours.")
    dtype = np.dtype(_TYPES[kind])
    if len(content) - start != width * height * dtype.itemsize:
        missing = width * height * dtype.itemsize - (len(content) - start)
        raise Protocol(f"The {name} sent an image of {width} x {height} pixels that is {missing} bytes short.")
    return np.frombuffer(content, dtype, offset=start).reshape(width, height)
