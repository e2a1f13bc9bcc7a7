"""Reads a trace line by line, with bounded memory; a torn last line is recognised, not fatal.

The chain of digests shows where a line was edited, removed or moved, without the profile that made the trace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from math import inf, isfinite
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any, BinaryIO, Literal

from statefocus.errors import TraceError, why_unread
from statefocus.trace.rendering import KINDS, VERSION, chain

LONGEST_NUMBER = 18
LONGEST_LINE = 4 * 1024 * 1024
LINE_END = ord("\n")
LATEST_T = 1e11
"""Unix seconds; what lies behind it is no time of a night, and no calendar shows it."""
LONGEST_SHOWN = 24
_BOM = b"\xef\xbb\xbf"
_DIGEST = re.compile(r',"digest":"([0-9a-f]{16})"\}$')
_REQUIRED = {
    "step": {"of", "machine", "before", "after", "outcome", "row"},
    "effect": {"effect", "id"},
    "run": {
        "number",
        "outcome",
        "reason",
        "causes",
        "ended_t",
        "duration_s",
        "filter",
        "temperature_c",
        "start_position",
        "best_position",
        "predicted_measure",
        "validation_measures",
    },
}
_ENVELOPE = frozenset({"v", "seq", "t", "kind", "run", "digest"})


Harm = Literal["edited", "missing", "backwards", "torn", "unreadable"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trace; `body` is what it tells, without the envelope."""

    number: int
    seq: int
    t: float
    kind: str
    run: int | None
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Damage:
    """A line that is not as it was written.

    It was `edited`, or lines before it are `missing`, or its time goes `backwards`, or it is `unreadable` and left out,
    or it is the last one and `torn`: cut off, or without its line end.
    """

    line: int
    what: Harm
    sentence: str


@dataclass
class TraceReader:
    """Iterates over the lines of a trace, and gathers the damage it meets.

    Parameters
    ----------
    path
        The file.
    seq, digest, t
        Number of the next line, digest and time of the last one; a reader that begins in the middle is told them.

    Raises
    ------
    TraceError
        From the iteration: for a file that cannot be read, and for a line that is no trace line.
    """

    path: Path
    damage: list[Damage] = field(default_factory=list)
    seq: int = 0
    digest: bytes = b""
    t: float = -inf
    _unread: int = 0

    def __iter__(self) -> Iterator[Line]:
        """Give the lines in order."""
        for number, raw in self.raw_lines():
            yield self.take(raw, number)

    @property
    def torn(self) -> bool:
        """Whether the last line was cut off, as by a power cut, be it only its line end."""
        return any(damage.what == "torn" for damage in self.damage)

    def take(self, raw: bytes, number: int) -> Line:
        """Read the next line, note what is wrong with it, and go on from it."""
        line, digest, text = _parse(_decode(raw, number), number)
        expected = self.seq + self._unread
        if line.seq > expected:
            self._note(number, "missing", _removed(line.seq - expected))
        elif line.seq < self.seq:
            self._note(number, "missing", "it is out of order, or stands there twice.")
        elif not self._unread and chain(self.digest, text.encode()) != digest:
            self._note(number, "edited", "its text is not what was written.")
        else:  # a time that was edited says nothing of the lines after it
            if line.t < self.t:
                self._note(number, "backwards", "its time is before that of the line before it.")
            self.t = line.t
        self.seq, self.digest, self._unread = line.seq + 1, digest, 0
        return line

    def leave_out(self) -> None:
        """Go on after a line that `take` could not read; the next line's digest cannot be checked then."""
        self._unread += 1

    def unreadable(self, error: TraceError) -> None:
        """Note a line that is left out, since it cannot be read."""
        self.damage.append(Damage(error.line, "unreadable", f"{error} It is left out."))

    def pass_over(self, digest: bytes) -> None:
        """Go on from the next line, which is known to be as it was written, and no earlier than the last one."""
        self.seq += 1
        self.digest = digest

    def raw_lines(self, start: int = 0, end: float = inf) -> Iterator[tuple[int, bytes]]:
        """Give the lines that begin between two places of the file, bytes from its beginning, as they stand there.

        A torn last line is noted; it is left out unless only its line end is missing. Of a line that is too long only
        the beginning is given, without a line end, for `take` to refuse; its rest is passed over.
        """
        number = 0
        try:
            regular(self.path)
            with self.path.open("rb") as file:
                file.seek(start)
                for raw in iter(partial(file.readline, LONGEST_LINE), b""):
                    if start >= end:
                        break
                    whole = raw if raw[-1] == LINE_END else self._unended(raw, number + 1)
                    if not whole:
                        break
                    number += 1
                    start += len(raw)
                    yield number, whole
                    start += _pass_rest(file) if _is_cut(whole) else 0
        except OSError as error:
            raise TraceError(f"{self.path} cannot be read: {why_unread(error)}.") from None
        if number == 0:
            raise TraceError(f"{self.path} holds no lines: it is no trace, or the night ended before it began.")

    def _unended(self, raw: bytes, number: int) -> bytes:
        """Give the last line, which has no line end, with one; nothing where more of it is missing."""
        if _is_cut(raw):
            return raw
        if _DIGEST.search(raw.decode(errors="replace")):
            self._note(number, "torn", "the last line is whole, and only its line end is missing; it is read.")
            return raw + b"\n"
        self._note(number, "torn", "the last line was cut off (power cut, full disk); it is left out.")
        return b""

    def _note(self, number: int, what: Harm, sentence: str) -> None:
        self.damage.append(Damage(number, what, f"line {number}: {sentence}"))


