"""`check`, `machine`: what a profile and the machines say, before the night."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from statefocus.cli.console import warn_of
from statefocus.errors import DeviceError, UsageError

if TYPE_CHECKING:
    from statefocus.profile import Profile


def check(
    profile: Path | None = typer.Argument(None, help="Profile to check; the embedded one if none."),
    devices: bool = typer.Option(False, "--devices", help="Try the devices too: one short exposure, one reading each."),
    schema: bool = typer.Option(False, "--schema", help="Print the profile's JSON Schema, for editors."),
) -> None:
    """Check a profile and the machines, prove these, and tell every effective value and where it comes from."""
    from statefocus.loading import load_profile, proved, read_machines
    from statefocus.metrics import ready_metric
    from statefocus.profile import Profile
    from statefocus.profile.telling import flat

    if schema:
        typer.echo(json.dumps(Profile.model_json_schema(by_alias=True), indent=2))
        return
    loaded = load_profile(profile)
    machines = read_machines(loaded)
    proof = proved(machines)
    values = flat(loaded.profile)
    width = max(len(key) for key in values)
    for key, value in values.items():
        origin = loaded.origins.get(key, "default")
        typer.echo(f"{key:<{width}} = {json.dumps(value)}  ({origin})")
    zone = f"{loaded.profile.cfz_um:.1f} um = {loaded.profile.cfz_steps:.1f} steps"
    warn_of(loaded)
    typer.echo(f"\n{loaded.file}: no problems. Critical focus zone {zone}.")
    for machine in machines:
        files = ", ".join(source.file for source in machine.sources)
        typer.echo(f"{files}: no problems. {len(machine.leaves())} states, {len(machine.rows)} rows.")
    typer.echo(f"Proved: {proof}.")
    ready_metric(loaded.profile)
    typer.echo(f"Metric {loaded.profile.autofocus.metric}: frames can be measured on this machine.")
    if loaded.profile.camera.source == "command":
        from statefocus.devices.command import find_program

        typer.echo(f"Camera command: {find_program(loaded.profile.camera.command)} is there.")
    if devices:
        _try_devices(loaded.profile)


def _try_devices(profile: Profile) -> None:
    """Try every device, and tell of each in one line; exit code 3 where one cannot be used."""
    from statefocus.devices.trying import try_devices
    from statefocus.hosts.registry import camera_of
    from statefocus.telescope import devices_of, time_of

    clock, _ = time_of(profile, 0.0 if profile.devices.embedded and profile.host.kind == "embedded" else 1.0)
    good = True
    with devices_of(profile, clock, seed=1) as (reached, _):
        for tried in try_devices(reached, clock, camera_of(reached, clock)):
            typer.echo(f"{tried.role}: {tried.said}", err=not tried.good)
            good = good and tried.good
    if not good:
        raise typer.Exit(DeviceError.exit_code)


def machine(
    name: str = typer.Argument("session", help="A machine or a part of one, such as session, autofocus, compensation."),
    format_: str = typer.Option("table", "--format", help="table or mermaid."),
) -> None:
    """Show a machine: its states, rows, and what every name in it means."""
    from statefocus.loading import load_machines
    from statefocus.machine.diagram import markdown, mermaid
    from statefocus.session import VOCABULARY
    from statefocus.toml_text import did_you_mean

    machines = {definition.name: definition for definition in load_machines()}
    for whole in list(machines.values()):
        machines |= {Path(part.file).stem: whole.part(part.file) for part in whole.sources[1:]}
    if name not in machines:
        raise UsageError(f"There is no machine {name!r}. {did_you_mean(name, machines)}")
    if format_ == "mermaid":
        typer.echo(mermaid(machines[name]), nl=False)
    elif format_ == "table":
        typer.echo(markdown(machines[name], VOCABULARY), nl=False)
    else:
        raise UsageError(f"--format {format_}: write table or mermaid.")


COMMANDS = (check, machine)
