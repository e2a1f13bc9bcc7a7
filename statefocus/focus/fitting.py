"""From the points of a sweep to the best focus, its uncertainty, and whether to believe it.

Rule 1: nothing here raises on what a camera or a cloud may have produced; a result that cannot be trusted says so.
Rule 2: every reason for a refusal is a verdict, and every verdict is recorded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from statefocus.focus.copies import copies_of, tell_copies, without_copies
from statefocus.focus.curves import Curve
from statefocus.focus.limits import Limits, PastFocus, Verdict
from statefocus.focus.lines import fit_lines
from statefocus.focus.optics import Telescope
from statefocus.focus.outliers import LeaveOneOut, Outlier, largest_shift, leave_one_out, reject_outliers
from statefocus.focus.parabola import fit_parabola
from statefocus.focus.points import FocusPoint, Samples, collect
from statefocus.focus.refining import refine
from statefocus.focus.result import FocusFit, Rejected, nothing_found, unusable_points
from statefocus.focus.shared_stars import share_stars
from statefocus.focus.verdicts import judge

MODELS = ("joint", "hyperbola", "parabola", "lines", "auto")
FITS: dict[str, Callable[[Samples], Curve | None]] = {"parabola": fit_parabola, "lines": fit_lines}
REACH = 0.5  # a vertex further outside than this fraction of the range is an extrapolation, not a position
ALL_BUT_EXACT = 0.9999  # R squared at which "auto" looks no further
CLEARLY_BETTER = 0.5  # "auto" leaves the hyperbola only for a chi square below this fraction of its own


def find_focus(
    points: Sequence[FocusPoint],
    *,
    model: str = "hyperbola",
    limits: Limits | None = None,
    cfz_steps: float | None = None,
    history: Sequence[PastFocus] | None = None,
    telescope: Telescope | None = None,
) -> FocusFit:
    """Find the best focus of a sweep.

    Parameters
    ----------
    points : sequence of FocusPoint
        In any order; points without a measure are kept out and named. The metric must be smaller in better focus.
    model : {"joint", "hyperbola", "parabola", "lines", "auto"}
        The curve. "joint" is the hyperbola through what the stars that the frames share tell, and through the frames'
        own measures where they share too few; "auto" is the hyperbola, unless a parabola leaves less than half its chi
        square.
    limits : Limits, optional
        What the verdicts are held against.
    cfz_steps : float, optional
        Critical focus zone in steps; the uncertainty is compared with it, or else with the sampling step.
    history : sequence of PastFocus, optional
        Earlier focus positions under like conditions, to compare with.
    telescope : Telescope, optional
        Where it is given, the forward model refines an accepted hyperbola by the shapes of the stars; it needs
        `cfz_steps` too.

    Returns
    -------
    FocusFit
        Never an exception for odd measurements: `accepted` is False, and `reasons` tells.

    Raises
    ------
    ValueError
        For an unknown `model`.

    >>> sweep = [FocusPoint(x, (4.0 + (0.03 * (x - 1907)) ** 2) ** 0.5) for x in range(1700, 2101, 50)]
    >>> fit = find_focus(sweep)
    >>> fit.accepted, round(fit.best_position, 3), round(fit.predicted_measure, 3)
    (True, 1907.0, 2.0)
    """
    if model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, not {model!r}")
    with np.errstate(all="ignore"):  # absurd measures overflow to infinity, which no verdict passes
        past, limits, copies = tuple(history or ()), limits or Limits(), copies_of(points)
        own = without_copies(points, copies)
        if model == "joint":
            fit = _find_jointly(own, limits, cfz_steps, past)
        else:
            fit = _find(own, model, limits, cfz_steps, past)
        if copies:
            fit = tell_copies(fit, points, copies, limits.outlier_fraction)
        return fit if telescope is None or cfz_steps is None else refine(fit, points, telescope, cfz_steps=cfz_steps)


def _find_jointly(
    points: Sequence[FocusPoint], limits: Limits, cfz_steps: float | None, history: tuple[PastFocus, ...]
) -> FocusFit:
    """Fit the hyperbola to what the shared stars tell; in the result, the points keep the frames' own measures."""
    shared = share_stars(points)
    if shared is None:
        return _find(points, "hyperbola", limits, cfz_steps, history)
    fit = _find(shared.points, "hyperbola", limits, cfz_steps, history)
    rejected = tuple(
        _as_measured(one, points[one.index], unshared=one.index in shared.unshared) for one in fit.rejected
    )
    return replace(fit, model="joint" if fit.model == "hyperbola" else fit.model, rejected=rejected)


def _as_measured(rejected: Rejected, point: FocusPoint, *, unshared: bool) -> Rejected:
    why = "it shares no star with the other frames" if unshared else rejected.why
    return replace(rejected, measure=point.measure, why=why)


