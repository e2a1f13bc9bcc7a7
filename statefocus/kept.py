"""What outlives a session, as small files beside the records: positions of runs by hand, and learned V-curves."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from statefocus.focus.learned import LearnedCurve
from statefocus.profile import Profile

VERSION = 1

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
            return cls(start=tree["start_position"], best=tree["best_position"])
        except (OSError, ValueError, KeyError, TypeError):
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
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()


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
    """What the slope depends on, as far as the profile tells; with another value it has to be learned anew."""
    return {"f_ratio": profile.optics.f_ratio, "um_per_step": profile.focuser.um_per_step}


def _slopes(told: Any) -> tuple[float, ...]:
    slopes = tuple(float(slope) for slope in told)
    if not all(math.isfinite(slope) and slope > 0 for slope in slopes):
        raise ValueError("a slope is a positive number")
    return slopes


def _replace(path: Path, tree: Mapping[str, Any]) -> None:
    """Write a file by way of a temporary one, so that there is never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(tree) + "\n", "utf-8")
    os.replace(draft, path)
