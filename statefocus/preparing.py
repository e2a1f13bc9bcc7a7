"""What is done to a focus frame before it is measured by any metric: dark subtracted (A5), edges cropped (A4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from statefocus.devices.values import Exposure
from statefocus.profile import Autofocus

Prepare = Callable[[Exposure], tuple[Exposure, str]]
"""A focus frame to what is measured of it, and a sentence for a person where something is amiss."""


def as_it_is(exposure: Exposure) -> tuple[Exposure, str]:
    """Measure a frame as the camera gave it."""
    return exposure, ""


def preparer(autofocus: Autofocus) -> Prepare:
    """Make the function that prepares a focus frame by the profile."""
    if not autofocus.crop_percent and autofocus.dark_folder is None:
        return as_it_is
    from statefocus.frames import DarkFolder, subtract

    folder = None if autofocus.dark_folder is None else DarkFolder(autofocus.dark_folder)

    def prepare(exposure: Exposure) -> tuple[Exposure, str]:
        pixels, remark = exposure.pixels, ""
        if folder is not None:
            dark = folder.dark(exposure.exposure_s, exposure.binning, pixels.shape[::-1])
            pixels = pixels if dark.excess is None else subtract(pixels, dark.excess.T)
            remark = dark.remark
        return replace(exposure, pixels=cropped(pixels, autofocus.crop_percent)), remark

    return prepare


def cropped(pixels: NDArray[Any], percent: float) -> NDArray[Any]:
    """Leave out a percentage of the width and of the height, half of it at each edge.

    >>> import numpy as np
    >>> cropped(np.zeros((800, 600)), 5).shape
    (760, 570)
    """
    left, top = (int(length * percent / 200) for length in pixels.shape)
    return pixels[left : pixels.shape[0] - left, top : pixels.shape[1] - top]
