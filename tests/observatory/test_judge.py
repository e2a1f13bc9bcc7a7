from __future__ import annotations

import pytest

from .night import SMALL, START, night


def test_each_exposure_is_judged_in_its_middle() -> None:
    n = night(render=False, camera=SMALL)
    n.put("filterwheel", "Position", 2)
    n.clock.sleep(10.0)
    n.expose(60.0)
    n.expose(5.0, light=False)
    first, second = n.observatory.judge.exposures
    assert (first.number, first.started_at, first.middle_at) == (1, START + 10, START + 40)
    assert (first.light, second.light) == (True, False)
    assert first.truth == n.observatory.judge.truth_at(START + 40, "B")
    assert first.defocus_um == pytest.approx(4.0 * (25_000 - first.truth.best_steps))
    assert first.truth.best_reported_steps == pytest.approx(first.truth.best_steps)


def test_in_focus_means_within_half_the_zone() -> None:
    best = night().observatory.judge.truth_at(START + 202.0).best_steps
    for offset, expected in ((-9, True), (-13, False)):
        n = night(render=False, camera=SMALL, focuser={"backlash_steps": 0})
        n.move(round(best) + offset)
        n.expose(4.0)
        assert n.observatory.judge.exposures[0].in_focus is expected


def test_an_exposure_that_still_runs_is_not_judged() -> None:
    n = night(render=False, camera=SMALL)
    n.put("camera", "StartExposure", 60.0, True)
    assert n.observatory.judge.exposures == ()
    n.clock.sleep(60.0)
    assert len(n.observatory.judge.exposures) == 1


def test_a_move_during_the_exposure_counts_half() -> None:
    n = night(render=False, camera=SMALL, focuser={"speed_steps_per_s": 10, "backlash_steps": 0})
    n.put("camera", "StartExposure", 100.0, True)
    n.put("focuser", "Move", 26_000)
    n.clock.sleep(101.0)
    assert n.observatory.judge.exposures[0].truth.tube_steps == pytest.approx(25_500)


def test_the_night_without_statefocus_goes_out_of_focus() -> None:
    n = night(render=False, camera=SMALL)
    n.move(24_000)
    n.move(25_000)
    judged = [n.observatory.judge.truth_at(START + 60.0 * at_min) for at_min in range(0, 240, 10)]
    assert sum(truth.in_focus for truth in judged) < len(judged) / 3


def test_an_unknown_filter_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        night().observatory.judge.truth_at(START, "Ha")
