"""What a step says of its guards, held against the header's profile, and against the triggers' readings beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from statefocus.profile import Profile
from statefocus.session import VOCABULARY
from statefocus.triggers import NAMES

Broken = Iterator[tuple[str, str]]

_SOURCED = ("tracking", "unparked", "light_plan", "safe", "flip_not_imminent", "astro_night")
"""Guards that a profile can leave unused; all others always rule."""
_DUE = {f"{name}_due": name for name in NAMES}
_NUMBERED = ("temperature", "count", "time")
"""Triggers that are due by a number that has reached a limit."""
_ROUNDING = 1e-9


def against_profile(body: Mapping[str, Any], profile: Profile) -> Broken:
    """Tell which guards of a step are `not_used` though the profile uses them, or the other way round."""
    told: dict[str, list[str]] = {}
    for one in body.get("tried", ()):
        for guard, said in one["guards"].items():
            told.setdefault(guard, []).append(said)
    for guard, rulings in told.items():
        if guard not in VOCABULARY.guards:
            continue
        source = getattr(profile.guards, guard) if guard in _SOURCED else ""
        unused = source in ("not_used", "ignore")
        wrong = next((said for said in rulings if (said == "not_used") is not unused), None)
        if wrong is None:
            continue
        if unused:
            yield "guards", f'guard `{guard}` is {wrong}, and the header\'s profile says {guard} = "{source}".'
        elif source:
            yield "guards", f'guard `{guard}` is not_used, and the header\'s profile says {guard} = "{source}".'
        else:
            yield "guards", f"guard `{guard}` is not_used, and no profile can leave it unused."


def against_readings(body: Mapping[str, Any]) -> Broken:
    """Tell which `..._due` guards of a step say something else than the reading of their trigger beside them."""
    readings = body.get("triggers", {})
    told = {(guard, said) for one in body.get("tried", ()) for guard, said in one["guards"].items() if guard in _DUE}
    for guard, said in sorted(told):
        reading = readings.get(_DUE[guard])
        if reading is None:
            yield "reading", f"guard `{guard}` is {said}, and the step holds no reading of its trigger."
        elif (said == "passed") is not reading["due"]:
            due = "due" if reading["due"] else "not due"
            yield "reading", f"guard `{guard}` is {said}, and its trigger's reading {reading['text']} says {due}."


def readings_themselves(body: Mapping[str, Any], profile: Profile) -> Broken:
    """Tell which readings of a step do not follow from their own number, and from the profile's limit."""
    for name, told in body.get("triggers", {}).items():
        due, reading = told["due"], told["reading"]
        if name in _NUMBERED:
            yield from _numbered(name, told, profile)
        elif name in NAMES and name != "image_history" and due is not reading:
            yield "reading", f"trigger `{name}` has due = {_said(due)}, and its own reading is {_said(reading)}."


def _numbered(name: str, told: Mapping[str, Any], profile: Profile) -> Broken:
    triggers = profile.triggers
    enabled, limit = {
        "temperature": (triggers.temperature.enabled, triggers.temperature.limit_c),
        "count": (triggers.count.enabled, triggers.count.frames),
        "time": (triggers.time.enabled, triggers.time.minutes_min),
    }[name]
    reading = told["reading"]
    if told["limit"] != limit:
        yield "reading", f"trigger `{name}` has the limit {told['limit']}, and the header's profile says {limit:g}."
        return
    if reading is not None and abs(abs(reading) - limit) < _ROUNDING:
        return
    reached = reading is not None and abs(reading) > limit
    full = name != "temperature" or "*" in told["text"]
    if told["due"] is not (enabled and reached and full):
        due = "due" if told["due"] else "not due"
        said = f"its reading is {told['text']}, its limit {limit:g}" + ("" if enabled else ", and it is not enabled")
        yield "reading", f"trigger `{name}` is told as {due}; {said}."


def _said(value: Any) -> str:
    return str(value).lower()
