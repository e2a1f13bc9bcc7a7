"""The wire under alpyca's device classes: a connection of its own for each device, time limits by kind of call.

alpyca holds one lock for all devices of a process during each request, gives images no time limit, and lets the
exceptions of its HTTP library through. So its two private hooks, `_get` and `_put`, are overridden here (a test holds
them to it): every fault comes out as one of statefocus' own errors, reads are tried again, commands never are.
"""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from math import isfinite
from typing import Any
from urllib.parse import urlencode

from statefocus.devices.values import TimeLimits
from statefocus.errors import Protocol, Refused, Timeout, Unreachable

CLIENT_ID = 4711
READ_TRIES = 3
_BACK_OFF_S = 0.1
_IDLE_S = 2.0
"""A connection that was idle for longer may have been closed by the server; a command then gets a fresh one."""

_transaction_ids = itertools.count(1)


@dataclass
class Wire:
    """One HTTP connection to one Alpaca server, used by one caller at a time.

    Attributes
    ----------
    host, port
        Of the server.
    name
        What to call the device in messages, such as "focuser at 127.0.0.1:11111".
    """

    host: str
    port: int
    name: str
    limits: TimeLimits = field(default_factory=TimeLimits)
    _connection: http.client.HTTPConnection | None = None
    _used: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, path: str, *, limit_s: float | None = None, accept: str = "application/json") -> tuple[str, bytes]:
        """Read; tried again where the wire fails. Gives content type and body."""
        for left in reversed(range(READ_TRIES)):
            try:
                return self._request("GET", f"{path}?{self._ids()}", None, limit_s or self.limits.read_s, accept)
            except (Unreachable, Timeout):
                if not left:
                    raise
                time.sleep(_BACK_OFF_S)
        raise AssertionError  # the loop returns or raises

    def put(self, path: str, form: dict[str, Any]) -> tuple[str, bytes]:
        """Command; never tried again, since it may have been carried out. Gives content type and body."""
        body = f"{urlencode(form)}&{self._ids()}" if form else self._ids()
        return self._request("PUT", path, body, self.limits.read_s, "application/json")

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    @staticmethod
    def _ids() -> str:
        return f"ClientID={CLIENT_ID}&ClientTransactionID={next(_transaction_ids)}"

    def _request(self, method: str, path: str, body: str | None, limit_s: float, accept: str) -> tuple[str, bytes]:
        with self._lock:
            if method == "PUT" and time.monotonic() - self._used > _IDLE_S:
                self._drop()
            try:
                return self._exchange(method, path, body, limit_s, accept)
            except TimeoutError:
                self._drop()
                raise Timeout(f"The {self.name} did not answer within {limit_s:g} s.") from None
            except (OSError, http.client.HTTPException) as error:
                self._drop()
                said = str(error) or type(error).__name__
                raise Unreachable(f"The {self.name} cannot be reached ({said}): is its server on?") from None

    def _exchange(self, method: str, path: str, body: str | None, limit_s: float, accept: str) -> tuple[str, bytes]:
        connection = self._connected(limit_s)
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        self._used = time.monotonic()
        if answer.status != http.HTTPStatus.OK:
            said = content.decode(errors="replace").strip()[:200] or answer.reason
            raise Protocol(f"The {self.name} answers HTTP {answer.status} to {path.partition('?')[0]}: {said}.")
        return answer.getheader("Content-Type") or "", content

    def _connected(self, limit_s: float) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.host, self.port, timeout=self.limits.connect_s)
            self._connection.connect()
        self._connection.sock.settimeout(limit_s)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def value_of(name: str, content: bytes) -> Any:
    """Read Alpaca's JSON answer.

    Raises
    ------
    Protocol
        Where it is not what the standard says.
    Refused
        Where the device reports an error.
    """
    try:
        answer = json.loads(content)
        number, message = int(answer["ErrorNumber"]), str(answer.get("ErrorMessage", ""))
    except (ValueError, KeyError, TypeError):
        said = content[:80].decode(errors="replace")
        raise Protocol(f"The {name} answers something that is not Alpaca: {said!r}.") from None
    if number:
        raise Refused(f"The {name} says: {message or 'error without words'} (0x{number:X}).", number)
    return answer.get("Value")


class Wired:
    """Mixed into alpyca's device classes: puts `Wire` under them in place of alpyca's own HTTP."""

    wire: Wire
    base_path: str
    urgent: Wire

    def attach(self, wire: Wire, base_path: str) -> None:
        """Take the wire over, and a second connection for commands that may not wait behind a slow answer."""
        self.wire, self.base_path = wire, base_path
        self.urgent = Wire(wire.host, wire.port, wire.name, wire.limits)

    def _get(self, attribute: str, tmo: float = 5.0, **query: Any) -> Any:  # noqa: ARG002  # alpyca's signature
        path = f"{self.base_path}/{attribute}"
        if query:
            message = f"{attribute}: reads with parameters are not used"
            raise ValueError(message)
        value = value_of(self.wire.name, self.wire.get(path)[1])
        if value is None or (isinstance(value, float) and not isfinite(value)):
            raise Protocol(f"The {self.wire.name} answers {value} to {attribute}, which is no value.")
        return value

    def _put(self, attribute: str, tmo: float = 5.0, **form: Any) -> dict[str, Any]:  # noqa: ARG002  # the same
        wire = self.urgent if attribute in ("halt", "abortexposure", "abortslew") else self.wire
        return {"Value": value_of(wire.name, wire.put(f"{self.base_path}/{attribute}", form)[1])}

    def hang_up(self) -> None:
        """Close both connections."""
        self.wire.close()
        self.urgent.close()
