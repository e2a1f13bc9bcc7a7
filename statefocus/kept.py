"""What outlives a session, as small files beside the records: positions of runs by hand, and learned V-curves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from statefocus.audience import Audience
from statefocus.focus.learned import LearnedCurve
from statefocus.profile import Profile
from statefocus.whole_file import whole_file

VERSION = 1
LEAST_SLOPE, MOST_SLOPE = 1e-6, 1e3  # px a step

Learned = tuple[tuple[str, tuple[float, ...]], ...]
"""Slopes by filter and binning, as `session_started` carries them."""


@dataclass(frozen=True, slots=True)
class Positions:
    """Where the last run by hand began, and what it found."""

    start: int | None = None
    best: int | None = None

    @classmethod
    def read(cls, path: Path) -> Positions:
        """Read them; nothing where there is no file, or none that can be read."""
        try:
            tree = json.loads(path.read_text("utf-8"))
            return cls(start=_position(tree["start_position"]), best=_position(tree["best_position"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return cls()

    def write(self, path: Path) -> None:
        """Write them whole, or not at all."""
        _replace(path, {"start_position": self.start, "best_position": self.best})


def positions_file(profile: Profile) -> Path:
    """Where a profile's positions are kept."""
    return Path(profile.records.folder) / f"{profile.name}.positions.json"


def learned_file(profile: Profile) -> Path:
    """Where a profile's learned curves are kept."""
    return Path(profile.records.folder) / f"{profile.name}.learned.json"


def read_learned(profile: Profile) -> Learned:
    """Read what earlier sessions have learned with the same optics and focuser.

    Nothing where the profile does not use it, or where the file cannot be read: then it is learned anew.
    """
    if profile.autofocus.sweep != "learned":
        return ()
    try:
        tree = json.loads(learned_file(profile).read_text("utf-8"))
        if tree["version"] != VERSION or tree["rig"] != _rig(profile):
            return ()
        return tuple((str(channel), _slopes(slopes)) for channel, slopes in sorted(tree["slopes_px"].items()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()


def keep_learned(profile: Profile, learned: Mapping[str, LearnedCurve], audience: Audience) -> None:
    """Keep what a run has taught for other nights; where that fails, a person is told, and this night goes on."""
    try:
        write_learned(profile, learned)
    except OSError as error:
        audience.notify("warning", f"The learned V-curve could not be kept for other nights: {error}.")


def write_learned(profile: Profile, learned: Mapping[str, LearnedCurve]) -> None:
    """Write what is known now, whole or not at all, where the profile uses it.

    Raises
    ------
    OSError
        Where it cannot be written; what was there before still is.
    """
    if profile.autofocus.sweep != "learned" or not learned:
        return
    slopes = {channel: list(curve.slopes) for channel, curve in sorted(learned.items())}
    _replace(learned_file(profile), {"version": VERSION, "rig": _rig(profile), "slopes_px": slopes})


def _rig(profile: Profile) -> dict[str, float]:
    """What the slope depends on, as far as a profile tells; with another value it has to be learned anew.

    The size of a pixel is not in a profile: another camera on the same rig wants another profile's name.
    """
    return {
        "f_ratio": profile.optics.f_ratio,
        "obstruction_percent": profile.optics.obstruction_percent,
        "um_per_step": profile.focuser.um_per_step,
        "crop_percent": profile.autofocus.crop_percent,
        "min_star_px": profile.autofocus.min_star_px,
    }


def _position(told: Any) -> int | None:
    if told is not None and type(told) is not int:
        raise TypeError("a position is a whole number")
    return told


def _slopes(told: Any) -> tuple[float, ...]:
    if not isinstance(told, list) or not all(type(slope) is float for slope in told):
        raise TypeError("slopes are a list of numbers")
    if not all(LEAST_SLOPE < slope < MOST_SLOPE for slope in told):
        raise ValueError("no telescope has such a slope")
    return tuple(told)


def _replace(path: Path, tree: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(json.dumps(tree).encode() + b"\n")
