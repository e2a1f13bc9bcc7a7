"""The console that people read; wide enough for a table where it is not a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from statefocus.errors import TraceError

_WIDTH_OF_FILES = 110


def console(*, stderr: bool = False) -> Console:
    """Make a console on standard output, or standard error."""
    made = Console(highlight=False, soft_wrap=True, stderr=stderr)
    if not made.is_terminal:
        made.width = _WIDTH_OF_FILES
    return made


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put a trace's name before what is wrong with one of its lines."""
    try:
        yield
    except TraceError as error:
        if str(path) not in str(error):
            error.args = (f"{path}: {error}",)
        raise
