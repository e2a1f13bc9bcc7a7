"""What of a telescope matters to focus: how exact it must be, and what makes the shape of a defocused star."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Telescope:
    """What the forward model must be told of a telescope.

    Parameters
    ----------
    obstruction : float
        Diameter of the central obstruction, of that of the aperture.
    airy_steps : float
        Wavelength times the square of the focal ratio, in focuser steps.
    """

    obstruction: float
    airy_steps: float


def critical_focus_zone_um(wavelength_um: float, f_ratio: float) -> float:
    """Return the critical focus zone 4.88 lambda N^2, its full depth, in um.

    Parameters
    ----------
    wavelength_um : float
        Wavelength of the light, in um (0.55 for the middle of the visible).
    f_ratio : float
        Focal length over aperture.

    Raises
    ------
    ValueError
        When either is not a positive number.

    >>> round(critical_focus_zone_um(0.55, 7.0), 1)
    131.5
    """
    _demand_positive(wavelength_um=wavelength_um, f_ratio=f_ratio)
    return 4.88 * wavelength_um * f_ratio**2


def critical_focus_zone_steps(wavelength_um: float, f_ratio: float, step_um: float) -> float:
    """Return the critical focus zone in focuser steps of `step_um` um each.

    >>> round(critical_focus_zone_steps(0.55, 7.0, 4.0), 1)
    32.9
    """
    _demand_positive(step_um=step_um)
    return critical_focus_zone_um(wavelength_um, f_ratio) / step_um


def _demand_positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not (math.isfinite(number) and number > 0):
            raise ValueError(f"{name} must be a positive number, not {number!r}")
