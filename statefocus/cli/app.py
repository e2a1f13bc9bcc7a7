"""All commands, gathered from their modules; each imports what it needs when it is called."""

from __future__ import annotations

import typer

from statefocus import __version__
from statefocus.cli import focusing, measuring, nights, real_nights, residing, setups, traces

app = typer.Typer(
    name="statefocus",
    help="Keeps a telescope in focus all night, and can prove why it did, or did not do, each thing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for module in (nights, residing, focusing, measuring, setups, traces, real_nights):
    for command in module.COMMANDS:
        app.command(name=command.__name__.removesuffix("_").replace("_", "-"))(command)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"statefocus {__version__}")
        raise typer.Exit


@app.callback()
def statefocus(
    _version_wanted: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Tell the version."
    ),
    _debug: bool = typer.Option(False, "--debug", help="Show a traceback where statefocus itself has a fault."),
) -> None:
    """Keep a telescope in focus all night, and prove why it did, or did not do, each thing."""
