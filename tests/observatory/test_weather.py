from __future__ import annotations

import numpy as np
import pytest

from .night import START, STILL_AIR, night


def minutes(at_min: float) -> float:
    return START + at_min * 60.0


def test_ambient_falls_faster_at_first_and_by_the_right_amount() -> None:
    weather = night().observatory.weather
    fall = [weather.ambient_c(minutes(h * 60)) - weather.ambient_c(minutes((h + 1) * 60)) for h in range(4)]
    assert 5.5 < sum(fall) < 7.5
    assert fall[0] > fall[3] > 0


def test_tube_obeys_newtons_law_of_cooling_also_through_a_jump() -> None:
    jump = {"do": "temperature_jump", "at_min": 60, "for_min": 45, "celsius": -3}
    weather = night(happenings=[jump]).observatory.weather
    step, tube = 1.0, weather.tube_c(START)
    assert tube == pytest.approx(13.0)
    for t in np.arange(START, minutes(180), step):
        tube += (weather.ambient_c(t + step / 2) - tube) * step / (20 * 60.0)
        if (t - START) % 1800 == 0:
            assert weather.tube_c(t + step) == pytest.approx(tube, abs=0.01)


def test_equal_time_constants_are_allowed() -> None:
    weather = night(weather={"tube_lag_min": 30, "fall_time_constant_min": 30}).observatory.weather
    assert abs(weather.tube_c(minutes(120)) - weather.ambient_c(minutes(120))) < 3.0


def test_seeing_varies_from_frame_to_frame_by_its_percentage() -> None:
    weather = night(weather={"seeing_wander_percent": 0}).observatory.weather
    frames = np.array([weather.seeing_arcsec(START, number) for number in range(400)])
    assert np.median(frames) == pytest.approx(2.2, rel=0.02)
    assert np.std(np.log(frames)) == pytest.approx(0.07, rel=0.15)


def test_dew_point_stays_and_humidity_grows_as_the_air_cools() -> None:
    weather = night(weather=STILL_AIR).observatory.weather
    assert weather.humidity_percent(START) == pytest.approx(65.0)
    assert weather.humidity_percent(minutes(240)) > 80.0
    assert weather.dew_point_c(START) == pytest.approx(5.6, abs=0.2)


def test_same_seed_same_weather_other_seed_other_weather() -> None:
    first, again, other = (night(seed).observatory.weather.ambient_c(minutes(33)) for seed in (1, 1, 2))
    assert first == again != other
