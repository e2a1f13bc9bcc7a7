"""Writes a trace: one JSON line each, flushed at once, synced at each run and checkpoint, chained by digests.

A full disk does not end the night: lines wait in bounded memory until there is room again, and what had to be dropped
is counted and told.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from statefocus.errors import StatefocusError
from statefocus.trace.rendering import line_of, render, render_exactly

WAITING_LINES = 100_000
"""Lines that wait in memory while the disk is full; about 50 MB."""

_SYNCED = frozenset({"header", "run", "checkpoint"})


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
        self._digest = b""
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

    def write(self, kind: str, t: float, body: Mapping[str, Any] | bytes, run: int | None = None) -> int:
        """Write a line; gives its sequence number.

        Parameters
        ----------
        kind
            header, event, step, effect, run or checkpoint.
        t
            Time, unix seconds.
        body
            What it tells: a tree that is rendered here, or one that is rendered already.
        run
            Number of the run it belongs to.

        Raises
        ------
        ValueError
            For a tree with a number that JSON cannot hold (NaN, infinity).
        """
        rendered = body if isinstance(body, bytes) else render_exactly(body)
        line, self._digest = line_of(self.seq, self._digest, render(t), kind, run, rendered)
        self._put(line, sync=kind in _SYNCED)
        self.seq += 1
        return self.seq - 1

    def close(self) -> str | None:
        """Close the file; gives a sentence where lines were lost or could not be written any more."""
        if self._file.closed:
            return None
        self._put(b"", sync=True)
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

    def _put(self, line: bytes, *, sync: bool) -> None:
        if line:
            self._waiting.append(line)
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
