"""From what each star shows to what the frame shows: a median, and how well it is known."""

from __future__ import annotations

import numpy as np

from statefocus.frames.compiling import FloatArray

MEDIAN_FACTOR = 1.2533  # sqrt(pi / 2): a median of normal values is known that much worse than their mean
SCATTER_FACTOR = 1.4826  # from a median deviation to a standard deviation


def typical(values: FloatArray, errors: FloatArray) -> tuple[float, float]:
    """Return the median of the stars and its standard error.

    Parameters
    ----------
    values, errors : ndarray, shape (n,)
        One number a star with its standard error; n of at least 1.

    Returns
    -------
    value, error : float
        The error is that of the stars' scatter or that of their own errors, whichever is larger; of one star, its own.
    """
    value = float(np.median(values))
    alone = float(np.sqrt(np.mean(errors**2)))
    if len(values) == 1:
        return value, alone
    scatter = SCATTER_FACTOR * float(np.median(np.abs(values - value)))
    return value, MEDIAN_FACTOR * max(alone, scatter) / float(np.sqrt(len(values)))
