"""Best focus from the shape of the stars: the forward model, which tells seeing from defocus.

A star's size alone cannot say whether it is seeing or defocus that blurs a frame; how its light grows with the radius
can. Each frame has a seeing of its own; all share the best position, and the scale, the diameter of the defocused disk
a step. The scale is not taken from the profile's optics: the frames far from focus tell it, and with it whatever is
wrong there, in the focal ratio, the pixel or the step of the focuser.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from statefocus.focus.least_squares import PAIRS, solve_symmetric
from statefocus.focus.optical_model import OpticalModel, Pupil
from statefocus.focus.optics import Telescope
from statefocus.focus.points import BoolArray, FloatArray
from statefocus.stars import Growth

GROWTH_FLOOR = 0.008  # how exactly the model follows a real star; smaller errors are raised to it
SEEING_SPREAD = 0.3  # natural log; frames of a sweep hardly differ by more
SCALE_SPREAD = 0.15  # the same between the disks and the wings of the fitted curve
SEEING_PX = (0.3, 30.0)  # full width at half maximum
SEEING_OF_HFR = 1.7  # what the search begins with
STARTS = (0.0, -0.35, 0.35)  # about the curve's own best position, in sampling steps
WIDEST = 1.5  # of the disk that is expected farthest out
ITERATIONS = 60
CONVERGED_PX, CONVERGED = 1e-9, 1e-12  # of the disk's diameter, of chi square
DAMPING = (1e-9, 1e-3, 1e9)  # least, first, most
BEST, SCALE, TYPICAL, OWN = range(4)  # unknowns: position, log scale, log of the sweep's seeing, log of each frame's


@dataclass(frozen=True, slots=True)
class Shape:
    """What the shapes of the stars tell.

    Parameters
    ----------
    best_position, sigma_position : float
        Steps; sigma by leaving out one frame after the other.
    disk_px : float
        Diameter of the defocused disk a step.
    seeing_px : tuple of float
        Full width at half maximum in each frame, by position.
    residual : float
        What the growth curves are off the model by, root mean square, as a fraction of the light.
    """

    best_position: float
    sigma_position: float
    disk_px: float
    seeing_px: tuple[float, ...]
    residual: float


@dataclass(frozen=True, slots=True)
class _Frames:
    """Positions and growth curves of the frames, and the log of the scale that is expected."""

    position: FloatArray
    growth: FloatArray
    sigma: FloatArray
    model: OpticalModel
    log_scale: float

    def keep(self, mask: BoolArray) -> _Frames:
        model = self.model.keep(mask)
        return _Frames(self.position[mask], self.growth[mask], self.sigma[mask], model, self.log_scale)


@dataclass(frozen=True, slots=True)
class _Linear:
    """Chi square, the expected growth, and the normal equations: of the shared unknowns, of the frames' own."""

    chi: float
    growth: FloatArray
    shared: FloatArray  # (3, 3)
    shared_pull: FloatArray  # (3,)
    between: FloatArray  # (3, frames)
    own: FloatArray  # (frames,)
    own_pull: FloatArray  # (frames,)


def fit_shapes(
    frames: Sequence[tuple[float, Growth]], curve: tuple[float, ...], step: float, telescope: Telescope
) -> Shape:
    """Fit the forward model to a sweep.

    Parameters
    ----------
    frames : sequence of (position, Growth)
        At least three, with positions in steps, and as many radii in each.
    curve : tuple of float
        The hyperbola through their measures: best position (steps), measure there and slope of its wings (px a step).
    step : float
        Distance between two positions, in steps.
    telescope : Telescope
    """
    prepared = _prepare(frames, curve, telescope)
    starts = (_start(prepared, curve[0] + part * step, curve[1]) for part in STARTS)
    found, there = min((_solve(prepared, start) for start in starts), key=lambda one: one[1].chi)
    everyone = np.arange(len(frames))
    without = [_solve(prepared.keep(everyone != i), np.delete(found, OWN + i))[0][BEST] for i in range(len(frames))]
    spread = float(np.std(np.array(without))) * math.sqrt(len(frames) - 1)
    residual = math.sqrt(float(np.mean((there.growth - prepared.growth)[:, :-1] ** 2)))
    seeing = tuple(float(np.exp(one)) for one in found[OWN:])
    return Shape(float(found[BEST]), spread, math.exp(found[SCALE]), seeing, residual)


def expected_disk_px(slope: float, obstruction: float) -> float:
    """Return the diameter of the defocused disk a step where the half-flux radius grows by `slope` a step.

    Half of the light of a ring of even light lies within sqrt((1 + obstruction^2) / 2) of its outer radius.
    """
    return 2.0 * slope / math.sqrt((1.0 + obstruction**2) / 2.0)


