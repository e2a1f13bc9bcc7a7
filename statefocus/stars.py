"""What is recorded of one star of a focus frame: enough to find it again in the next frame, and to compare the two."""

from __future__ import annotations

from msgspec import Struct


class StarSize(Struct, frozen=True, array_like=True):
    """One star; a list of four numbers in the trace.

    Attributes
    ----------
    x_px, y_px
        Its place in the frame.
    hfr_px, error_px
        Its half-flux radius, and the standard error of that.
    """

    x_px: float
    y_px: float
    hfr_px: float
    error_px: float
