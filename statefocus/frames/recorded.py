"""What is kept of a frame's stars for good: the brightest, in a trace's compact form."""

from __future__ import annotations

from statefocus.frames.measuring import FrameMeasurement
from statefocus.stars import StarSize

MOST = 50  # stars; more say nothing new of the focus, since seeing moves them all alike
PLACES = (1, 1, 3, 3)  # decimals of x, y, HFR and its error


def recorded_stars(found: FrameMeasurement) -> tuple[StarSize, ...]:
    """Return the brightest accepted stars of a frame, rounded, brightest first."""
    table = found.star_table
    chosen = table[table["accepted"]][:MOST]
    columns = (chosen["x"], chosen["y"], chosen["hfr"], chosen["error"])
    rows = zip(*(column.round(places).tolist() for column, places in zip(columns, PLACES, strict=True)), strict=True)
    return tuple(rows)
