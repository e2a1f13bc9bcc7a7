"""Connections to INDI servers: one for each server, shared by the devices of a rig.

What the server tells is kept in a table, written by the loop's thread and read by everybody; a command waits until its
property is told again, with a time limit. A connection that was lost is opened again by the next call, which begins
with what the server then tells: nothing that was told before counts.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from statefocus.devices.indi.link import Link
from statefocus.devices.values import TimeLimits
from statefocus.errors import Timeout, Unreachable, UsageError
from statefocus.profile import IndiAddress

if TYPE_CHECKING:
    from statefocus.devices.indi.client import Client

_CLOSE_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a device, as it was told last.

    Attributes
    ----------
    state
        `Idle`, `Ok`, `Busy` or `Alert`.
    values
        By member: a number, a text, `On` or `Off`, a light's state, or the bytes of an image.
    largest
        The largest value of each number that has one.
    told
        Counts what was told on all connections, so that a later word has a larger number.
    """

    state: str
    values: Mapping[str, Any]
    largest: Mapping[str, float]
    told: int


@dataclass
class Server:
    """One INDI server."""

    host: str
    port: int
    limits: TimeLimits
    connections: int = 0
    _opening: threading.Lock = field(default_factory=threading.Lock)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _properties: dict[tuple[str, str], Property] = field(default_factory=dict)
    _said: dict[str, str] = field(default_factory=dict)
    _told: int = 0
    _last_defined: float = 0.0
    _client: Client | None = None
    _up: bool = False
    _running: Future[Any] | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    # --- what anybody asks ---

    def connect(self, who: str) -> int:
        """See to it that there is a connection; gives its number.

        Raises
        ------
        Unreachable
            Where there is none to be had.
        """
        with self._opening, self._changed:  # whoever comes while it is opened waits for that
            if not self._up:
                self._open(who)
            return self.connections

    def find(self, device: str, name: str) -> Property | None:
        """Give a property as it was told last; None where it was not."""
        with self._changed:
            return self._properties.get((device, name))

    def forget(self, device: str, name: str) -> None:
        """Let go of the values of a property; an image takes room."""
        with self._changed:
            self._properties.pop((device, name), None)

    def devices(self) -> list[str]:
        """Name the devices that the server has told of."""
        with self._changed:
            return sorted({device for device, _ in self._properties})

    def said(self, device: str) -> str:
        """Give what a device said last, in its own words."""
        with self._changed:
            return self._said.get(device, "")

    def wait(self, done: Callable[[], bool], limit_s: float) -> bool:
        """Wait for something to be told; gives whether it was, before the limit and the end of the connection."""
        with self._changed:
            number = self.connections
            self._changed.wait_for(lambda: done() or not self._up or self.connections != number, limit_s)
            return done()

    def wait_for_quiet(self, quiet_s: float, limit_s: float) -> None:
        """Wait until no property has been defined for a while: a device that was connected tells all of them."""
        deadline = time.monotonic() + limit_s
        with self._changed:
            while self._up and (now := time.monotonic()) < deadline:
                left = self._last_defined + quiet_s - now
                if left <= 0:
                    return
                self._changed.wait(min(left, deadline - now))

    def send(self, who: str, device: str, name: str, values: Mapping[str, Any]) -> int:
        """Send new values of a property; gives the count of what had been told before.

        Raises
        ------
        Unreachable
            Where the connection has gone; nobody knows whether they arrived.
        Timeout
            Where they could not be sent in time.
        """
        with self._changed:
            client, before = self._client, self._told
            self._said.pop(device, None)
            if client is None or not self._up:
                raise self._gone(who)
        self._ask(who, client.send_newVector(device, name, members=dict(values)))
        return before

    def want_images(self, who: str, device: str, *, wanted: bool) -> None:
        """Have the device's images sent to us, or no longer; other clients get theirs all the same."""
        with self._changed:
            client = self._client
            if client is None or not self._up:
                raise self._gone(who)
        self._ask(who, client.send_enableBLOB("Also" if wanted else "Never", device))

    def close(self) -> None:
        """Hang up."""
        with self._changed:
            loop = self._loop
            self._up, self._client, self._loop = False, None, None
        if loop is not None:
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(_wind_up(), loop).result(_CLOSE_WITHIN_S)
            loop.call_soon_threadsafe(loop.stop)

    # --- the connection ---

    def _open(self, who: str) -> None:
        """Open a connection; the locks are held."""
        client = self._new_client()
        self._client = client
        self._running = asyncio.run_coroutine_threadsafe(client.asyncrun(), self._looping())
        self._changed.wait_for(lambda: self._up or bool(client.trouble), self.limits.connect_s)
        if not self._up:
            self._running.cancel()
            self._client = None
            raise self._gone(who, client.trouble)

    def _new_client(self) -> Client:
        try:
            from statefocus.devices.indi.client import Client
        except ImportError as error:
            raise UsageError(
                f"INDI devices need the package indipyclient, which is not installed here ({error}): "
                "pip install 'statefocus[ekos]'."
            ) from None
        return Client(self.host, self.port, self._hear)

    def _looping(self) -> asyncio.AbstractEventLoop:
        """Give the loop, which runs in a thread of its own."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            name = f"statefocus indi {self.host}:{self.port}"
            threading.Thread(target=_run, args=(self._loop,), name=name, daemon=True).start()
        return self._loop

    def _ask(self, who: str, sending: Any) -> None:
        future = asyncio.run_coroutine_threadsafe(sending, self._looping())
        try:
            future.result(self.limits.read_s)
        except TimeoutError:
            future.cancel()
            raise Timeout(f"The {who} took nothing within {self.limits.read_s:g} s.") from None

    def _gone(self, who: str, trouble: str = "") -> Unreachable:
        said = trouble.lower() or f"no INDI server answered within {self.limits.connect_s:g} s"
        return Unreachable(f"The {who} cannot be reached ({said}): is its INDI server on?")

    # --- what the server tells, in the loop's thread ---

    def _hear(self, client: Client, event: Any) -> None:
        with self._changed:
            if client is self._client:
                self._note(event)
                self._changed.notify_all()

    def _note(self, event: Any) -> None:
        kind = event.eventtype if event is not None else "ConnectionLost"
        device = str(getattr(event, "devicename", ""))
        message = getattr(event, "message", "")
        if message and not message.startswith(("[INFO]", "[DEBUG]")):
            self._said[device] = message
        if kind == "ConnectionMade":
            self._up = True
            self.connections += 1
            self._properties.clear()
        elif kind == "ConnectionLost":
            self._up = False
        elif kind == "Delete":
            gone = [key for key in self._properties if key[0] == device and event.vectorname in (None, key[1])]
            for key in gone:
                del self._properties[key]
        elif kind.startswith(("Define", "Set")):
            self._told += 1
            self._properties[device, event.vectorname] = _property(event.vector, self._told)
            if kind.startswith("Define"):
                self._last_defined = time.monotonic()


class Servers:
    """The INDI servers of one rig.

    Parameters
    ----------
    limits
        Time limits for reaching one, and for an answer.
    """

    def __init__(self, limits: TimeLimits) -> None:
        self._limits = limits
        self._servers: dict[tuple[str, int], Server] = {}

    def link(self, role: str, address: IndiAddress, needs: str) -> Link:
        """Reach a device, and connect it where it is not.

        Raises
        ------
        DeviceError
            Where that cannot be done.
        """
        key = address.host, address.port
        server = self._servers.setdefault(key, Server(*key, self._limits))
        link = Link(server, address.device, role, needs)
        link.ready()
        return link

    def close(self) -> None:
        """Hang up on all of them; devices stay connected for whoever else uses them."""
        for server in self._servers.values():
            server.close()


def _property(vector: Any, told: int) -> Property:
    if vector.vectortype == "NumberVector":
        values = {name: _number(vector, name) for name in vector}
        largest = {name: _largest(member) for name, member in vector.members().items()}
        return Property(vector.state, values, largest, told)
    return Property(vector.state, dict(vector), {}, told)


def _number(vector: Any, name: str) -> float:
    try:
        return float(vector.getfloatvalue(name))
    except (TypeError, ValueError):
        return float("nan")


def _largest(member: Any) -> float:
    try:
        return float(member.getfloat(member.max))
    except (TypeError, ValueError):
        return float("nan")


async def _wind_up() -> None:
    """End everything that runs in the loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped."""
    loop.run_forever()
    loop.close()
