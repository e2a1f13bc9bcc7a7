"""`run`, `observatory`, `devices`: attending a night."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from statefocus.cli.console import console as make_console
from statefocus.cli.console import warn_of
from statefocus.errors import UsageError
from statefocus.profile import Profile

if TYPE_CHECKING:
    from statefocus.loading import LoadedProfile
    from statefocus.night import Ended, Night


def run(
    profile: Path | None = typer.Argument(None, help="Profile of the rig; none attends the embedded observatory."),
    trace: Path | None = typer.Option(None, help="Where the trace goes; a new folder in records.folder by default."),
    seed: int = typer.Option(1, help="Seed of the embedded observatory: same seed, same night."),
    speed: str | None = typer.Option(None, help="real, a factor such as 60, or max (embedded observatory only)."),
    until: str | None = typer.Option(None, help="Local time at which to end."),
    frames: int | None = typer.Option(None, min=1, help="Light frames after which to end."),
    compare: bool = typer.Option(True, help="Also take the same night without statefocus (embedded only)."),
    log: str | None = typer.Option(None, help="Decisions as structured log on standard error: json or text."),
) -> None:
    """Attend an imaging session."""
    from statefocus.loading import load_for_night

    loaded = load_for_night(profile)
    warn_of(loaded)
    console = make_console()
    night = night_of(loaded, console, trace=trace, seed=seed, speed=speed, until=until, log=log, frames=frames)
    attend(console, night, compare=compare)


def night_of(
    loaded: LoadedProfile,
    console: Console,
    *,
    trace: Path | None,
    seed: int,
    speed: str | None,
    until: str | None,
    log: str | None,
    frames: int | None = None,
) -> Night:
    """Put a night together by what the command line says of it."""
    from statefocus import first_start
    from statefocus.faces.progress import Progress
    from statefocus.faces.structured_log import audience_of
    from statefocus.metrics import measurer
    from statefocus.night import Night

    first_start.tell_by(lambda said: console.print(said, soft_wrap=True))
    return Night(
        loaded=loaded,
        trace=trace or new_trace(loaded.profile),
        measure=measurer(loaded.profile),
        audience=audience_of(Progress(console), log),
        seed=seed,
        speed=speed_of(speed, loaded.profile),
        until=until_of(until, loaded.profile),
        frames=frames,
        interruptible=interruptible,
    )


def attend(console: Console, night: Night, *, compare: bool) -> None:
    """Attend a night, and sum it up; exit 3 where its host could not go on, 1 where it or its trace was cut off."""
    ended = night.attend()
    _summary(console, night, ended, compare=compare)
    if ended.trouble:
        raise typer.Exit(3)
    if ended.trace_trouble or ended.left:
        raise typer.Exit(1)


def _summary(console: Console, night: Night, ended: Ended, *, compare: bool) -> None:
    from statefocus.faces.tables import figures_table, log_table
    from statefocus.night import without_statefocus

    entries = ended.entries
    console.print()
    console.print(log_table(entries, night.profile.site.time_zone, night.profile.scale))
    if ended.figures is not None and ended.figures.lights:
        theirs = None
        if compare and ended.reason == "plan finished":
            with tempfile.TemporaryDirectory() as folder:
                theirs = without_statefocus(night, Path(folder) / "scratch.jsonl")
        console.print(figures_table(ended.figures, theirs, sum(entry.seconds or 0.0 for entry in entries)))
    if ended.reason == "--frames reached":
        console.print("Ended when the Light frames of --frames were taken.")
    elif ended.reason != "plan finished":
        console.print(f"Ended early: {ended.reason}")
    if ended.trouble and ended.trouble not in ended.reason:
        console.print(ended.trouble, style="bold red")
    if ended.left:
        console.print(ended.left, style="bold red")
    if ended.trace_trouble:
        console.print(ended.trace_trouble, style="bold red")
    console.print(f"trace: {ended.trace}", soft_wrap=True)
    console.print(f"now try: statefocus replay {ended.trace}", soft_wrap=True)


def new_trace(profile: Profile) -> Path:
    """Choose a folder for a new night's records: its date and rig, numbered where that exists."""
    from statefocus.telescope import starts_at

    begun = starts_at(profile) if profile.devices.embedded else time.time()
    day = datetime.fromtimestamp(begun, tz=ZoneInfo(profile.site.time_zone)).strftime("%Y-%m-%d")
    base = Path(profile.records.folder)
    number = 1
    while (folder := base / f"{day}-{profile.name}-{number:02d}").exists():
        number += 1
    return folder / "trace.jsonl"


