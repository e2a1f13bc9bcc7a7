"""Tells that a first start takes its time: what measures frames is compiled then, and kept on disk for the next."""

from __future__ import annotations

from collections.abc import Callable

SENTENCE = "What measures frames is not compiled on this machine yet: that is done now, which may take a minute ..."

_waiting: list[Callable[[str], None]] = []


def tell_by(tell: Callable[[str], None]) -> None:
    """Have it told like this, once, if something is to be compiled."""
    _waiting[:] = [tell]


def compiling() -> None:
    """Tell that something is being compiled that was not found on disk."""
    while _waiting:
        _waiting.pop()(SENTENCE)
