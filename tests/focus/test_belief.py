"""What is accepted: good sweeps nearly always, everything else nearly never."""

import numpy as np
import pytest

from statefocus.focus import find_focus

from .sweeps import NOT_A_FOCUS, STEP, good_sweep

SEEDS = 50


@pytest.mark.parametrize("error", [None, 0.01])
@pytest.mark.parametrize("jitter", [0.07, 0.15])
@pytest.mark.parametrize("off", [0.0, 1.5])
def test_good_sweeps_are_accepted_with_an_honest_sigma(off: float, jitter: float, error: float | None) -> None:
    fits, truths = [], []
    for seed in range(SEEDS):
        sweep, truth = good_sweep(np.random.default_rng([seed, 1]), off=off, jitter=jitter, error=error)
        fits.append(find_focus(sweep, model="auto"))
        truths.append(truth)
    assert np.mean([fit.accepted for fit in fits]) > 0.97
    misses = np.array([fit.best_position for fit in fits]) - truths
    assert np.percentile(np.abs(misses), 95) < 0.25 * STEP
    pulls = np.abs(misses) / [fit.sigma_position for fit in fits]
    assert 0.4 < np.median(pulls) < 1.0  # 0.67 for perfect standard errors


@pytest.mark.parametrize("n", [5, 9])
@pytest.mark.parametrize("kind", NOT_A_FOCUS)
def test_what_is_no_focus_is_refused(kind: str, n: int) -> None:
    accepted = [
        find_focus(NOT_A_FOCUS[kind](np.random.default_rng([seed, 2]), n), model="auto").accepted for seed in range(24)
    ]
    assert sum(accepted) <= 1


@pytest.mark.parametrize("model", ["hyperbola", "parabola", "lines"])
def test_a_sweep_that_starts_four_steps_off_is_refused_and_told_where_to_go(model: str) -> None:
    for seed in range(20):
        sweep, truth = good_sweep(np.random.default_rng([seed, 3]), off=4.0)
        fit = find_focus(sweep, model=model)
        assert not fit.accepted
        if model == "hyperbola":
            assert ("inward" if truth < 5000 else "outward") in " ".join(fit.reasons)
