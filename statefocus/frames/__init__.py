"""From files to pixels, from pixels to stars, from stars to the half-flux radius of a frame."""

from statefocus.frames.errors import FrameError
from statefocus.frames.measuring import FrameMeasurement, measure_frame
from statefocus.frames.stars import StarFlag

__all__ = [
    "FrameError",
    "FrameMeasurement",
    "StarFlag",
    "measure_frame",
]
