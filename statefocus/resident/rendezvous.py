"""A session's file: how callers reach it while it lives, and what its profile has chosen for when it does not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from statefocus.calling.places import NoSession, file_of, read
from statefocus.errors import UsageError


@dataclass(frozen=True, slots=True)
class Rendezvous:
    """What the file tells; see `statefocus.calling.places.Known`."""

    rig: str
    port: int
    token: str
    pid: int
    when_down: str
    wait_s: float
    trace: str = ""
    left: str = ""
    ended: bool = False


@contextmanager
def alone(rig: str, path: Path | None = None) -> Iterator[Path]:
    """Be the only session of a rig for as long as the context lasts; gives its file.

    Raises
    ------
    UsageError
        Where another one lives. One that was killed leaves no trouble: the system gives its lock back.
    """
    path = path or Path(file_of(rig))
    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire(blocking=False)
    except Timeout:
        said = f"A session of {rig} is attended already: `statefocus ctl status --rig {rig}` tells what it does."
        raise UsageError(f"{said} Another rig wants another `name` in its profile.") from None
    except OSError as error:
        raise UsageError(f"{path.parent} cannot be written, where callers look for the session: {error}.") from None
    try:
        yield path
    finally:
        lock.release()


def attends(rig: str, trace: Path) -> bool:
    """Whether the session that writes a trace is attended at this moment; one that was killed is not."""
    path = Path(file_of(rig))
    try:
        known = read(str(path))
    except NoSession:
        return False
    if known.ended or known.trace != str(trace.resolve()):
        return False
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


@contextmanager
def told(rendezvous: Rendezvous, path: Path) -> Iterator[None]:
    """Tell callers how the session is reached; afterwards, that it has ended, and what was chosen for that.

    Raises
    ------
    UsageError
        Where the file cannot be written.
    """
    try:
        _write(rendezvous, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written, where callers look for the session: {error}.") from None
    try:
        yield
    finally:
        with suppress(OSError):  # callers then find nobody at its port, and do what was chosen
            _write(replace(rendezvous, ended=True, token="", port=0), path)


def _write(rendezvous: Rendezvous, path: Path) -> None:
    """Write the file whole, readable by its owner alone."""
    temporary = path.with_suffix(f".{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(rendezvous), file)
        file.write("\n")
    os.replace(temporary, path)
