from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from statefocus.observatory import Server, serving

from .night import SMALL, Night, night


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Night, Server]]:
    """One night on the network, for tests that do not mind each other."""
    shared = night(camera=SMALL | {"height_px": 192})
    with serving(shared.observatory) as server:
        yield shared, server


@pytest.fixture
def client() -> Iterator[Callable[..., Any]]:
    """Make alpyca devices, connected, and close their sessions at the end."""
    with ExitStack() as stack:

        def make(kind: type[Any], server: Server) -> Any:
            device = kind(server.address, 0)
            stack.callback(device.rqs.close)
            device.Connected = True
            return device

        yield make
