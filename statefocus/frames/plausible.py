"""Holds the size that a FITS header tells against the file, before any memory is taken for its pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from statefocus.frames.errors import FrameError

MOST_VALUES = 1 << 29
"""Of one image: three times the largest camera, and what a measurement of it still fits into memory."""

BLOCK = 2880
"""Bytes that a FITS file is a multiple of."""


def check_size(unit: Any, path: Path) -> None:
    """See to it that an image can be as large as its header says.

    Parameters
    ----------
    unit : astropy HDU
        An image, plain or compressed.
    path : Path
        The file that it is in.

    Raises
    ------
    FrameError
        Where no camera gives such an image, or the file is too short to hold it.
    """
    values = 1
    for length in unit.shape:
        values *= int(length)
    size = " x ".join(str(length) for length in unit.shape[::-1])
    if values > MOST_VALUES:
        raise FrameError(f"{path} cannot be read: its header tells of {size} pixels, which no camera gives.")
    where = unit.fileinfo()
    if where is None or _is_packed(path):
        return
    held = max(path.stat().st_size - where["datLoc"], 0)
    if held <= where["datSpan"] - BLOCK:  # many programs leave the last block unfilled
        raise FrameError(f"{path} is cut short: its header tells of {size} pixels, and only {held} bytes are there.")


def _is_packed(path: Path) -> bool:
    """Whether the file as a whole is compressed, so that its length tells nothing of the pixels."""
    with path.open("rb") as file:
        return not file.read(6).startswith(b"SIMPLE")
