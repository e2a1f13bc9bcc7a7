"""Star fields of known half-flux radius: an annulus (defocus) convolved with a Moffat profile (seeing), in noise."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

OVER = 5  # sub-pixels
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """A star's image on sub-pixels, and its half-flux radius in px: as optics form it, and in squares of even light.

    A pixel gathers the light of its square, and whoever draws a circle over pixels takes it as even over the square:
    the image is blurred by one pixel twice.
    """

    image: FloatArray
    hfr: float
    recorded: float


def make_profile(fwhm: float, outer: float = 0.0, obstruction: float = 0.0, beta: float = 3.5) -> Profile:
    """Return the image of a star: seeing of `fwhm` px, defocused to a disk of radius `outer` px."""
    half = int(np.ceil(outer + 5 * fwhm + 4))
    n = (2 * half + 1) * OVER
    r = np.hypot(*np.meshgrid(*[(np.arange(n) - (n - 1) / 2) / OVER] * 2))
    image = (1 + (r * 2 * np.sqrt(2 ** (1 / beta) - 1) / fwhm) ** 2) ** -beta
    if outer > 0.05:
        disk = np.clip((outer - r) * OVER + 0.5, 0, 1) - (obstruction > 0) * np.clip(
            (obstruction * outer - r) * OVER + 0.5, 0, 1
        )
        size = 1 << int(np.ceil(np.log2(2 * n)))
        both = np.fft.irfft2(np.fft.rfft2(image, (size, size)) * np.fft.rfft2(disk, (size, size)), (size, size))
        image = both[(n - 1) // 2 :, (n - 1) // 2 :][:n, :n].clip(0)
    image /= image.sum()
    pixel = np.zeros((n, n))
    pixel[:OVER, :OVER] = 1 / OVER**2
    blurred = np.fft.irfft2(np.fft.rfft2(image) * np.fft.rfft2(pixel) ** 2, (n, n))
    return Profile(image, half_flux_radius(image), half_flux_radius(np.roll(blurred, (-2 * (OVER // 2),) * 2, (0, 1))))


def half_flux_radius(image: FloatArray) -> float:
    """Return the radius, in pixels, that holds half of an image on sub-pixels; each is spread over its own width."""
    n = image.shape[0]
    parts = 5 if n < 300 else 1
    fine = np.repeat(np.repeat(image, parts, 0), parts, 1)
    r = np.hypot(*np.meshgrid(*[(np.arange(n * parts) - (n * parts - 1) / 2) / (OVER * parts)] * 2)).ravel()
    order = np.argsort(r)
    return float(np.interp(0.5, np.cumsum(fine.ravel()[order]) / parts**2, r[order]))


def profile_of(hfr: float, obstruction: float, fwhm: float = 2.1) -> Profile:
    """Return a profile whose half-flux radius is near `hfr`: by seeing alone when it is small, else by defocus."""
    if hfr < 0.75 * fwhm:
        return make_profile(fwhm * hfr / make_profile(fwhm).hfr)
    outer = np.sqrt(hfr**2 - (0.6 * fwhm) ** 2) / np.sqrt((1 + obstruction**2) / 2)
    return make_profile(fwhm, outer, obstruction)


@dataclass(frozen=True)
class Faults:
    """What is not a star: numbers of hot pixels and of cosmic rays."""

    hot: int = 60
    rays: int = 25


def render(
    rng: np.random.Generator,
    profile: Profile,
    stars: int = 60,
    shape: tuple[int, int] = (1024, 1024),
    flux: tuple[float, float] = (1e4, 1.5e6),
    sky: float = 300.0,
    faults: Faults | None = None,
) -> npt.NDArray[np.uint16]:
    """Return a frame of stars, brightness as in the sky (N(>F) ~ 1/F), on a sky with a gradient, with noise."""
    faults = faults or Faults()
    height, width = shape
    down, across = np.linspace(-0.5, 0.5, height)[:, None], np.linspace(-0.5, 0.5, width)[None]
    frame = sky * (1 + 0.2 * down + 0.1 * across)
    phases = {}
    half = profile.image.shape[0] // OVER // 2
    side = 2 * half + 1
    fluxes = 1 / (1 / flux[1] + rng.random(stars) * (1 / flux[0] - 1 / flux[1]))
    for light, x, y in zip(fluxes, rng.uniform(0, width, stars), rng.uniform(0, height, stars), strict=True):
        (px, sx), (py, sy) = divmod(int(x * OVER), OVER), divmod(int(y * OVER), OVER)
        if (sy, sx) not in phases:
            moved = np.roll(profile.image, (sy - OVER // 2, sx - OVER // 2), (0, 1))
            phases[sy, sx] = moved.reshape(side, OVER, side, OVER).sum((1, 3))
        x0, y0 = px - half, py - half
        a0, b0, a1, b1 = max(0, -x0), max(0, -y0), min(side, width - x0), min(side, height - y0)
        if a1 > a0 and b1 > b0:
            frame[y0 + b0 : y0 + b1, x0 + a0 : x0 + a1] += light * phases[sy, sx][b0:b1, a0:a1]
    frame = frame + rng.standard_normal(shape) * np.sqrt(frame + 9.0)
    frame[rng.integers(0, height, faults.hot), rng.integers(0, width, faults.hot)] += rng.exponential(8000, faults.hot)
    for _ in range(faults.rays):
        t = np.arange(rng.integers(1, 20))
        angle, y, x = rng.uniform(0, np.pi / 2), rng.integers(5, height - 30), rng.integers(5, width - 30)
        frame[(y + t * np.sin(angle)).astype(int), (x + t * np.cos(angle)).astype(int)] += rng.uniform(500, 8000)
    return (np.clip(frame + 500.5, 0, 65535)).astype(np.uint16)
