from __future__ import annotations

import pytest

from statefocus.observatory.errors import AlpacaError

from .night import START, STILL_AIR, Night, night

STEADY = STILL_AIR | {"fall_in_four_hours_c": 0.0, "tube_excess_at_start_c": 0.0}


def tube(at: Night) -> float:
    return at.observatory.judge.truth_at(at.clock.t).tube_steps


def test_a_move_takes_its_time_and_can_be_watched() -> None:
    n = night()
    n.put("focuser", "Move", 26_000)
    assert n.get("focuser", "IsMoving")
    n.clock.sleep(1.0)
    assert n.get("focuser", "Position") == 25_500
    n.clock.sleep(1.0)
    assert (n.get("focuser", "Position"), n.get("focuser", "IsMoving")) == (26_000, False)


def test_halt_stops_it_where_it_is() -> None:
    n = night()
    n.put("focuser", "Move", 26_000)
    n.clock.sleep(0.5)
    n.put("focuser", "Halt")
    n.clock.sleep(5.0)
    assert n.get("focuser", "Position") == 25_250


def test_a_new_move_replaces_one_under_way() -> None:
    n = night()
    n.put("focuser", "Move", 26_000)
    n.clock.sleep(1.0)
    n.put("focuser", "Move", 25_000)
    n.clock.sleep(0.5)
    assert n.get("focuser", "Position") == 25_250


def test_backlash_shows_when_the_direction_reverses() -> None:
    n = night()
    n.move(25_030)
    assert tube(n) == 25_000  # all slack
    n.move(25_100)
    assert tube(n) == 25_060
    n.move(25_080)
    assert tube(n) == 25_060  # slack again, now on the way in
    n.move(25_000)
    assert tube(n) == 25_000


def test_the_same_reading_is_two_places_unless_approached_from_one_side() -> None:
    n = night()
    n.move(25_200)
    outward = tube(n)
    n.move(25_400)
    n.move(25_200)
    assert tube(n) - outward == pytest.approx(40.0)


def test_a_move_beyond_the_travel_is_refused() -> None:
    n = night()
    for steps in (-1, 50_001):
        with pytest.raises(AlpacaError) as caught:
            n.put("focuser", "Move", steps)
        assert caught.value.number == 0x401


def test_best_focus_follows_the_tube_and_the_filter() -> None:
    n = night()
    judge, weather = n.observatory.judge, n.observatory.weather
    early, late = judge.truth_at(START), judge.truth_at(START + 4 * 3600)
    change_c = weather.tube_c(START + 4 * 3600) - weather.tube_c(START)
    assert change_c < -5
    assert late.best_steps - early.best_steps == pytest.approx(15.0 * change_c)
    assert judge.truth_at(START, "B").best_steps - early.best_steps == pytest.approx(12.0)
    assert early.cfz_um == pytest.approx(81.19, abs=0.01)


def test_the_sensor_reads_the_tube_with_offset_and_noise() -> None:
    n = night(weather=STEADY)
    readings = []
    for _ in range(100):
        readings.append(n.get("focuser", "Temperature"))
        n.clock.sleep(10.0)
    assert sum(readings) / 100 == pytest.approx(12.3, abs=0.01)
    assert len(set(readings)) > 3


def test_driver_compensation_moves_by_the_wrong_coefficient_however_often_one_looks() -> None:
    looked, not_looked = night(), night()
    for n in (looked, not_looked):
        n.put("focuser", "TempComp", True)
    for _ in range(100):
        looked.clock.sleep(72.0)
        looked.get("focuser", "Position")
    not_looked.clock.sleep(7200.0)
    position = looked.get("focuser", "Position")
    assert position == not_looked.get("focuser", "Position")
    weather = looked.observatory.weather
    change_c = weather.tube_c(START + 7200) - weather.tube_c(START)
    assert position - 25_000 == pytest.approx(24.0 * change_c, abs=1.0)
    looked.put("focuser", "TempComp", False)
    looked.clock.sleep(3600.0)
    assert looked.get("focuser", "Position") == position


def test_a_driver_without_compensation_says_so() -> None:
    n = night(focuser={"driver_compensation": False})
    assert n.get("focuser", "TempCompAvailable") is False
    with pytest.raises(AlpacaError) as caught:
        n.put("focuser", "TempComp", True)
    assert caught.value.number == 0x400
