"""How kernels are compiled: once, kept on disk, and without the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint16] | npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Function = TypeVar("Function", bound=Callable[..., Any])
Result = TypeVar("Result")

PARALLEL_PIXELS = 3_000_000  # smaller images are not worth the threads
THREADS = min(4, os.cpu_count() or 1)


def kernel(function: Function) -> Function:
    """Compile a function with numba on its first call; later processes load the compiled code from disk.

    Plain threads share the work (`over_rows`), because numba's own parallel loops may not be entered by two threads.
    """
    options: dict[str, Any] = {"nogil": True, "fastmath": True, "error_model": "numpy"}
    try:
        return cast("Function", numba.njit(cache=True, **options)(function))
    except RuntimeError:  # no folder to keep the compiled code in: compile in every process
        return cast("Function", numba.njit(**options)(function))


def over_rows(function: Callable[..., None], rows: int, pixels: int, *arguments: Any) -> None:
    """Call `function(*arguments, first, last)` for all `rows`, in a few threads when there are many `pixels`."""
    if pixels < PARALLEL_PIXELS:
        function(*arguments, 0, rows)
    else:
        in_threads(lambda first, last: function(*arguments, first, last), rows)


def in_threads(function: Callable[[int, int], Result], count: int) -> list[Result]:
    """Return `function(first, last)` of a few parts of `count`, in their order, each computed in its own thread."""
    cuts = [count * i // THREADS for i in range(THREADS + 1)]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, cuts[:-1], cuts[1:]))
