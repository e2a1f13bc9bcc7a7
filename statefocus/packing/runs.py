"""Watches a session, and saves what the profile wants of each run: a package (A15), a picture (A19).

No run waits for it, and none fails by it: what cannot be saved is told in one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from statefocus import __version__, effects, events, focusing
from statefocus.context import Context, Run
from statefocus.devices.values import Exposure
from statefocus.errors import StatefocusError
from statefocus.focus.limits import PastFocus
from statefocus.frames import DarkFolder
from statefocus.frames.errors import why_unwritten
from statefocus.packing.clerk import Clerk
from statefocus.packing.draft import Draft, prune, remove_unfinished
from statefocus.packing.headers import frame_header
from statefocus.packing.record import PackageRecord, Part, SavedFrame, settings_of
from statefocus.pictures import save_picture, sheet_of_run
from statefocus.profile import Profile
from statefocus.session import State, Step
from statefocus.trace.records import run_record
from statefocus.trace.times import run_name, show, zone_of

PACKAGES, PICTURES = "packages", "pictures"
"""Folders beside the trace."""


class _Package(Struct):
    """A run's package so far: what was taken and measured, what the fit was held against, why it was given up."""

    number: int
    draft: Draft
    frames: list[SavedFrame] = field(default_factory=list)
    measured: set[str] = field(default_factory=set)
    slopes: tuple[float, ...] = ()
    history: tuple[PastFocus, ...] = ()
    trouble: str = ""


