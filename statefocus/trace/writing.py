"""Writes a trace: one JSON line each, flushed at once, synced at each run and checkpoint, chained by digests.

A full disk does not end the night: lines wait in bounded memory until there is room again, and what had to be dropped
is counted and told.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from statefocus.errors import StatefocusError

VERSION = 1
WAITING_LINES = 100_000
"""Lines that wait in memory while the disk is full; about 50 MB."""

_SYNCED = frozenset({"header", "run", "checkpoint"})


def chain(previous: str, body: str) -> str:
    """Digest of a line, over its text and the digest of the line before it: 16 hexadecimal digits."""
    return blake2b((previous + body).encode(), digest_size=8).hexdigest()


class TraceWriter:
    """Writes one trace file.

    Parameters
    ----------
    path
        The file; its folder is made where it is missing. An existing file is refused, never overwritten.

    Raises
    ------
    StatefocusError
        Where the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seq = 0
        self.dropped = 0
        self._digest = ""
        self._waiting: deque[bytes] = deque()
        self._begun = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("xb", buffering=0)
        except FileExistsError:
            raise _cannot_write(path, "it exists already; name another with --trace, or move it away") from None
        except OSError as error:
            hint = "choose a folder that can be written with --trace FILE or records.folder"
            raise _cannot_write(path, f"{error.strerror or error}; {hint}") from None

    def write(self, kind: str, t: float, body: Mapping[str, Any], run: int | None = None) -> int:
        """Write a line; gives its sequence number.

        Parameters
        ----------
        kind
            header, event, step, effect, run or checkpoint.
        t
            Time, unix seconds.
        body
            What it tells.
        run
            Number of the run it belongs to.
        """
        envelope: dict[str, Any] = {"v": VERSION, "seq": self.seq, "t": t, "kind": kind}
        if run is not None:
            envelope["run"] = run
        text = json.dumps({**envelope, **body}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text = text.encode(errors="replace").decode()  # a driver's words may hold what UTF-8 cannot
        self._digest = chain(self._digest, text)
        self._put(f'{text[:-1]},"digest":"{self._digest}"}}\n', sync=kind in _SYNCED)
        self.seq += 1
        return self.seq - 1

    def close(self) -> str | None:
        """Close the file; gives a sentence where lines were lost or could not be written any more."""
        if self._file.closed:
            return None
        self._put("", sync=True)
        lost = self.dropped + len(self._waiting)
        try:
            self._file.close()
        except OSError:
            lost = max(lost, 1)
        return f"{lost} lines of the trace {self.path} are lost: the disk was full." if lost else None

    @property
    def troubled(self) -> bool:
        """Whether lines are waiting for room on the disk."""
        return bool(self._waiting)

    def _put(self, line: str, *, sync: bool) -> None:
        if line:
            self._waiting.append(line.encode())
        try:
            while self._waiting:
                written = self._file.write(self._waiting[0])
                self._waiting[0] = self._waiting[0][written:]  # a line that fits only in part is finished later
                self._begun = bool(self._waiting[0])
                if not self._begun:
                    self._waiting.popleft()
            if sync:
                os.fsync(self._file.fileno())
        except OSError:
            while len(self._waiting) > WAITING_LINES:
                del self._waiting[1 if self._begun else 0]
                self.dropped += 1


def _cannot_write(path: Path, why: str) -> StatefocusError:
    error = StatefocusError(f"The trace {path} cannot be written: {why}.")
    error.exit_code = 2
    return error