def _find(
    points: Sequence[FocusPoint], model: str, limits: Limits, cfz_steps: float | None, history: tuple[PastFocus, ...]
) -> FocusFit:
    everything = collect(points, limits.seeing_fraction, limits.model_fraction)
    unusable = unusable_points(points)
    if len(everything) == 0:
        return nothing_found(
            points, "No star was measured at any position: is it clouded, capped, or far out of focus?"
        )
    samples, outliers, fits = reject_outliers(everything, limits.outlier_probability, limits.outlier_fraction)
    curve = _fit(samples, fits.whole, model)
    missing: tuple[Verdict, ...] = ()
    if curve is None or not _within_reach(samples, curve):
        missing = (_no_curve(everything, curve),)
        samples, outliers, fits, curve = everything, (), leave_one_out(everything), _fallback(everything)
    verdicts = judge(
        samples,
        curve,
        limits,
        evidence=curve if curve.model in ("hyperbola", "parabola") else fits.whole,
        hyperbola=fits.whole,
        rejected=len(outliers),
        shift=_shift(samples, curve, fits),
        cfz_steps=cfz_steps,
        history=history,
    )
    return _result(points, samples, curve, missing + verdicts, unusable + tuple(_told(points, o) for o in outliers))


def _fit(samples: Samples, hyperbola: Curve | None, model: str) -> Curve | None:
    if model == "hyperbola" or hyperbola is None:
        return hyperbola
    if model != "auto":
        return FITS[model](samples)
    parabola = fit_parabola(samples)
    if parabola is None or hyperbola.r_squared > ALL_BUT_EXACT or not _within_reach(samples, parabola):
        return hyperbola
    return parabola if parabola.chi_square < CLEARLY_BETTER * hyperbola.chi_square else hyperbola


def _within_reach(samples: Samples, curve: Curve) -> bool:
    margin = REACH * samples.span
    return bool(samples.positions[0] - margin <= curve.best_position <= samples.positions[-1] + margin)


def _shift(samples: Samples, curve: Curve, fits: LeaveOneOut) -> float:
    """Return how far the vertex moves, in steps, when the most decisive point is left out."""
    if curve.model == "hyperbola":
        return fits.largest_shift()
    if curve.model == "fallback":
        return math.inf
    everyone = np.arange(len(samples))
    return largest_shift(curve, [FITS[curve.model](samples.keep(everyone != i)) for i in everyone])


def _fallback(samples: Samples) -> Curve:
    """Take the middle of the three neighbours with the lowest average (F4); of fewer points, the lowest one."""
    if len(samples) < 3:
        lowest = int(np.argmin(samples.measures))
        position, measure = float(samples.positions[lowest]), float(samples.measures[lowest])
    else:
        averages = (samples.measures[:-2] + samples.measures[1:-1] + samples.measures[2:]) / 3.0
        lowest = int(np.argmin(averages))
        position, measure = float(samples.positions[lowest + 1]), float(averages[lowest])
    return Curve("fallback", (position, measure), position, math.inf, measure, 0.0, 0, 0.0)


def _no_curve(samples: Samples, curve: Curve | None) -> Verdict:
    if curve is None:
        sentence = "No curve with a minimum fits the points; the lowest average of three neighbours is shown."
    else:
        side = "inward" if curve.best_position < samples.positions[0] else "outward"
        sentence = f"The measure keeps falling {side}: the focus is far {side} of the sampled range; sweep there."
    return Verdict("curve_found", passed=False, value=None, limit=None, sentence=sentence)


def _told(points: Sequence[FocusPoint], outlier: Outlier) -> Rejected:
    point = points[outlier.index]
    why = f"it lies {outlier.deviation:.2g} errors off the curve through the other points"
    return Rejected(outlier.index, point.position, point.measure, why)


def _result(
    points: Sequence[FocusPoint],
    samples: Samples,
    curve: Curve,
    verdicts: tuple[Verdict, ...],
    rejected: tuple[Rejected, ...],
) -> FocusFit:
    reasons = tuple(verdict.sentence for verdict in verdicts if not verdict.passed)
    said = len(points) > 1 and samples.span > 0 and float(np.ptp(samples.measures)) > 0
    fallback = curve.model == "fallback"
    return FocusFit(
        best_position=curve.best_position if said else None,
        sigma_position=curve.sigma_position if math.isfinite(curve.sigma_position) else None,
        model=curve.model if said else "none",
        r_squared=None if fallback else curve.r_squared,
        predicted_measure=curve.minimum if said else None,
        used=tuple(sorted(samples.indices)),
        rejected=tuple(sorted(rejected, key=lambda point: point.index)),
        verdicts=verdicts,
        accepted=not reasons and said,
        reasons=reasons,
        coefficients=curve.coefficients if said else (),
    )
