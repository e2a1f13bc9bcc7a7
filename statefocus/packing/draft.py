"""A package on its way to the disk: a hidden folder that gets its name when all of it is there."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from numpy.typing import NDArray

from statefocus.errors import StatefocusError
from statefocus.frames import DarkFolder, write_frame
from statefocus.packing.record import RECORD, PackageRecord, SavedFrame, digest_of
from statefocus.trace.rendering import render
from statefocus.whole_file import whole_file

LEFT_FREE_BYTES = 1 << 30
"""Room on the disk that no package takes: the plan's own frames need it more."""

_FULL = f"less than {LEFT_FREE_BYTES >> 30} GB is free on its disk, and is left for the plan's frames"

STALE_S = 86_400.0
"""An unfinished folder that nothing was written to for so long is left over from a power cut."""

_PART = ".part"


class Draft:
    """A package being written; its methods are called from one thread, and raise OSError or StatefocusError.

    Parameters
    ----------
    home
        The folder that holds packages.
    name
        What it will be called; a number is added where there is one of that name.
    """

    def __init__(self, home: Path, name: str) -> None:
        self._home, self._name = home, name
        self._folder = home / f".{name}{_PART}"
        self._digests: dict[str, str] = {}

    def add(self, file: str, pixels: NDArray[Any], header: dict[str, Any]) -> None:
        """Write a frame, shape (height, width)."""
        path = self._folder / file
        if not self._digests:
            self.discard()  # one of the same name that was never finished
        path.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < LEFT_FREE_BYTES + pixels.nbytes:
            raise StatefocusError(_FULL)
        write_frame(path, pixels, header)
        self._digests[file] = digest_of(pixels)

    def finish(self, record: PackageRecord, darks: DarkFolder | None) -> Path:
        """Put each frame into the folder of its part, add the dark and the record, and give the package its name."""
        frames = tuple(self._placed(frame) for frame in record.frames)
        record = replace(record, frames=frames, dark=self._dark(darks, frames))
        with whole_file(self._folder / RECORD) as file:
            file.write(msgspec.json.format(render(record)))
        return self._named()

    def discard(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _placed(self, frame: SavedFrame) -> SavedFrame:
        file = frame.file if frame.part == "sweep" else f"{frame.part}/{Path(frame.file).name}"
        if file != frame.file:
            (self._folder / file).parent.mkdir(exist_ok=True)
            os.replace(self._folder / frame.file, self._folder / file)
        return replace(frame, file=file, digest=self._digests[frame.file])

    def _dark(self, darks: DarkFolder | None, frames: Sequence[SavedFrame]) -> str | None:
        """Copy the dark that was subtracted, so that the package needs no folder of darks."""
        if darks is None or not frames:
            return None
        first = frames[0]
        path = darks.dark(first.exposure_s, first.binning, (first.height_px, first.width_px)).path
        if path is None:
            return None
        (self._folder / "darks").mkdir(exist_ok=True)
        shutil.copyfile(path, self._folder / "darks" / path.name)
        return f"darks/{path.name}"

    def _named(self) -> Path:
        names = (self._name if number == 1 else f"{self._name}-{number}" for number in count(1))
        place = next(place for name in names if not (place := self._home / name).exists())
        os.rename(self._folder, place)
        return place


def prune(homes: Iterable[Path], rig: str, kept: int) -> None:
    """Remove the oldest packages of a rig beyond those that are kept; one that a person has renamed stays."""
    ours = re.compile(rf"\d{{4}}-\d\d-\d\d_\d\d-\d\d-\d\d_{re.escape(rig)}_run-\d+(-\d+)?")
    found: list[tuple[int, Path]] = []
    for home in homes:
        with suppress(OSError):
            named = [place for place in home.iterdir() if ours.fullmatch(place.name)]
            found += [((place / RECORD).stat().st_mtime_ns, place) for place in named if (place / RECORD).is_file()]
    for _, place in sorted(found, reverse=True)[kept:]:
        doomed = place.with_name(f".{place.name}{_PART}")
        with suppress(OSError):
            os.rename(place, doomed)  # so that half of it is never taken for a package
            shutil.rmtree(doomed, ignore_errors=True)


def remove_unfinished(homes: Iterable[Path]) -> None:
    """Remove what a power cut has left of packages; not what another session may be writing now."""
    for home in homes:
        with suppress(OSError):
            for place in home.glob(f".*{_PART}"):
                if time.time() - place.stat().st_mtime > STALE_S:
                    shutil.rmtree(place, ignore_errors=True)
