"""Makes a profile and a trace fit together as far as they can, and tells where they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from math import isclose
from pathlib import Path
from typing import Any

from statefocus import events
from statefocus.errors import UsageError
from statefocus.profile import Profile
from statefocus.what_if.recorded import Recorded
from statefocus.what_if.told import Happened

FOREVER_S = 1e9
SPARSE = 3.0
"""Readings further apart than this many of the profile's intervals are filled in."""
LONGEST_GAP_S = 3 * 3600.0

_RIG = ("optics.f_ratio", "optics.obstruction_percent", "focuser.um_per_step")
_OBSERVATORY = (
    "observatory.optics.aperture_mm",
    "observatory.optics.focal_length_mm",
    "observatory.focuser.max_steps",
    "observatory.camera.pixel_um",
)
"""Facts that make another rig where they differ; the others are settings of the same one."""

_FACTS: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    ("tracking", lambda event: isinstance(event, events.MountRead) and event.tracking is not None),
    ("unparked", lambda event: isinstance(event, events.MountRead) and event.parked is not None),
    ("safe", lambda event: isinstance(event, events.SafetyRead) and event.safe is not None),
    ("flip_not_imminent", lambda event: isinstance(event, events.MountRead) and event.flip_in_s is not None),
)


def fitted(night: Recorded, profile: Profile) -> tuple[Profile, list[str]]:
    """Take guards out of use whose facts the trace never tells; gives the profile and sentences about it."""
    changes: dict[str, Any] = {}
    for guard, tells in _FACTS:
        told = sum(tells(one.event) for one in night.happened)
        once = guard == "flip_not_imminent" and night.imported is not None
        if getattr(profile.guards, guard) != "not_used" and (told == 0 or once):
            changes[guard] = "not_used"
    if profile.guards.astro_night != "ignore" and not any(night.of(events.SunRead)):
        changes["astro_night"] = "ignore"
    sentences = []
    if changes:
        names = ", ".join(f"`{name}`" for name in changes)
        sentences.append(f"The trace does not tell the facts of the guards {names}: they are taken as not used.")
    if night.imported is not None:
        changes["stale_after_s"] = FOREVER_S
        sentences.append("The log tells the mount's state only when it changes: what it said last is taken to hold.")
    if profile.triggers.image_history.enabled:
        sentences.append("Sharpness and stars of the Light frames are as recorded, however well they would be focused.")
    if not changes:
        return profile, sentences
    return profile.model_copy(update={"guards": profile.guards.model_copy(update=changes)}), sentences


def misfits(night: Recorded, profile: Profile) -> Iterator[str]:
    """Tell what of the trace does not fit the profile: unknown filters, missing sensors, a sweep of another size."""
    yield from _scale(night, profile)
    known = {*profile.autofocus.filters, *profile.filters}
    used = {run.filter for run in night.runs} | {frame.filter for frame in night.frames}
    strange = sorted(name for name in used if name and known and name not in known)
    if strange:
        yield f"The profile knows no filter {', '.join(strange)}: the settings of [autofocus] are taken for it."
    yield from _sweep(night, _span(profile))
    readings = [one.event for one in night.of(events.TemperatureRead) if isinstance(one.event, events.TemperatureRead)]
    for name, settings in (
        ("triggers.temperature", profile.triggers.temperature),
        ("compensation", profile.compensation),
    ):
        if not settings.enabled:
            continue
        source = settings.source
        wanted = [
            reading
            for reading in readings
            if (source == "external" or reading.focuser_c is not None)
            and (source == "focuser" or reading.external_c is not None)
        ]
        if not wanted:
            yield f"{name} wants the sensor `{source}`, and the trace holds no reading of it: it never acts here."


def same_rig(night: Recorded, profile: Profile, path: Path) -> None:
    """Refuse a profile of another rig, as far as the trace's header tells: positions and curves would not compare.

    Raises
    ------
    UsageError
        With each fact that differs.
    """
    told = night.header.body.get("profile")
    theirs, ours = dict(_facts_of(told if isinstance(told, dict) else {})), dict(_facts_of(profile.model_dump()))
    differ = [
        f"`{key}` was {value:g}, and the profile says {ours[key]:g}"
        for key, value in theirs.items()
        if key in ours and not isclose(value, ours[key], rel_tol=1e-6)
    ]
    prepared = [one.event.max_step for one in night.of(events.FocuserPrepared) if hasattr(one.event, "max_step")]
    span = _span(profile)
    if prepared and span > min(prepared):
        differ.append(f"the focuser had {min(prepared)} steps, and the profile's sweep spans {span}")
    if differ:
        said = f"{path}:1: the trace was recorded with another rig than the profile's: {'; '.join(differ)}."
        raise UsageError(f"{said} Give a profile of the same rig: what-if tries other rules, not other telescopes.")


def _facts_of(profile: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The facts of a rig that a profile holds; those of the simulated observatory only where it was used."""
    devices = profile.get("devices")
    embedded = isinstance(devices, Mapping) and devices.get("kind") == "embedded"
    for key in (*_RIG, *(_OBSERVATORY if embedded else ())):
        value: Any = profile
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, int | float):
            yield key, float(value)


def _span(profile: Profile) -> int:
    """How many steps a sweep of the profile spans."""
    return profile.autofocus.step_size_steps * (profile.autofocus.points - 1)


def _scale(night: Recorded, profile: Profile) -> Iterator[str]:
    if night.imported is not None:
        yield (
            f"The log does not tell the focuser's scale: the critical focus zone of {profile.cfz_steps:.1f} steps is "
            f"that of the profile ({profile.focuser.um_per_step:g} um a step)."
        )


def _sweep(night: Recorded, span: int) -> Iterator[str]:
    reaches = [
        max(one for one, _ in run.points) - min(one for one, _ in run.points) for run in night.runs if run.points
    ]
    if reaches and not max(reaches) / 4 <= span <= max(reaches) * 4:
        yield (
            f"The profile's sweep spans {span} steps, the recorded ones {max(reaches):.0f}: is it the profile of "
            "another focuser?"
        )


def world_of(night: Recorded, profile: Profile) -> tuple[list[Happened], list[str]]:
    """Give the world's events; an imported log's sparse temperatures are filled in between."""
    world = list(night.of(*night.world_kinds))
    readings = [one for one in world if isinstance(one.event, events.TemperatureRead)]
    users = [one for one in (profile.triggers.temperature, profile.compensation) if one.enabled]
    if night.imported is None or not users or not readings:
        return world, []
    every_s = min(one.reading_every_s for one in users)
    between = [made for pair in pairwise(readings) for made in _between(*pair, every_s)]
    first, last = readings[0].t, readings[-1].t
    sentence = (
        f"The temperature is taken as linear between the log's {len(readings)} readings, which span "
        f"{(last - first) / 3600:.1f} h; before and after them it is unknown."
    )
    return sorted([*world, *between], key=lambda one: one.t), [sentence] if between else []


def _between(one: Happened, other: Happened, every_s: float) -> Iterator[Happened]:
    gap = other.t - one.t
    if not SPARSE * every_s < gap <= LONGEST_GAP_S:
        return
    if not isinstance(one.event, events.TemperatureRead) or not isinstance(other.event, events.TemperatureRead):
        return
    start, end = one.event.focuser_c, other.event.focuser_c
    if start is None or end is None:
        return
    for number in range(1, int(gap / every_s)):
        share = number * every_s / gap
        yield Happened(-1, round(one.t + number * every_s, 3), events.TemperatureRead(start + (end - start) * share))
