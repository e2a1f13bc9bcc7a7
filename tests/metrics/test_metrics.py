"""Metrics (M1-M4): what they measure on fields of known sharpness and on real frames, and how sure they are."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from statefocus.focus import FocusPoint, find_focus
from statefocus.frames import measure_frame, read_frame, read_package
from statefocus.frames.fourier import LIGHT_ADU
from statefocus.metrics import FrameContext, Measured, find_metric, measure_with
from statefocus.metrics.measuring import as_measure
from tests.focus.realdata import data_path
from tests.frames.fields import Faults, make_profile, render

OWN = ("hfr", "fwhm", "inverse-power")
MODEL = {"hfr": "hyperbola", "fwhm": "hyperbola", "inverse-power": "parabola"}
STEP = 10.0
TRUE_FOCUS = 3.0


def measured(name: str, pixels: npt.NDArray[Any], context: FrameContext | None = None) -> Measured:
    return measure_with(find_metric(name), pixels, context or FrameContext())


def value_of(name: str, pixels: npt.NDArray[Any]) -> float:
    value = measured(name, pixels).value
    assert value is not None
    return value


def point(name: str, position: float, pixels: npt.NDArray[Any]) -> FocusPoint:
    found = as_measure(find_metric(name), measured(name, pixels))
    return FocusPoint(position, found.value, found.error, found.stars, found.table)


@cache
def field(outer: float = 0.0, obstruction: float = 0.0, seed: int = 11, fwhm: float = 2.6) -> npt.NDArray[np.uint16]:
    profile = make_profile(fwhm, outer, obstruction)
    return render(np.random.default_rng(seed), profile, stars=40, shape=(640, 640))


# --- a sweep ---


@pytest.mark.parametrize("obstruction", [0.0, 0.35])
@pytest.mark.parametrize("name", OWN)
def test_every_metric_finds_the_focus_of_a_sweep(name: str, obstruction: float) -> None:
    positions = [STEP * step for step in range(-4, 5)]
    fit = find_focus(
        [point(name, x, field(abs(x - TRUE_FOCUS) * 0.16, obstruction)) for x in positions], model=MODEL[name]
    )
    assert fit.accepted, fit.reasons
    assert fit.best_position == pytest.approx(TRUE_FOCUS, abs=0.15 * STEP)


@pytest.mark.parametrize(("name", "off"), [("hfr", 0.5), ("fwhm", 1.0), ("inverse-power", 1.5)])
def test_every_metric_finds_the_focus_of_the_real_newtonian(name: str, off: float) -> None:
    points = [
        point(name, position, read_frame(path).pixels)
        for path, position in read_package(data_path("sweeps", "newtonian_62"))
        if 588 <= position <= 620
    ]
    assert all(one.measure is not None for one in points)
    fit = find_focus(points, model=MODEL[name])
    assert fit.accepted, fit.reasons
    assert fit.best_position == pytest.approx(603.5, abs=off)


def test_the_inverse_power_is_larger_the_sharper_a_frame_is() -> None:
    values = [value_of("inverse-power", field(outer)) for outer in (4.0, 2.0, 1.0, 0.0)]
    assert values == sorted(values)


# --- the values ---


def test_the_inverse_power_of_a_gaussian_star_is_what_the_theory_says() -> None:
    down, across = np.mgrid[:96, :96]
    sigma, rng = 2.4, np.random.default_rng(2)
    star = 60_000 * np.exp(-((down - 47.3) ** 2 + (across - 48.1) ** 2) / (2 * sigma**2))
    frame = (star + 300 + 3 * rng.standard_normal(star.shape)).astype(np.uint16)
    found = measured("inverse-power", frame)
    assert found.value == pytest.approx(LIGHT_ADU**2 / (4 * np.pi * sigma**2), rel=0.02)
    assert found.stars == 1


def test_the_width_of_a_gaussian_star_is_measured() -> None:
    down, across = np.mgrid[:96, :96]
    rng = np.random.default_rng(2)
    star = 20_000 * np.exp(-((down - 47.3) ** 2 + (across - 48.1) ** 2) / (2 * 2.4**2))
    found = measured("fwhm", (star + 300 + 20 * rng.standard_normal(star.shape)).astype(np.uint16))
    assert found.value == pytest.approx(2.3548 * 2.4, rel=0.01)
    assert found.error is not None
    assert 0.001 < found.error < 0.1


def test_the_simulated_cluster_is_measured_alike_by_all() -> None:
    pixels = read_frame(data_path("frames", "kstars_sim", "m47_sim_stars.fits")).pixels
    hfr = value_of("hfr", pixels)
    assert value_of("fwhm", pixels) == pytest.approx(1.97 * hfr, rel=0.05)  # 2 x HFR for a Gaussian, less with wings
    equivalent_area = LIGHT_ADU**2 / value_of("inverse-power", pixels)
    assert equivalent_area == pytest.approx(4 * np.pi * (hfr / 1.1774) ** 2, rel=0.05)


# --- what must not matter ---


def test_hot_pixels_and_cosmic_rays_change_nothing() -> None:
    profile = make_profile(2.6)
    for name in OWN:
        clean, dirty = (
            measured(name, render(np.random.default_rng(5), profile, stars=40, shape=(640, 640), faults=faults))
            for faults in (Faults(0, 0), Faults(900, 60))
        )
        assert clean.value is not None
        assert dirty.value == pytest.approx(clean.value, rel=0.02), name


def test_a_hot_pixel_beside_every_bright_star_changes_the_inverse_power_little() -> None:
    pixels = field().copy()
    stars = measure_frame(pixels).star_table
    for star in stars[stars["accepted"]][:6]:
        pixels[round(star["y"]) + 5, round(star["x"]) + 3] = 30_000
    assert value_of("inverse-power", pixels) == pytest.approx(value_of("inverse-power", field()), rel=0.03)


def test_a_thin_cloud_does_not_change_the_inverse_power() -> None:
    profile = make_profile(2.6)
    clear, clouded = (
        value_of("inverse-power", render(np.random.default_rng(5), profile, 40, (640, 640), flux=flux))
        for flux in ((1e4, 1.0e6), (4e3, 4.0e5))
    )
    assert clouded == pytest.approx(clear, rel=0.03)


def test_numbers_that_are_none_count_as_sky() -> None:
    pixels = field().astype(np.float32)
    pixels[100:110, 50:60] = np.nan
    for name in OWN:
        assert value_of(name, pixels) == pytest.approx(value_of(name, field()), rel=0.02), name


# --- how sure, from how many stars ---


@pytest.mark.parametrize("name", OWN)
def test_the_error_is_what_frames_of_one_sharpness_differ_by(name: str) -> None:
    found = [measured(name, field(outer=1.5, seed=seed)) for seed in range(20, 32)]
    scatter = float(np.std([one.value for one in found if one.value is not None], ddof=1))
    told = float(np.median([one.error for one in found if one.error is not None]))
    assert 0.2 < scatter / told < 3.0  # FWHM tells an error that is three times too large
    assert all(3 <= one.stars <= 40 for one in found)


@pytest.mark.parametrize("name", OWN)
def test_no_star_is_no_number(name: str) -> None:
    flat = np.random.default_rng(1).normal(500, 5, (256, 256)).astype(np.uint16)
    assert measured(name, flat) == Measured(None, None, 0)
    for parts in (("kstars_sim", "hotpixels.fits"), ("panoptes", "rotation.fits")):
        assert measured(name, read_frame(data_path("frames", *parts)).pixels).value is None


@pytest.mark.parametrize("name", OWN)
def test_the_smallest_star_is_scaled_by_the_binning(name: str) -> None:
    stars = measure_frame(field()).star_table
    size = float(np.median(stars["size"][stars["accepted"]]))
    smallest = 1.6 * size  # at 1x1: larger than the stars; at 2x2 it is 0.8 of them
    assert measured(name, field(), FrameContext(binning=1, min_star_px=smallest)).value is None
    assert measured(name, field(), FrameContext(binning=2, min_star_px=smallest)).stars > 3
