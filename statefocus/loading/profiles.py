"""Reads profiles from disk or text: every problem at once, each with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pydantic

from statefocus.errors import Problem, ProfileError, UsageError, why_unread
from statefocus.loading.settings import Settings
from statefocus.loading.values import problem_of
from statefocus.machine.reading import LARGEST_TEXT
from statefocus.metrics.registry import scale_of_metric
from statefocus.profile import Profile
from statefocus.scales import SCALES
from statefocus.toml_text import key_lines, parse


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile that was read.

    Attributes
    ----------
    origins
        Where each value that is no default came from: dotted key to file:line.
    doubts
        What it asks for and is done, though hardly anybody can want it.
    """

    profile: Profile
    origins: Mapping[str, str]
    file: str
    doubts: tuple[Problem, ...] = ()


def load_profile(path: Path | None) -> LoadedProfile:
    """Read a profile; without a path, the one of the embedded observatory.

    Raises
    ------
    ProfileError
        With every problem found.
    UsageError
        Where the file cannot be read.
    """
    if path is None:
        text = resources.files("statefocus.config").joinpath("embedded.toml").read_text("utf-8")
        return read_profile(text, "config/embedded.toml")
    try:
        return read_profile(text_of(path), str(path))
    except FileNotFoundError:
        raise UsageError(f"There is no profile {path}: give the path of a TOML file, or none at all.") from None
    except (OSError, UnicodeError) as error:
        raise UsageError(f"The profile {path} cannot be read: {why_unread(error)}.") from None


def text_of(path: Path) -> str:
    """Read what a person wrote, and no more than that could be: a device file has no end."""
    with path.open("r", encoding="utf-8-sig") as file:
        return file.read(LARGEST_TEXT + 1)


def read_profile(text: str, file: str) -> LoadedProfile:
    """Read a profile's text; see `load_profile`."""
    tree, problems = parse(text, file)
    if problems:
        raise ProfileError(problems)
    try:
        profile = Profile.model_validate(tree)
    except pydantic.ValidationError as error:
        raise ProfileError([problem_of(text, file, tree, told) for told in error.errors()]) from None
    settings = Settings(profile, text, file)
    problems, doubts = list(settings.problems()), tuple(settings.doubts())
    if problems:
        raise ProfileError([*problems, *(doubt for doubt in doubts if doubt.line)])
    lines = key_lines(text)
    origins = {key: f"{file}:{lines[key]}" if key in lines else file for key in _keys(tree)}
    return LoadedProfile(_with_scale(profile), origins, file, doubts)


def load_for_night(path: Path | None) -> LoadedProfile:
    """Read a profile whose plan is to be taken; see `load_profile`.

    Raises
    ------
    ProfileError
        Also where the plan has no frames.
    """
    loaded = load_profile(path)
    settings = Settings(loaded.profile, "", loaded.file)
    if settings.takes_plan and not loaded.profile.plan.jobs:
        raise ProfileError([settings.no_frames()])
    return loaded


def _with_scale(profile: Profile) -> Profile:
    """Fill in what a plug-in tells of its metric, so that a trace can be read where the plug-in is not."""
    autofocus = profile.autofocus
    if autofocus.metric in SCALES:
        return profile
    scale = scale_of_metric(autofocus.metric)
    told = {"metric_unit": scale.unit, "metric_better": "larger" if scale.larger_is_better else "smaller"}
    return profile.model_copy(update={"autofocus": autofocus.model_copy(update=told)})


def _keys(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
