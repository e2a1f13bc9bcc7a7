"""From files to pixels, from pixels to stars, from stars to the half-flux radius of a frame."""

from statefocus.frames.darks import DarkFolder, subtract
from statefocus.frames.errors import FrameError
from statefocus.frames.files import Frame, read_frame, write_frame
from statefocus.frames.measuring import FrameMeasurement, measure_frame, warm_up
from statefocus.frames.overlay import draw_overlay
from statefocus.frames.packages import position_of, read_package
from statefocus.frames.recorded import recorded_stars
from statefocus.frames.stars import StarFlag

__all__ = [
    "DarkFolder",
    "Frame",
    "FrameError",
    "FrameMeasurement",
    "StarFlag",
    "draw_overlay",
    "measure_frame",
    "position_of",
    "read_frame",
    "read_package",
    "recorded_stars",
    "subtract",
    "warm_up",
    "write_frame",
]
