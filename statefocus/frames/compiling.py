"""How kernels are compiled: once, kept on disk, without the interpreter's lock; and the threads that share their work.

The threads are started once and wait for work: to start one takes as long as a small frame takes. Work is cut into
parts that do not depend on how many threads there are, so neither does any result.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from statefocus import first_start

FloatImage = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint16] | npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Function = TypeVar("Function", bound=Callable[..., Any])

THREADS = min(4, os.cpu_count() or 1)


def kernel(function: Function) -> Function:
    """Compile a function with numba on its first call; later processes load the compiled code from disk.

    Plain threads share the work (`share_out`), because numba's own parallel loops may not be entered by two threads.
    """
    options: dict[str, Any] = {"nogil": True, "fastmath": True, "error_model": "numpy"}
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder to keep the compiled code in: compile in every process
        compiled = numba.njit(**options)(function)
    cache = compiled._cache  # noqa: SLF001 - numba has no other place to say so
    cache.save_overload = _kept_if_possible(cache.save_overload)
    cache.load_overload = _told_if_missing(cache.load_overload)
    return cast("Function", compiled)


def _kept_if_possible(keep: Callable[..., None]) -> Callable[..., None]:
    """Keep compiled code where the disk takes it; a full one costs the next process its time, and no measurement."""

    def keep_or_not(*compiled: Any) -> None:
        with suppress(OSError):
            keep(*compiled)

    return keep_or_not


def _told_if_missing(load: Callable[..., Any]) -> Callable[..., Any]:
    """Look for compiled code, and tell a person where there is none: what follows takes its time."""

    def load_or_tell(*wanted: Any) -> Any:
        found = load(*wanted)
        if found is None:
            first_start.compiling()
        return found

    return load_or_tell


def share_out(work: Callable[[int], None], parts: int, *, alone: bool = False) -> None:
    """Call `work(part)` for the parts 0, 1, 2 ...: here, and in the waiting threads unless it is to be done `alone`.

    Each thread takes the next part when it is done with one, so a busy processor delays no more than a part. A thread
    that has not begun when all parts are taken is not waited for.
    """
    waiting = iter(range(parts))

    def take_parts() -> None:
        for part in waiting:
            work(part)

    helpers = 0 if alone else min(THREADS, parts) - 1
    begun = [_CREW.threads().submit(take_parts) for _ in range(helpers)]
    take_parts()
    for helper in begun:
        if not helper.cancel():
            helper.result()


class _Crew:
    """The threads of this process; a forked child starts its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS - 1, thread_name_prefix="frames")
            return self._pool


def _start_anew() -> None:
    global _CREW  # noqa: PLW0603 - the one thing that a fork makes invalid
    _CREW = _Crew()


_CREW = _Crew()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
