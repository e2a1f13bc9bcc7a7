"""A small D-Bus client: calls with a time limit, signals in the order in which they came; for one thread."""

from __future__ import annotations

import select
import time
from collections import deque
from dataclasses import dataclass
from math import inf
from typing import Any

from jeepney import DBusAddress, HeaderFields, Message, MessageFlag, MessageType, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_PROPERTIES = "org.freedesktop.DBus.Properties"


class Gone(Exception):
    """Nobody answers, or the answer is an error: a program that is starting, ending, or not there."""


_ABSENT = {f"org.freedesktop.DBus.Error.Unknown{what}" for what in ("Object", "Interface", "Method")}


class Denied(Gone):
    """The answer is an error, such as for an object that is not there."""


class Absent(Denied):
    """There is no such object, or it has no such method."""


class BusLost(Gone):
    """The bus itself is gone."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal: who sent it (a unique name), the object, its interface, the signal's name, and what it tells."""

    sender: str
    path: str
    interface: str
    member: str
    body: tuple[Any, ...]


class Bus:
    """One connection.

    Parameters
    ----------
    address
        D-Bus address; None for the session bus of the environment.
    timeout_s
        Time limit of one call.

    Attributes
    ----------
    until
        Nothing is waited for beyond this (monotonic).

    Raises
    ------
    BusLost
        Where there is no such bus.
    """

    def __init__(self, address: str | None = None, timeout_s: float = 5.0) -> None:
        self._timeout_s, self.until = timeout_s, inf
        self._signals: deque[Signal] = deque()
        try:
            self._connection: DBusConnection = open_dbus_connection(address or "SESSION")
        except KeyError:
            raise BusLost("there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set)") from None
        except (OSError, RuntimeError, ValueError, StopIteration) as error:
            raise BusLost(f"there is no bus at {address or 'the session address'} ({error})") from error

    def call(self, destination: str, path: str, interface: str, member: str, signature: str = "", *body: Any) -> Any:
        """Call a method and give what it answers: one value, a tuple of them, or None.

        Raises
        ------
        Denied
            Where it answers an error; `Absent` where that tells of no such object.
        Gone
            Where it answers nothing in time.
        """
        address = DBusAddress(path, bus_name=destination, interface=interface)
        answer = self._answer(new_method_call(address, member, signature or None, body))
        if answer.header.message_type == MessageType.error:
            name = answer.header.fields.get(HeaderFields.error_name, "error")
            denied = Absent if name in _ABSENT else Denied
            raise denied(f"{member}: {name} {' '.join(str(part) for part in answer.body)}")
        values = tuple(plain(value) for value in answer.body)
        return values[0] if len(values) == 1 else (values or None)

    def tell(self, destination: str, path: str, interface: str, member: str) -> None:
        """Call a method that nobody answers; what is called next is worked off after it."""
        message = new_method_call(DBusAddress(path, bus_name=destination, interface=interface), member)
        message.header.flags |= MessageFlag.no_reply_expected
        self._send(message)

    def get(self, destination: str, path: str, interface: str, name: str) -> Any:
        """Read a property."""
        return self.call(destination, path, _PROPERTIES, "Get", "ss", interface, name)

    def listen_to(self, rule: str) -> None:
        """Have signals sent that match a rule."""
        self.call(*_BUS, "AddMatch", "s", rule)

    def owner(self, name: str) -> str | None:
        """Tell who owns a name, by unique name and process number; None where nobody does."""
        try:
            found = self.call(*_BUS, "GetNameOwner", "s", name)
        except Gone as error:
            if "NameHasNoOwner" in str(error):
                return None
            raise
        try:
            return f"{found} {self.call(*_BUS, 'GetConnectionUnixProcessID', 's', found)}"
        except BusLost:
            raise
        except Gone:
            return str(found)

    def signal(self) -> Signal | None:
        """Give the next signal that has come, or None."""
        while not self._signals:
            try:
                self._sort(self._connection.receive(timeout=0))
            except TimeoutError:
                return None
            except (OSError, ValueError) as error:
                raise BusLost(f"the bus is gone ({error})") from error
        return self._signals.popleft()

    def wait(self, seconds: float, woken: int) -> None:
        """Wait until something comes, or the file `woken` can be read, or the time is over."""
        if self._signals:
            return
        try:
            select.select([self._connection.sock, woken], [], [], seconds)
        except (OSError, ValueError) as error:
            raise BusLost(f"the bus is gone ({error})") from error

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _send(self, message: Message, serial: int | None = None) -> None:
        try:
            self._connection.send(message, serial)
        except (OSError, ValueError) as error:
            raise BusLost(f"the bus is gone ({error})") from error

    def _answer(self, message: Message) -> Message:
        serial = next(self._connection.outgoing_serial)
        self._send(message, serial)
        end = min(time.monotonic() + self._timeout_s, self.until)
        while True:
            try:
                came = self._connection.receive(timeout=max(end - time.monotonic(), 0.0))
            except TimeoutError:
                member = message.header.fields.get(HeaderFields.member)
                raise Gone(f"{member}: no answer within {self._timeout_s:g} s") from None
            except (OSError, ValueError) as error:
                raise BusLost(f"the bus is gone ({error})") from error
            if came.header.fields.get(HeaderFields.reply_serial) == serial:
                return came
            self._sort(came)

    def _sort(self, came: Message) -> None:
        if came.header.message_type != MessageType.signal:
            return
        fields = came.header.fields
        wanted = (HeaderFields.sender, HeaderFields.path, HeaderFields.interface, HeaderFields.member)
        sender, path, interface, member = (str(fields.get(field, "")) for field in wanted)
        self._signals.append(Signal(sender, path, interface, member, tuple(plain(value) for value in came.body)))


def plain(value: Any) -> Any:
    """Take the D-Bus types off a value: variants, structs of one, arrays of pairs.

    >>> plain(("a{sv}", {"hfr": ("d", 1.5)}))
    {'hfr': 1.5}
    >>> plain((2,))
    2
    """
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return plain(value[1])
    if isinstance(value, tuple) and len(value) == 1:
        return plain(value[0])
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value
