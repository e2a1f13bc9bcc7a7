"""Measures the files of frames that the host has saved; the gate waits for one, but never for long."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from statefocus.crew import Task
from statefocus.hosts.gate.in_hand import Saved
from statefocus.hosts.protocol import Surroundings

FILE_LOOK_S = 0.5


class FrameFiles:
    """The files of one session's frames, read one at a time in a lane of their own (T10).

    Parameters
    ----------
    given
        What surrounds it.
    tell
        Tells a person why a frame is not measured.
    done
        Called with a frame's number when its file was read, or will not be.

    Attributes
    ----------
    awaited
        The frame whose measure the gate waits for; 0 for none.
    """

    def __init__(self, given: Surroundings, tell: Callable[[str], None], done: Callable[[int], None]) -> None:
        self._clock, self._crew, self._read = given.clock, given.crew, given.read
        self._wait_s = given.profile.host.gate.file_wait_s
        self._tell, self._done = tell, done
        self.awaited = 0
        self._until = 0.0
        self._out: set[int] = set()
        self._within = False

    def measure(self, saved: Saved, path: Path) -> None:
        """Have a frame measured for the image history, unless a former file is being read still."""
        if self._out:
            self._tell(f"Frame {saved.number} is not measured: the file of frame {min(self._out)} is still read.")
            return
        self._out.add(saved.number)
        self.wait_for(saved.number)
        self._crew.start("gate files", self._read_file(saved, path, self._until))

    def wait_for(self, number: int) -> None:
        """Let the gate wait for what is told of a frame, but never for longer than `file_wait_s`."""
        self.awaited, self._until = number, self._clock.now() + self._wait_s

    def in_time(self) -> bool:
        """Whether the gate may wait still."""
        return self._clock.now() < self._until

    def wait_no_longer(self) -> None:
        """Let the gate go on, and tell of a file that cannot be read to its end."""
        number, self.awaited = self.awaited, 0
        if number and self._within:
            waited = f"{self._wait_s:g} s (host.gate.file_wait_s)"
            self._tell(f"Frame {number} is not measured: its file could not be read within {waited}.")

    def was_read(self, number: int) -> None:
        """Wait for that frame no longer."""
        self._out.discard(number)
        self.awaited = 0 if self.awaited == number else self.awaited

    def _read_file(self, saved: Saved, path: Path, until: float) -> Task:
        """Measure the frame, once its file is there; without it the night goes on."""
        while True:
            self._within = True
            why, final = self._try_file(saved, path)
            self._within = False
            if not why or final or self._clock.now() >= until:
                break
            yield FILE_LOOK_S
        if why:
            self._tell(f"Frame {saved.number} is not measured: {why}.")
        self._done(saved.number)
        return None

    def _try_file(self, saved: Saved, path: Path) -> tuple[str, bool]:
        """Measure a file; gives why that could not be done, and whether that is final."""
        try:
            if path.exists() and not path.is_file():  # reading a pipe may never end
                saved.file = None
                return f"{path} is no regular file", True
            kept = self._read(path)
        except Exception as error:  # noqa: BLE001  # not there yet, a part of it, junk: readers tell it in any way
            saved.file = name_of(str(path)) if os.path.isfile(path) else None
            return f"its file cannot be read: {_reason(error)}".rstrip("."), False
        saved.file, saved.hfr_px, saved.stars = name_of(str(path)), kept.hfr_px, kept.stars
        return "", True


def name_of(file: str | None) -> str | None:
    """Name of a file, without the folders of whatever system it is on."""
    return file and file.replace("\\", "/").rpartition("/")[2]


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
