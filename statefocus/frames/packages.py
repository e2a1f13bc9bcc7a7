"""Autofocus packages: a folder with the frames of one sweep."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

from statefocus.errors import why_unread
from statefocus.frames.errors import FrameError
from statefocus.frames.files import read_position

FRAME_NAME = re.compile(r"^(?P<stem>[^.].*?)\.(?:fits?|fts)(?:\.gz|\.fz)?$", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:\.\d+)?")
INDEX = "index.csv"
MOST_FRAMES = 1000
"""Frames of one sweep; a folder with more holds something else."""


def read_package(folder: str | os.PathLike[str]) -> list[tuple[Path, float]]:
    """Return the frames of a folder with their focuser positions, in steps, ordered by position.

    Parameters
    ----------
    folder : path-like
        Its FITS files (``.fit``, ``.fits``, ``.fts``, also with ``.gz`` or ``.fz``) are the sweep.

    Returns
    -------
    list of (path, position)
        The position is from the header (FOCUSPOS or FOCUSER), else from ``index.csv`` with the columns ``file`` and
        ``position``, else the last number in the file's name.

    Raises
    ------
    FrameError
        When there is no frame, or a frame without a position, or more frames than a sweep can have.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FrameError(f"There is no folder {folder}.")
    frames = sorted(path for path in folder.iterdir() if path.is_file() and FRAME_NAME.match(path.name))
    if not frames:
        raise FrameError(f"{folder} holds no FITS frames.")
    if len(frames) > MOST_FRAMES:
        said = f"{folder} holds {len(frames)} frames, and a sweep has at most {MOST_FRAMES}"
        raise FrameError(f"{said}: copy those of one run into a folder of their own.")
    index = _read_index(folder / INDEX)
    return sorted(((path, _position(path, index)) for path in frames), key=lambda pair: (pair[1], pair[0].name))


def unlisted(folder: str | os.PathLike[str], frames: Sequence[tuple[Path, float]]) -> list[str]:
    """Return the names of frames that an ``index.csv`` forgets, so that only their names tell where they were taken."""
    index = _read_index(Path(folder) / INDEX)
    return [path.name for path, _ in frames if index and path.name not in index and read_position(path) is None]


def position_of(path: str | os.PathLike[str]) -> float:
    """Return the focuser position, in steps, of one frame of a package; `read_package` tells from where.

    Raises
    ------
    FrameError
        When the frame cannot be read, or has no position.
    """
    path = Path(path)
    return _position(path, _read_index(path.parent / INDEX))


def _position(path: Path, index: dict[str, float]) -> float:
    position = read_position(path)
    if position is not None:
        return position
    if path.name in index:
        return index[path.name]
    match = FRAME_NAME.match(path.name)
    numbers = NUMBER.findall(match["stem"] if match else path.stem)
    if not numbers:
        raise FrameError(
            f"{path} has no focuser position: neither FOCUSPOS in its header, nor a row in {INDEX}, nor a number "
            "in its name."
        )
    return float(numbers[-1])


def _read_index(path: Path) -> dict[str, float]:
    """Return the positions by file name; an empty mapping when there is no such file."""
    if not path.exists():
        return {}
    positions: dict[str, float] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            for row in (rows := csv.DictReader(lines, skipinitialspace=True)):
                where = f"{path}:{rows.line_num}"
                name = Path((row["file"] or "").strip()).name
                position = _finite(row["position"], where)
                if positions.setdefault(name, position) != position:
                    said = f"{where}: {name} is at {position:g} here, and at {positions[name]:g} in a row before"
                    raise FrameError(f"{said}: leave the right one.")
    except KeyError:
        raise FrameError(f"{path} needs the columns file and position in its first line.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FrameError(f"{path} cannot be read: {why_unread(error)}.") from error
    return positions


def _finite(text: str | None, where: str) -> float:
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        said = f"the position {text!r} is not a number" if text else "the position is missing"
        raise FrameError(f"{where}: {said}.")
    return number
