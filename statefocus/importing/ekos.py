"""Ekos' Analyze file (`.analyze`): comma-separated, seconds since AnalyzeStartTime; lines may be out of time order.

The fields are those that KStars' kstars/ekos/analyze/analyze.cpp reads, versions 1 and 2 of its focus messages alike.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import PurePosixPath

from statefocus.errors import UsageError
from statefocus.importing.account import Account
from statefocus.importing.lines import LocalClock, number
from statefocus.trace.times import zone_of

TITLE = "Ekos"
SIGN = "AnalyzeStartTime,2026-09-23 20:31:48.442,MDT"
WITH_ZONE = True
CANNOT_TELL = (
    "safety monitor and clouds",
    "the time to the next meridian flip",
    "the focuser's scale, its largest position and its backlash",
)

REASONS = (
    "not told", "by a person", "filter change", "time", "temperature", "HFR check", "meridian flip",
    "to build filter offsets", "aberration inspector", "scheduler", "by a person, in a sequence", "focus advisor",
)  # fmt: skip
"""AutofocusReason of KStars, by number."""
FAILURES = (
    "no reason told", "no stars", "too many iterations", "the focuser could not be moved", "R squared too low",
    "change of HFR too small", "a move out of bounds", "too many fluctuations", "deadlock", "invalid tolerance",
    "focuser error", "aborted by force", "filter manager failed", "capture timed out", "capture failed", "no camera",
    "no focuser", "pulse too low", "internal error", "abort requested", "no curve could be fitted",
    "focus advisor complete", "focus advisor again", "optimised out",
)  # fmt: skip
"""AutofocusFailReason of KStars, by number."""
OFFSETS_H = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8,
    "HST": -10, "JST": 9, "AEST": 10, "AEDT": 11, "AWST": 8, "NZST": 12, "NZDT": 13,
}  # fmt: skip
"""Abbreviations that stand for one whole-hour zone only; others need --time-zone."""

_VERSION = re.compile(r"^#KStars version ([\w.]*\w)")
_TOLD = frozenset(
    {
        "AutofocusStarting",
        "AutofocusComplete",
        "AutofocusAborted",
        "AdaptiveFocusComplete",
        "CaptureStarting",
        "CaptureComplete",
        "CaptureAborted",
        "Temperature",
        "MountState",
        "MountCoords",
        "MeridianFlipState",
        "AlignState",
        "SchedulerJobStart",
        "SchedulerJobEnd",
    }
)
_UNUSED = ("GuideState", "GuideStats", "TargetDistance", "#")
_MOST_LINES = 1_000_000


class Log:
    """Takes the lines of one file; their events are made at its end, in the order of their times."""

    def __init__(self, account: Account, clock: LocalClock) -> None:
        self._account, self._clock = account, clock
        self.version = ""
        self.first_t, self.last_t = float("inf"), float("-inf")
        self.zone_told: str | None = None
        self._start_t: float | None = None
        self._lines: list[tuple[float, int, list[str]]] = []

    def take(self, text: str) -> str:
        """Take a line; gives `told`, `unused` or `unknown`."""
        name, *fields = text.split(",")
        if name == "AnalyzeStartTime":
            return self._starts(fields)
        if version := _VERSION.match(text):
            self.version = version[1]
        if name not in _TOLD or self._start_t is None:
            return "unused" if name.startswith(_UNUSED) else "unknown"
        seconds = number(fields[0]) if fields else None
        if seconds is None or not 0 <= seconds < 1e7 or len(fields) < 2:  # seconds in a season
            return "unknown"
        t = round(self._start_t + seconds, 3)
        if len(self._lines) >= _MOST_LINES:
            raise UsageError(f"The log holds more than {_MOST_LINES} lines of one session: this is no night's file.")
        self.first_t, self.last_t = min(self.first_t, t), max(self.last_t, t)
        self._lines.append((t, len(self._lines), [name, *fields[1:]]))
        return "told"

    def _starts(self, fields: list[str]) -> str:
        self.finish()
        try:
            moment = datetime.fromisoformat(fields[0].strip())
        except (ValueError, IndexError):
            return "unknown"
        self.zone_told = fields[1].strip() if len(fields) > 1 else None
        if self._clock.zone is None:
            self._clock.zone = zone_of(zone_named(self.zone_told or ""))
        self._start_t = self._clock.unix(moment)
        self.first_t, self.last_t = min(self.first_t, self._start_t), max(self.last_t, self._start_t)
        return "told"

    def finish(self) -> None:
        """Make the events of the session read so far."""
        for t, _, (name, *fields) in sorted(self._lines):
            getattr(self, f"_{name}")(t, [*fields, *[""] * 10])
        self._lines = []

    # --- one method a message, under the name that Ekos gives it ---

    def _AutofocusStarting(self, t: float, fields: list[str]) -> None:  # noqa: N802  # Ekos' own name
        reason = " ".join(part for part in (_named(REASONS, fields[2] or "0"), fields[3]) if part)
        self._account.focus_begins(t, reason, temperature_c=number(fields[1]), filter_=fields[0] or None)

    def _AutofocusComplete(self, t: float, fields: list[str]) -> None:  # noqa: N802
        self._focused(t, fields, failed=False)

    def _AutofocusAborted(self, t: float, fields: list[str]) -> None:  # noqa: N802
        self._focused(t, fields, failed=True)

    def _focused(self, t: float, fields: list[str], *, failed: bool) -> None:
        account = self._account
        second = "|" not in fields[1]  # version 1 tells filter and samples only
        filter_, samples = (fields[3], fields[4]) if second else (fields[0], fields[1])
        points = _points(samples, 4 if second else 2)
        if account.focus is None:  # its start stands in another file
            account.focus_has_begun(_named(REASONS, fields[1]) if second else REASONS[0], filter_=filter_ or None)
        for position, measure in points:
            account.focus_point(position, measure)
        last = points[-1] if points and not failed else None
        temperature = number(fields[0]) if second else None
        why = _named(FAILURES, fields[6] or "0") if second else FAILURES[0]
        sentence = f"Ekos gave the run up: {why}." if failed else "The log tells no position of this run."
        account.focus_ends(
            t,
            None if last is None else round(last[0]),
            measure=None if last is None else last[1],
            temperature_c=temperature,
            sentence=sentence,
        )

    def _AdaptiveFocusComplete(self, _t: float, fields: list[str]) -> None:  # noqa: N802
        told = number(fields[8] if fields[9] else fields[6])
        if told is not None and told >= 0:
            self._account.focuser_at(int(told))

    def _CaptureStarting(self, t: float, fields: list[str]) -> None:  # noqa: N802
        if fields[1]:
            self._account.filter_is(t, fields[1])
        self._account.frame_starts(t, number(fields[0]) or 0.0)

    def _CaptureComplete(self, t: float, fields: list[str]) -> None:  # noqa: N802
        account, exposure_s = self._account, number(fields[0]) or 0.0
        if account.frame is None:  # its start stands in another file
            if fields[1]:
                account.filter_is(t - exposure_s, fields[1])
            account.frame_starts(t - exposure_s, exposure_s)
        if account.frame is not None:
            account.frame.frame_type = _kind_of(fields[3]) or account.frame.frame_type
            hfr, stars = number(fields[2]), number(fields[4])
            account.frame_ends(
                min(account.frame.started_t + exposure_s, t),
                t,
                hfr=hfr if hfr is not None and hfr > 0 else None,
                stars=int(stars) if stars is not None and stars >= 0 else None,
                file=PurePosixPath(fields[3]).name,
            )

    def _CaptureAborted(self, t: float, _fields: list[str]) -> None:  # noqa: N802
        self._account.frame_fails(t, "Ekos aborted the exposure.")

    def _Temperature(self, t: float, fields: list[str]) -> None:  # noqa: N802
        celsius = number(fields[0])
        if celsius is not None:
            self._account.temperature(t, celsius)

    def _MountState(self, t: float, fields: list[str]) -> None:  # noqa: N802
        self._account.mount(t, tracking=fields[0] == "Tracking", parked=fields[0] == "Parked")

    def _MountCoords(self, t: float, fields: list[str]) -> None:  # noqa: N802
        hour_angle_deg = number(fields[5]) if fields[5] else None
        if hour_angle_deg is not None:
            self._account.mount(t, east=(hour_angle_deg + 180) % 360 - 180 < 0)

    def _MeridianFlipState(self, t: float, fields: list[str]) -> None:  # noqa: N802
        state = fields[0].upper()
        if "RUNNING" in state:
            self._account.flip_begins(t)
        elif "COMPLETED" in state:
            self._account.flip_ends(t)
        elif "ERROR" in state:
            self._account.flip_ends(t, "The meridian flip failed.")

    def _AlignState(self, t: float, fields: list[str]) -> None:  # noqa: N802
        if fields[0] in ("Successful", "Complete"):
            self._account.centered(t)

    def _SchedulerJobStart(self, t: float, fields: list[str]) -> None:  # noqa: N802
        self._account.plan_starts(t, "Light", target=fields[0])

    def _SchedulerJobEnd(self, t: float, fields: list[str]) -> None:  # noqa: N802
        self._account.plan_ends(t, fields[1])


def zone_named(abbreviation: str) -> str:
    """Find the IANA name of a whole-hour zone by its abbreviation.

    >>> zone_named("MDT")
    'Etc/GMT+6'

    Raises
    ------
    UsageError
        Where it stands for none, or for several.
    """
    hours = OFFSETS_H.get(abbreviation)
    if hours is None:
        raise UsageError(
            f"The log's time zone {abbreviation!r} is not clear: name it with --time-zone, as Europe/Paris."
        )
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def _named(names: tuple[str, ...], text: str) -> str:
    index = number(text)
    return names[int(index)] if index is not None and 0 <= index < len(names) else f"reason {text}"


def _points(samples: str, width: int) -> list[tuple[float, float]]:
    """The positions and measures of `position|HFR|weight|outlier|...`; a measure below zero is none."""
    parts = samples.split("|")
    pairs = [
        (number(position), number(measure)) for position, measure in zip(parts[::width], parts[1::width], strict=False)
    ]
    return [(one, other) for one, other in pairs if one is not None and other is not None and other > 0]


def _kind_of(path: str) -> str | None:
    folders = {part.capitalize() for part in PurePosixPath(path).parts[:-1]}
    return next((kind for kind in ("Light", "Dark", "Flat", "Bias") if kind in folders), None)
