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

PARALLEL_PIXELS = 3_000_000  # smaller images are not worth the threads
THREADS = min(4, os.cpu_count() or 1)


def kernel(function: Function) -> Function:
    """Compile a function with numba on its first call; later processes load the compiled code from disk.

    Plain threads share the work (`over_rows`), because numba's own parallel loops may not be entered by two threads.
    """
    return cast("Function", numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")(function))


def over_rows(function: Callable[..., None], rows: int, pixels: int, *arguments: Any) -> None:
    """Call `function(*arguments, first, last)` for all `rows`, in a few threads when there are many `pixels`."""
    if pixels < PARALLEL_PIXELS or THREADS == 1:
        function(*arguments, 0, rows)
        return
    cuts = np.linspace(0, rows, THREADS + 1).astype(np.int64)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda i: function(*arguments, cuts[i], cuts[i + 1]), range(THREADS)))
