"""Reads machine files, those that come with statefocus and edited copies of them, and proves the copies."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from statefocus.errors import DefinitionError, Problem, UsageError, why_unread
from statefocus.loading.profiles import LoadedProfile, text_of
from statefocus.machine.checking import load
from statefocus.machine.definition import Definition, Source
from statefocus.machine.proving import Proof, prove
from statefocus.machine.reading import misplaced, part_names
from statefocus.session import MACHINES, VOCABULARY
from statefocus.toml_text import line_of


def load_machines(loaded: LoadedProfile | None = None) -> list[Definition]:
    """Read and check the machines, and prove them where a profile has put an edited copy among them.

    Those that come with statefocus are proved by its tests.

    Parameters
    ----------
    loaded
        A profile, which may point at edited copies in `[machines]`; none gives those that come with statefocus.

    Raises
    ------
    DefinitionError
        With every problem found.
    UsageError
        Where a copy cannot be read.
    """
    machines = read_machines(loaded)
    if loaded and loaded.profile.machines.model_dump(exclude_none=True):
        proved(machines)
    return machines


def proved(machines: Sequence[Definition]) -> Proof:
    """Prove checked machines; see docs/proof.md.

    Raises
    ------
    DefinitionError
        With the shortest way to each duty that is broken.
    """
    proof = prove(machines, VOCABULARY)
    if proof.problems:
        raise DefinitionError(proof.problems)
    return proof


def read_machines(loaded: LoadedProfile | None = None) -> list[Definition]:
    """Read and check the machines, without a proof; all problems of all of them at once (see `load_machines`)."""
    machines: list[Definition] = []
    problems: list[Problem] = []
    for name in MACHINES:
        main = _source(name, loaded)
        if main is None:
            continue
        parts = {part: source for part in part_names(main) if (source := _source(part, loaded))}
        wrong = [misplaced(main, name), *(_wrong_part(main, name, part, source) for part, source in parts.items())]
        if any(wrong):
            problems += [problem for problem in wrong if problem]
            continue
        try:
            machines.append(load([main, *parts.values()], VOCABULARY))
        except DefinitionError as error:
            problems += error.problems
    if problems:
        raise DefinitionError(problems)
    return machines


def _wrong_part(main: Source, machine: str, part: str, source: Source) -> Problem | None:
    """Tell that a machine's file names something as its part that is none of it."""
    if part in MACHINES:
        said = f"`parts` names `{part}`, which is a machine of its own, and no part of `{machine}`."
        return Problem("wrong-part", main.file, line_of(main.text, ("parts",)), said)
    return misplaced(source, machine, part)


def _source(name: str, loaded: LoadedProfile | None) -> Source | None:
    """A machine file by its name: the profile's own copy, or the one that comes with statefocus; None without any."""
    copy = getattr(loaded.profile.machines, name, None) if loaded else None
    if loaded and copy:
        return _edited(Path(loaded.file).parent / copy, name)
    shipped = resources.files("statefocus.machines").joinpath(f"{name}.toml")
    return Source(f"machines/{name}.toml", shipped.read_text("utf-8")) if shipped.is_file() else None


def _edited(path: Path, name: str) -> Source:
    try:
        return Source(str(path), text_of(path))
    except (OSError, UnicodeError) as error:
        said = why_unread(error)
        raise UsageError(f"The machine file {path} (machines.{name} in the profile) cannot be read: {said}.") from None
