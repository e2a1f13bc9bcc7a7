"""The record of a package: all that is needed, besides its frames, to find the run's answer again."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from statefocus.errors import StatefocusError, why_unread
from statefocus.focus.limits import PastFocus
from statefocus.kept import LEAST_SLOPE, MOST_SLOPE
from statefocus.profile import Profile

VERSION = 1
KIND = "statefocus autofocus package"
RECORD = "record.json"
LARGEST = 64 * 1024 * 1024
SECTIONS = ("name", "optics", "focuser", "autofocus", "fit", "validation")
"""What a package holds of its profile: what the answer depends on. Where the telescope stands is nobody's business."""

Part = Literal["sweep", "earlier", "validation", "unused"]


class SavedFrame(Struct, frozen=True):
    """A frame of a package.

    Attributes
    ----------
    file
        Its path in the package, with `/`.
    part
        `sweep`, the points of the curve; `earlier`, a sweep that was given up; `validation`; `unused`.
    position
        Of the focuser, steps.
    t, exposure_s, binning, gain
        When its exposure began (unix seconds), and how it was taken.
    width_px, height_px, digest
        Its size as the camera gave it, and a digest of its pixels.
    value, error, stars
        What was measured; a value of None for no star.
    """

    file: str
    part: Part
    position: int
    t: float
    exposure_s: float
    binning: int
    gain: int | None
    width_px: int
    height_px: int
    digest: str
    value: float | None = None
    error: float | None = None
    stars: int = 0


class SweepSaid(Struct, frozen=True):
    """What a package's answer needs of its run's sweep."""

    kind: str
    frames_per_point: Annotated[int, Meta(ge=1)]


class FitSaid(Struct, frozen=True):
    """What the run itself has found."""

    model: str
    best_position: float | None
    sigma_position: float | None
    accepted: bool


class RunSaid(Struct, frozen=True):
    """What is read of a run's record."""

    outcome: str
    sweep: SweepSaid
    fit: FitSaid | None = None


class PackageRecord(Struct, frozen=True):
    """A package.

    Attributes
    ----------
    statefocus
        The version that wrote it.
    time_zone
        IANA name, for times that people read.
    profile
        The sections that the answer depends on.
    frames
        In the order in which they were taken.
    run
        The run's record, as the trace has it.
    dark
        The dark frame that was subtracted, its path in the package; None without one.
    learned_slopes
        What earlier runs had taught of the V-curve, px a step.
    history
        Earlier focus positions that the fit was compared with.
    """

    statefocus: str
    time_zone: str
    profile: dict[str, Any]
    frames: tuple[SavedFrame, ...]
    run: dict[str, Any]
    dark: str | None = None
    learned_slopes: tuple[Annotated[float, Meta(gt=LEAST_SLOPE, lt=MOST_SLOPE)], ...] = ()
    history: tuple[PastFocus, ...] = ()
    kind: str = KIND
    version: int = VERSION

    @property
    def said(self) -> RunSaid:
        """What the run's record says."""
        return msgspec.convert(self.run, RunSaid)

    def part(self, name: Part) -> tuple[SavedFrame, ...]:
        """The frames of a part, in their order."""
        return tuple(frame for frame in self.frames if frame.part == name)


def settings_of(profile: Profile) -> dict[str, Any]:
    """Tell what a package holds of a profile; folders of this machine are no part of it."""
    told = profile.model_dump(mode="json", by_alias=True)
    kept = {name: told[name] for name in SECTIONS}
    return kept | {"autofocus": kept["autofocus"] | {"dark_folder": None}}


def digest_of(pixels: NDArray[Any]) -> str:
    """Digest of a frame's pixels, shape (height, width), as they are read back from a file."""
    kind = np.dtype(np.float32) if pixels.dtype.kind == "f" else pixels.dtype.newbyteorder("=")
    return blake2b(np.ascontiguousarray(pixels, dtype=kind).data, digest_size=8).hexdigest()


def read_record(folder: Path) -> PackageRecord | None:
    """Read a package's record; None for a folder without one.

    Raises
    ------
    StatefocusError
        Where it cannot be read, or was written by a newer statefocus.
    """
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        head = msgspec.json.decode(raw)
        if not isinstance(head, dict) or head.get("kind") != KIND:
            raise StatefocusError(f"{path} is no record of a package: {_ELSE}.")
        if head.get("version") != VERSION:
            said = f"{path} has version {head.get('version')}, and this statefocus reads version {VERSION}"
            raise StatefocusError(f"{said}: install a newer statefocus, or {_ELSE}.")
        record = msgspec.convert(head, PackageRecord)
        msgspec.convert(record.run, RunSaid)
        return record
    except OSError as error:
        raise StatefocusError(f"{path} cannot be read: {why_unread(error)}.") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StatefocusError(f"{path} is damaged ({error}): {_ELSE}.") from None


_ELSE = f"move {RECORD} away to have the frames measured as those of any other program"