class RunFiles:
    """Saves a session's runs beside its trace.

    Parameters
    ----------
    profile
        What is saved, and how much of it is kept.
    trace
        The session's trace.
    notify
        Tells a person: a level, and a sentence.
    """

    def __init__(self, profile: Profile, trace: Path, notify: Callable[[str, str], None]) -> None:
        self._profile, self._notify = profile, notify
        self._zone = zone_of(profile.site.time_zone)
        self._packages, self._pictures = trace.parent / PACKAGES, trace.parent / PICTURES
        folder = profile.autofocus.dark_folder
        self._darks = None if folder is None else DarkFolder(folder)
        self._held: dict[str, Exposure] = {}
        self._shot: tuple[effects.TakeFrame, float] | None = None
        self._package: _Package | None = None
        self._told: set[str] = set()
        self._clerk = Clerk()
        self._wants_frames = profile.records.save_focus_frames
        if self._wants_frames:
            self._clerk.do(lambda: remove_unfinished(self._homes()))

    def frame(self, name: str, exposure: Exposure) -> None:
        """A focus frame was taken; what it is, is known once that is told as an event."""
        if self._wants_frames:
            self._held = {name: exposure}

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off; a fault of ours ends the saving, never the night."""
        try:
            self._saw(event, steps, state.context)
        except Exception as error:  # noqa: BLE001  # whatever it is
            self._wants_frames = False
            self._package = None
            self._tell("fault", f"Runs are not saved any more: {_said(error)}.")

    def _saw(self, event: events.Event, steps: tuple[Step, ...], context: Context) -> None:
        for effect in (effect for step in steps for effect in step.effects):
            self._asked(effect, context)
        if isinstance(event, events.FrameTaken):
            self._taken(event, context)
        elif isinstance(event, events.FrameMeasured):
            self._measured(event, context)
        if context.concluded is not None:
            self._concluded(context.concluded, context)

    def close(self) -> None:
        """Wait until all is written; a run that never ended leaves nothing."""
        if self._package is not None:
            self._clerk.do(self._package.draft.discard)
        self._clerk.close()

    def _homes(self) -> set[Path]:
        return {self._packages, *Path(self._profile.records.folder).glob(f"*/{PACKAGES}")}

    # --- what is noted while a run goes on ---

    def _asked(self, effect: effects.Effect, context: Context) -> None:
        if isinstance(effect, effects.TakeFrame):
            self._shot = effect, context.now
        elif isinstance(effect, effects.PublishCurve) and self._package is not None and context.run is not None:
            self._package.slopes = focusing.learned_curve(context, context.run).slopes
            self._package.history = focusing.comparable(context)

    def _taken(self, event: events.FrameTaken, context: Context) -> None:
        run, exposure = context.run, self._held.pop(event.frame, None)
        if exposure is None or run is None or run.frame != event.frame or run.position is None:
            return
        package = self._package_of(run)
        frame = self._noted(package, run, exposure, run.position)
        package.frames.append(frame)
        if package.trouble:
            return
        job = partial(package.draft.add, frame.file, exposure.pixels.T, self._header(frame, run, context))
        if not self._clerk.do_with_frame(lambda: self._try(package, job)):
            self._give_up(package, "its disk is slower than the camera")

    def _header(self, frame: SavedFrame, run: Run, context: Context) -> dict[str, Any]:
        header = frame_header(
            "Focus",
            begun=frame.t,
            exposure_s=frame.exposure_s,
            binning=frame.binning,
            filter_=run.filter,
            position=frame.position,
            temperature_c=context.triggers.thermometer.mean_c,
        )
        crop = self._profile.autofocus.crop_percent
        return header | {"GAIN": frame.gain, "AFRUN": run.number, "AFPART": frame.part, "AFCROP": crop}

    def _package_of(self, run: Run) -> _Package:
        if self._package is None or self._package.number != run.number:
            name = run_name(run.started_t, self._zone, run.number, self._profile.name)
            self._package = _Package(run.number, Draft(self._packages, name))
        return self._package

    def _noted(self, package: _Package, run: Run, exposure: Exposure, position: int) -> SavedFrame:
        part: Part = "validation" if run.fit is not None else "sweep"
        name = f"{len(package.frames) + 1:03d}_{position}.fits"
        shot, begun = self._shot or (None, run.started_t)
        width, height = exposure.pixels.shape
        return SavedFrame(
            file=f"{part}/{name}" if part == "validation" else name,
            part=part,
            position=position,
            t=begun,
            exposure_s=exposure.exposure_s,
            binning=exposure.binning,
            gain=shot.gain if shot else None,
            width_px=width,
            height_px=height,
            digest="",
        )

    def _measured(self, event: events.FrameMeasured, context: Context) -> None:
        package, run = self._package, context.run
        if package is None or run is None or run.number != package.number or not package.frames:
            return
        last = package.frames[-1]
        package.frames[-1] = replace(last, value=event.value, error=event.error, stars=event.stars)
        package.measured.add(last.file)

    # --- what is done when it ends ---

    def _concluded(self, run: Run, context: Context) -> None:
        body = run_record(run, context)
        if self._profile.records.save_pictures and run.points:
            self._clerk.do(partial(self._draw, run, body))
        package, self._package = self._package, None
        if package is None or package.number != run.number:
            return
        if self._profile.records.packages_of == "failed" and run.outcome == "validated":
            self._clerk.do(package.draft.discard)
            return
        record = PackageRecord(
            statefocus=__version__,
            time_zone=self._profile.site.time_zone,
            profile=settings_of(self._profile),
            frames=tuple(_parted(package, run, self._profile.autofocus.frames_per_point)),
            run=body,
            learned_slopes=package.slopes,
            history=package.history,
        )
        self._clerk.do(lambda: self._try(package, partial(self._finish, package, record)))

    def _finish(self, package: _Package, record: PackageRecord) -> None:
        package.draft.finish(record, self._darks)
        self._told.discard("package")
        if self._profile.records.packages_kept:
            prune(self._homes(), self._profile.name, self._profile.records.packages_kept)

    def _draw(self, run: Run, body: dict[str, Any]) -> None:
        name = run_name(run.started_t, self._zone, run.number)
        try:
            self._pictures.mkdir(parents=True, exist_ok=True)
            sheet = sheet_of_run(body, self._profile.scale, show(run.started_t, self._zone, date=True), run.points)
            save_picture(sheet, self._pictures / f"{name}.png")
        except Exception as error:  # noqa: BLE001  # a picture is worth less than a night
            place = self._pictures.parent
            self._tell("picture", f"The picture of run {run.number} is not saved in {place}: {_said(error)}.")

    def _try(self, package: _Package, job: Callable[[], object]) -> None:
        if package.trouble:
            return
        try:
            job()
        except Exception as error:  # noqa: BLE001  # the same holds for a package
            self._give_up(package, _said(error))

    def _give_up(self, package: _Package, why: str) -> None:
        package.trouble = why
        self._clerk.do(package.draft.discard)
        self._tell(
            "package",
            f"The package of run {package.number} is not saved: {why}. Look at the disk of {self._packages.parent}.",
        )

    def _tell(self, what: str, sentence: str) -> None:
        """Tell a person, once until it is well again."""
        if what not in self._told:
            self._told.add(what)
            self._notify("warning", f"{sentence} Focusing goes on without.")


def _parted(package: _Package, run: Run, each: int) -> Iterator[SavedFrame]:
    """Tell of each frame what part it has: the record's own points say how many frames belong to which sweep."""
    left = {"earlier": each * len(run.earlier_points), "sweep": each * len(run.points)}
    for frame in package.frames:
        if frame.file not in package.measured:
            yield replace(frame, part="unused")
        elif frame.part == "validation":
            yield frame
        else:
            part: Part = "earlier" if left["earlier"] else "sweep" if left["sweep"] else "unused"
            left[part] = left.get(part, 0) - 1
            yield replace(frame, part=part)


def _said(error: Exception) -> str:
    """What has happened, without the names of files that nobody sees: the folder is told beside it."""
    cause = error.__cause__ if isinstance(error, StatefocusError) else error
    if isinstance(cause, OSError):
        return why_unwritten(cause)
    return str(error).rstrip(".") if isinstance(error, StatefocusError) else f"{type(error).__name__}: {error}"
