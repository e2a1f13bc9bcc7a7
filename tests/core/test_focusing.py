"""What the profile's numbers mean for a run."""

from __future__ import annotations

import pytest

from statefocus.focusing import telescope_of
from statefocus.profile import Profile


def profile(refine: str) -> Profile:
    return Profile.model_validate(
        {
            "fit": {"refine": refine},
            "optics": {"wavelength_um": 0.5, "f_ratio": 4.0, "obstruction_percent": 30.0},
            "focuser": {"um_per_step": 2.0},
        }
    )


def test_the_forward_model_is_told_of_the_telescope_where_it_is_asked_for() -> None:
    telescope = telescope_of(profile("forward"))
    assert telescope is not None
    assert (telescope.obstruction, telescope.airy_steps) == pytest.approx((0.3, 0.5 * 16 / 2))


def test_it_is_told_nothing_where_it_is_not() -> None:
    assert telescope_of(profile("none")) is None
