"""Times that people type and read: the site's local time from a trace's header, `Z` for UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from statefocus.errors import UsageError

LEAST_S = 0.001
"""What the times of a trace are rounded to."""

_TIME = re.compile(r"^(?:(\d{4}-\d\d-\d\d)[T ])?(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d+)?))?(Z|[+-]\d\d:?\d\d)?$")


def zone_of(name: str) -> ZoneInfo:
    """Find a time zone by its IANA name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"Unknown time zone {name!r}: use an IANA name such as Europe/Vienna.") from None


def show(t: float, zone: ZoneInfo, *, date: bool = False) -> str:
    """Show a time, unix seconds, in a zone, to the second."""
    return datetime.fromtimestamp(t, tz=zone).strftime("%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S")


def run_name(t: float, zone: ZoneInfo, number: int, rig: str = "") -> str:
    """Name what is saved of a run: when it began (unix seconds), its rig, its number."""
    begun = datetime.fromtimestamp(t, tz=zone).strftime("%Y-%m-%d_%H-%M-%S")
    return f"{begun}_{rig}_run-{number:02d}" if rig else f"{begun}_run-{number:02d}"


def parse_time(text: str, zone: ZoneInfo, first: float, last: float) -> float:
    """Read a time that a person typed: `03:12`, `03:12:30`, `2026-03-15 03:12`.

    `Z` behind it stands for UTC, an offset such as `+02:00` for a clock that is so far ahead of UTC.

    Parameters
    ----------
    text
        What was typed.
    zone
        The site's.
    first, last
        The span that it must lie in, unix seconds; an ambiguous time needs a date.

    Raises
    ------
    UsageError
        Where it is no time, lies outside, or is ambiguous.
    """
    match = _TIME.match(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no time: write 03:12, 03:12:30 or 2026-03-15T03:12, or add Z or an offset.")
    day, hour, minute, second, behind = match.groups()
    try:
        where = _clock(behind, zone)
        days = [day] if day else _days(first, last, where)
        found = {
            candidate
            for one in days
            for fold in (0, 1)
            if not _skipped(one, hour, minute, second, where)
            and first - 60 <= (candidate := _stamp(one, hour, minute, second, where, fold)) <= last + 60
        }
    except ValueError:
        raise UsageError(f"{text!r} is no time of the day.") from None
    if len(found) == 1:
        return found.pop()
    if not found and any(_skipped(one, hour, minute, second, where) for one in days):
        raise UsageError(f"{text} does not exist in {zone.key} in that night: the clocks were put forward over it.")
    span = f"{show(first, zone, date=True)} to {show(last, zone, date=True)}"
    if not found:
        raise UsageError(f"{text} lies outside this trace, which runs from {span} ({zone.key}).")
    raise UsageError(f"{text} stands for {len(found)} moments of this trace ({span}): {_apart(found, text, zone)}.")


def parse_last(text: str, zone: ZoneInfo, first: float, last: float) -> float:
    """Read a time as `parse_time` does, and give the last moment of the minute or the second that it names."""
    start = parse_time(text, zone, first, last)
    match = _TIME.match(text.strip())
    second = match[4] if match else None
    length = 60.0 if second is None else LEAST_S if "." in second else 1.0
    return start + length - LEAST_S / 2


def _clock(behind: str | None, zone: ZoneInfo) -> tzinfo:
    """The clock that a time was read from, by what stands behind it: nothing, Z, or an offset."""
    if behind is None:
        return zone
    if behind == "Z":
        return UTC
    ahead = timedelta(hours=int(behind[1:3]), minutes=int(behind[-2:]))
    return timezone(-ahead if behind[0] == "-" else ahead)


def _apart(found: set[float], text: str, zone: ZoneInfo) -> str:
    """How to tell moments apart that one text stands for: by date, or by offset where the clocks were put back."""
    moments = sorted(datetime.fromtimestamp(t, tz=zone) for t in found)
    if len({moment.date() for moment in moments}) == len(moments):
        return "add a date, or use UTC with Z"
    offsets = dict.fromkeys(moment.strftime("%z") for moment in moments)
    written = " or ".join(f"{text.strip()}{offset[:3]}:{offset[3:]}" for offset in offsets)
    return f"the clocks were put back then; write {written}, or use UTC with Z"


def _skipped(day: str, hour: str, minute: str, second: str | None, where: tzinfo) -> bool:
    """Whether no clock ever showed that time on that day."""
    stamp = _stamp(day, hour, minute, second, where, 0)
    return datetime.fromtimestamp(stamp, tz=where).strftime("%H:%M") != f"{int(hour):02d}:{minute}"


def _days(first: float, last: float, where: tzinfo) -> list[str]:
    day = datetime.fromtimestamp(first, tz=where).date()
    end = datetime.fromtimestamp(last, tz=where).date()
    days = []
    while day <= end:
        days.append(day.isoformat())
        day += timedelta(days=1)
    return days


def _stamp(day: str, hour: str, minute: str, second: str | None, where: tzinfo, fold: int) -> float:
    moment = datetime.fromisoformat(f"{day}T{int(hour):02d}:{minute}:{second or '00'}")
    return moment.replace(tzinfo=where, fold=fold).timestamp()
