"""The register of guards."""

from __future__ import annotations

from collections.abc import Callable

from statefocus.context import Context
from statefocus.machine.vocabulary import Guard, Ruling

GUARDS: dict[str, Guard] = {}

Rule = Callable[[Context], Ruling]
Test = Callable[[Context], bool]


def rule(function: Rule) -> Rule:
    """Enter a function that gives a ruling into the vocabulary, under its own name."""
    GUARDS[function.__name__] = Guard(function.__name__, _first_line(function), function)
    return function


def test(function: Test) -> Test:
    """Enter a function that gives a plain yes or no into the vocabulary, under its own name."""

    def by_test(context: Context, yes: Ruling = Ruling.PASSED, no: Ruling = Ruling.FAILED) -> Ruling:
        return yes if function(context) else no

    GUARDS[function.__name__] = Guard(function.__name__, _first_line(function), by_test)
    return function


def _first_line(function: Callable[..., object]) -> str:
    return (function.__doc__ or "").strip().splitlines()[0]
