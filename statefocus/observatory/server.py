"""The observatory on the network: uvicorn in a thread of its own, on the loopback interface."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from statefocus.observatory.alpaca_api import AlpacaApi
from statefocus.observatory.observatory import Observatory

HOST = "127.0.0.1"
_KEEP_ALIVE_S = 600
_START_WITHIN_S = 10.0
_STOP_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where a running observatory listens."""

    host: str
    port: int

    @property
    def address(self) -> str:
        """Host and port, as alpyca's devices want them."""
        return f"{self.host}:{self.port}"


class _Uvicorn(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


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
    with _listening(port) as listener:
        server = _Uvicorn(_config(observatory))
        thread = Thread(target=server.run, args=([listener],), name="observatory", daemon=True)
        thread.start()
        try:
            if not server.listens.wait(_START_WITHIN_S):
                raise OSError(f"the observatory's server did not start within {_START_WITHIN_S:g} s")
            yield Server(HOST, listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(_STOP_WITHIN_S)


def _listening(port: int) -> socket.socket:
    # Named protocol: asyncio sets TCP_NODELAY only then, and without it each answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere this would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno, f"the observatory cannot listen on {HOST}:{port} ({error.strerror}); choose another port, or 0"
        ) from error
    return listener


def _config(observatory: Observatory) -> uvicorn.Config:
    return uvicorn.Config(
        AlpacaApi(observatory).app,
        http=_protocol(observatory),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=2,
    )


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
