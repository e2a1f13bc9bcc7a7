"""Whoever watches a night: a face that shows it, a log, a keeper of files; one may stand behind another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from statefocus import effects, events
from statefocus.devices.values import Exposure
from statefocus.profile import Profile
from statefocus.session import State, Step


class Audience(Protocol):
    """Whoever watches a night."""

    def begin(self, profile: Profile, total_frames: int, trace: Path) -> None:
        """The night begins."""

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off."""

    def curve(self, effect: effects.PublishCurve) -> None:
        """A curve was fitted."""

    def notify(self, level: str, sentence: str) -> None:
        """A person should know."""

    def frame(self, name: str, exposure: Exposure) -> None:
        """A focus frame was taken."""


class Nobody:
    """Watches nothing."""

    def begin(self, profile: Profile, total_frames: int, trace: Path) -> None:
        """Nothing."""

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """Nothing."""

    def curve(self, effect: effects.PublishCurve) -> None:
        """Nothing."""

    def notify(self, level: str, sentence: str) -> None:
        """Nothing."""

    def frame(self, name: str, exposure: Exposure) -> None:
        """Nothing."""


class PassingOn:
    """Passes everything on to another; what it does besides, its children add."""

    def __init__(self, following: Audience) -> None:
        self._following: Audience = following

    def begin(self, profile: Profile, total_frames: int, trace: Path) -> None:
        """The night begins."""
        self._following.begin(profile, total_frames, trace)

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off."""
        self._following.saw(event, steps, state)

    def curve(self, effect: effects.PublishCurve) -> None:
        """A curve was fitted."""
        self._following.curve(effect)

    def notify(self, level: str, sentence: str) -> None:
        """A person should know."""
        self._following.notify(level, sentence)

    def frame(self, name: str, exposure: Exposure) -> None:
        """A focus frame was taken."""
        self._following.frame(name, exposure)


class Steadfast:
    """An audience whose own failure (a closed terminal, a full pipe) does not touch the night: it falls silent."""

    def __init__(self, audience: Audience) -> None:
        self._audience: Audience = audience

    def begin(self, profile: Profile, total_frames: int, trace: Path) -> None:
        """The night begins."""
        self._try(lambda: self._audience.begin(profile, total_frames, trace))

    def saw(self, event: events.Event, steps: tuple[Step, ...], state: State) -> None:
        """An event was worked off."""
        self._try(lambda: self._audience.saw(event, steps, state))

    def curve(self, effect: effects.PublishCurve) -> None:
        """A curve was fitted."""
        self._try(lambda: self._audience.curve(effect))

    def notify(self, level: str, sentence: str) -> None:
        """A person should know."""
        self._try(lambda: self._audience.notify(level, sentence))

    def frame(self, name: str, exposure: Exposure) -> None:
        """A focus frame was taken."""
        self._try(lambda: self._audience.frame(name, exposure))

    def _try(self, call: Callable[[], None]) -> None:
        try:
            call()
        except (Exception, SystemExit):  # noqa: BLE001  # rich leaves on a closed pipe, and the night goes on
            self._audience = Nobody()
