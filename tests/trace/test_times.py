"""Times that people type: local to the site, `Z` for UTC, and a question back where one is ambiguous."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from statefocus.errors import UsageError
from statefocus.trace.times import parse_time, show, zone_of

VIENNA = ZoneInfo("Europe/Vienna")


def local(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA).timestamp()


def utc(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


NIGHT = (local("2026-03-14T20:30:00"), local("2026-03-15T05:00:00"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("21:00", "2026-03-14T21:00:00"),
        ("03:12", "2026-03-15T03:12:00"),
        ("3:12", "2026-03-15T03:12:00"),
        ("03:12:30", "2026-03-15T03:12:30"),
        ("03:12:30.5", "2026-03-15T03:12:30.500"),
        (" 03:12 ", "2026-03-15T03:12:00"),
        ("2026-03-15 03:12", "2026-03-15T03:12:00"),
        ("2026-03-15T03:12:30", "2026-03-15T03:12:30"),
        ("00:00", "2026-03-15T00:00:00"),
    ],
)
def test_a_time_is_the_sites_and_finds_its_day(text: str, meant: str) -> None:
    assert parse_time(text, VIENNA, *NIGHT) == local(meant)


def test_z_is_utc() -> None:
    assert parse_time("02:12Z", VIENNA, *NIGHT) == local("2026-03-15T03:12:00")
    assert parse_time("2026-03-15T02:12Z", VIENNA, *NIGHT) == local("2026-03-15T03:12:00")


@pytest.mark.parametrize("text", ["", "noon", "3", "03.12", "03:12 pm", "2026-03-15", "03:1", "-1:00"])
def test_what_is_no_time_says_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError, match="write 03:12"):
        parse_time(text, VIENNA, *NIGHT)


@pytest.mark.parametrize("text", ["24:00", "03:60", "03:12:61", "2026-02-30 03:12", "2026-13-01 03:12"])
def test_what_no_clock_shows_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="no time of the day"):
        parse_time(text, VIENNA, *NIGHT)


@pytest.mark.parametrize("text", ["12:00", "2026-03-16 03:12", "12:00Z"])
def test_a_time_outside_the_trace_tells_what_it_spans(text: str) -> None:
    with pytest.raises(UsageError, match="lies outside") as raised:
        parse_time(text, VIENNA, *NIGHT)
    assert "2026-03-14 20:30:00 to 2026-03-15 05:00:00 (Europe/Vienna)" in str(raised.value)


def test_a_time_that_comes_twice_in_a_long_trace_needs_a_date() -> None:
    span = (local("2026-03-14T20:00:00"), local("2026-03-16T05:00:00"))
    with pytest.raises(UsageError, match="stands for 2 moments"):
        parse_time("03:12", VIENNA, *span)
    assert parse_time("2026-03-16 03:12", VIENNA, *span) == local("2026-03-16T03:12:00")


def test_the_hour_that_comes_twice_in_autumn_needs_utc() -> None:
    span = (local("2026-10-24T20:00:00"), local("2026-10-25T06:00:00"))
    with pytest.raises(UsageError, match="Z"):
        parse_time("02:30", VIENNA, *span)
    with pytest.raises(UsageError, match="Z"):
        parse_time("2026-10-25 02:30", VIENNA, *span)
    assert parse_time("00:30Z", VIENNA, *span) == utc("2026-10-25T00:30:00")
    assert parse_time("01:30Z", VIENNA, *span) == utc("2026-10-25T01:30:00")
    assert parse_time("01:30", VIENNA, *span) == utc("2026-10-24T23:30:00")


AUTUMN = (local("2026-10-24T20:00:00"), local("2026-10-25T06:00:00"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("02:30+02:00", "2026-10-25T00:30:00"),
        ("02:30+01:00", "2026-10-25T01:30:00"),
        ("02:30+0100", "2026-10-25T01:30:00"),
        ("2026-10-25T02:30:15+02:00", "2026-10-25T00:30:15"),
        ("2026-10-25 02:30+01:00", "2026-10-25T01:30:00"),
        ("20:30-04:00", "2026-10-25T00:30:00"),
        ("2026-10-24T20:30-04:00", "2026-10-25T00:30:00"),
    ],
)
def test_an_offset_chooses_the_moment(text: str, meant: str) -> None:
    assert parse_time(text, VIENNA, *AUTUMN) == utc(meant)


def test_an_hour_that_comes_twice_is_answered_with_both_ways_to_write_it() -> None:
    with pytest.raises(UsageError, match=r"put back then; write 02:30\+02:00 or 02:30\+01:00, or use UTC with Z\.$"):
        parse_time("02:30", VIENNA, *AUTUMN)


@pytest.mark.parametrize("text", ["03:12+99:00", "03:12+24:00"])
def test_an_offset_that_no_clock_has_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="no time of the day"):
        parse_time(text, VIENNA, *NIGHT)


def test_a_time_that_comes_on_two_days_is_answered_with_the_date() -> None:
    with pytest.raises(UsageError, match="add a date"):
        parse_time("20:30", VIENNA, NIGHT[0], NIGHT[0] + 86_400)


def test_the_hour_that_does_not_exist_in_spring_is_not_told_to_be_two_moments() -> None:
    span = (local("2026-03-28T20:00:00"), local("2026-03-29T06:00:00"))
    with pytest.raises(UsageError) as raised:
        parse_time("02:30", VIENNA, *span)
    assert "2 moments" not in str(raised.value)


def test_a_zone_that_nobody_knows_is_told() -> None:
    for name in ("Nowhere", "", "../etc/passwd", "/etc/passwd"):
        with pytest.raises(UsageError, match="Unknown time zone"):
            zone_of(name)


def test_times_are_shown_in_the_zone() -> None:
    assert show(NIGHT[0], VIENNA) == "20:30:00"
    assert show(NIGHT[0], VIENNA, date=True) == "2026-03-14 20:30:00"
