"""Serves an application on the loopback interface: uvicorn, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import uvicorn

HOST = "127.0.0.1"
_KEEP_ALIVE_S = 600
_START_WITHIN_S = 10.0
_STOP_WITHIN_S = 10.0


class _Uvicorn(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


@contextmanager
def listening(port: int, who: str) -> Iterator[socket.socket]:
    """Listen on a port of the loopback interface; 0 takes a free one.

    Raises
    ------
    OSError
        The port is taken; `who` is named in its sentence.
    """
    # Named protocol: asyncio sets TCP_NODELAY only then, and without it each answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere this would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno, f"{who} cannot listen on {HOST}:{port} ({error.strerror}); choose another port, or 0"
        ) from error
    with listener:
        yield listener


@contextmanager
def serving_app(app: Any, listener: socket.socket, name: str, http: type[asyncio.Protocol] | str) -> Iterator[None]:
    """Serve an ASGI application for as long as the context lasts, in a thread of that name.

    Raises
    ------
    OSError
        It does not start.
    """
    config = uvicorn.Config(
        app,
        http=http,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=2,
    )
    server = _Uvicorn(config)
    thread = Thread(target=server.run, args=([listener],), name=name, daemon=True)
    thread.start()
    try:
        if not server.listens.wait(_START_WITHIN_S):
            raise OSError(f"the server of the {name} did not start within {_START_WITHIN_S:g} s")
        yield
    finally:
        server.should_exit = True
        thread.join(_STOP_WITHIN_S)
