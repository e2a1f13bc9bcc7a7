"""Writes files while the night goes on: one job after the other, in a thread of its own, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

MOST_WAITING = 4
"""Frames that wait for the disk, in memory."""

PATIENCE_S = 1.0
"""How long a frame waits for room among them; a disk that is slower than the camera for so long is given up."""


class Clerk:
    """Does jobs in the order in which they are given."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="statefocus files")
        self._room = BoundedSemaphore(MOST_WAITING)

    def do(self, job: Callable[[], None]) -> None:
        """Do a job later; it sees to its own errors."""
        self._thread.submit(job)

    def do_with_frame(self, job: Callable[[], None]) -> bool:
        """Do a job that holds a frame; gives whether there was room for it."""
        if not self._room.acquire(timeout=PATIENCE_S):
            return False

        def then_make_room() -> None:
            try:
                job()
            finally:
                self._room.release()

        self._thread.submit(then_make_room)
        return True

    def close(self) -> None:
        """Wait until all jobs are done."""
        self._thread.shutdown(wait=True)
