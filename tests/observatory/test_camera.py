from __future__ import annotations

import itertools

import numpy as np
import pytest

from statefocus.observatory.errors import AlpacaError

from .night import ONE_STAR, SMALL, STILL_AIR, night

STEADY = STILL_AIR | {"fall_in_four_hours_c": 0.0, "tube_excess_at_start_c": 0.0}


def half_flux_radius(pixels: np.ndarray) -> float:
    light = np.pad(pixels.astype(float) - np.median(pixels), 50)
    smooth = np.zeros_like(light)
    for i, j in itertools.product(range(-4, 5), repeat=2):
        smooth += np.roll(light, (i, j), (0, 1))
    x, y = np.unravel_index(np.argmax(smooth), smooth.shape)
    near = light[x - 45 : x + 46, y - 45 : y + 46]
    place = np.arange(91)
    core = np.clip(near - 20, 0, None)
    cx, cy = (core.sum(1) * place).sum() / core.sum(), (core.sum(0) * place).sum() / core.sum()
    radius = np.hypot(*np.meshgrid(place - cx, place - cy, indexing="ij"))
    order = np.argsort(radius.ravel())
    total = np.cumsum(near.ravel()[order])
    inside = radius.ravel()[order] < 40
    return float(np.interp(0.5 * total[inside][-1], total[inside], radius.ravel()[order][inside]))


def test_measured_radius_is_least_at_best_focus_and_linear_far_out() -> None:
    n = night(
        seed=5,
        camera=SMALL,
        sky=ONE_STAR | {"faintest_electrons_per_s": 40_000, "brightest_electrons_per_s": 40_001},
        weather=STEADY,
        focuser={"backlash_steps": 0},
    )
    radii = {}
    for steps in (-300, -200, -100, -20, 0, 20, 100, 200, 300):
        n.move(25_000 + steps)
        radii[steps] = half_flux_radius(n.expose())
    assert min(radii, key=radii.__getitem__) == 0
    assert radii[200] == pytest.approx(radii[-200], rel=0.05)
    assert radii[300] - radii[200] == pytest.approx(radii[200] - radii[100], rel=0.15)
    expected = n.observatory.optics.star(1200.0, 2.2).half_flux_radius_px()
    assert radii[300] == pytest.approx(expected, rel=0.05)


def test_the_same_seed_and_commands_give_the_same_bytes() -> None:
    first, again, other = (night(seed, camera=SMALL).expose() for seed in (5, 5, 6))
    assert first.dtype == np.uint16
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_two_frames_of_one_night_have_other_noise() -> None:
    n = night(camera=SMALL)
    assert n.expose().tobytes() != n.expose().tobytes()


def test_light_grows_with_exposure_and_filter() -> None:
    n = night(camera=SMALL, sky=ONE_STAR, weather=STEADY)
    sums = []
    for seconds, slot in ((2.0, 0), (4.0, 0), (4.0, 1)):
        n.put("filterwheel", "Position", slot)
        n.clock.sleep(5.0)
        pixels = n.expose(seconds).astype(float)
        sums.append((pixels - 500.0).sum())
    assert sums[1] / sums[0] == pytest.approx(2.0, rel=0.05)
    assert sums[2] / sums[1] == pytest.approx(0.35, rel=0.08)


def test_a_default_focus_frame_has_enough_stars_and_hardly_a_saturated_one() -> None:
    n = night(camera={"hot_pixels_percent": 0.0})
    pixels = n.expose(4.0)
    assert pixels.shape == (1024, 1024)
    assert np.median(pixels) == pytest.approx(500 + 2.0 * 4 / 0.8, abs=1.5)
    noise = 1.4826 * np.median(np.abs(pixels.astype(float) - np.median(pixels)))
    bright = pixels > np.median(pixels) + 25 * noise
    peaks = bright[1:-1, 1:-1] & (
        pixels[1:-1, 1:-1] == np.lib.stride_tricks.sliding_window_view(pixels, (3, 3)).max((2, 3))
    )
    assert 60 < peaks.sum() < 150
    assert (pixels >= 62_000).sum() < 5


def test_darks_have_hot_pixels_but_no_stars() -> None:
    n = night(camera={"hot_pixels_percent": 0.01, "cosmic_rays_per_min": 0.0})
    first, second = n.expose(60.0, light=False), n.expose(60.0, light=False)
    hot = np.argwhere(first > 1000)
    assert 50 < len(hot) <= 105
    assert np.array_equal(hot, np.argwhere(second > 1000))
    assert np.median(first) == pytest.approx(500, abs=1)


