"""Refines a believed focus by the forward model, and tells why where it does not (`[fit] refine`).

The curve has been accepted before, and stays what it is; only where it has its minimum is told better. The model has
to pass checks of its own, and one that fails leaves the curve's answer as it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from statefocus.focus.forward import Shape, expected_disk_px, fit_shapes
from statefocus.focus.limits import Verdict
from statefocus.focus.optics import Telescope
from statefocus.focus.points import FocusPoint
from statefocus.focus.result import FocusFit, Refinement
from statefocus.stars import Growth


@dataclass(frozen=True, slots=True)
class RefiningLimits:
    """What the forward model must satisfy.

    Parameters
    ----------
    frames, aside : int
        Least number of frames whose stars have a shape, in all and on each side of the curve's minimum.
    widest_px : float
        Largest disk.
    residual : float
        Most that the growth curves may be off the model, root mean square, as a fraction of the light.
    disk_ratio : float
        Most ratio, either way, of the disks' growth to what the curve's wings let expect.
    lopsided : float
        Most difference of the seeing on the two sides of focus, natural log: seeing knows no sides, aberrations do.
    leaning : float
        Most trend of the seeing with the distance from focus, natural log from the middle to the farthest frame, by
        which it surely leans: air knows no focus, but light that the model does not understand looks like seeing.
    move_zones, move_sigmas : float
        Most distance from the curve's minimum: the larger of so many critical focus zones and of its standard errors.
    """

    frames: int = 5
    aside: int = 2
    widest_px: float = 400.0
    residual: float = 0.02
    disk_ratio: float = 1.35
    lopsided: float = 0.5
    leaning: float = 0.7
    move_zones: float = 0.5
    move_sigmas: float = 4.0


def refine(
    fit: FocusFit,
    points: Sequence[FocusPoint],
    telescope: Telescope,
    *,
    cfz_steps: float,
    limits: RefiningLimits | None = None,
) -> FocusFit:
    """Move the best position of an accepted hyperbola to where the shapes of the stars have it.

    Parameters
    ----------
    fit : FocusFit
        Of `points`.
    points : sequence of FocusPoint
    telescope : Telescope
    cfz_steps : float
        Critical focus zone, in steps.
    limits : RefiningLimits, optional

    Returns
    -------
    FocusFit
        With `refinement` filled where the forward model was asked; its position and sigma count only where `used`.
    """
    limits = limits or RefiningLimits()
    if not fit.accepted or fit.best_position is None or fit.model not in ("joint", "hyperbola"):
        return fit
    frames = [(points[i].position, growth) for i in fit.used if (growth := points[i].growth) and _possible(growth)]
    enough = _enough(frames, fit.best_position, limits)
    if enough.passed:
        enough = _within_reach(frames, fit.coefficients, telescope, limits) or enough
    if not enough.passed:
        return replace(fit, refinement=Refinement(None, None, None, None, (), used=False, checks=(enough,)))
    with np.errstate(all="ignore"):  # a model that runs away is told by its checks
        shape = fit_shapes(frames, fit.coefficients, _step(frames), telescope)
    checks = (enough, *_checks(shape, fit, frames, telescope, cfz_steps, limits))
    used = all(check.passed for check in checks)
    told = Refinement(
        best_position=shape.best_position,
        sigma_position=shape.sigma_position,
        disk_px=shape.disk_px,
        residual=shape.residual,
        seeing_px=shape.seeing_px,
        used=used,
        checks=checks,
    )
    if not used:
        return replace(fit, refinement=told)
    return replace(fit, best_position=shape.best_position, sigma_position=shape.sigma_position, refinement=told)


def _step(frames: Sequence[tuple[float, Growth]]) -> float:
    return float(np.median(np.diff(np.unique([position for position, _ in frames]))))


def _possible(growth: Growth) -> bool:
    """Whether a frame can show this; a trace may tell anything."""
    reach, error, within = growth
    numbers = all(-1.0 <= part <= 2.0 for part in within)
    return numbers and 8 <= len(within) <= 64 and 0.5 <= reach <= 1000.0 and 0.0 <= error <= 1.0


def _enough(frames: Sequence[tuple[float, Growth]], best: float, limits: RefiningLimits) -> Verdict:
    left = sum(position < best for position, _ in frames)
    right = sum(position > best for position, _ in frames)
    alike = len({len(within) for _, (_, _, within) in frames}) == 1
    passed = alike and len(frames) >= limits.frames and min(left, right) >= limits.aside
    sentence = (
        f"{len(frames)} frames tell the shape of their stars, {left} inward and {right} outward of focus; the forward "
        f"model needs {limits.frames}, {limits.aside} on each side."
    )
    return Verdict("shapes", passed, len(frames), limits.frames, sentence)


def _within_reach(
    frames: Sequence[tuple[float, Growth]], curve: tuple[float, ...], telescope: Telescope, limits: RefiningLimits
) -> Verdict | None:
    """Say that the disks are wider than the model is made for; None where they are not."""
    farthest = max(abs(position - curve[0]) for position, _ in frames)
    widest = expected_disk_px(curve[2], telescope.obstruction) * farthest
    if widest <= limits.widest_px:
        return None
    sentence = f"Disks of {widest:.3g} px would be wider than the forward model reaches, {limits.widest_px:g} px."
    return _verdict("shapes", widest, limits.widest_px, sentence)


def _checks(
    shape: Shape,
    fit: FocusFit,
    frames: Sequence[tuple[float, Growth]],
    telescope: Telescope,
    cfz_steps: float,
    limits: RefiningLimits,
) -> tuple[Verdict, ...]:
    sigma = fit.sigma_position or 0.0
    return (
        _shapes_fit(shape, limits),
        _disks(shape, fit, telescope, limits),
        _sides_alike(shape, frames, limits),
        _seeing_apart(shape, frames, limits),
        _sharper(shape, sigma),
        _near_curve(shape, fit, max(limits.move_zones * cfz_steps, limits.move_sigmas * sigma)),
    )


def _verdict(name: str, value: float, limit: float, sentence: str) -> Verdict:
    return Verdict(name, value <= limit, value, limit, sentence)


def _shapes_fit(shape: Shape, limits: RefiningLimits) -> Verdict:
    sentence = (
        f"The light of the stars lies within {100 * shape.residual:.2g} % of where the model has it "
        f"(limit {100 * limits.residual:g} %)."
    )
    return _verdict("shapes_fit", shape.residual, limits.residual, sentence)


def _disks(shape: Shape, fit: FocusFit, telescope: Telescope, limits: RefiningLimits) -> Verdict:
    ratio = shape.disk_px / expected_disk_px(fit.coefficients[2], telescope.obstruction)
    either_way = max(ratio, 1.0 / ratio) if ratio > 0 else math.inf
    sentence = (
        f"The disks grow {ratio:.2f} times as fast as the curve's wings let expect "
        f"(limit {limits.disk_ratio:g} either way)."
    )
    return _verdict("disks", either_way, limits.disk_ratio, sentence)


def _sides_alike(shape: Shape, frames: Sequence[tuple[float, Growth]], limits: RefiningLimits) -> Verdict:
    sides = _lopsided(shape, frames)
    sentence = (
        f"The seeing seems {100 * math.expm1(min(sides, 9.0)):.0f} % worse on one side of focus than on the other "
        f"(limit {100 * math.expm1(limits.lopsided):.0f} %); an aberration of the optics looks so."
    )
    return _verdict("sides_alike", sides, limits.lopsided, sentence)


def _lopsided(shape: Shape, frames: Sequence[tuple[float, Growth]]) -> float:
    """Return by how much the typical seeing differs between the two sides of focus, natural log."""
    seeing = np.log(shape.seeing_px)
    outward = np.array([position > shape.best_position for position, _ in frames])
    if outward.all() or not outward.any():
        return math.inf
    return abs(float(np.mean(seeing[outward])) - float(np.mean(seeing[~outward])))


def _seeing_apart(shape: Shape, frames: Sequence[tuple[float, Growth]], limits: RefiningLimits) -> Verdict:
    leans = _leaning(shape, frames)
    sentence = (
        f"The seeing seems to change by {100 * math.expm1(min(leans, 9.0)):.0f} % at least with the distance from "
        f"focus (limit {100 * math.expm1(limits.leaning):.0f} %); these are not the stars of the model."
    )
    return _verdict("seeing_apart", leans, limits.leaning, sentence)


def _leaning(shape: Shape, frames: Sequence[tuple[float, Growth]]) -> float:
    """Return the trend of the seeing's logarithm from focus to the farthest frame, less two standard errors."""
    away = np.abs(np.array([position for position, _ in frames]) - shape.best_position)
    seeing = np.log(shape.seeing_px)
    apart = away / away.max() - np.mean(away / away.max())
    square = float(np.add.reduce(apart**2))
    slope = float(np.add.reduce(apart * seeing)) / square
    rest = seeing - np.mean(seeing) - slope * apart
    error = math.sqrt(float(np.add.reduce(rest**2)) / (len(frames) - 2) / square)
    trend = abs(slope) - 2.0 * error
    return max(trend, 0.0) if math.isfinite(trend) else math.inf


def _sharper(shape: Shape, sigma: float) -> Verdict:
    sentence = f"The forward model knows the position to {shape.sigma_position:.2g} steps, the curve to {sigma:.2g}."
    return _verdict("sharper", shape.sigma_position, sigma, sentence)


def _near_curve(shape: Shape, fit: FocusFit, most: float) -> Verdict:
    moved = abs(shape.best_position - fit.coefficients[0])
    sentence = f"The forward model lies {moved:.2g} steps from the curve's minimum (limit {most:.2g})."
    return _verdict("near_curve", moved, most, sentence)
