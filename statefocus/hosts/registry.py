"""Finds hosts by name: statefocus's own, and those that other packages bring (entry points)."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from statefocus.errors import UsageError
from statefocus.hosts.protocol import Host, Surroundings
from statefocus.toml_text import did_you_mean

GROUP = "statefocus.hosts"

OWN = {
    "embedded": "statefocus.hosts.embedded:EmbeddedHost",
    "gate": "statefocus.hosts.gate:GateHost",
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
        module, _, cls = OWN[name].partition(":")
        own: Host = getattr(import_module(module), cls)(given)
        return own
    entry = _foreign().get(name)
    if entry is None:
        raise UsageError(unknown(name))
    return _made(entry, given)


def unknown(name: str) -> str:
    """Say that there is no such host, and which there are."""
    names = host_names()
    return f"There is no host {name!r}; there are {', '.join(names)}. {did_you_mean(name, names)}".rstrip()


def _foreign() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _made(entry: EntryPoint, given: Surroundings) -> Host:
    package = entry.dist.name if entry.dist else entry.value
    try:
        cls = entry.load()
    except Exception as error:  # a plug-in may raise anything, and a person must be told which one
        said = f"{type(error).__name__}: {error}"
        raise UsageError(f"The host {entry.name} of {package} cannot be loaded ({said}).") from error
    if lacking := flaw(cls):
        raise UsageError(f"The host {entry.name} of {package} is no host: {lacking}.")
    made: Host = cls(given)
    return made


def flaw(cls: Any) -> str:
    """Say what a class lacks of `statefocus.hosts.protocol.Host`; empty where it has everything."""
    missing = [name for name in _ASKED if not callable(getattr(cls, name, None))]
    return f"it has no method `{missing[0]}`" if missing else ""
