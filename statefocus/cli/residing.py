"""`serve`: the session that other programs' scripts call; and the names of those calls, for --help."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from statefocus.cli.console import console as make_console
from statefocus.cli.console import warn_of
from statefocus.cli.nights import attend, night_of
from statefocus.errors import UsageError

if TYPE_CHECKING:
    from statefocus.loading import LoadedProfile


def serve(
    profile: Path | None = typer.Argument(None, help="Profile of the rig; none attends the embedded observatory."),
    trace: Path | None = typer.Option(None, help="Where the trace goes; a new folder in records.folder by default."),
    seed: int = typer.Option(1, help="Seed of the embedded observatory: same seed, same night."),
    speed: str | None = typer.Option(None, help="real, or a factor such as 60 (embedded observatory only)."),
    until: str | None = typer.Option(None, help="Local time at which to end."),
    log: str | None = typer.Option(None, help="Decisions as structured log on standard error: json or text."),
) -> None:
    """Attend the imaging session of a program that calls `statefocus gate`, until Ctrl-C or `statefocus ctl stop`."""
    console = make_console()
    console.print(
        f"statefocus serve is starting{f' with {profile}' if profile else ''} ...", markup=False, soft_wrap=True
    )
    loaded = _served(profile)
    warn_of(loaded, plan=False)
    night = night_of(loaded, console, trace=trace, seed=seed, speed=speed, until=until, log=log)
    attend(console, night, compare=False)


def _served(path: Path | None) -> LoadedProfile:
    """Read the profile; the embedded observatory's own gets the gate instead of its plan."""
    from statefocus.loading import load_profile

    loaded = load_profile(path)
    host = loaded.profile.host
    if path is None:
        gated = loaded.profile.model_copy(update={"host": host.model_copy(update={"kind": "gate"})})
        return replace(loaded, profile=gated, origins={**loaded.origins, "host.kind": "statefocus serve"})
    if host.kind == "embedded":
        said = f"{path} has the embedded host, which takes the plan itself: `statefocus run {path}` attends it."
        raise UsageError(f'{said} For a program that calls scripts, write kind = "gate" under [host].')
    return loaded


def gate() -> None:
    """Wait until the next frame may start: exit 0 to take it, 1 to stop, 3 where no session can be reached."""


def notify() -> None:
    """Tell the session what the host does: frame-saved, plan-started, filter-changed, flip-started and so on."""


def ctl() -> None:
    """Steer the session: status, pause, resume, asap, focus, again, undo, cancel, confirm, stop."""


COMMANDS = (serve, gate, notify, ctl)
"""Of these, only `serve` ever comes here: `statefocus.calling` has answered the others before."""
