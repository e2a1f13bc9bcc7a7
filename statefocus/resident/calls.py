"""Keeps a line of each call that was answered or refused, beside the trace: who asked what, and what was said."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from statefocus.clock import Clock

MOST = 200_000
"""Lines of one session; after that, somebody calls in a circle."""


class Calls:
    """The file; where it cannot be written, a person is told once, and calls are answered all the same.

    Parameters
    ----------
    path
        Where it goes.
    clock
        The session's time.
    notify
        Tells a person.
    """

    def __init__(self, path: Path, clock: Clock, notify: Callable[[str, str], None]) -> None:
        self._path, self._clock, self._notify = path, clock, notify
        self._lock = threading.Lock()
        self._lines = 0
        self._failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines = MOST

    def write(self, body: dict[str, Any]) -> None:
        """Keep one line."""
        with self._lock:
            if self._failed or self._lines >= MOST:
                return
            self._lines += 1
            line = json.dumps({"t": round(self._clock.now(), 3), **body}, ensure_ascii=False, default=str)
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
            except OSError as error:
                self._failed = True
                self._notify(
                    "warning", f"Calls cannot be kept in {self._path}: {error}. They are answered all the same."
                )
