"""indipyclient's client, taught to notice at once that its server has gone, and to say nothing by itself.

The library reads on where the other side has hung up, and tries again for ever. Here one client is one connection: it
ends with it, and the next one is opened when somebody asks for something. Its reader and writer are private names; a
test holds the library to them.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

from indipyclient import IPyClient

_LOOK_S = 0.05

logging.getLogger("indipyclient").addHandler(logging.NullHandler())


class Client(IPyClient):  # type: ignore[misc]  # indipyclient publishes no types
    """One connection.

    Parameters
    ----------
    host, port
        Of the server.
    hear
        Is told every event, in the loop's thread.
    """

    def __init__(self, host: str, port: int, hear: Callable[[Client, Any], None]) -> None:
        super().__init__(indihost=host, indiport=port)
        self._hear = hear
        self.trouble = ""

    async def rxevent(self, event: Any) -> None:
        """Pass an event on; the connection ends with its loss."""
        if event.eventtype == "ConnectionMade":
            _keep_alive(self._writer.get_extra_info("socket"))
        elif event.eventtype == "ConnectionLost":
            self.shutdown()
        self._hear(self, event)

    async def warning(self, message: str) -> None:
        """Keep what went wrong with the connection."""
        if message.startswith("Connection") and not self.trouble:
            self.trouble = message
            self.shutdown()
            self._hear(self, None)

    async def report(self, message: str) -> None:
        """Say nothing."""

    async def hardware(self) -> None:
        """Notice that the server has hung up, or is gone; the library itself reads on."""
        while not self.stop:
            await asyncio.sleep(_LOOK_S)
            reader = self._reader
            if reader is not None and (reader.at_eof() or reader.exception() is not None):
                await self._clear_connection()


def _keep_alive(connection: socket.socket) -> None:
    """Have the system ask whether the other side is still there: a cable that is pulled says nothing."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 5), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 10_000)):
        option = getattr(socket, name, None)  # not every system has them all
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