def test_binning_adds_and_subframes_cut() -> None:
    n = night(camera=SMALL, sky={"pointing_jitter_px": 0.0}, weather=STEADY)
    full = n.expose().astype(float) - 500
    for member, value in (("StartX", 40), ("StartY", 10), ("NumX", 100), ("NumY", 60)):
        n.put("camera", member, value)
    part = n.expose().astype(float) - 500
    assert part.shape == (100, 60)
    assert np.corrcoef(part.ravel(), full[40:140, 10:70].ravel())[0, 1] > 0.9
    n.put("camera", "BinX", 2)
    assert (n.get("camera", "BinY"), n.get("camera", "NumX"), n.get("camera", "StartX")) == (2, 128, 0)
    assert (n.expose().astype(float) - 500).sum() == pytest.approx(full.sum(), rel=0.02)


def test_gain_multiplies_the_signal() -> None:
    n = night(camera=SMALL, sky={"stars": 0})
    n.put("camera", "Gain", 100)
    assert n.get("camera", "ElectronsPerADU") == pytest.approx(0.8 / 10**0.5)
    assert np.median(n.expose(20.0)) == pytest.approx(500 + 40 / 0.8 * 10**0.5, abs=3)


def test_states_follow_time() -> None:
    n = night(camera=SMALL | {"download_s": 2.0})
    n.put("camera", "StartExposure", 10.0, True)
    seen = []
    for _ in range(4):
        seen.append(
            (n.get("camera", "CameraState"), n.get("camera", "ImageReady"), n.get("camera", "PercentCompleted"))
        )
        n.clock.sleep(4.0)
    assert seen == [(2, False, 0), (2, False, 40), (2, False, 80), (0, True, 100)]
    assert n.get("camera", "LastExposureDuration") == 10.0
    assert n.get("camera", "LastExposureStartTime") == "2025-10-09T08:53:20.000"


def test_stop_keeps_what_was_gathered_and_abort_does_not() -> None:
    n = night(camera=SMALL)
    n.put("camera", "StartExposure", 60.0, True)
    n.clock.sleep(6.0)
    n.put("camera", "StopExposure")
    n.clock.sleep(2.0)
    assert n.get("camera", "LastExposureDuration") == 6.0
    n.put("camera", "StartExposure", 60.0, True)
    n.put("camera", "AbortExposure")
    n.clock.sleep(100.0)
    assert not n.get("camera", "ImageReady")
    assert [frame.exposure_s for frame in n.observatory.judge.exposures] == [6.0]


@pytest.mark.parametrize(
    ("member", "value"), [("NumX", 257), ("StartY", 256), ("NumY", 0)], ids=["too wide", "starts outside", "empty"]
)
def test_a_subframe_off_the_sensor_is_refused(member: str, value: int) -> None:
    n = night(camera=SMALL)
    n.put("camera", member, value)
    with pytest.raises(AlpacaError) as caught:
        n.put("camera", "StartExposure", 1.0, True)
    assert caught.value.number == 0x401


def test_no_image_and_a_second_exposure_are_invalid_operations() -> None:
    n = night(camera=SMALL)
    with pytest.raises(AlpacaError, match="no image"):
        n.get("camera", "ImageArray")
    n.put("camera", "StartExposure", 10.0, True)
    with pytest.raises(AlpacaError, match="under way") as caught:
        n.put("camera", "StartExposure", 10.0, True)
    assert caught.value.number == 0x40B


def test_without_rendering_frames_are_flat_and_still_judged() -> None:
    n = night(render=False)
    pixels = n.expose()
    assert len(np.unique(pixels)) == 1
    assert len(n.observatory.judge.exposures) == 1


def test_fast_readout_is_faster_and_noisier() -> None:
    n = night(camera=SMALL | {"download_s": 3.0})
    n.put("camera", "FastReadout", True)
    n.put("camera", "StartExposure", 0.0, False)
    n.clock.sleep(1.1)
    assert n.get("camera", "ImageReady")
    assert n.get("camera", "ImageArray").std() == pytest.approx(2.5 * 1.6 / 0.8, rel=0.05)


def test_the_cooler_holds_its_set_point() -> None:
    n = night()
    assert n.get("camera", "CCDTemperature") == -10.0
    assert 0 < n.get("camera", "CoolerPower") < 100
    n.put("camera", "CoolerOn", False)
    assert n.get("camera", "CCDTemperature") == pytest.approx(16.0, abs=0.2)
