"""Why a supposed run found no focus, where it was the sweep: its place, its width or its step against the curve."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from statefocus.context import REFOCUSED, Run
from statefocus.focus.limits import Limits
from statefocus.what_if.oracle import Curve

LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Missed:
    """A supposed run whose sweep could not find the focus; `why` tells which number stood against which."""

    started_t: float
    why: str


def why_missed(run: Run, best: float | None, curve: Curve) -> str:
    """Tell in a clause why a run's sweep could not find the focus; empty where it could, or nobody knows.

    Parameters
    ----------
    run
        The run, concluded.
    best
        Where best focus was, steps.
    curve
        Of the telescope.
    """
    positions = sorted(point.position for point in run.points)
    if run.outcome in REFOCUSED or run.fit is None or run.fit.accepted or best is None or len(positions) < 2:
        return ""
    first, last = positions[0], positions[-1]
    sweep = f"its sweep went from {first:.0f} to {last:.0f}"
    if not first <= best <= last:
        beyond = max(first - best, best - last)
        return (
            f"{sweep} (it began at {run.start_position}), and best focus was at {best:.0f}, {beyond:.0f} steps beyond"
        )
    return _too_narrow(first, last, best, curve) or _too_coarse(positions, curve) or _one_sided(positions, best, sweep)


def _too_narrow(first: float, last: float, best: float, curve: Curve) -> str:
    rise = curve.at(max(last - best, best - first)) / curve.sharpest
    if rise >= LIMITS.contrast:
        return ""
    spans = f"its sweep spans {last - first:.0f} steps"
    return f"{spans}, in which the curve rises {rise:.2f}-fold, and {LIMITS.contrast:g} are needed: make it wider"


def _too_coarse(positions: list[float], curve: Curve) -> str:
    step = (positions[-1] - positions[0]) / (len(positions) - 1)
    doubled = sqrt(3) * curve.sharpest / curve.slope if curve.slope > 0 else step
    if step <= doubled:
        return ""
    return f"its steps of {step:.0f} are too coarse for a curve that doubles within {doubled:.0f} steps of its minimum"


def _one_sided(positions: list[float], best: float, sweep: str) -> str:
    below = sum(position < best for position in positions)
    least = min(below, len(positions) - below)
    if least >= LIMITS.aside:
        return ""
    return f"{sweep}, with {least} of its points on one side of best focus at {best:.0f}, and {LIMITS.aside} are needed"
