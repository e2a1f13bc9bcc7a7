"""The console that people read; wide enough for a table where it is not a terminal; and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from statefocus.loading import LoadedProfile

_WIDTH_OF_FILES = 110


def console(*, stderr: bool = False) -> Console:
    """Make a console on standard output, or standard error."""
    made = Console(highlight=False, soft_wrap=True, stderr=stderr)
    if not made.is_terminal:
        made.width = _WIDTH_OF_FILES
    return made


def warn_of(loaded: LoadedProfile, *, plan: bool = True) -> None:
    """Tell what a profile asks for though hardly anybody can want it; of its plan only where that is to be taken."""
    for doubt in loaded.doubts:
        if plan or doubt.code != "empty-plan":
            typer.echo(f"Warning: {doubt}", err=True)
