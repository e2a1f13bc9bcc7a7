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
    _enter(function, function)
    return function


def test(function: Test) -> Test:
    """Enter a function that gives a plain yes or no into the vocabulary, under its own name."""

    def by_test(context: Context, yes: Ruling = Ruling.PASSED, no: Ruling = Ruling.FAILED) -> Ruling:
        return yes if function(context) else no

    _enter(function, by_test)
    return function


def _enter(function: Callable[..., object], asked: Rule) -> None:
    name = function.__name__
    if name in GUARDS:
        raise ValueError(f"there are two guards of the name {name}")
    GUARDS[name] = Guard(name, _first_line(function), asked)


def _first_line(function: Callable[..., object]) -> str:
    return (function.__doc__ or "").strip().splitlines()[0]
