"""Focus sweeps with a known truth: what a camera sees of GalSim's stars at nine positions, in nine ways to go wrong."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.bench.light import OVER, FloatImage, Telescope, pixel_image

FOCUSER_UM = 5.0  # of one focuser step
POINTS = 9
MIDDLE = 10_000  # focuser position in the middle of every sweep
SIDE_PX = 1024
SKY_E, READ_NOISE_E, GAIN, BIAS_ADU = 300.0, 2.5, 0.8, 500.0
FLUX_E = (4e3, 1.5e6)  # of the faintest and the brightest star
FLUX_SLOPE = 1.125  # number of stars brighter than F ~ F ** -slope
TRACKING_PX = 0.7  # scatter of the field from frame to frame

Frame = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Rig:
    """A telescope and the distance between the points of its sweeps, in um of focuser travel."""

    telescope: Telescope
    step_um: float

    @property
    def step(self) -> int:
        """Distance between points in focuser steps."""
        return round(self.step_um / FOCUSER_UM)

    @property
    def cfz_steps(self) -> float:
        return self.telescope.cfz_um / FOCUSER_UM


@dataclass(frozen=True, slots=True)
class Seeing:
    """Full width at half maximum, and its relative scatter from frame to frame."""

    arcsec: float
    scatter: float


@dataclass(frozen=True, slots=True)
class Case:
    """What befalls a sweep.

    Parameters
    ----------
    off : float
        Distance of the best focus from the middle of the sweep, in its steps, on either side.
    stars : int
    stretch : int
        Factor on the distance between the points.
    swallowed : float
        Steps that backlash takes from the first moves of the sweep.
    cloudy : int
        Frames that lose most of their light.
    """

    off: float = 0.0
    stars: int = 80
    stretch: int = 1
    swallowed: float = 0.0
    cloudy: int = 0

    @property
    def has_focus(self) -> bool:
        """Whether stars come to focus within the sweep."""
        return self.stars > 0 and self.off <= (POINTS - 1) / 2 + 0.5


RIGS = {
    "refractor": Rig(Telescope(5.5, 500.0), 60.0),
    "obstructed": Rig(Telescope(7.0, 1400.0, 0.34), 190.0),
}
SEEINGS = {"good": Seeing(2.2, 0.07), "poor": Seeing(4.0, 0.15)}
CASES = {
    "centred": Case(),
    "1.5 steps off": Case(off=1.5),
    "4 steps off": Case(off=4.0),
    "backlash": Case(swallowed=1.5),
    "8 stars": Case(stars=8),
    "donuts": Case(stretch=2),
    "clouds": Case(cloudy=2),
    "outside": Case(off=6.5),
    "no stars": Case(stars=0),
}


def happens(rig: str, case: str) -> bool:
    """Whether a case can happen to a rig: an open aperture makes no donuts."""
    return case != "donuts" or RIGS[rig].telescope.obstruction > 0


@dataclass(frozen=True, slots=True)
class Sweep:
    """A rendered sweep and its truth.

    Parameters
    ----------
    frames : tuple of ndarray of uint16
    positions : tuple of int
        Where the focuser was told to go, in focuser steps.
    best_position : float
        Where it ought to be told to go, moving as in the rest of the sweep (backlash taken up).
    cfz_steps : float
    has_focus : bool
        Whether the best position lies within the sweep, and stars shine there.
    """

    frames: tuple[Frame, ...]
    positions: tuple[int, ...]
    best_position: float
    cfz_steps: float
    has_focus: bool


@dataclass(frozen=True, slots=True)
class Stars:
    """Centres in px and light in electrons."""

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    flux: npt.NDArray[np.float64]


def render_sweep(rig: str, seeing: str, case: str, seed: int) -> Sweep:
    """Render one sweep; the same names and seed give the same frames."""
    optics, air, story = RIGS[rig], SEEINGS[seeing], CASES[case]
    rng = np.random.default_rng([seed, zlib.crc32(f"{rig} {seeing} {case}".encode())])
    step = optics.step * story.stretch
    positions = tuple(MIDDLE + step * (i - POINTS // 2) for i in range(POINTS))
    best = MIDDLE + step * (rng.choice((-1.0, 1.0)) * story.off + rng.uniform(-0.5, 0.5))
    stars = scatter_stars(story.stars, (SIDE_PX, SIDE_PX), rng)
    hot = hot_pixels((SIDE_PX, SIDE_PX), rng)
    clouds = np.ones(POINTS)
    clouds[rng.choice(POINTS, story.cloudy, replace=False)] = np.exp(
        rng.uniform(math.log(0.03), math.log(0.3), story.cloudy)
    )
    frames = []
    for i, position in enumerate(positions):
        image = pixel_image(
            optics.telescope,
            (position + behind(story, i) * step - best) * FOCUSER_UM,
            air.arcsec * math.exp(air.scatter * rng.standard_normal()),
        )
        light = expose(image, stars, clouds[i], rng.normal(0.0, TRACKING_PX, 2), (SIDE_PX, SIDE_PX))
        frames.append(record(light + hot, rng))
    return Sweep(tuple(frames), positions, float(best), optics.cfz_steps, story.has_focus)


def behind(story: Case, point: int) -> float:
    """How far, in steps of the sweep, backlash keeps the focuser from where it is told to be.

    The sweep begins on the other side of the backlash: the first moves turn no tube, the later ones all do.
    """
    return max(story.swallowed - point, 0.0)


def scatter_stars(number: int, shape: tuple[int, int], rng: np.random.Generator) -> Stars:
    """Return stars anywhere in a frame, many faint ones and few bright ones."""
    faint, bright = (flux**-FLUX_SLOPE for flux in FLUX_E)
    flux = (faint + rng.random(number) * (bright - faint)) ** (-1.0 / FLUX_SLOPE)
    return Stars(rng.uniform(0, shape[1], number), rng.uniform(0, shape[0], number), flux)


def hot_pixels(shape: tuple[int, int], rng: np.random.Generator) -> FloatImage:
    """Return the electrons that some pixels add to every frame."""
    hot = np.zeros(shape, np.float32)
    number = shape[0] * shape[1] // 50_000
    hot[rng.integers(0, shape[0], number), rng.integers(0, shape[1], number)] = rng.exponential(8000.0, number)
    return hot


def expose(
    image: FloatImage, stars: Stars, transmission: float, shift: npt.NDArray[np.float64], shape: tuple[int, int]
) -> FloatImage:
    """Return the electrons of sky and stars; a star is placed to a fifth of a pixel."""
    light = np.full(shape, SKY_E, np.float32)
    phases = [[np.ascontiguousarray(image[a::OVER, b::OVER]) for b in range(OVER)] for a in range(OVER)]
    half = phases[0][0].shape[0] // 2
    for x, y, flux in zip(stars.x + shift[0], stars.y + shift[1], stars.flux * transmission, strict=True):
        column, fine_x = divmod(round(x * OVER), OVER)
        row, fine_y = divmod(round(y * OVER), OVER)
        # a star that moved by k fifths to the right is the image sampled k fifths further to the left
        stamp = phases[(OVER // 2 - fine_y) % OVER][(OVER // 2 - fine_x) % OVER]
        row, column = row + (fine_y > OVER // 2), column + (fine_x > OVER // 2)
        top, left = row - half, column - half
        rows = slice(max(top, 0), min(top + len(stamp), shape[0]))
        columns = slice(max(left, 0), min(left + len(stamp), shape[1]))
        if rows.start < rows.stop and columns.start < columns.stop:
            light[rows, columns] += (
                np.float32(flux) * stamp[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
            )
    return light


def record(electrons: FloatImage, rng: np.random.Generator) -> Frame:
    """Return the numbers a camera makes of electrons: shot noise, read noise, gain, bias, and a level that is full."""
    noise = rng.standard_normal(electrons.shape, dtype=np.float32)
    noise *= np.sqrt(electrons + np.float32(READ_NOISE_E**2))
    noise += electrons
    noise /= np.float32(GAIN)
    noise += np.float32(BIAS_ADU + 0.5)
    return noise.clip(0, 65_535, out=noise).astype(np.uint16)
