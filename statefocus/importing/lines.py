"""A log's lines, whatever is in the file: streamed, bounded in length, torn and foreign bytes kept from doing harm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from statefocus.errors import UsageError, why_unread

LONGEST_LINE = 64 * 1024
"""Bytes; the longest real ones are Ekos' focus samples, a few thousand."""

_BOM = b"\xef\xbb\xbf"
_BACKWARDS_S = 60.0


@dataclass
class LogLines:
    """Iterates over the lines of a log as text, without their ends; blank ones are counted but not given.

    Attributes
    ----------
    count
        Lines so far.
    too_long
        Lines beyond `LONGEST_LINE`, which were left out.
    """

    path: Path
    count: int = 0
    too_long: int = 0

    def __iter__(self) -> Iterator[str]:
        """Give the lines in their order.

        Raises
        ------
        UsageError
            Where the file cannot be read, or is no text.
        """
        try:
            with self.path.open("rb") as file:
                while raw := file.readline(LONGEST_LINE):
                    self.count += 1
                    if self.count == 1 and b"\0" in raw:
                        raise UsageError(f"{self.path} is no text: give the log file itself, not an archive of it.")
                    if not raw.endswith(b"\n") and len(raw) >= LONGEST_LINE:
                        self.too_long += 1
                        while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                            continue
                        yield ""
                        continue
                    text = raw.removeprefix(_BOM).decode(errors="replace").rstrip()
                    if text:
                        yield text
        except OSError as error:
            raise UsageError(f"The log {self.path} cannot be read: {why_unread(error)}.") from None


@dataclass
class LocalClock:
    """Turns local times of a log into unix seconds; in the hour that clocks show twice it goes forward.

    Without a zone it is up to the log to tell one; until then it is UTC.
    """

    zone: ZoneInfo | None
    last: float = float("-inf")

    def unix(self, moment: datetime) -> float:
        """Give the unix seconds of a local time without zone."""
        zone = self.zone or UTC
        t = moment.replace(tzinfo=zone, fold=0).timestamp()
        if t < self.last - _BACKWARDS_S:
            t = moment.replace(tzinfo=zone, fold=1).timestamp()
        self.last = max(self.last, t)
        return round(t, 3)


def number(text: str) -> float | None:
    """Read a decimal number, with a point or a comma; None where it is none, or no finite one."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
