"""One device of an INDI server: readings, and commands that wait for their answer."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from statefocus.errors import Protocol, Refused, Timeout, Unreachable

if TYPE_CHECKING:
    from statefocus.devices.indi.servers import Property, Server

QUIET_S = 0.3
"""A device that has defined nothing new for so long has told all its properties."""

SECOND_WORD_S = 0.2
"""Drivers may repeat a property's old state just before the answer itself; an alarm counts only after so long."""

ON, OFF = "On", "Off"


class Link:
    """One device of an INDI server, in one role of a rig.

    Parameters
    ----------
    server
        The connection, shared with other devices.
    device
        Its name on the server.
    role
        What to call it in messages.
    needs
        The property without which it cannot be what it is to be.
    """

    def __init__(self, server: Server, device: str, role: str, needs: str) -> None:
        self.server, self.device = server, device
        self.name = f"{role} at {server.host}:{server.port}"
        self._needs = needs
        self._connection = 0

    # --- readings ---

    def find(self, name: str) -> Property | None:
        """Give a property; None where the device has none of that name.

        Raises
        ------
        DeviceError
            Where the device cannot be reached.
        """
        self.ready()
        return self.server.find(self.device, name)

    def need(self, name: str) -> Property:
        """Give a property that the device must have.

        Raises
        ------
        Protocol
            Where it has none.
        """
        found = self.find(name)
        if found is None:
            raise Protocol(f"The {self.name} ({self.device}) has no {name}, so it cannot be used here.")
        return found

    def number(self, name: str, member: str) -> float | None:
        """Read a number; None where there is none."""
        found = self.find(name)
        value = found.values.get(member) if found is not None else None
        return value if isinstance(value, float) and isfinite(value) else None

    def switched(self, name: str, member: str) -> bool | None:
        """Read a switch; None where there is none."""
        found = self.find(name)
        value = found.values.get(member) if found is not None else None
        return None if value is None else value == ON

    def busy(self, name: str) -> bool:
        """Whether a property is at work.

        Raises
        ------
        Refused
            Where it is in alarm.
        """
        found = self.need(name)
        if found.state == "Alert":
            raise self.refusal()
        return found.state == "Busy"

    def answered(self, name: str, before: int) -> bool:
        """Whether a property has been told since that count, or on another connection."""
        return self.need(name).told > before

    def refusal(self) -> Refused:
        """Tell that the device said no, in its own words."""
        said = self.server.said(self.device).removeprefix("[ERROR] ").rstrip(".") or "alarm, without words"
        return Refused(f"The {self.name} says: {said}.")

    # --- commands ---

    def send(self, name: str, values: Mapping[str, Any]) -> int:
        """Send new values, and do not wait; gives a count for `answered`."""
        self.need(name)
        return self.server.send(self.name, self.device, name, values)

    def set(self, name: str, values: Mapping[str, Any], *, at_work: bool = False) -> None:
        """Send new values, and wait for the answer; with `at_work` an answer that it has begun is enough.

        Raises
        ------
        Refused
            Where the device says no.
        Timeout
            Where it says nothing, or does not come to an end.
        Unreachable
            Where the connection is lost; nobody knows then whether it was done.
        """
        limit_s = self.server.limits.read_s
        before = self.send(name, values)

        def state() -> str:
            found = self.server.find(self.device, name)
            return found.state if found is not None and found.told > before else ""

        good = ("Ok", "Busy") if at_work else ("Ok",)
        if not self.server.wait(lambda: state() != "", limit_s):
            raise self._silent(limit_s)
        patience_s = limit_s if state() == "Busy" else SECOND_WORD_S
        if not self.server.wait(lambda: state() in good, patience_s) and state() in ("Alert", "Busy"):
            raise self.refusal() if state() == "Alert" else self._silent(limit_s)

    def _silent(self, limit_s: float) -> Timeout | Unreachable:
        if self.server.connect(self.name) != self._connection:  # raises where it is still gone
            return Unreachable(f"The {self.name} was lost while it was to answer, and has come back since.")
        return Timeout(f"The {self.name} did not answer within {limit_s:g} s.")

    # --- the connection ---

    def ready(self) -> None:
        """See to it that the server is reached, that it has the device, and that this is connected and told.

        Raises
        ------
        Unreachable
            Where there is no server, or no such device.
        Protocol
            Where the device is something else than it should be.
        """
        server = self.server
        number = server.connect(self.name)
        if number == self._connection and self._is_on():
            return
        limit_s = server.limits.read_s
        if not server.wait(lambda: server.find(self.device, "CONNECTION") is not None, limit_s):
            server.connect(self.name)
            others = ", ".join(server.devices()) or "none"
            said = f"the server has no device {self.device!r}; it has {others}"
            raise Unreachable(f"The {self.name} is not there: {said}.")
        if not self._is_on():
            self._switch_on(limit_s)
        if not server.wait(lambda: server.find(self.device, self._needs) is not None, limit_s):
            server.connect(self.name)
            raise Protocol(f"The {self.name} ({self.device}) has no {self._needs}, so it cannot be used here.")
        server.wait_for_quiet(QUIET_S, limit_s)
        self._connection = number

    def _is_on(self) -> bool:
        found = self.server.find(self.device, "CONNECTION")
        return found is not None and found.values.get("CONNECT") == ON and found.state != "Busy"

    def _switch_on(self, limit_s: float) -> None:
        server = self.server
        before = server.send(self.name, self.device, "CONNECTION", {"CONNECT": ON, "DISCONNECT": OFF})

        def answered() -> bool:
            found = server.find(self.device, "CONNECTION")
            return self._is_on() or (found is not None and found.told > before and found.state == "Alert")

        if not server.wait(answered, limit_s):
            server.connect(self.name)
            raise Timeout(f"The {self.name} ({self.device}) was not connected to its hardware within {limit_s:g} s.")
        if not self._is_on():
            raise self.refusal()
