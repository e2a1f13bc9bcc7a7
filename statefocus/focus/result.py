"""What a focus sweep told: the value that the run, its record and its picture share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from statefocus.focus.curves import predict
from statefocus.focus.limits import Verdict
from statefocus.focus.points import FocusPoint


@dataclass(frozen=True, slots=True)
class Rejected:
    """A point that did not enter the fit: its index in the sweep, its position in steps, its measure, and why."""

    index: int
    position: float
    measure: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Refinement:
    """What the forward model made of an accepted curve.

    Parameters
    ----------
    best_position, sigma_position : float or None
        Steps; None where too few frames tell the shape of their stars.
    disk_px : float or None
        Diameter of the defocused disk a step.
    residual : float or None
        What the growth curves are off the model by, root mean square, as a fraction of the light.
    seeing_px : tuple of float
        Full width at half maximum, frame by frame in the order of `FocusFit.used`, those without a shape left out.
    used : bool
        Whether all checks passed, so that the position counts.
    checks : tuple of Verdict
        Every question asked, with value and limit.
    """

    best_position: float | None
    sigma_position: float | None
    disk_px: float | None
    residual: float | None
    seeing_px: tuple[float, ...]
    used: bool
    checks: tuple[Verdict, ...]

    @property
    def sentence(self) -> str:
        """What came of it, in words: the seeing that it told apart, or the first check that failed."""
        doubt = next((check.sentence for check in self.checks if not check.passed), None)
        if doubt is not None:
            return f"forward model not used: {doubt}"
        least, most = min(self.seeing_px), max(self.seeing_px)
        return f"refined by the forward model; seeing {least:.1f} to {most:.1f} px"


@dataclass(frozen=True, slots=True)
class FocusFit:
    """The result of `find_focus`.

    Parameters
    ----------
    best_position : float or None
        Focuser position of the minimum, in steps, or of the forward model; None when nothing can be said.
    sigma_position : float or None
        Its standard error, in steps; None when it is not known.
    model : str
        ``joint``, ``hyperbola``, ``parabola``, ``lines``, ``learned`` or ``fallback``; ``none`` when there
        was nothing to fit.
    r_squared : float or None
        Weighted share of the variance that the curve explains.
    predicted_measure : float or None
        The metric that a frame at `best_position` should show.
    used : tuple of int
        Indices of the points that were fitted, in the caller's order.
    rejected : tuple of Rejected
        The others, with the reason.
    verdicts : tuple of Verdict
        Every question asked, with value and limit.
    accepted : bool
        Whether all verdicts passed.
    reasons : tuple of str
        Sentences of what failed, for a person; empty when accepted.
    coefficients : tuple of float
        As `statefocus.focus.curves.Curve` tells.
    refinement : Refinement or None
        What the forward model said; None where it was not asked.
    """

    best_position: float | None
    sigma_position: float | None
    model: str
    r_squared: float | None
    predicted_measure: float | None
    used: tuple[int, ...]
    rejected: tuple[Rejected, ...]
    verdicts: tuple[Verdict, ...]
    accepted: bool
    reasons: tuple[str, ...]
    coefficients: tuple[float, ...]
    refinement: Refinement | None = None

    def predict(self, position: float) -> float | None:
        """Return the metric that the curve expects at `position` (steps), or None when there is no curve."""
        return predict(self.model, self.coefficients, position) if self.coefficients else None

    @property
    def needs_validation(self) -> bool:
        """Whether a validation frame could still confirm the position (F4, F5).

        True for a sweep of three or four points that passes every question but their number, and for a fallback
        inside a range that was sampled on both sides with enough contrast.
        """
        if self.accepted or self.best_position is None:
            return False
        failed = {verdict.name for verdict in self.verdicts if not verdict.passed}
        spared = {"enough_points"}
        if self.model == "fallback":
            spared |= {"curve_found", "fit_quality", "not_noise", "real_minimum", "seen_minimum", "rises", "moved"}
            spared |= {"stable", "uncertainty"}
        return failed <= spared


def unusable_points(points: Sequence[FocusPoint]) -> tuple[Rejected, ...]:
    """Name the points that cannot enter any fit, each with its flaw."""
    flaws = ((i, point, point.flaw()) for i, point in enumerate(points))
    return tuple(Rejected(i, p.position, p.measure, flaw) for i, p, flaw in flaws if flaw is not None)


def nothing_found(points: Sequence[FocusPoint], sentence: str) -> FocusFit:
    """Return the result where there is nothing to fit, and the sentence that says why."""
    verdict = Verdict("enough_points", passed=False, value=0, limit=None, sentence=sentence)
    return FocusFit(
        best_position=None,
        sigma_position=None,
        model="none",
        r_squared=None,
        predicted_measure=None,
        used=(),
        rejected=unusable_points(points),
        verdicts=(verdict,),
        accepted=False,
        reasons=(sentence,),
        coefficients=(),
    )