def _prepare(frames: Sequence[tuple[float, Growth]], curve: tuple[float, ...], telescope: Telescope) -> _Frames:
    position = np.array([at for at, _ in frames], dtype=np.float64)
    growth = np.array([within for _, (_, _, within) in frames], dtype=np.float64)
    reach = np.array([outermost for _, (outermost, _, _) in frames], dtype=np.float64)
    error = np.array([known for _, (_, known, _) in frames], dtype=np.float64)
    scale = expected_disk_px(curve[2], telescope.obstruction)
    pupil = Pupil(telescope.obstruction, telescope.airy_steps * scale)
    widest = WIDEST * scale * float(np.abs(position - curve[0]).max())
    model = OpticalModel.of(reach, growth.shape[1], pupil, widest)
    return _Frames(position, growth, np.hypot(error, GROWTH_FLOOR), model, math.log(scale))


def _start(frames: _Frames, best: float, lowest: float) -> FloatArray:
    seeing = math.log(SEEING_OF_HFR * lowest)
    return np.array([best, frames.log_scale, seeing, *[seeing] * len(frames.position)])


def _solve(frames: _Frames, start: FloatArray) -> tuple[FloatArray, _Linear]:
    """Minimise chi square by Levenberg's and Marquardt's method."""
    here, at_here = start, _linearise(frames, start)
    damping = DAMPING[1]
    for _ in range(ITERATIONS):
        there = here + _step(at_here, damping)
        there[TYPICAL:] = np.clip(there[TYPICAL:], *np.log(SEEING_PX))
        at_there = _linearise(frames, there)
        if at_there.chi <= at_here.chi:
            moved = abs(float(there[BEST] - here[BEST])) * math.exp(float(here[SCALE]))
            done = moved < CONVERGED_PX and at_here.chi - at_there.chi <= CONVERGED * at_here.chi
            here, at_here, damping = there, at_there, max(damping * 0.1, DAMPING[0])
        else:
            damping *= 8.0
            done = damping > DAMPING[2]
        if done:
            break
    return here, at_here


def _linearise(frames: _Frames, at: FloatArray) -> _Linear:
    scale, seeing = math.exp(float(at[SCALE])), at[OWN:]
    away = frames.position - at[BEST]
    disk = np.abs(away) * scale
    growth, by_disk, by_seeing = frames.model.growth(disk, np.exp(seeing))
    weight = 1.0 / frames.sigma[:, None]
    left = ((frames.growth - growth) * weight)[:, :-1]  # the outermost is 1 in both
    moved = (-np.sign(away) * scale)[:, None] * by_disk
    slopes = (np.stack((moved, disk[:, None] * by_disk, by_seeing)) * weight)[..., :-1]
    products = np.add.reduce(slopes[:, None] * slopes[None], axis=-1)
    pulls = np.add.reduce(slopes * left, axis=-1)
    apart, off = (seeing - at[TYPICAL]) / SEEING_SPREAD, (at[SCALE] - frames.log_scale) / SCALE_SPREAD
    shared, pull, between = np.zeros((3, 3)), np.zeros(3), np.zeros((3, len(seeing)))
    shared[:2, :2] = np.add.reduce(products[:2, :2], axis=-1)
    shared[SCALE, SCALE] += 1.0 / SCALE_SPREAD**2
    shared[TYPICAL, TYPICAL] = len(seeing) / SEEING_SPREAD**2
    pull[:2] = np.add.reduce(pulls[:2], axis=-1)
    pull[SCALE] -= off / SCALE_SPREAD
    pull[TYPICAL] = np.add.reduce(apart) / SEEING_SPREAD
    between[:2], between[TYPICAL] = products[:2, 2], -1.0 / SEEING_SPREAD**2
    chi = float(np.add.reduce(left**2, axis=None) + np.add.reduce(apart**2) + off**2)
    own = products[2, 2] + 1.0 / SEEING_SPREAD**2
    return _Linear(chi, growth, shared, pull, between, own, pulls[2] - apart / SEEING_SPREAD)


def _step(linear: _Linear, damping: float) -> FloatArray:
    """Solve the damped normal equations: each frame's own unknown is eliminated, and three remain."""
    own = linear.own * (1.0 + damping)
    matrix = linear.shared * (1.0 + damping * np.eye(3))
    matrix = matrix - np.add.reduce(linear.between[:, None] * linear.between[None] / own, axis=-1)
    right = linear.shared_pull - np.add.reduce(linear.between * linear.own_pull / own, axis=-1)
    solved, regular = solve_symmetric([matrix[pair][None] for pair in PAIRS], [side[None] for side in right])
    shared = solved[0] if regular[0] else np.zeros(3)
    seeing = (linear.own_pull - np.add.reduce(linear.between * shared[:, None], axis=0)) / own
    return np.concatenate((shared, seeing))
