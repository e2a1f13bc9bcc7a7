"""Whether a fitted curve is a focus: one verdict a question, each with its value and its limit.

Limits were set by simulation (tests/focus/sweeps.py) so that good sweeps pass and noise, clouds, single wings and flat
curves do not. A verdict that fails is a sentence for a person at three in the morning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from statefocus.focus.curves import PRIOR_DOF, Curve, chi_square_of_line, chi_square_of_mean
from statefocus.focus.limits import Limits, PastFocus, Verdict
from statefocus.focus.points import Samples
from statefocus.focus.significance import fisher_tail_two, student_tail
from statefocus.focus.standstill import HOPELESS, Standstill, standstills


def judge(
    samples: Samples,
    curve: Curve,
    limits: Limits,
    *,
    evidence: Curve | None,
    hyperbola: Curve | None,
    rejected: int,
    shift: float,
    cfz_steps: float | None,
    history: Sequence[PastFocus],
) -> tuple[Verdict, ...]:
    """Answer every question about a curve.

    Parameters
    ----------
    samples : Samples
        The points that the curve was fitted to.
    curve : Curve
    limits : Limits
    evidence : Curve or None
        The smooth curve by which noise and straight lines are excluded: `curve` itself, or the hyperbola where `curve`
        is a pair of lines or a fallback.
    hyperbola : Curve or None
        The hyperbola through the points, whatever `curve` is.
    rejected : int
        How many outliers were taken out before.
    shift : float
        Largest move of the vertex, in steps, when one point is left out.
    cfz_steps : float or None
        Critical focus zone, in steps.
    history : sequence of PastFocus
        Earlier focus positions, of the same filter and about the same temperature; may be empty.

    Returns
    -------
    tuple of Verdict
        A sweep shorter than `limits.points` cannot answer the statistical questions; they are left out.
    """
    verdicts = [
        _enough_points(samples, limits),
        _inside_range(samples, curve),
        _both_sides(samples, curve, limits),
        _contrast(samples, curve, limits),
        _fit_quality(curve, limits),
    ]
    if verdicts[0].passed:
        choices = math.comb(len(samples) + rejected, rejected)
        verdicts += [
            _not_noise(samples, evidence, limits, choices),
            _real_minimum(samples, evidence, limits, choices),
            _seen_minimum(samples, curve, limits),
            _stable(samples, shift, limits),
            _uncertainty(samples, curve, limits, cfz_steps),
        ]
        if hyperbola is not None:
            runs = standstills(samples, hyperbola, limits.still_shift * reference_step(samples))
            verdicts += [_rises(samples, hyperbola, runs, limits), _moved(samples, hyperbola, runs, limits)]
    if history:
        verdicts += _plausible(samples, curve, limits, history)
    return tuple(verdicts)


def judge_pair(
    samples: Samples, curve: Curve, limits: Limits, *, cfz_steps: float | None, history: Sequence[PastFocus]
) -> tuple[Verdict, ...]:
    """Answer what can be asked of a learned curve through two points; only a validation frame can answer the rest.

    Parameters are those of `judge`.
    """
    verdicts = [
        _inside_range(samples, curve),
        _centred(samples, curve, limits),
        _floor(curve),
        _contrast(samples, curve, limits),
        _uncertainty(samples, curve, limits, cfz_steps),
    ]
    if history:
        verdicts += _plausible(samples, curve, limits, history)
    return tuple(verdicts)


def reference_step(samples: Samples) -> float:
    """Return the sampling step that a position is held against: an eighth of the range where it was sampled finer."""
    return max(samples.step, samples.span / 8.0)


def _enough_points(samples: Samples, limits: Limits) -> Verdict:
    count = int(np.unique(samples.positions).size)
    passed = count >= limits.points
    tail = "" if passed else ": too few to judge a focus by; only a validation frame could confirm it"
    return Verdict(
        "enough_points", passed, count, limits.points, f"{count} of at least {limits.points} positions{tail}."
    )


def _inside_range(samples: Samples, curve: Curve) -> Verdict:
    low, high, best = float(samples.positions[0]), float(samples.positions[-1]), curve.best_position
    if low < best < high:
        inside = f"The minimum, {best:.6g}, is inside {low:.6g}..{high:.6g}."
        return Verdict("inside_range", passed=True, value=best, limit=None, sentence=inside)
    side, edge = ("inward of", low) if best <= low else ("outward of", high)
    sentence = f"The curve has its minimum {side} the sampled range, near {best:.6g}: sweep further in that direction."
    return Verdict("inside_range", passed=False, value=best, limit=edge, sentence=sentence)


def _centred(samples: Samples, curve: Curve, limits: Limits) -> Verdict:
    """Of two frames, one that is near focus tells little of where it is: there the seeing counts most."""
    low, high = float(samples.positions[0]), float(samples.positions[-1])
    aside = abs(curve.best_position - (low + high) / 2.0) / ((high - low) / 2.0)
    passed = aside <= limits.off_centre
    sentence = f"The minimum lies {100 * aside:.3g} % of the way from the middle of the two frames to one of them"
    if not passed:
        sentence += f", more than {100 * limits.off_centre:g} %: the focus has moved far, so a whole sweep is better"
    return Verdict("centred", passed, aside, limits.off_centre, sentence + ".")


def _both_sides(samples: Samples, curve: Curve, limits: Limits) -> Verdict:
    left, right = samples.count_left(curve.best_position), samples.count_right(curve.best_position)
    needed = limits.aside if np.unique(samples.positions).size >= limits.points else 1
    passed = min(left, right) >= needed
    sentence = f"{left} positions lie inward and {right} outward of the minimum"
    if not passed:
        side = "inward" if left < right else "outward"
        sentence += f": at least {needed} are needed on each side, so sweep further {side}"
    return Verdict("both_sides", passed, min(left, right), needed, sentence + ".")


def _contrast(samples: Samples, curve: Curve, limits: Limits) -> Verdict:
    ends = max(curve.predict(float(samples.positions[0])), curve.predict(float(samples.positions[-1])))
    ratio = ends / curve.minimum if curve.minimum > 0 else math.inf
    passed = ratio >= limits.contrast
    sentence = f"The curve rises to {ratio:.3g} times its minimum"
    if not passed:
        sentence += f", which is less than {limits.contrast:g}: too flat; use a larger step, or there is no focus here"
    return Verdict("contrast", passed, ratio if math.isfinite(ratio) else None, limits.contrast, sentence + ".")


def _floor(curve: Curve) -> Verdict:
    passed = curve.minimum > 0
    sentence = f"At the focus the learned curve leaves {curve.minimum:.3g} px to the seeing"
    tail = (
        "." if passed else ": the frames are sharper than the curve allows; has the rig changed since it was learned?"
    )
    return Verdict("floor", passed, curve.minimum, 0.0, sentence + tail)


def _fit_quality(curve: Curve, limits: Limits) -> Verdict:
    passed = curve.r_squared >= limits.r_squared
    sentence = f"The {curve.model} explains {100 * max(curve.r_squared, 0.0):.3g} % of the variation"
    if not passed:
        sentence += f", less than {100 * limits.r_squared:.3g} %: the points do not lie on one curve (clouds? wind?)"
    return Verdict("fit_quality", passed, curve.r_squared, limits.r_squared, sentence + ".")


def _not_noise(samples: Samples, curve: Curve | None, limits: Limits, choices: int) -> Verdict:
    scale, dof = _scale(samples, curve)
    gain = 0.0 if curve is None else (chi_square_of_mean(samples) - curve.chi_square) / 2.0
    value = min(1.0, choices * fisher_tail_two(_ratio(gain, scale), dof))
    passed = value <= limits.noise_probability
    sentence = f"Noise alone would look like this with a probability of {value:.2g}"
    if not passed:
        sentence += f", more than {limits.noise_probability:g}: it may not be a focus curve at all"
    return Verdict("not_noise", passed, value, limits.noise_probability, sentence + ".")


def _real_minimum(samples: Samples, curve: Curve | None, limits: Limits, choices: int) -> Verdict:
    scale, dof = _scale(samples, curve)
    gain = 0.0 if curve is None else chi_square_of_line(samples) - curve.chi_square
    value = min(1.0, choices * student_tail(math.sqrt(_ratio(gain, scale)), dof))
    passed = value <= limits.line_probability
    sentence = f"A straight line would do as well with a probability of {value:.2g}"
    if not passed:
        sentence += f", more than {limits.line_probability:g}: the turn of the curve was not seen"
    return Verdict("real_minimum", passed, value, limits.line_probability, sentence + ".")


def _seen_minimum(samples: Samples, curve: Curve, limits: Limits) -> Verdict:
    """Hold the curve against the points next to its vertex, three at most and each within a step."""
    away = np.abs(samples.positions - curve.best_position)
    near = [i for i in np.argsort(away, kind="stable")[:3] if away[i] <= reference_step(samples)]
    predicted = np.array([curve.predict(float(samples.positions[i])) for i in near])
    if not near or not (predicted > 0).all():
        sentence = "No point lies next to the minimum, to hold the curve against."
        return Verdict("seen_minimum", not near, None, limits.above_minimum, sentence)
    ratio = float(np.mean(samples.measures[near] / predicted))
    passed = ratio <= limits.above_minimum
    sentence = f"The points next to the minimum lie at {ratio:.3g} times the curve"
    if not passed:
        sentence += f", more than {limits.above_minimum:g}: no frame was as sharp as the curve has it"
    value = ratio if math.isfinite(ratio) else None
    return Verdict("seen_minimum", passed, value, limits.above_minimum, sentence + ".")


def _rises(samples: Samples, curve: Curve, runs: Sequence[Standstill], limits: Limits) -> Verdict:
    sides = [run for run in runs if run.covers_a_side(samples, curve.best_position)]
    level = max(sides, key=lambda run: run.advantage(samples, curve), default=None)
    gain = HOPELESS if level is None else min(-level.advantage(samples, curve), HOPELESS)
    sentence = "The measure rises on both sides of the minimum."
    passed = gain >= limits.rise
    if level is not None and not passed:
        sentence = (
            f"The measure does not rise between {level.low:.6g} and {level.high:.6g}: one level explains it there as "
            "well as the curve does; did the focuser stick, or is the step too small for the seeing?"
        )
    return Verdict("rises", passed, gain if math.isfinite(gain) else None, limits.rise, sentence)


def _moved(samples: Samples, curve: Curve, runs: Sequence[Standstill], limits: Limits) -> Verdict:
    still = min(runs, key=lambda run: run.probability(samples, curve), default=None)
    chance = 1.0 if still is None else still.probability(samples, curve)
    sentence = f"Scatter alone would show such a standstill with a probability of {chance:.2g}"
    if still is None or chance >= limits.still_probability:
        return Verdict("moved", passed=True, value=chance, limit=limits.still_probability, sentence=sentence + ".")
    sentence += (
        f", less than {limits.still_probability:g}: the focus stays the same between {still.low:.6g} and "
        f"{still.high:.6g}; did the focuser stick, or backlash swallow its moves?"
    )
    return Verdict("moved", passed=False, value=chance, limit=limits.still_probability, sentence=sentence)


def _stable(samples: Samples, shift: float, limits: Limits) -> Verdict:
    steps = shift / reference_step(samples)
    passed = steps <= limits.shift
    sentence = f"Without any one point the minimum moves by at most {steps:.2g} sampling steps"
    if not passed:
        sentence += f", more than {limits.shift:g}: a single point decides the result"
    return Verdict("stable", passed, steps if math.isfinite(steps) else None, limits.shift, sentence + ".")


def _uncertainty(samples: Samples, curve: Curve, limits: Limits, cfz_steps: float | None) -> Verdict:
    sigma = curve.sigma_position
    limit, name = limits.sigma_steps * reference_step(samples), "sampling step"
    if cfz_steps is not None and math.isfinite(cfz_steps) and cfz_steps > 0:
        limit, name = limits.sigma_zones * cfz_steps, "critical focus zone"
    passed = sigma <= limit
    sentence = f"The position is known to {sigma:.3g} steps"
    if not passed:
        sentence += f"; the {name} asks for {limit:.3g}: take more points, or longer exposures"
    return Verdict("uncertainty", passed, sigma if math.isfinite(sigma) else None, limit, sentence + ".")


def _plausible(samples: Samples, curve: Curve, limits: Limits, history: Sequence[PastFocus]) -> list[Verdict]:
    distance = min(abs(past.position - curve.best_position) for past in history)
    limit = limits.history_spans * samples.span
    sentence = f"The position is {distance:.4g} steps from the nearest earlier focus"
    far = "" if distance <= limit else f", more than {limit:.4g}: has the focuser slipped, or the filter changed?"
    verdicts = [Verdict("plausible_position", not far, distance, limit, sentence + (far or "."))]
    known = [past.measure for past in history if past.measure is not None and past.measure > 0]
    if known:
        ratio = curve.minimum / float(np.median(known))
        sentence = f"The best measure is {ratio:.3g} times what earlier runs reached"
        poor = ratio > limits.history_measures
        tail = f", more than {limits.history_measures:g}: is it clouded, dewed or badly seen?" if poor else "."
        verdicts.append(Verdict("plausible_measure", not poor, ratio, limits.history_measures, sentence + tail))
    return verdicts


def _scale(samples: Samples, curve: Curve | None) -> tuple[float, int]:
    """Return the variance of unit weight and its degrees of freedom; stated errors are never taken for too large."""
    if curve is None or curve.dof < 1:
        return (1.0, PRIOR_DOF) if samples.absolute else (math.inf, 0)
    reduced = curve.chi_square / curve.dof
    if not samples.absolute:
        return reduced, curve.dof
    return max(reduced, 1.0), curve.dof + int(PRIOR_DOF / max(reduced, 1.0))


def _ratio(gain: float, scale: float) -> float:
    """Return gain / scale; an exact fit explains any gain infinitely well."""
    if gain <= 0.0:
        return 0.0
    return gain / scale if scale > 0 else math.inf
