"""Says which trace an error is about; apart from the reader, so that a command line that reads none starts at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from statefocus.errors import TraceError


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put a trace's name before what is wrong with one of its lines."""
    try:
        yield
    except TraceError as error:
        if str(path) not in str(error):
            error.args = (f"{path}: {error}",)
        raise
