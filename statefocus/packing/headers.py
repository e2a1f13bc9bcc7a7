"""The header of a frame that is saved: the keywords that other programs look for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def frame_header(
    image_type: str, *, begun: float, exposure_s: float, binning: int, filter_: str | None, position: int | None,
    temperature_c: float | None,
) -> dict[str, Any]:  # fmt: skip
    """Tell a frame's header; `begun` is when its exposure began, unix seconds. What is not known is left out."""
    date = datetime.fromtimestamp(begun, tz=UTC)
    return {
        "IMAGETYP": image_type,
        "EXPTIME": exposure_s,
        "DATE-OBS": date.isoformat(timespec="milliseconds").removesuffix("+00:00"),
        "FILTER": filter_ or "",
        "FOCUSPOS": position,
        "XBINNING": binning,
        "YBINNING": binning,
        "FOCTEMP": temperature_c,
    }
