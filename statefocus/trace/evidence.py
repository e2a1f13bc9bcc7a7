"""What the recorded events had said about each guard's fact: the value behind a ruling, when it was told, its age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from statefocus.errors import TraceError
from statefocus.events import KINDS
from statefocus.folding.plan import DOWNLOAD_S, PLAN_EVENTS, TELLS_OF_FRAMES, unheard_until
from statefocus.folding.world import ASTRONOMICAL_NIGHT_DEG
from statefocus.profile import Profile
from statefocus.trace.header import profile_of
from statefocus.trace.reading import Line
from statefocus.trace.waiting import Ahead, BackOff, When

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


_ROUNDING_S = 0.002
_TELLS_OF_FRAMES = frozenset(name for name, kind in KINDS.items() if kind in TELLS_OF_FRAMES)
_OF_PLAN = frozenset(name for name, kind in KINDS.items() if kind in PLAN_EVENTS)
_FACTS = {
    "tracking": ("tracking", True, "that the mount does not track"),
    "unparked": ("parked", False, "that the mount is parked"),
    "safe": ("safe", True, "that it is not safe"),
    "astro_night": ("astro_night", True, "that the Sun is not where the profile wants it"),
    "flip_not_imminent": ("flip_leaves_time", True, "that the next meridian flip leaves no time for a run"),
}
"""The fact behind each guard, what it must be, and what was told where it is the contrary."""


_SHUTTER_CLOSES = frozenset(
    {"frame_preparing", "frame_saved", "exposure_failed", "plan_held", "plan_finished", "plan_aborted"}
)


class Decided(NamedTuple):
    """The rulings of a guard that what was told before allows, and what that was, as a clause."""

    rulings: frozenset[str]
    because: str


def is_to_be_remade(started: Mapping[str, Any]) -> bool:
    """Whether a session that starts so makes a run again in which an earlier one was cut off."""
    return started.get("unfinished") is not None and started.get("by_hand") is not True


def _either(*, passes: bool, yes: str, no: str) -> Decided:
    return Decided(frozenset({"passed" if passes else "failed"}), yes if passes else no)


@dataclass
class World:
    """What the recorded events said last, to hold the rulings of guards against.

    Attributes
    ----------
    profile
        The header's; None where it cannot be read, and then only what needs no limit is judged.
    facts
        When each fact was told, and its value; None where the device could not tell.
    paused
        The plan was paused by somebody, or handed over paused: what it said last still holds.
    moving
        Moves that were asked for, and not answered yet.
    """

    profile: Profile | None = None
    facts: dict[str, tuple[float, Any]] = field(default_factory=dict)
    aids: set[str] = field(default_factory=set)
    flipping: bool = False
    host_focusing: bool = False
    hand: str = ""
    _here: int | None = None
    _sure: bool = False
    armed: bool = True
    paused: bool = False
    moving: set[int] = field(default_factory=set)
    _running: bool = False
    _ending: bool = False
    _shutter_until: float | None = None
    _unheard_until: float | None = None
    _perhaps_taken: bool = False

    @classmethod
    def of(cls, header: Line) -> World:
        """Begin with a trace's header."""
        try:
            return cls(profile_of(header))
        except TraceError:
            return cls()

    def take(self, name: str, line: Line) -> None:
        """Note what an event tells."""
        body = line.body
        self._plan(name, line)
        if name == "aid_opened":
            self.aids.add(body["aid"])
        elif name == "aid_closed":
            self.aids.discard(body["aid"])
        elif name in ("triggers_paused", "triggers_resumed"):
            self.armed = name == "triggers_resumed"
        elif name in (
            *("flip_started", "flip_finished", "exposure_started", "plan_finished", "plan_aborted", "host_lost"),
        ):
            self.flipping = name == "flip_started"
        elif name == "session_ending":
            self._ending = True
        if name == "exposure_started":
            self._shutter_until = line.t + body["exposure_s"] + DOWNLOAD_S
        elif name in _SHUTTER_CLOSES:
            self._shutter_until = None
        if name == "session_started" and self.profile is not None and is_to_be_remade(body):
            self._unheard_until = unheard_until(self.profile, line.t)
        elif name in _TELLS_OF_FRAMES:
            self._unheard_until = None
        self._focuser(name, line)
        self.facts |= {fact: (line.t, value) for fact, value in self._told(name, body).items()}

    def _focuser(self, name: str, line: Line) -> None:
        """Follow where the focuser was put, and whether something else has moved it and keeps it (H)."""
        body = line.body
        if name in ("host_focusing", "host_refocused", "host_lost", "exposure_started", "triggers_resumed"):
            self.host_focusing = name == "host_focusing"
        taken_back = name == "triggers_resumed" or (name == "host_refocused" and body.get("position") is not None)
        if taken_back or line.run is not None:
            self.hand = ""
        self._perhaps_taken = name in ("host_focusing", "focuser_read") or (self._perhaps_taken and not taken_back)
        self.moving.discard(body.get("effect", 0))
        if name in ("session_started", "focuser_moved", "host_refocused") and body.get("position") is not None:
            self._here, self._sure = body["position"], True
        elif name in ("effect_failed", "devices_halted", "aid_closed", "host_focusing"):
            self._sure = False
        elif name == "focuser_read" and line.run is None:
            self._read(line)

    def _read(self, line: Line) -> None:
        """A reading that is sure to have been elsewhere than the focuser was put; what is not sure is left out."""
        position, here = line.body.get("position"), self._here
        profile = self.profile
        if position is None or profile is None or profile.focuser.other_hand != "refuse":
            return
        elsewhere = here is not None and abs(position - here) > profile.focuser.tolerance_steps
        if self.moving or self.aids or self.hand or line.body.get("driver_compensation"):
            return
        if self._sure and elsewhere:
            self.hand = f"that the focuser stood at {position} instead of {here}, and nobody took it back"

    def _plan(self, name: str, line: Line) -> None:
        if name in ("plan_started", "plan_finished", "plan_aborted", "host_lost"):
            self._running = name == "plan_started"
        if name in ("plan_started", "plan_paused", "plan_resumed", "frame_preparing"):
            self.paused = name == "plan_paused"
        if name in _OF_PLAN and "frame_type" in self.facts:  # the host speaks: what it said last still holds
            self.facts["frame_type"] = (line.t, self.facts["frame_type"][1])

    def _told(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The facts in an event."""
        if name == "mount_read":
            leaves_time = self._leaves_time(body.get("flip_in_s"))
            return {"tracking": body.get("tracking"), "parked": body.get("parked"), "flip_leaves_time": leaves_time}
        if name == "flip_finished":
            return {"flip_leaves_time": True}
        if name == "safety_read":
            return {"safe": body.get("safe")}
        if name == "sun_read":
            return {"astro_night": self._as_wanted(body["altitude_deg"])}
        if name in ("plan_started", "frame_preparing"):
            return {"frame_type": body.get("frame_type")}
        return {"frame_type": body.get("next_frame_type") or "none"} if name == "frame_saved" else {}

    def _leaves_time(self, flip_in_s: float | None) -> bool | None:
        if flip_in_s is None:
            return None
        return self.profile is None or flip_in_s > self.profile.autofocus.expected_hold_s

    def _as_wanted(self, altitude_deg: float) -> bool:
        wanted = self.profile.guards.astro_night if self.profile else "ignore"
        return wanted == "ignore" or (altitude_deg <= ASTRONOMICAL_NIGHT_DEG) is (wanted == "require")

    def contradicts(self, guard: str, t: float) -> str | None:
        """Tell what speaks against a guard that is recorded as passed at a moment; None where nothing does."""
        if guard == "aids_closed" and self.aids:
            return f"the last event about it told that {', '.join(sorted(self.aids))} is open"
        if guard == "focuser_ours" and self.host_focusing:
            return "the last event about it told that the host's own autofocus moves the focuser"
        if guard == "focuser_ours" and self.hand:
            return f"the last event about it told {self.hand}"
        if guard == "triggers_armed" and not self.armed:
            return "the last event about it told that the triggers are paused"
        if guard == "light_plan" and self._running:
            return self._against("frame_type", t, wanted="Light", contrary="that the plan takes no Light frame next")
        if guard in _FACTS:
            fact, wanted, contrary = _FACTS[guard]
            return self._against(fact, t, wanted=wanted, contrary=contrary)
        return None

    def decides(self, guard: str, t: float) -> Decided | None:
        """Tell which rulings of a guard what was told before allows at a moment; None where it does not decide it."""
        switched = self._switched(guard, t)
        if switched is not None:
            return switched
        if guard == "light_plan":
            if not self._running and self.profile is not None:
                return Decided(frozenset({"passed"}), "no plan is told to run")
            return self._by_fact("frame_type", t, "Light")
        if guard in _FACTS:
            fact, wanted, _ = _FACTS[guard]
            return self._by_fact(fact, t, wanted)
        return None

    def _switched(self, guard: str, t: float) -> Decided | None:
        """Of a guard that goes by what begins and ends, and never is unknown."""
        if guard == "aids_closed":
            return _either(passes=not self.aids, yes="no aid was told to be open", no="an aid was told to be open")
        if guard == "triggers_armed":
            return _either(passes=self.armed, yes="the triggers were not paused", no="the triggers were paused")
        if guard == "no_flip":
            return _either(passes=not self.flipping, yes="no flip was told to be under way", no="a flip had begun")
        if guard == "focuser_free":
            their = "the host's own autofocus was told to be"
            return _either(passes=not self.host_focusing, yes=f"{their} over, or never began", no=f"{their} under way")
        if guard == "session_goes_on":
            return _either(
                passes=not self._ending, yes="the session was not told to end", no="the session was told to end"
            )
        if guard == "between_frames":
            return self._between_frames(t)
        if guard == "focuser_ours" and not self._perhaps_taken and not self.hand:
            return Decided(frozenset({"passed"}), "nothing was told of another hand on the focuser")
        return None

    def _between_frames(self, t: float) -> Decided | None:
        told = [until for until in (self._shutter_until, self._unheard_until) if until is not None]
        until = max(told, default=None)
        if until is not None and abs(t - until) <= _ROUNDING_S:
            return None
        no = "a frame was under way" if until == self._shutter_until else "the host had not told yet what it did"
        return _either(passes=until is None or t > until, yes="no frame was under way", no=no)

    def _by_fact(self, fact: str, t: float, wanted: object) -> Decided | None:
        """Of a guard that goes by a fact, which a source tells, and which grows stale."""
        if self.profile is None:
            return None
        since, value = self.facts.get(fact, (t, None))
        if value is None:
            told = (
                "the last event about it could not tell" if fact in self.facts else "no event before had ever told it"
            )
            return Decided(frozenset({"unknown"}), told)
        holds = fact == "frame_type" and self.paused  # a paused plan stands still
        age_s, limit_s = t - since, self.profile.guards.stale_after_s
        rulings = {"passed" if value == wanted else "failed"} if holds or age_s <= limit_s + _ROUNDING_S else set()
        rulings |= {"unknown"} if not holds and age_s >= limit_s - _ROUNDING_S else set()
        old = f"{age_s:.0f} s before" + ("" if rulings != {"unknown"} else f", stale after {limit_s:g} s")
        return Decided(frozenset(rulings), f"the last event about it, {old}, makes it {' or '.join(sorted(rulings))}")

    def _against(self, fact: str, t: float, *, wanted: object, contrary: str) -> str | None:
        since, value = self.facts.get(fact, (t, None))
        if fact not in self.facts:
            return "no event before had ever told it"
        if value is None:
            return "the last event about it could not tell"
        if value != wanted:
            return f"the last event about it told {contrary}"
        holds = self.profile is None or (fact == "frame_type" and self.paused)  # a paused plan stands still
        if holds or self.profile is None or t - since <= self.profile.guards.stale_after_s + _ROUNDING_S:
            return None
        return f"the last event about it was {t - since:.0f} s old"


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
    _unheard: bool = False
    back_off: BackOff = field(default_factory=BackOff)
    ahead: Ahead = field(default_factory=Ahead)

    def __post_init__(self) -> None:
        """Take the profile's wait after a failed run."""
        failure = self.profile.get("failure")
        wait = failure.get("retry_after_min") if isinstance(failure, Mapping) else None
        self.back_off.retry_after_min = wait if isinstance(wait, int | float) else None

    def take(self, line: Line) -> None:
        """Note what a line tells."""
        body = line.body
        self.back_off.take(line)
        if line.kind != "event":
            return
        self.ahead.take(line)
        name = str(body.get("event"))
        self._last[name] = (line.t, body)
        if name == "session_started":
            self._unheard = is_to_be_remade(body)
        elif name in _TELLS_OF_FRAMES:
            self._unheard = False
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
        if guard == "focuser_ours":
            return self._other_hand(when)
        if guard == "aids_closed" and self._aids:
            return " and ".join(f"{aid} is open since {when(since)}" for aid, since in self._aids.items())
        if guard == "light_plan" and self._frame_type:
            return f"the plan takes {self._frame_type[1]} frames, told at {when(self._frame_type[0])}"
        if guard == "between_frames" and self._unheard:
            return (
                "an earlier session was cut off in a run, and the host had not told yet whether it was taking a frame"
            )
        if guard == "backoff_over":
            return self.back_off.told(t, when)
        if guard == "nothing_ahead":
            return self.ahead.told(when)
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
                said += self._setting(" and is shown for {} s more", "autofocus", "hold_after_focus_s")
        elif guard == "safe":
            said = f"safe {_plain(body.get('safe'))}"
        else:
            said = f"the Sun at {body.get('altitude_deg', 0.0):.1f} deg"
            said += self._setting(", and the profile says {}", "guards", "astro_night")
        return f"the {source} at {when(t)} said {said}"

    def _other_hand(self, when: When) -> str:
        seen, focusing = self._last.get("focuser_read"), self._last.get("host_focusing")
        if focusing is not None and (seen is None or focusing[0] > seen[0]):
            return f"the host's own autofocus began at {when(focusing[0])}"
        if seen is None:
            return ""
        told = f"at {when(seen[0])} it was seen at {_plain(seen[1].get('position'))}"
        return f"{told}; whoever resumes the triggers, or focuses by hand, takes it back"

    def _unknown(self, guard: str, t: float, when: When) -> str:
        source = _SOURCES.get(guard, "frame_preparing")
        known = self._frame_type[0] if guard == "light_plan" and self._frame_type else None
        if known is None and source in self._last:
            known = self._last[source][0]
        if known is None:
            return f"no {source} has ever told it"
        table = self.profile.get("guards")
        limit_s = table.get("stale_after_s") if isinstance(table, Mapping) else None
        if isinstance(limit_s, int | float) and t - known <= limit_s:
            return f"the last {source}, at {when(known)}, could not tell"
        limit = f", limit {limit_s:g} s" if isinstance(limit_s, int | float) else ""
        return f"the last {source}, at {when(known)}, is {t - known:.0f} s old{limit}"

    def _setting(self, words: str, section: str, key: str) -> str:
        table = self.profile.get(section)
        value = table.get(key) if isinstance(table, Mapping) else None
        if not value:
            return ""
        return words.format(f"{value:g}" if isinstance(value, int | float) else value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)
