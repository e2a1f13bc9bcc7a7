"""Tells a trigger's recorded reading against the limit of the profile that it was held against."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_UNITS = {"temperature": "C", "count": "frames", "time": "min", "image_history": "%"}
_SWITCHES = {
    "temperature": ("temperature", "enabled"),
    "count": ("count", "enabled"),
    "time": ("time", "enabled"),
    "image_history": ("image_history", "enabled"),
    "filter": ("filter_change",),
    "flip": ("meridian_flip",),
    "first_frame": ("first_frame",),
    "resume": ("on_resume",),
    "centering": ("after_centering",),
}
"""Where the profile switches each trigger, below `triggers`."""

_DECLINE = re.compile(r"HFR ([+-]\d+) %, stars ([+-]\d+) %")
_BOTH = {"hfr_and_stars": "both are needed", "hfr_or_stars": "either is enough"}


def trigger_sentence(name: str, reading: Mapping[str, Any], since: str | None, profile: Mapping[str, Any]) -> str:
    """Tell one trigger.

    Parameters
    ----------
    name
        Of the trigger.
    reading
        As the step's line holds it.
    since
        Since when it is due; None where it is not.
    profile
        The header's, as plain values; empty where there is none.
    """
    settings = _table(profile, "triggers")
    if since is None and _switch(settings, name) is False:
        return f"{name}: disabled by the profile (triggers.{'.'.join(_SWITCHES[name])} = false)."
    state = "not due" if since is None else f"due since {since}"
    if reading["limit"] is None:
        return f"{name}: {state}."
    return f"{name} {reading['text']}: {state} ({_against(name, reading, _table(settings, name))})."


def _against(name: str, reading: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    if name == "image_history" and reading["reading"] is None:
        return _without_baseline(reading, settings)
    if name == "image_history" and settings.get("metric") in _BOTH and (found := _DECLINE.search(reading["text"])):
        return _both(reading, settings, -int(found[2]))
    value = "no reading yet" if reading["reading"] is None else f"{reading['reading']:.4g}"
    return f"{value} of {reading['limit']:g} {_UNITS.get(name, '')}".rstrip()


def _without_baseline(reading: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    frames = settings.get("frames", "enough")
    if reading["due"]:
        return f"{frames} frames in a filter and binning without a baseline, and no_baseline = refocus"
    return f"no baseline in this filter and binning, or not {frames} frames since"


def _both(reading: Mapping[str, Any], settings: Mapping[str, Any], stars: int) -> str:
    hfr, hfr_limit, stars_limit = reading["reading"], settings["hfr_percent"], settings["stars_percent"]
    said = f"HFR up {hfr:.4g} of {hfr_limit:g} %, stars down {stars} of {stars_limit:g} %; {_BOTH[settings['metric']]}"
    if not reading["due"] or settings["metric"] != "hfr_or_stars" or hfr >= hfr_limit:
        return said
    return f"{said}, and it was the stars"


def _switch(settings: Mapping[str, Any], name: str) -> Any:
    found: Any = settings
    for key in _SWITCHES.get(name, ()):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _table(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = tree.get(key)
    return table if isinstance(table, Mapping) else {}
