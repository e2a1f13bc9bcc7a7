from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from statefocus.observatory.errors import AlpacaError
from statefocus.profile.observatory import ObservatorySettings

from .night import ONE_STAR, START, STILL_AIR, night, scripted


def window(do: str, **more: object) -> dict[str, object]:
    return {"do": do, "at_min": 10, "for_min": 20} | more


def stars(pixels: np.ndarray) -> float:
    return float(np.clip(pixels.astype(float) - np.median(pixels) - 30, 0, None).sum())


def test_clouds_dim_or_hide_the_stars_and_go_again() -> None:
    n = scripted(
        window("clouds", magnitudes=1.0), {"do": "clouds", "at_min": 40, "for_min": 5}, sky=ONE_STAR, weather=STILL_AIR
    )
    light = []
    for at_min in (9, 11, 31, 41, 46):
        n.minutes(at_min)
        light.append(stars(n.expose()))
    assert light[1] / light[0] == pytest.approx(10**-0.4, rel=0.1)
    assert light[2] == pytest.approx(light[0], rel=0.1)
    assert light[3] < 0.01 * light[0]
    assert light[4] == pytest.approx(light[0], rel=0.1)
    n.minutes(41)
    assert n.get("observingconditions", "CloudCover") == 100.0


def test_unsafe() -> None:
    n = scripted(window("unsafe"))
    safe = []
    for at_min in (9.99, 10, 29.99, 30):
        n.minutes(at_min)
        safe.append(n.get("safetymonitor", "IsSafe"))
    assert safe == [True, False, False, True]


def test_tracking_off_trails_the_stars_until_somebody_tracks_again() -> None:
    n = scripted(window("tracking_off"), sky=ONE_STAR, weather=STILL_AIR)
    n.minutes(5)
    sharp = n.expose().max()
    n.minutes(12)
    assert not n.get("telescope", "Tracking")
    assert n.expose().max() < sharp / 3
    n.put("telescope", "Tracking", True)
    assert n.get("telescope", "Tracking")


def test_tracking_off_ends_by_itself() -> None:
    n = scripted(window("tracking_off"))
    n.minutes(31)
    assert n.get("telescope", "Tracking")


def test_parked_until_unparked() -> None:
    n = scripted({"do": "parked", "at_min": 10})
    n.minutes(500)
    assert (n.get("telescope", "AtPark"), n.get("telescope", "Tracking")) == (True, False)
    n.put("telescope", "Unpark")
    n.put("telescope", "Tracking", True)
    assert (n.get("telescope", "AtPark"), n.get("telescope", "Tracking")) == (False, True)


def test_stuck_focuser_accepts_a_move_and_stays() -> None:
    n = scripted(window("focuser_stuck"))
    n.minutes(11)
    n.move(26_000)
    assert (n.get("focuser", "Position"), n.get("focuser", "IsMoving")) == (25_000, False)
    n.minutes(31)
    n.move(26_000)
    assert n.get("focuser", "Position") == 26_000


def test_stuck_focuser_may_go_part_of_the_way_or_stick_on_it() -> None:
    n = scripted(window("focuser_stuck", moves_percent=30), focuser={"speed_steps_per_s": 10})
    n.clock.t = START + 10 * 60 - 20
    n.move(26_000)
    assert n.get("focuser", "Position") == 25_200
    n.move(25_100)
    assert n.get("focuser", "Position") == 25_170


def test_slip_moves_the_tube_and_not_the_counter() -> None:
    n = scripted({"do": "focuser_slips", "at_min": 10, "steps": -55})
    before, after = (n.observatory.judge.truth_at(START + at_min * 60) for at_min in (9.9, 10))
    assert after.tube_steps - before.tube_steps == -55
    assert after.reported_steps == before.reported_steps


def test_camera_hangs_until_aborted() -> None:
    n = scripted(window("camera_hangs"))
    n.minutes(11)
    n.put("camera", "StartExposure", 2.0, True)
    n.minutes(100)
    assert (n.get("camera", "ImageReady"), n.get("camera", "CameraState")) == (False, 4)
    assert n.observatory.judge.exposures == ()
    n.put("camera", "AbortExposure")
    assert n.expose().shape == (256, 256)


@pytest.mark.parametrize("sensor", ["focuser", "external"])
def test_failed_sensor(sensor: str) -> None:
    broken = {"do": "sensor_failed", "at_min": 40, "sensor": sensor, "answers": "error"}
    n = scripted(window("sensor_failed", sensor=sensor), broken)
    kind = {"focuser": "focuser", "external": "observingconditions"}[sensor]
    other = {"focuser": "observingconditions", "external": "focuser"}[sensor]
    n.minutes(11)
    assert math.isnan(n.get(kind, "Temperature"))
    assert math.isfinite(n.get(other, "Temperature"))
    n.minutes(41)
    with pytest.raises(AlpacaError, match="sensor does not answer"):
        n.get(kind, "Temperature")
    assert "Temperature" not in [item["Name"] for item in n.get(kind, "DeviceState")]


def test_temperature_jump_reaches_the_tube_late() -> None:
    plain = night().observatory.weather
    jumped = scripted({"do": "temperature_jump", "at_min": 10, "celsius": -4}).observatory.weather
    for at_min, ambient, tube in ((9, 0, 0), (10, -4, 0), (30, -4, -4 * (1 - math.exp(-1))), (300, -4, -4)):
        t = START + at_min * 60
        assert jumped.ambient_c(t) - plain.ambient_c(t) == pytest.approx(ambient, abs=1e-6)
        assert jumped.tube_c(t) - plain.tube_c(t) == pytest.approx(tube, abs=1e-3)


def test_bad_seeing() -> None:
    n = scripted(window("bad_seeing", factor=3.0), weather=STILL_AIR)
    n.minutes(11)
    assert n.get("observingconditions", "StarFWHM") == pytest.approx(6.6)


@pytest.mark.parametrize(
    "happening",
    [
        {"do": "cluods", "at_min": 1},
        {"do": "clouds"},
        {"do": "clouds", "at_min": 1, "steps": 3},
        {"do": "device_error", "at_min": 1, "device": "toaster"},
        {"do": "focuser_slips", "at_min": 1},
    ],
    ids=["misspelt", "no time", "foreign key", "no such device", "no steps"],
)
def test_a_bad_script_is_refused(happening: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ObservatorySettings.model_validate({"happenings": [happening]})
