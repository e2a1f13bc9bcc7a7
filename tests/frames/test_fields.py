"""Rendered star fields, whose half-flux radius is known."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from statefocus.frames import StarFlag, measure_frame

from .fields import Faults, make_profile, profile_of, render

SIZES = {1.3: 0.02, 1.6: 0.02, 2.0: 0.02, 3.0: 0.02, 5.0: 0.02, 8.0: 0.02, 12.0: 0.03, 20.0: 0.06}


@pytest.mark.parametrize("obstruction", [0.0, 0.34])
@pytest.mark.parametrize("size", SIZES)
def test_the_half_flux_radius_is_true(size: float, obstruction: float) -> None:
    profile = profile_of(size, obstruction)
    errors = []
    for seed in range(2):
        frame = render(np.random.default_rng([seed, int(10 * size)]), profile, stars=60)
        found = measure_frame(frame)
        assert found.value is not None
        assert found.error is not None
        errors.append(found.value / profile.recorded - 1)
        assert abs(found.value - profile.recorded) < 5 * found.error + 0.005 * profile.recorded
    assert np.max(np.abs(errors)) < SIZES[size]


@pytest.mark.parametrize(("size", "obstruction"), [(30.0, 0.34), (40.0, 0.0), (40.0, 0.5)])
def test_large_donuts_are_one_star_each_of_their_size(size: float, obstruction: float) -> None:
    profile = profile_of(size, obstruction, fwhm=3.0)
    found = measure_frame(
        render(np.random.default_rng(int(size)), profile, stars=25, shape=(1500, 1700), flux=(2e5, 6e6))
    )
    assert found.stars >= 8
    assert found.value == pytest.approx(profile.recorded, rel=0.02)


def test_galaxies_of_many_sizes_are_not_taken_for_the_size_of_the_stars() -> None:
    stars, rng = profile_of(1.8, 0.0), np.random.default_rng(11)
    frame = render(rng, stars, stars=20, shape=(800, 800), faults=Faults(0, 0)).astype(float)
    for size in np.geomspace(2.3, 6.0, 12):
        blur = make_profile(fwhm=2.0 * size, beta=2.5)
        more = render(rng, blur, stars=4, shape=(800, 800), flux=(3e4, 3e5), sky=0.0, faults=Faults(0, 0))
        frame += more.astype(float) - 500.0
    found = measure_frame(np.clip(frame, 0, 65535).astype(np.uint16))
    assert found.value == pytest.approx(stars.recorded, rel=0.02)
    assert np.count_nonzero(found.star_table["flag"] == StarFlag.ODD_SIZE) > 8


@pytest.mark.parametrize(("size", "stars", "side"), [(2.0, 15, 512), (5.0, 12, 600), (12.0, 10, 900)])
def test_the_error_is_what_the_value_scatters_by(size: float, stars: int, side: int) -> None:
    profile, flux = profile_of(size, 0.3), (1e4 * size, 6e5 * size)
    frames = (render(np.random.default_rng([seed, 12]), profile, stars, (side, side), flux) for seed in range(20))
    found = [measure_frame(frame) for frame in frames]
    values = np.array([each.value for each in found], float)
    pulls = (values - values.mean()) / np.array([each.error for each in found], float)
    assert 0.5 < np.sqrt(np.mean(pulls**2)) < 1.6


def test_a_large_frame_is_measured_as_truly_on_coarse_blocks() -> None:
    profile = profile_of(2.0, 0.0)
    found = measure_frame(render(np.random.default_rng(3), profile, stars=200, shape=(2500, 2600)))
    assert found.value == pytest.approx(profile.recorded, rel=0.01)
    assert found.stars > 100


def test_nothing_but_hot_pixels_and_cosmic_rays_is_no_star() -> None:
    for seed in range(6):
        frame = render(np.random.default_rng(seed), profile_of(2.0, 0.0), stars=0, faults=Faults(hot=200, rays=60))
        assert measure_frame(frame).value is None


def test_noise_alone_is_no_star() -> None:
    for seed in range(6):
        noise = np.random.default_rng(seed).standard_normal((400, 500))
        assert measure_frame(1000 + 30 * noise).value is None
        assert measure_frame((1000 + 30 * noise).astype(np.uint16)).value is None


def test_every_type_and_order_of_pixels_gives_the_same() -> None:
    frame = render(np.random.default_rng(4), profile_of(2.5, 0.0), shape=(512, 640)) // 2
    usual = measure_frame(frame)
    assert usual.value is not None
    for other in (frame.astype(np.int32), frame.astype(np.int16), frame.astype(np.float64), frame.astype(">u2")):
        assert measure_frame(other).value == pytest.approx(usual.value, rel=1e-3)
    across = measure_frame(frame.T)
    assert across.value == pytest.approx(usual.value, rel=1e-6)
    copied = measure_frame(np.ascontiguousarray(frame.T))
    assert copied.value == pytest.approx(usual.value, rel=2e-3)
    assert across.star_table["x"][0] == pytest.approx(copied.star_table["x"][0], abs=0.1)


def test_threads_may_measure_at_once() -> None:
    frame = render(np.random.default_rng(5), profile_of(2.0, 0.0), shape=(512, 512))
    alone = measure_frame(frame).value
    with ThreadPoolExecutor(4) as pool:
        assert [found.value for found in pool.map(measure_frame, [frame] * 12)] == [alone] * 12


def test_saturated_stars_are_counted_and_left_out() -> None:
    profile = make_profile(4.0)
    full = render(np.random.default_rng(6), profile, flux=(1e6, 2e7), stars=30)
    found = measure_frame(full)
    assert found.saturated > 3
    assert found.value == pytest.approx(profile.recorded, rel=0.02)


def test_flat_tops_are_saturated_even_if_nobody_tells_the_level() -> None:
    profile = make_profile(4.0)
    frame = render(np.random.default_rng(6), profile, flux=(3e4, 2e7), stars=60)
    clipped = np.minimum(frame, 16_383)  # a 14-bit camera
    told, untold = measure_frame(clipped, saturation_adu=16_383), measure_frame(clipped)
    assert told.saturated >= untold.saturated >= 0.6 * told.saturated > 3
    assert untold.value == pytest.approx(profile.recorded, rel=0.02)


def test_trailed_stars_are_left_out() -> None:
    profile = make_profile(2.5)
    frame = render(np.random.default_rng(7), profile, shape=(512, 512), faults=Faults(0, 0)).astype(float) - 800
    trailed = np.mean([np.roll(frame, shift, axis=1) for shift in range(14)], axis=0) + 800
    found = measure_frame(trailed.astype(np.uint16))
    assert found.value is None
    assert np.count_nonzero(found.star_table["flag"] == StarFlag.ELONGATED) > 10


def test_small_stars_can_be_left_out() -> None:
    frame = render(np.random.default_rng(8), profile_of(1.6, 0.0), shape=(512, 512))
    assert measure_frame(frame, min_star_px=4).stars > 10
    found = measure_frame(frame, min_star_px=40)
    assert found.value is None
    assert StarFlag.SMALL in found.star_table["flag"]


def test_a_crop_keeps_the_middle_and_the_coordinates() -> None:
    frame = render(np.random.default_rng(9), profile_of(2.0, 0.0), stars=150, shape=(600, 800))
    whole, part = measure_frame(frame), measure_frame(frame, crop_percent=50)
    inner = part.star_table
    assert 0 < part.stars < whole.stars
    assert inner["x"].min() > 190
    assert inner["x"].max() < 610
    assert inner["y"].min() > 140
    assert inner["y"].max() < 460
    brightest = inner[inner["accepted"]][0]
    again = whole.star_table
    assert np.hypot(again["x"] - brightest["x"], again["y"] - brightest["y"]).min() < 0.05


def test_fwhm_is_fitted_only_when_asked_for() -> None:
    frame = render(np.random.default_rng(10), make_profile(3.5), shape=(512, 512))
    assert measure_frame(frame).fwhm_px is None
    assert measure_frame(frame, fwhm=True).fwhm_px == pytest.approx(3.6, abs=0.35)
