"""One statefocus a focuser: a second one on this machine is refused before it moves anything (H)."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from statefocus.errors import UsageError
from statefocus.profile import Address, IndiAddress

_OF_ALL = 0o666  # whoever else of this machine's users may want the same focuser


@contextmanager
def sole_owner(focuser: Address | IndiAddress) -> Iterator[None]:
    """Own a focuser for as long as the context lasts; one that was killed owns nothing any more.

    Another machine's statefocus is not seen here: what it moves is noticed by `owning.seen`.

    Raises
    ------
    UsageError
        Where another session owns it.
    """
    lock = FileLock(_file_of(focuser), mode=_OF_ALL)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise UsageError(
            f"Another statefocus on this machine uses the focuser {name_of(focuser)}: end that session first."
        ) from None
    except OSError as error:
        raise UsageError(f"{lock.lock_file} cannot be written ({error}), which keeps others off the focuser.") from None
    try:
        yield
    finally:
        lock.release()


def name_of(address: Address | IndiAddress) -> str:
    """Name a focuser in the same words whatever the profile calls its machine."""
    device = address.device if isinstance(address, IndiAddress) else str(address.number)
    return f"{address.host.lower().replace('localhost', '127.0.0.1')}:{address.port}/{device}"


def _file_of(address: Address | IndiAddress) -> Path:
    digest = hashlib.sha256(name_of(address).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"statefocus-focuser-{digest}.lock"
