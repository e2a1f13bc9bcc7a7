"""The V-curve that earlier runs have taught, and the focus that two frames tell by it.

Far from focus the half-flux radius grows by the same `slope` a step, tonight as last month: it is the telescope's, not
the air's. Once it is known, two frames on both sides of the focus tell where that is:

    z = HFR^2,   z1 - z2 = slope^2 [(x1 - x0)^2 - (x2 - x0)^2]

and the seeing, which adds the same to both, cancels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from statefocus.focus.copies import copies_of
from statefocus.focus.curves import Curve
from statefocus.focus.limits import Limits, PastFocus, Verdict
from statefocus.focus.points import FocusPoint, Samples, collect
from statefocus.focus.result import FocusFit, nothing_found
from statefocus.focus.shared_stars import share_stars
from statefocus.focus.verdicts import judge_pair

REMEMBERED = 20  # slopes; older ones are forgotten
LEAST_RUNS = 3
MOST_SCATTER = 0.1  # relative, of the slope from run to run


@dataclass(frozen=True, slots=True)
class LearnedCurve:
    """What runs have taught of a V-curve, in one filter and binning.

    Parameters
    ----------
    slopes : tuple of float
        HFR a step far from focus (px), one a run, oldest first.
    """

    slopes: tuple[float, ...] = ()

    @property
    def slope(self) -> float:
        """Median of the slopes, px a step."""
        return float(np.median(self.slopes)) if self.slopes else math.nan

    @property
    def scatter(self) -> float:
        """Their relative standard deviation from run to run; infinite before there are two."""
        return float(np.std(self.slopes, ddof=1)) / self.slope if len(self.slopes) > 1 else math.inf

    @property
    def trusted(self) -> bool:
        """Whether enough runs agree."""
        return len(self.slopes) >= LEAST_RUNS and self.scatter <= MOST_SCATTER

    def taught(self, fit: FocusFit) -> LearnedCurve:
        """Return it with one more run, where that has measured a whole curve."""
        if fit.model not in ("joint", "hyperbola") or not fit.coefficients[2] > 0:
            return self
        return LearnedCurve((*self.slopes, fit.coefficients[2])[-REMEMBERED:])


def find_learned_focus(
    points: Sequence[FocusPoint],
    learned: LearnedCurve,
    *,
    limits: Limits | None = None,
    cfz_steps: float | None = None,
    history: Sequence[PastFocus] = (),
) -> FocusFit:
    """Find the focus between two positions by a learned curve.

    Parameters
    ----------
    points : sequence of FocusPoint
        Two, at different positions.
    learned : LearnedCurve
    limits, cfz_steps, history
        As for `statefocus.focus.find_focus`.

    Returns
    -------
    FocusFit
        Of model ``learned``; refused where a frame shows no star, or the curve does not fit what the two show.
    """
    limits = limits or Limits()
    if copies_of(points):
        return nothing_found(
            points, "Both frames are the same image: the camera, or its driver, repeats it; restart it."
        )
    shared = share_stars(points, least_frames=2)
    samples = collect(
        shared.points if shared else points, seeing_fraction=0.0, model_fraction=limits.model_fraction / 2
    )
    if len(samples) != 2 or samples.span <= 0:
        return nothing_found(points, "The learned sweep needs a star in each of its two frames.")
    curve = _curve_through(samples, learned, limits)
    verdicts = (_trust(learned), *judge_pair(samples, curve, limits, cfz_steps=cfz_steps, history=history))
    reasons = tuple(verdict.sentence for verdict in verdicts if not verdict.passed)
    return FocusFit(
        best_position=curve.best_position,
        sigma_position=curve.sigma_position,
        model="learned",
        r_squared=None,
        predicted_measure=curve.minimum,
        used=samples.indices,
        rejected=(),
        verdicts=verdicts,
        accepted=not reasons,
        reasons=reasons,
        coefficients=curve.coefficients,
    )


def _trust(learned: LearnedCurve) -> Verdict:
    return Verdict(
        "learned_curve",
        passed=learned.trusted,
        value=learned.scatter if math.isfinite(learned.scatter) else None,
        limit=MOST_SCATTER,
        sentence=f"{len(learned.slopes)} runs have taught the slope, with a scatter of {100 * learned.scatter:.2g} %.",
    )


def _curve_through(samples: Samples, learned: LearnedCurve, limits: Limits) -> Curve:
    """Lay the learned curve through two samples; its floor is zero where they are sharper than it allows.

    Its position errs by the frames' own errors, by the seeing, which moves z by as much wherever the focuser stands,
    and by the slope, the more the further the focus is from the middle.
    """
    x, square = samples.positions, learned.slope**2
    z = samples.measures**2
    middle, apart = 0.5 * float(x[0] + x[1]), float(x[1] - x[0])
    shift = float(z[0] - z[1]) / (2.0 * square * apart)
    best = middle + shift
    floor = 0.5 * float(z[0] + z[1]) - square * (shift**2 + 0.25 * apart**2)
    own = math.hypot(*(2.0 * samples.measures * samples.sigmas)) if samples.absolute else 0.0
    seeing = math.sqrt(2.0) * 2.0 * limits.seeing_fraction * max(floor, 0.0)
    noise = math.hypot(own, seeing) / (2.0 * square * apart)
    taught = 2.0 * abs(shift) * (learned.scatter if math.isfinite(learned.scatter) else 1.0)
    minimum = math.sqrt(max(floor, 0.0))
    return Curve("learned", (best, minimum, learned.slope), best, math.hypot(noise, taught), minimum, 0.0, 0, 0.0)
