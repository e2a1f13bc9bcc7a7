"""What the recorded events had said about each guard's fact: the value behind a ruling, when it was told, its age."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from statefocus.trace.reading import Line

When = Callable[[float], str]

_MOUNT = {
    "tracking": ("tracking", "tracking {}"),
    "unparked": ("parked", "parked {}"),
    "flip_not_imminent": ("flip_in_s", "{} s to the next flip"),
}
_SOURCES = {"tracking": "mount_read", "unparked": "mount_read", "flip_not_imminent": "mount_read"} | {
    "safe": "safety_read",
    "astro_night": "sun_read",
}
_SINCE = {
    "triggers_armed": ("triggers_paused", "the triggers are paused since {}"),
    "no_flip": ("flip_started", "a meridian flip is under way since {}"),
    "session_goes_on": ("session_ending", "the session is being ended since {}"),
    "no_run": ("run", "a run is under way since {}"),
}


@dataclass
class Evidence:
    """Takes a trace's lines, and tells what lies behind a guard's ruling at the last of them.

    Attributes
    ----------
    profile
        The header's, as plain values; empty where there is none.
    """

    profile: Mapping[str, Any] = field(default_factory=dict)
    _last: dict[str, tuple[float, Mapping[str, Any]]] = field(default_factory=dict)
    _aids: dict[str, float] = field(default_factory=dict)
    _frame_type: tuple[float, str] | None = None
    _failed: tuple[float, int] | None = None

    def take(self, line: Line) -> None:
        """Note what a line tells."""
        body = line.body
        if line.kind == "run" and body["outcome"] not in ("validated", "unvalidated"):
            self._failed = (line.t, body["number"])
        if line.kind != "event":
            return
        name = str(body.get("event"))
        self._last[name] = (line.t, body)
        if name == "aid_opened":
            self._aids[str(body["aid"])] = line.t
        elif name == "aid_closed":
            self._aids.pop(str(body["aid"]), None)
        elif name in ("frame_preparing", "plan_started", "frame_saved"):
            told = body.get("next_frame_type") if name == "frame_saved" else body.get("frame_type")
            self._frame_type = (line.t, str(told or "no more"))

    def behind(self, guard: str, ruling: str, t: float, when: When) -> str:
        """Tell the value behind a ruling in a clause; empty where the trace holds none."""
        if ruling == "unknown":
            return self._unknown(guard, t, when)
        if guard in _SOURCES:
            return self._reading(guard, when)
        if guard == "aids_closed" and self._aids:
            return " and ".join(f"{aid} is open since {when(since)}" for aid, since in self._aids.items())
        if guard == "light_plan" and self._frame_type:
            return f"the plan takes {self._frame_type[1]} frames, told at {when(self._frame_type[0])}"
        if guard == "backoff_over" and self._failed:
            return f"run {self._failed[1]} failed at {when(self._failed[0])}, and the wait after it is not over"
        if guard in _SINCE and _SINCE[guard][0] in self._last:
            return _SINCE[guard][1].format(when(self._last[_SINCE[guard][0]][0]))
        return ""

    def _reading(self, guard: str, when: When) -> str:
        source = _SOURCES[guard]
        if source not in self._last:
            return ""
        t, body = self._last[source]
        if guard in _MOUNT:
            key, words = _MOUNT[guard]
            said = words.format(_plain(body.get(key)))
            if guard == "flip_not_imminent":
                said += self._setting(", and a run takes {} s", "autofocus", "expected_run_s")
        elif guard == "safe":
            said = f"safe {_plain(body.get('safe'))}"
        else:
            said = f"the Sun at {body.get('altitude_deg', 0.0):.1f} deg"
            said += self._setting(", and the profile says {}", "guards", "astro_night")
        return f"the {source} at {when(t)} said {said}"

    def _unknown(self, guard: str, t: float, when: When) -> str:
        source = _SOURCES.get(guard, "frame_preparing")
        known = self._frame_type[0] if guard == "light_plan" and self._frame_type else None
        if known is None and source in self._last:
            known = self._last[source][0]
        if known is None:
            return f"no {source} has ever told it"
        limit = self._setting(", limit {} s", "guards", "stale_after_s")
        return f"the last {source}, at {when(known)}, is {t - known:.0f} s old{limit}, or could not tell"

    def _setting(self, words: str, section: str, key: str) -> str:
        table = self.profile.get(section)
        value = table.get(key) if isinstance(table, Mapping) else None
        if value is None:
            return ""
        return words.format(f"{value:g}" if isinstance(value, int | float) else value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)
