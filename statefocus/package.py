"""Runs the autofocus core over saved frames: the same measurement and the same curve as in a night (A15)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import numpy as np
import pydantic

from statefocus.devices.values import Exposure
from statefocus.errors import StatefocusError
from statefocus.focus import FocusFit, FocusPoint, PastFocus, find_focus
from statefocus.focus.learned import LearnedCurve, find_learned_focus
from statefocus.focus.repeats import points_of
from statefocus.focusing import telescope_of
from statefocus.frames import Frame, FrameError, read_frame, read_package
from statefocus.frames.files import SCALED
from statefocus.frames.packages import INDEX, unlisted
from statefocus.metrics import measurer
from statefocus.packing import RECORD, PackageRecord, SavedFrame, read_record
from statefocus.packing.record import digest_of
from statefocus.preparing import preparer
from statefocus.profile import Profile
from statefocus.trace.records import fit_record

COPY_BACK = f"copy it back from where the package was saved, or move {RECORD} away to have the others measured"

MOST_NAMED = 4  # frames in one remark
BY_HEADERS = f"copy both back from where the package was saved, or move {RECORD} away to go by the frames' headers"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the frames of a package say.

    Parameters
    ----------
    record
        As JSON; `best_position, sigma_position, accepted, reasons` are in it.
    points
        The points of the sweep, with their tables of stars.
    profile
        The settings that were used.
    package
        The package's own record; None for another program's frames.
    cfz_steps
        Critical focus zone that the fit was held against; None where nobody told one.
    """

    record: dict[str, Any]
    points: tuple[FocusPoint, ...]
    profile: Profile
    package: PackageRecord | None
    cfz_steps: float | None


def focus_package(folder: Path, profile: Profile | None = None) -> dict[str, Any]:
    """Measure the frames of a folder and fit the curve; gives the record of `answer_of`."""
    return answer_of(folder, profile).record


def answer_of(folder: Path, profile: Profile | None = None) -> Answer:
    """Measure the frames of a folder and fit the curve.

    Parameters
    ----------
    folder
        A package that statefocus saved; or FITS frames of any program, their positions from the header (FOCUSPOS or
        FOCUSER), an `index.csv`, or their names.
    profile
        How frames are prepared, measured and fitted. Without one, a package's own settings, which give the run's own
        answer; for other frames HFR and the joint fit, judged against the sampling step.

    Raises
    ------
    StatefocusError
        Where frames, positions or the record cannot be read or contradict each other, or the metric fails.
    """
    package = read_record(folder) if folder.is_dir() else None
    if package is None:
        return _of_frames(folder, profile)
    own = _own_profile(folder, package, darks=profile is None)
    settings = profile or own
    measured = _Measuring(settings)
    frames = package.part("sweep")
    measured.take(folder, _checked(folder, frames, measured.remarks))
    each = package.said.sweep.frames_per_point
    points = points_of(measured.frames, each)
    fit = _fit(points, settings, package, same_metric=settings.autofocus.metric == own.autofocus.metric)
    told = {"settings": "profile" if profile else "package", "recorded": _recorded(package)}
    record = _record(folder, settings, measured, each, fit, told)
    return Answer(record, points, settings, package, settings.cfz_steps)


def _of_frames(folder: Path, profile: Profile | None) -> Answer:
    """Frames of any program: each is a point, or as many at one position as the profile takes."""
    settings, cfz_steps = profile or Profile(), profile.cfz_steps if profile else None
    measured = _Measuring(settings)
    frames = read_package(folder)
    if forgotten := unlisted(folder, frames):
        named = ", ".join(forgotten[:MOST_NAMED]) + (" ..." if len(forgotten) > MOST_NAMED else "")
        measured.remarks.append(f"{INDEX} has no row for {named}: the last number in a name is its position.")
    measured.take(folder, _of_one_size(frames))
    each = settings.autofocus.frames_per_point
    if each > 1 and not _by_position(measured.frames, each):
        measured.remarks.append(
            f"The profile takes {each} frames a point, and the package holds others: each frame is a point."
        )
        each = 1
    points = points_of(measured.frames, each)
    telescope = telescope_of(settings)
    fit = find_focus(points, model=settings.fit.model, cfz_steps=cfz_steps, telescope=telescope)
    told = {"settings": "profile" if profile else "defaults"}
    return Answer(_record(folder, settings, measured, each, fit, told), points, settings, None, cfz_steps)


class _Measuring:
    """Frames as they are measured in a night: prepared, then measured, one in memory at a time."""

    def __init__(self, settings: Profile) -> None:
        self._autofocus = settings.autofocus
        self._measure, self._prepare = measurer(settings), preparer(settings.autofocus)
        self.frames: list[FocusPoint] = []
        self.files: list[str] = []
        self.remarks: list[str] = []

    def take(self, folder: Path, frames: Iterator[tuple[Path, float, Frame]]) -> None:
        for path, position, frame in frames:
            exposure, remark = self._prepare(self._exposure(frame))
            try:
                found = self._measure(exposure)
            except StatefocusError as error:
                raise StatefocusError(f"{path}: {error}") from error
            self.frames.append(FocusPoint(position, found.value, found.error, found.stars, found.table, found.growth))
            self.files.append(path.relative_to(folder).as_posix())
            for told in (SCALED if frame.scaled else "", remark):
                if told and told not in self.remarks:
                    self.remarks.append(told)

    def _exposure(self, frame: Frame) -> Exposure:
        """A frame as a camera gives it: indexed [x, y], in that order in memory too, so that no bit differs."""
        own = self._autofocus.filters.get(frame.filter_name or "")
        seconds = frame.exposure_s or (own and own.exposure_s) or self._autofocus.exposure_s
        return Exposure(np.ascontiguousarray(frame.pixels.T), seconds, frame.binning)


