"""A scripted rig whose focus frames are real pixels, and whose runs are saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np

from statefocus import effects, events
from statefocus.devices.values import Exposure
from statefocus.metrics import measurer
from statefocus.packing import RunFiles
from statefocus.preparing import preparer
from statefocus.session import Step
from statefocus.testing import SimulatedRig
from tests.core.rigs import OFF
from tests.frames.fields import profile_of, render

SHAPE = (300, 400)
SHARPEST, SLOPE = 1.6, 0.05  # px, px a step
NUMBERS = count(1_000_000)
Pixels = np.ndarray[Any, np.dtype[np.uint16]]


@cache
def still(hfr: float) -> Pixels:
    """The same stars at any focus, shape (height, width)."""
    return render(np.random.default_rng(7), profile_of(hfr, 0.0), stars=40, shape=SHAPE, flux=(4e4, 8e5))


def field(hfr: float, number: int | None = None) -> Pixels:
    """Those stars with a noise of their own: that of a frame's number, or of no other frame."""
    noise = np.random.default_rng([7, next(NUMBERS) if number is None else number]).normal(0.0, 9.0, SHAPE)
    return np.clip(still(hfr) + np.rint(noise), 0, 65535).astype(np.uint16)


def empty() -> Pixels:
    """A frame of clouds."""
    return np.random.default_rng(8).normal(800, 20, SHAPE).astype(np.uint16)


class FramedRig(SimulatedRig):
    """Takes and measures real frames; `clouded` numbers of frames show no star."""

    def __init__(self, folder: Path, *, clouded: tuple[int, ...] = (), dark: Any = 0, **profile: Any) -> None:
        own = {name: profile.pop(name) for name in ("position", "best") if name in profile}
        records = {"folder": str(folder), "save_focus_frames": True, **profile.pop("records", {})}
        self.told: list[tuple[str, str]] = []
        self.files: RunFiles | None = None
        self.clouded, self.taken, self.dark = clouded, 0, dark
        super().__init__({"name": "rig", "triggers": OFF, "records": records, **profile}, **own)
        self.sharpest, self.slope = SHARPEST, SLOPE
        self._measuring, self._prepare = measurer(self.profile), preparer(self.profile.autofocus)
        self._frames: dict[str, Exposure] = {}
        self.remarks: list[str] = []
        self.files = RunFiles(self.profile, folder / "night" / "trace.jsonl", lambda *told: self.told.append(told))

    def send(self, event: events.Event) -> tuple[Step, ...]:
        steps = super().send(event)
        if self.files is not None:
            self.files.saw(event, steps, self.state)
        return steps

    def _take_frame(self, effect: effects.TakeFrame) -> dict[str, Any]:
        told = super()._take_frame(effect)
        self.taken += 1
        hfr = round(hypot(self.sharpest, self.slope * (self.position - self.best)), 2)
        pixels = empty() if self.taken in self.clouded else field(hfr, self.taken)
        exposure = Exposure(np.ascontiguousarray((pixels + self.dark).astype(pixels.dtype).T), effect.exposure_s, 1)
        self._frames = {told["frame"]: exposure}
        if self.files is not None:
            self.files.frame(told["frame"], exposure)
        return told

    def _measure_frame(self, effect: effects.MeasureFrame) -> dict[str, Any]:
        exposure, remark = self._prepare(self._frames[effect.frame])
        found = self._measuring(exposure)
        told = {"value": found.value, "error": found.error, "stars": found.stars, "table": found.table}
        return told | {"remark": remark, "growth": found.growth}


@contextmanager
def framed_rig(folder: Path, **wanted: Any) -> Iterator[FramedRig]:
    """A rig, whose files are all there once the context ends."""
    rig = FramedRig(folder, **wanted)
    try:
        yield rig
    finally:
        assert rig.files is not None
        rig.files.close()


def focus(rig: FramedRig, **wanted: Any) -> None:
    """A run by a person's wish."""
    rig.read_facts()
    rig.tell(events.RunRequested(**wanted))


def packages(folder: Path) -> list[Path]:
    """The finished packages of the rig's night, in the order of their names."""
    home = folder / "night" / "packages"
    return sorted(place for place in home.iterdir() if not place.name.startswith(".")) if home.is_dir() else []