def regular(path: Path) -> None:
    """Refuse a pipe or a device, before anything waits for it: a trace is read from several places, some twice.

    Raises
    ------
    TraceError
        Where it is one.
    """
    mode = path.stat().st_mode
    if not S_ISREG(mode) and not S_ISDIR(mode):
        raise TraceError(f"{path} is a pipe or a device; a trace has to be a regular file: save it as one first.")


def _removed(lines: int) -> str:
    return f"{lines} lines before it were removed." if lines > 1 else "1 line before it was removed."


def _is_cut(raw: bytes) -> bool:
    """Whether this is only the beginning of a line that is too long."""
    return len(raw) >= LONGEST_LINE and raw[-1] != LINE_END


def _pass_rest(file: BinaryIO) -> int:
    """Pass over what is left of a line, and give its length, bytes."""
    length = 0
    while rest := file.readline(LONGEST_LINE):
        length += len(rest)
        if rest[-1] == LINE_END:
            break
    return length


def _decode(raw: bytes, number: int) -> str:
    if _is_cut(raw):
        raise TraceError(f"it is longer than {LONGEST_LINE} bytes; no trace line is.", number)
    if raw.startswith(_BOM):
        said = "it begins with a byte order mark (BOM), which an editor has put there, and which no digest covers: "
        raise TraceError(f"{said}take the file as statefocus wrote it, or remove these three bytes.", number)
    try:
        return raw.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise TraceError("it is not UTF-8 text; this is no trace, or the file is damaged.", number) from None


def _parse(text: str, number: int) -> tuple[Line, bytes, str]:
    try:
        tree = json.loads(text, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded)
    except _NoNumber as error:
        raise TraceError(str(error), number) from None
    except (ValueError, RecursionError):
        raise TraceError("it is not JSON; this is no trace, or the file is damaged.", number) from None
    digest = _DIGEST.search(text)
    if not isinstance(tree, dict) or digest is None:
        raise TraceError("it is no trace line: every one is a JSON object that ends with its digest.", number)
    if tree.get("v") != VERSION:
        raise TraceError(f"it has version {tree.get('v')!r}; this statefocus reads version {VERSION}.", number)
    kind, seq, t, run = tree.get("kind"), tree.get("seq"), tree.get("t"), tree.get("run")
    if kind not in KINDS:
        raise TraceError(f"unknown kind {kind!r}; the known ones are {', '.join(KINDS)}.", number)
    if type(seq) is not int or isinstance(t, bool) or not isinstance(t, int | float):
        raise TraceError("`seq` must be a whole number and `t` a time in unix seconds.", number)
    if not 0 <= t < LATEST_T:
        raise TraceError(f"its time {t!r} is none of a night: unix seconds are wanted.", number)
    body = {key: value for key, value in tree.items() if key not in _ENVELOPE}
    missing = sorted(_REQUIRED.get(kind, set()) - set(body))
    if missing:
        raise TraceError(f"this {kind} line lacks {', '.join(missing)}.", number)
    return Line(number, seq, t, kind, run, body), digest[1].encode(), text[: digest.start()] + "}"


class _NoNumber(ValueError):
    """A number that no trace may hold."""


def _no_constant(name: str) -> float:
    raise _NoNumber(f"it holds {name}: NaN and Infinity are not allowed in a trace; null stands for what is not known.")


def _finite(text: str) -> float:
    value = float(text)
    return value if isfinite(value) else _too_large(text)


def _bounded(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        _too_large(text)
    return int(text)


def _too_large(text: str) -> float:
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
    raise _NoNumber(f"it holds the number {shown}, which is too large for a trace.")


def headed(line: Line) -> Line:
    """Give a trace's first line back, which must be its header.

    Raises
    ------
    TraceError
        Where it is another one.
    """
    if line.kind != "header":
        raise TraceError("the first line is no header; the beginning of the trace is missing.", line.number)
    return line


def read_header(path: Path) -> Line:
    """Read the first line of a trace, which must be its header.

    Raises
    ------
    TraceError
        Where there is none.
    """
    for line in TraceReader(path):
        return headed(line)
    raise TraceError(f"{path} is empty.")