def _own_profile(folder: Path, package: PackageRecord, *, darks: bool) -> Profile:
    """The settings of a package's run; `darks` asks for its dark frame too."""
    try:
        own = Profile.model_validate(package.profile)
    except pydantic.ValidationError as error:
        said = str(error.errors()[0]["msg"])
        raise FrameError(f"{folder / RECORD} holds settings that are none ({said}): give a --profile.") from None
    if package.dark is None or not darks:
        return own
    dark = _inside(folder, package.dark)
    if not dark.is_file():
        raise FrameError(f"{dark}, the dark that was subtracted, is missing from the package: {COPY_BACK}.")
    autofocus = own.autofocus.model_copy(update={"dark_folder": str(dark.parent)})
    return own.model_copy(update={"autofocus": autofocus})


def _inside(folder: Path, file: str) -> Path:
    """The path of a file of a package, which lies within it whatever a record says."""
    parts = PurePosixPath(file).parts
    if not parts or parts[0] == "/" or ".." in parts or "\\" in file or ":" in file:
        raise FrameError(f"{folder / RECORD} names the file {file!r}, which is not within the package.")
    return folder.joinpath(*parts)


def _checked(folder: Path, frames: Sequence[SavedFrame], remarks: list[str]) -> Iterator[tuple[Path, float, Frame]]:
    """Read the frames that a record names, and hold them against what it says."""
    for saved in frames:
        path = _inside(folder, saved.file)
        if not path.is_file():
            raise FrameError(f"{path} is missing from the package: {COPY_BACK}.")
        frame = read_frame(path, as_written=True)
        height, width = frame.pixels.shape
        if (width, height) != (saved.width_px, saved.height_px):
            was = f"{saved.width_px} x {saved.height_px}"
            raise FrameError(f"{path} is {width} x {height} pixels, and was saved as {was}: {COPY_BACK}.")
        if frame.position not in (None, saved.position):
            said = f"{path} says that the focuser was at {frame.position:g}, and {RECORD} says {saved.position}"
            raise FrameError(f"{said}: one of them was edited; {BY_HEADERS}.")
        if digest_of(frame.pixels) != saved.digest:
            remarks.append(f"The pixels of {saved.file} are not those that were saved; they are measured as they are.")
        yield path, float(saved.position), frame


def _of_one_size(frames: Sequence[tuple[Path, float]]) -> Iterator[tuple[Path, float, Frame]]:
    size: tuple[int, ...] = ()
    for path, position in frames:
        frame = read_frame(path)
        size = size or frame.pixels.shape
        if frame.pixels.shape != size:
            own, others = (f"{width} x {height}" for height, width in (frame.pixels.shape, size))
            said = f"{path} is {own} pixels, and {frames[0][0].name} is {others}"
            raise FrameError(f"{said}: a sweep's frames have one size, so take away those of another kind.")
        yield path, position, frame


def _by_position(frames: Sequence[FocusPoint], each: int) -> bool:
    """Whether there are as many frames at each position."""
    groups = [{frame.position for frame in frames[first : first + each]} for first in range(0, len(frames), each)]
    places = [place for group in groups for place in group]
    return len(frames) % each == 0 and len(places) == len(groups) == len(set(places))


def _fit(points: tuple[FocusPoint, ...], settings: Profile, package: PackageRecord, *, same_metric: bool) -> FocusFit:
    """Fit as the run did: against the same history, and by the learned curve where it took two frames."""
    past = tuple(one if same_metric else PastFocus(one.position) for one in package.history)
    if package.said.sweep.kind == "learned" and settings.autofocus.metric == "hfr" and len(points) == 2:
        taught = LearnedCurve(package.learned_slopes)
        return find_learned_focus(points, taught, cfz_steps=settings.cfz_steps, history=past)
    model, telescope = settings.fit.model, telescope_of(settings)
    return find_focus(points, model=model, cfz_steps=settings.cfz_steps, history=past, telescope=telescope)


def _recorded(package: PackageRecord) -> dict[str, Any]:
    """What the run itself has said."""
    said = package.said
    return {"outcome": said.outcome, **(msgspec.structs.asdict(said.fit) if said.fit else {})}


def _record(
    folder: Path, settings: Profile, measured: _Measuring, each: int, fit: FocusFit, told: dict[str, Any]
) -> dict[str, Any]:
    points = [
        {
            "file": measured.files[each * index],
            "files": measured.files[each * index : each * (index + 1)],
            "position": point.position,
            "measure": point.measure,
            "error": point.error,
            "stars": point.stars,
        }
        for index, point in enumerate(points_of(measured.frames, each))
    ]
    return {
        "version": 1,
        "package": str(folder),
        "metric": settings.autofocus.metric,
        **told,
        "points": points,
        "remarks": measured.remarks,
        **fit_record(fit),
    }
