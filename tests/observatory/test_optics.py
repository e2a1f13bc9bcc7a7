from __future__ import annotations

import numpy as np
import pytest

from statefocus.observatory.optics import Optics
from statefocus.profile.observatory import ObservatoryOptics

OPTICS = Optics(ObservatoryOptics(), pixel_um=3.76)


def test_critical_focus_zone_and_plate_scale() -> None:
    assert OPTICS.cfz_um == pytest.approx(4.88 * 0.55 * 5.5**2)
    assert OPTICS.arcsec_per_px == pytest.approx(1.410, abs=1e-3)


def test_half_flux_radius_is_least_in_focus_and_symmetric() -> None:
    radii = [OPTICS.star(defocus, 2.2).half_flux_radius_px() for defocus in (-120, -60, -20, 0, 20, 60, 120)]
    assert radii == pytest.approx(radii[::-1])
    assert radii[:4] == sorted(radii[:4], reverse=True)


def test_half_flux_radius_grows_linearly_far_out() -> None:
    near, far = (OPTICS.star(defocus, 2.2).half_flux_radius_px() for defocus in (600.0, 1200.0))
    disk = 1200.0 / 5.5 / 3.76 / 2.0 / np.sqrt(2.0)  # half of a uniform disk's light is within radius / sqrt(2)
    assert far == pytest.approx(disk, rel=0.02)
    assert far / near == pytest.approx(2.0, rel=0.03)


def test_moffat_in_focus_has_its_textbook_half_flux_radius() -> None:
    # encircled light 1 - (1 + (r/a)^2)^(1-beta) = 1/2, with beta = 3.5
    fwhm_px = 4.4 / OPTICS.arcsec_per_px
    width = fwhm_px / (2.0 * np.sqrt(2.0 ** (1 / 3.5) - 1.0))
    expected = width * np.sqrt(2.0 ** (1 / 2.5) - 1.0)
    assert OPTICS.star(0.0, 4.4).half_flux_radius_px() == pytest.approx(expected, rel=0.02)


def test_obstruction_makes_a_donut() -> None:
    optics = Optics(ObservatoryOptics(obstruction_percent=40.0), pixel_um=3.76)
    star = optics.star(800.0, 1.0)
    middle = star.fine.shape[0] // 2
    ring = middle + round(0.7 * 800.0 / 5.5 / 3.76 / 2.0 * star.over)
    assert star.fine[middle, middle] < 0.2 * star.fine[middle, ring]


@pytest.mark.parametrize("defocus_um", [0.0, 90.0, 700.0])
def test_every_phase_within_a_pixel_keeps_light_and_place(defocus_um: float) -> None:
    star = OPTICS.star(defocus_um, 2.2)
    stamps = star.in_pixels()
    place = np.arange(stamps.shape[2]) - star.half_px
    for i in range(star.over):
        for j in range(star.over):
            stamp = stamps[i, j]
            assert stamp.sum() == pytest.approx(1.0, abs=2e-3)
            expected = ((i - star.over // 2) / star.over, (j - star.over // 2) / star.over)
            centre = ((stamp.sum(axis=1) * place).sum(), (stamp.sum(axis=0) * place).sum())
            assert centre == pytest.approx(expected, abs=0.02)


def test_a_trail_is_long_along_x_only() -> None:
    stamp = OPTICS.star(0.0, 2.2, trail_px=20.0).in_pixels()[2, 2]
    place = np.arange(stamp.shape[0]) - stamp.shape[0] // 2
    spread_x = np.sqrt((stamp.sum(axis=1) * place**2).sum())
    spread_y = np.sqrt((stamp.sum(axis=0) * place**2).sum())
    assert spread_x == pytest.approx(20.0 / np.sqrt(12.0), rel=0.1)
    assert spread_y < 2.0
