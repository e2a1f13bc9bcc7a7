"""The observatory on the network: uvicorn in a thread of its own, on the loopback interface."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from uvicorn.protocols.http.h11_impl import H11Protocol

from statefocus.loopback import HOST, listening, serving_app
from statefocus.observatory.alpaca_api import AlpacaApi
from statefocus.observatory.observatory import Observatory


@dataclass(frozen=True, slots=True)
class Server:
    """Where a running observatory listens."""

    host: str
    port: int

    @property
    def address(self) -> str:
        """Host and port, as alpyca's devices want them."""
        return f"{self.host}:{self.port}"


@contextmanager
def serving(observatory: Observatory, port: int = 0) -> Iterator[Server]:
    """Serve an observatory for as long as the context lasts.

    Parameters
    ----------
    observatory
        What to serve.
    port
        TCP port; 0 takes a free one.

    Yields
    ------
    Server
        Host and port.

    Raises
    ------
    OSError
        The port is taken.
    """
    with (
        listening(port, "the observatory") as listener,
        serving_app(AlpacaApi(observatory).app, listener, "observatory", _protocol(observatory)),
    ):
        yield Server(HOST, listener.getsockname()[1])


def _protocol(observatory: Observatory) -> type[asyncio.Protocol]:
    class VanishingProtocol(H11Protocol):
        """Closes the connection without an answer while the server is gone."""

        def data_received(self, data: bytes) -> None:
            if observatory.server_gone:
                self._unset_keepalive_if_required()
                self.transport.abort()
            else:
                super().data_received(data)

    return VanishingProtocol
