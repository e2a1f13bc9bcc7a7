"""The console that people read; wide enough for a table where it is not a terminal."""

from __future__ import annotations

from rich.console import Console

_WIDTH_OF_FILES = 110


def console(*, stderr: bool = False) -> Console:
    """Make a console on standard output, or standard error."""
    made = Console(highlight=False, soft_wrap=True, stderr=stderr)
    if not made.is_terminal:
        made.width = _WIDTH_OF_FILES
    return made
