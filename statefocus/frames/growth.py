"""How the light of a frame's stars grows with the radius, taken together: the shape that the forward model reads."""

from __future__ import annotations

import numpy as np

from statefocus.frames import star as column
from statefocus.frames.compiling import FloatArray, Image, kernel
from statefocus.frames.rings import BINS_A_PIXEL, LEAST_RING, light_in_rings, sky_ring
from statefocus.stars import Growth

RADII = 16
REACH, REACH_PX = 2.2, 1.5  # the outermost radius in half-flux radii, and pixels beyond
STARS = 25
MOST_TRUST = 300.0  # signal to noise; brighter stars count no more, since it is not noise that they differ by
ODD = 0.15  # of its light; a star that is so far from the median of the others somewhere is another kind of thing
PLACES = 4  # decimals that are kept


def stack_growth(image: Image, rows: FloatArray, hfr: float) -> Growth | None:
    """Stack the growth of light with radius of a frame's brightest stars.

    Parameters
    ----------
    image : ndarray, shape (height, width), uint16 or float32
        ADU, finite.
    rows : ndarray, shape (n, `statefocus.frames.star.COLUMNS`)
        Its good stars, brightest first.
    hfr : float
        Half-flux radius of the frame, px.

    Returns
    -------
    Growth or None
        None where no star lies whole within the frame, or no two of them agree.
    """
    stars = rows[:STARS]
    reach = round(REACH * hfr + REACH_PX, PLACES)
    curves = _curves(image, stars[:, column.X], stars[:, column.Y], reach, RADII)
    whole = curves[:, -1] > 0
    curves, trust = curves[whole] / curves[whole, -1:], np.minimum(stars[whole, column.SNR], MOST_TRUST) ** 2
    if len(curves) == 0:
        return None
    like = np.abs(curves - np.median(curves, axis=0)).max(axis=1) < ODD
    if not like.any():
        return None
    curves, trust = curves[like], trust[like] / trust[like].sum()
    mean = (curves * trust[:, None]).sum(axis=0)
    variance = ((curves - mean) ** 2 * trust[:, None] ** 2).sum(axis=0)
    error = float(np.sqrt(variance.mean()))
    return reach, round(error, PLACES), tuple(mean.round(PLACES).tolist())


@kernel
def _curves(image: Image, x: FloatArray, y: FloatArray, reach: float, radii: int) -> FloatArray:
    """Return the light within equal steps of radius, shape (stars, radii); zeros where the frame's edge is too near."""
    curves = np.zeros((len(x), radii))
    for star in range(len(x)):
        cx, cy = x[star], y[star]
        sky, noise, count = sky_ring(image, cx, cy, 1.15 * reach + 1.0, 1.6 * reach + 4.0)
        if count < LEAST_RING:
            continue
        light, covered = light_in_rings(image, cx, cy, reach + 1.0, sky, noise)
        if covered < 1.0:
            continue
        grown = np.cumsum(light)
        for k in range(radii):
            at = (k + 1) * reach / radii * BINS_A_PIXEL - 1.0  # in rings; the first entry is the light within one ring
            ring = int(np.floor(at))
            before = grown[ring] if ring >= 0 else 0.0
            curves[star, k] = before + (at - ring) * (grown[ring + 1] - before)
    return curves
