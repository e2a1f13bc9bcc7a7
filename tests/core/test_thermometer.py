"""Readings of the temperature: which are taken, which are dropped (C9), and what a block of them says."""

from __future__ import annotations

from math import inf, nan

import pytest

from statefocus.thermometer import Thermometer, pick


def after(*celsius: float, size: int = 3, every_s: float = 10.0) -> Thermometer:
    """A thermometer after some readings, each when it is due."""
    thermometer = Thermometer(size=size, every_s=every_s)
    for number, value in enumerate(celsius):
        thermometer = thermometer.read(value, 10.0 * number)
    return thermometer


@pytest.mark.parametrize(
    ("source", "focuser_c", "external_c", "expected"),
    [
        ("focuser", 10.0, 12.0, 10.0),
        ("focuser", 10.0, None, 10.0),
        ("focuser", None, 12.0, None),
        ("external", 10.0, 12.0, 12.0),
        ("external", None, 12.0, 12.0),
        ("external", 10.0, None, None),
        ("average", 10.0, 12.0, 11.0),
        ("average", None, 12.0, None),
        ("average", 10.0, None, None),
    ],
)
def test_t1_the_three_sources(
    source: str, focuser_c: float | None, external_c: float | None, expected: float | None
) -> None:
    assert pick(source, focuser_c, external_c) == expected  # type: ignore[arg-type]  # one of the three


@pytest.mark.parametrize("bad", [nan, inf, -inf, -80.1, 60.1], ids=str)
def test_c9_a_first_reading_that_cannot_be_true_is_dropped_and_counted(bad: float) -> None:
    thermometer = after(bad, bad)
    assert (thermometer.recent, thermometer.dropped, thermometer.last_t) == ((), 2, 10.0)
    assert not thermometer.wants(15.0)


@pytest.mark.parametrize("celsius", [-80.0, 60.0])
def test_c9_the_coldest_and_the_hottest_air_are_believed(celsius: float) -> None:
    assert after(celsius).recent == (celsius,)


@pytest.mark.parametrize(("jump", "recent"), [(5.0, (0.0, 5.0)), (-5.0, (0.0, -5.0)), (5.1, (0.0,)), (-5.1, (0.0,))])
def test_c9_a_jump_of_five_degrees_is_believed_and_a_larger_one_is_not(jump: float, recent: tuple[float, ...]) -> None:
    assert after(0.0, jump).recent == recent


def test_c9_a_jump_is_measured_from_the_last_reading_that_was_taken() -> None:
    assert after(0.0, 4.0, 8.0).recent == (0.0, 4.0, 8.0)


def test_c9_a_jump_that_four_readings_in_a_row_agree_on_is_believed_from_the_first_of_them() -> None:
    assert after(0.0, 9.0, 9.1, 9.2).recent == (0.0,)
    believed = after(0.0, 9.0, 9.1, 9.2, 9.3)
    assert (believed.recent, believed.since, believed.dropped, believed.doubted) == ((9.1, 9.2, 9.3), 4, 4, ())


def test_c9_readings_that_do_not_agree_with_each_other_are_not_believed_together() -> None:
    assert after(0.0, 9.0, 9.0, 20.0, 20.0, 20.0).recent == (0.0,)
    assert after(0.0, 9.0, 9.0, 20.0, 20.0, 20.0, 20.0).recent == (20.0, 20.0, 20.0)


@pytest.mark.parametrize(("step", "believed"), [(5.0, True), (5.1, False)])
def test_c9_doubted_readings_agree_within_five_degrees_of_the_one_before(step: float, *, believed: bool) -> None:
    thermometer = after(0.0, 10.0, 10.0 + step, 10.0 + 2 * step, 10.0 + 3 * step, size=9)
    assert (thermometer.recent[0] == 10.0) is believed


def test_c9_one_good_reading_ends_the_doubt() -> None:
    assert after(0.0, 9.0, 9.0, 9.0, 0.0, 9.0, 9.0, 9.0).recent == (0.0, 0.0)


def test_c9_a_wrong_beginning_takes_its_reference_with_it() -> None:
    """The first block was never full: what it began with was wrong from the start."""
    assert after(0.0, 9.0, 9.0, 9.0, 9.0, size=5).reference_c is None
    assert after(0.0, 9.0, 9.0, 9.0, 9.0, 9.0, size=5).reference_c == 9.0


def test_c9_a_later_jump_keeps_the_reference_of_the_last_refocus() -> None:
    full = after(1.0, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0)
    assert (full.reference_c, full.difference_c) == (1.0, 8.0)
    restarted = after(1.0, 1.0, 1.0).restart()
    for number in range(4):
        restarted = restarted.read(9.0, 100.0 + 10 * number)
    assert (restarted.reference_c, restarted.difference_c) == (1.0, 8.0)


@pytest.mark.parametrize(("waited_s", "wanted"), [(9.4, False), (9.5, True), (10.0, True), (60.0, True)])
def test_a_reading_may_come_half_a_second_early_and_no_more(waited_s: float, *, wanted: bool) -> None:
    assert after(0.0).wants(waited_s) is wanted


def test_the_first_reading_is_always_wanted() -> None:
    assert Thermometer(size=3, every_s=10.0).wants(0.0)


def test_a_dropped_reading_too_has_its_time() -> None:
    assert not after(0.0, 9.0).wants(15.0)
    assert after(0.0, 9.0).wants(20.0)


def test_the_reference_is_the_mean_of_the_first_full_block_until_a_refocus() -> None:
    assert after(1.0, 2.0).reference_c is None
    assert after(1.0, 2.0, 3.0).reference_c == 2.0
    assert after(1.0, 2.0, 3.0, 6.0, 9.0).reference_c == 2.0
    assert after(1.0, 2.0, 3.0, 6.0, 9.0).restart().reference_c == 6.0


def test_the_mean_is_that_of_the_last_readings_and_never_of_more_than_a_block() -> None:
    assert after().mean_c is None
    assert after(1.0, 2.0).mean_c == 1.5
    assert after(1.0, 2.0, 3.0, 4.0).mean_c == 3.0


def test_a_block_ends_with_every_third_reading_and_is_full_from_the_first_on() -> None:
    told = [(after(*[1.0] * number).at_block_end, after(*[1.0] * number).full) for number in range(8)]
    assert [end for end, _ in told] == [False, False, False, True, False, False, True, False]
    assert [full for _, full in told] == [False] * 3 + [True] * 5


def test_after_a_restart_before_any_reading_there_is_neither_mean_nor_difference() -> None:
    restarted = Thermometer(size=3, every_s=10.0).restart()
    assert (restarted.mean_c, restarted.difference_c, restarted.status) == (None, None, "[0.0 #00]")


@pytest.mark.parametrize(
    ("celsius", "text"),
    [
        ((10.0,), "[0.0 #01]"),
        ((10.0, 10.0, 10.0), "[0.0 #03*]"),
        ((10.0, 10.0, 10.0, 9.0), "[-0.3 #01*]"),
        ((10.0, 10.0, 10.0, 11.0, 11.0), "[+0.7 #02*]"),
        ((10.0, 10.0, 10.0, 9.9), "[0.0 #01*]"),
    ],
    ids=str,
)
def test_t1s_its_text(celsius: tuple[float, ...], text: str) -> None:
    assert after(*celsius).status == text


def test_a_block_of_one_reading_ends_with_each_of_them_and_not_before_the_first() -> None:
    assert [after(*[1.0] * number, size=1).at_block_end for number in range(3)] == [False, True, True]
