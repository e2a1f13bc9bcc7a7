"""Readings: a device that gives none any more is told once, and once more when it does."""

from __future__ import annotations

from statefocus.errors import Unreachable
from statefocus.hosts.readings import Answering


def test_a_device_that_is_gone_is_told_once_and_once_more_when_it_is_back() -> None:
    told: list[tuple[str, str]] = []
    answers = iter([25_000, None, 25_000, None, None, None, None, 25_010, 25_010])

    def position() -> int:
        if (found := next(answers)) is None:
            raise Unreachable("It cannot be reached.")
        return found

    focuser = Answering("focuser", lambda level, sentence: told.append((level, sentence)))
    seen = [focuser.read(position) for _ in range(9)]
    assert seen == [25_000, None, 25_000, None, None, None, None, 25_010, 25_010]
    assert told == [
        ("warning", "The focuser gives no readings any more: It cannot be reached."),
        ("info", "The focuser gives readings again."),
    ]
