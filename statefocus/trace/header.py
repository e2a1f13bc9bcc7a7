"""The first line of a trace: everything that is needed to run the night's decisions again, years later."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from typing import Any

import pydantic

from statefocus import __version__
from statefocus.errors import DefinitionError, TraceError
from statefocus.machine.checking import load
from statefocus.machine.definition import Definition, Source
from statefocus.machine.fired import Engine
from statefocus.profile import Profile
from statefocus.session import VOCABULARY, Session
from statefocus.trace.reading import Line


def header_body(
    profile: Profile, origins: Mapping[str, str], definitions: Sequence[Definition], *, seed: int, speed: str
) -> dict[str, Any]:
    """Make the header's body.

    Parameters
    ----------
    profile
        The effective profile.
    origins
        Where each value that is no default came from, by dotted key, as file:line.
    definitions
        The machines, in their order.
    seed
        Of the simulated observatory.
    speed
        real, max, or a factor.
    """
    return {
        "statefocus": __version__,
        "python": platform.python_version(),
        "profile": profile.model_dump(mode="json", by_alias=True),
        "origins": dict(origins),
        "machines": [
            {"name": machine.name, "file": source.file, "text": source.text}
            for machine in definitions
            for source in machine.sources
        ],
        "seed": seed,
        "speed": speed,
        "latitude_deg": profile.site.latitude_deg,
        "longitude_deg": profile.site.longitude_deg,
        "time_zone": profile.site.time_zone,
    }


def session_of(header: Line, engine: type[Engine]) -> Session:
    """Build the session that a header tells of, with an engine of that kind.

    Raises
    ------
    TraceError
        Where the header's profile or machines cannot be read, or its machines have problems.
    """
    return Session(definitions_of(header), profile_of(header), engine)


def profile_of(header: Line) -> Profile:
    """Read the profile in a header."""
    try:
        return Profile.model_validate(header.body["profile"])
    except (KeyError, pydantic.ValidationError) as error:
        said = str(error).splitlines()[0]
        raise TraceError(f"the header's profile cannot be read: {said}.", header.number) from None


def definitions_of(header: Line) -> list[Definition]:
    """Read and check the machines in a header."""
    try:
        return [load(files, VOCABULARY) for files in sources_of(header)]
    except DefinitionError as error:
        more = f" And {len(error.problems) - 1} more." if len(error.problems) > 1 else ""
        raise TraceError(f"a machine in the header cannot be run: {error.problems[0]}{more}", header.number) from None


def sources_of(header: Line) -> list[list[Source]]:
    """Give the texts of the machines in a header: each one's main file, then its parts."""
    sources: dict[str, list[Source]] = {}
    try:
        for table in header.body["machines"]:
            if not all(isinstance(table[key], str) for key in ("name", "file", "text")):
                raise TraceError("the header's machine files are no texts.", header.number)
            sources.setdefault(table["name"], []).append(Source(table["file"], table["text"]))
    except (KeyError, TypeError):
        raise TraceError("the header holds no machine files.", header.number) from None
    if not sources:
        raise TraceError("the header's machine files are no texts.", header.number)
    return list(sources.values())
