"""A run as a picture (A19): what is on the sheet, and how it is drawn."""

from statefocus.pictures.drawing import draw, drawable, save_picture
from statefocus.pictures.sheet import Sheet, sheet_of_fit, sheet_of_run

__all__ = ["Sheet", "draw", "drawable", "save_picture", "sheet_of_fit", "sheet_of_run"]
