"""What statefocus answers to the sweeps of the bench, in each way that a profile can ask for."""

from __future__ import annotations

from collections.abc import Callable

from statefocus.focus import Telescope, find_focus
from statefocus.focus.learned import LearnedCurve, find_learned_focus
from statefocus.focus.sweep import PAIR_SHARE
from tests.bench.bank import MeasuredSweep
from tests.bench.light import WAVELENGTH_UM
from tests.bench.peers import Answer, plain_hyperbola
from tests.bench.sweeps import FOCUSER_UM, RIGS


def by_statefocus(sweep: MeasuredSweep) -> Answer:
    """Fit as a profile does that says nothing of it."""
    fit = find_focus(sweep.points, model="joint", cfz_steps=sweep.cfz_steps)
    return Answer(fit.best_position, fit.accepted)


def by_forward_model(sweep: MeasuredSweep) -> Answer:
    """Fit as a profile does with `[fit] refine = "forward"`."""
    optics = RIGS[sweep.label.rig].telescope
    telescope = Telescope(optics.obstruction, WAVELENGTH_UM * optics.f_ratio**2 / FOCUSER_UM)
    fit = find_focus(sweep.points, model="joint", cfz_steps=sweep.cfz_steps, telescope=telescope)
    return Answer(fit.best_position, fit.accepted)


def by_learned_curve(sweep: MeasuredSweep, learned: LearnedCurve) -> Answer:
    """Take two frames of the sweep, where a learned sweep has them, and the slope that other sweeps have taught."""
    points = sweep.points
    aside = round(PAIR_SHARE * (len(points) // 2))
    pair = points[len(points) // 2 - aside], points[len(points) // 2 + aside]
    fit = find_learned_focus(pair, learned, cfz_steps=sweep.cfz_steps)
    return Answer(fit.best_position, fit.accepted)


ON_POINTS: dict[str, Callable[[MeasuredSweep], Answer]] = {
    "statefocus": by_statefocus,
    "statefocus, forward model": by_forward_model,
    "plain hyperbola": lambda sweep: plain_hyperbola(sweep.points),
}
"""What looks at points alone, whoever's it is."""
