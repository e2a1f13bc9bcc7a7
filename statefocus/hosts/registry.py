"""Finds hosts by name: statefocus's own, and those that other packages bring (entry points)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from statefocus.clock import Clock
from statefocus.devices.interfaces import Camera
from statefocus.errors import UsageError
from statefocus.hosts.protocol import Host, Surroundings
from statefocus.profile import Profile
from statefocus.toml_text import did_you_mean

GROUP = "statefocus.hosts"

OWN = {
    "embedded": "statefocus.hosts.embedded:EmbeddedHost",
    "ekos": "statefocus.hosts.ekos:EkosHost",
    "gate": "statefocus.hosts.gate:GateHost",
    "nina": "statefocus.hosts.nina.host:NinaHost",
}
"""Registered in pyproject.toml like any other, and known here too: a checkout that is not installed has no entries."""

_ASKED = ("attend", "hold", "release", "abort", "leave_paused", "stop", "filter_is", "pause", "flip_in_s", "close")


def host_names() -> tuple[str, ...]:
    """Name every host that there is on this machine, statefocus's own first."""
    return (*OWN, *sorted(set(_foreign()) - set(OWN)))


def make_host(name: str, given: Surroundings) -> Host:
    """Make the host that attends one session.

    Raises
    ------
    UsageError
        Where there is none of that name, or where a plug-in cannot be loaded or is no host.
    StatefocusError
        Where the host itself cannot begin.
    """
    if name in OWN:
        own: Host = _own(name)(given)
        return own
    entry = _foreign().get(name)
    if entry is None:
        raise UsageError(unknown(name))
    return _made(entry, given)


def camera_of(profile: Profile, clock: Clock) -> Camera | None:
    """Give the camera that a profile's host takes focus frames with; None where they come from elsewhere.

    A host that can take them has a class method `camera(profile, clock)`.

    Raises
    ------
    UsageError
        Where the host cannot be loaded.
    """
    make = _camera_maker(profile.host.kind) if profile.camera.source == "host" else None
    return make(profile, clock) if make is not None else None


def takes_frames(name: str) -> bool:
    """Whether a host can take focus frames itself.

    Raises
    ------
    UsageError
        Where the host cannot be loaded.
    """
    return _camera_maker(name) is not None


def _camera_maker(name: str) -> Callable[[Profile, Clock], Camera] | None:
    if name not in host_names():
        return None
    made: Callable[[Profile, Clock], Camera] | None = getattr(
        _own(name) if name in OWN else _loaded(_foreign()[name]), "camera", None
    )
    return made


def _own(name: str) -> Any:
    module, _, cls = OWN[name].partition(":")
    return getattr(import_module(module), cls)


def unknown(name: str) -> str:
    """Say that there is no such host, and which there are."""
    names = host_names()
    return f"There is no host {name!r}; there are {', '.join(names)}. {did_you_mean(name, names)}".rstrip()


def _foreign() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _made(entry: EntryPoint, given: Surroundings) -> Host:
    made: Host = _loaded(entry)(given)
    return made


def _loaded(entry: EntryPoint) -> Any:
    package = entry.dist.name if entry.dist else entry.value
    try:
        cls = entry.load()
    except Exception as error:  # a plug-in may raise anything, and a person must be told which one
        said = f"{type(error).__name__}: {error}"
        raise UsageError(f"The host {entry.name} of {package} cannot be loaded ({said}).") from error
    if lacking := flaw(cls):
        raise UsageError(f"The host {entry.name} of {package} is no host: {lacking}.")
    return cls


def flaw(cls: Any) -> str:
    """Say what a class lacks of `statefocus.hosts.protocol.Host`; empty where it has everything."""
    missing = [name for name in _ASKED if not callable(getattr(cls, name, None))]
    return f"it has no method `{missing[0]}`" if missing else ""