def speed_of(text: str | None, profile: Profile) -> float:
    """Read --speed: 0 for max, else a factor of real time."""
    if text is None:
        return 0.0 if profile.devices.embedded and profile.host.kind == "embedded" else 1.0
    if text in ("max", "real"):
        return 0.0 if text == "max" else 1.0
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 1000:  # faster than this the devices' own polls are the limit
        raise UsageError(f"--speed {text}: write real, max, or a factor between 0 and 1000.")
    return factor


def until_of(text: str | None, profile: Profile) -> float | None:
    """Read --until as unix time."""
    if text is None:
        return None
    from statefocus.telescope import starts_at
    from statefocus.trace.times import parse_time, zone_of

    begun = starts_at(profile) if profile.devices.embedded else time.time()
    return parse_time(text, zone_of(profile.site.time_zone), begun, begun + 86_000)


_SIGNALS = {"SIGINT": "Ctrl-C", "SIGHUP": "its terminal was closed (SIGHUP)", "SIGTERM": "it was told to end (SIGTERM)"}


def interruptible(interrupt: Callable[..., None]) -> None:
    """Let Ctrl-C and a polite kill wind the session up instead of tearing it apart; `interrupt` is told which."""

    def take(number: int, _frame: object) -> None:
        interrupt(_SIGNALS[signal.Signals(number).name])

    signal.signal(signal.SIGINT, take)
    signal.signal(signal.SIGTERM, take)
    if hasattr(signal, "SIGHUP"):  # the terminal was closed; Windows has no such signal
        signal.signal(signal.SIGHUP, take)


def observatory(
    profile: Path | None = typer.Argument(
        None, help="Profile whose [observatory] is served; the embedded one if none."
    ),
    port: int = typer.Option(11111, min=0, max=65535, help="TCP port on the loopback interface; 0 takes a free one."),
    seed: int = typer.Option(1, help="Seed: same seed, same night."),
) -> None:
    """Serve the simulated observatory over Alpaca, in real time, until Ctrl-C."""
    from statefocus.clock import RealClock
    from statefocus.loading import load_profile
    from statefocus.observatory import Observatory, serving

    loaded = load_profile(profile).profile
    site = loaded.site
    served = Observatory(
        loaded.observatory,
        clock=RealClock().now,
        seed=seed,
        site_longitude_deg=site.longitude_deg,
        site_latitude_deg=site.latitude_deg,
    )
    stopped: list[bool] = []
    try:
        with serving(served, port) as server:
            typer.echo(f"The observatory answers at http://{server.address} (Alpaca); Ctrl-C ends it.")
            interruptible(lambda _why: stopped.append(True))
            while not stopped:
                time.sleep(0.2)
    except OSError as error:
        raise UsageError(f"{error.strerror or error}.") from None


def devices(
    timeout_s: float = typer.Option(2.0, min=0.1, max=60, help="How long to listen for answers."),
) -> None:
    """Find Alpaca servers on this network, and list their devices."""
    from statefocus.devices.alpaca.discovery import discover

    found = discover(timeout_s)
    if not found:
        typer.echo("No Alpaca server answered: is it on, in this network, and is UDP port 32227 open?", err=True)
        raise typer.Exit(3)
    for device in found:
        typer.echo(f"{device.host}:{device.port}  {device.kind} {device.number}  {device.name}")


COMMANDS = (run, observatory, devices)
