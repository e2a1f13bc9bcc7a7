"""Dark frames from a folder: `<NNN>_<name>.fits`, NNN the exposure in seconds (A5)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from statefocus.frames.errors import FrameError
from statefocus.frames.files import read_frame, read_size

WITHIN_S = 2.0
MOST_OPENED = 100
"""Darks whose size is looked at, the nearest exposures first; in a folder of thousands that fit by name."""

FULL_UINT16 = 64_000  # ADU; what is brighter stays as bright, so that a flat top stays flat
_NAME = re.compile(r"(\d{1,6}(?:\.\d+)?)_.*\.(?:fits?|fts)(?:\.gz|\.fz)?", re.IGNORECASE)
_RAW = re.compile(r"(\d{1,6}(?:\.\d+)?)_.*\.(?:cr[23w]|nef|nrw|arw|sr2|raf|orf|rw2|pef|srw|dng|raw|x3f)", re.IGNORECASE)

Pixels = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Dark:
    """What is subtracted, and what is to be said of it.

    Parameters
    ----------
    excess : ndarray, shape (height, width), or None
        How much each pixel of the dark is above its median, so that the sky keeps its level; None without a dark.
    remark : str
        A sentence for a person; empty where all is well.
    path : Path or None
        The file.
    """

    excess: Pixels | None
    remark: str = ""
    path: Path | None = None


class DarkFolder:
    """A folder of darks; each is read once, as long as nothing changes in the folder.

    Parameters
    ----------
    folder
        Where they lie.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self._known: dict[tuple[object, ...], Dark] = {}

    def dark(self, exposure_s: float, binning: int, shape: tuple[int, ...]) -> Dark:
        """Find the dark for a frame of that exposure (s), binning, and shape (height, width)."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except OSError as error:
            return Dark(None, f"The darks' folder {self._folder} cannot be read ({error.strerror}). {_WITHOUT}")
        key = (changed, exposure_s, binning, shape)
        if key not in self._known:
            self._known = {old: dark for old, dark in self._known.items() if old[0] == changed}
            self._known[key] = self._find(exposure_s, binning, shape)
        return self._known[key]

    def _find(self, exposure_s: float, binning: int, shape: tuple[int, ...]) -> Dark:
        try:
            names = sorted(os.listdir(self._folder))
        except OSError as error:
            return Dark(None, f"The darks' folder {self._folder} cannot be read ({error.strerror}). {_WITHOUT}")
        near = _near(names, _NAME, exposure_s)
        if not near:
            return Dark(None, self._missing(_near(names, _RAW, exposure_s), exposure_s))
        damage = ""
        for name in near[:MOST_OPENED]:
            try:
                if _fits(self._folder / name, binning, shape):
                    pixels = read_frame(self._folder / name).pixels
                    remark = damage and f"{damage} {name} is subtracted instead."
                    return Dark(_excess(pixels), remark, self._folder / name)
            except FrameError as error:
                damage = damage or f"A dark cannot be used: {error}"
        size = f"{shape[1]} x {shape[0]} pixels at binning {binning}"
        return Dark(None, f"{damage or f'No dark of {exposure_s:g} s in {self._folder} has {size}.'} {_WITHOUT}")

    def _missing(self, raw: list[str], exposure_s: float) -> str:
        if raw:
            return f"{raw[0]} is a DSLR's raw file, which cannot be subtracted: convert it to FITS. {_WITHOUT}"
        named = f"<seconds>_<name>.fits, from {max(exposure_s - WITHIN_S, 0):g} to {exposure_s + WITHIN_S:g} seconds"
        return f"There is no dark for {exposure_s:g} s in {self._folder} (named {named}). {_WITHOUT}"


_WITHOUT = "Focus frames are measured without dark subtraction."


def subtract(pixels: Pixels, excess: Pixels) -> Pixels:
    """Take a dark's excess from a frame, in the frame's own type; nothing wraps around, and what is full stays full.

    Parameters
    ----------
    pixels, excess : ndarray, of one shape
    """
    if pixels.dtype.kind == "f":
        return np.subtract(pixels, excess, dtype=pixels.dtype)
    limits = np.iinfo(pixels.dtype)
    full = FULL_UINT16 if pixels.dtype == np.uint16 else limits.max
    left = np.clip(pixels.astype(np.int64) - np.rint(excess).astype(np.int64), limits.min, limits.max)
    saturated = (pixels >= full) & (excess < full / 2)  # by a star, and not by a hot pixel
    return np.asarray(np.where(saturated, pixels, left), dtype=pixels.dtype)


def _near(names: list[str], pattern: re.Pattern[str], exposure_s: float) -> list[str]:
    """Names of files within the limit of an exposure, the nearest first."""
    found = ((match, name) for name in names if (match := pattern.fullmatch(name)))
    off = [(abs(float(match[1]) - exposure_s), name) for match, name in found]
    return [name for seconds, name in sorted(off) if seconds <= WITHIN_S]


def _fits(path: Path, binning: int, shape: tuple[int, ...]) -> bool:
    size = read_size(path)
    return size.shape == shape and size.binning in (None, binning)


def _excess(pixels: Pixels) -> Pixels:
    wide = pixels.astype(np.float32)
    level = np.median(wide[np.isfinite(wide)]) if np.isfinite(wide).any() else 0.0
    excess: Pixels = np.nan_to_num(wide - level, nan=0.0, posinf=0.0, neginf=0.0)
    return excess
