"""What every Alpaca device has in common, and how a device tells its members.

A device is a class whose methods are marked with `reads` (GET) or `commands` (PUT); what never changes, and what the
device does not have, are tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, TypeVar

from statefocus.observatory.errors import (
    ACTION_NOT_IMPLEMENTED,
    NOT_CONNECTED,
    NOT_IMPLEMENTED,
    AlpacaError,
)

Method = Literal["GET", "PUT"]
Parameters = Mapping[str, type]
Function = TypeVar("Function", bound=Callable[..., Any])
Clock = Callable[[], float]

_MARK = "alpaca_member"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a device: its method, its name as the standard writes it, its parameters in order."""

    method: Method
    name: str
    parameters: Parameters = field(default_factory=dict)
    always: bool = False
    call: Callable[..., Any] | None = None


def _marked(member: Member) -> Callable[[Function], Function]:
    def mark(function: Function) -> Function:
        vars(function)[_MARK] = member
        return function

    return mark


def reads(name: str, *, always: bool = False, **parameters: type) -> Callable[[Function], Function]:
    """Mark a method as the GET member `name`; `always` works without a connection."""
    return _marked(Member("GET", name, parameters, always))


def commands(name: str, *, always: bool = False, **parameters: type) -> Callable[[Function], Function]:
    """Mark a method as the PUT member `name`, called with its parameters in order."""
    return _marked(Member("PUT", name, parameters, always))


def iso_utc(t: float) -> str:
    """Return unix seconds as the standard writes a time in UTC."""
    return datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Device:
    """One device.

    Parameters
    ----------
    now
        The clock, unix seconds.
    fixed
        What never changes: values of GET members by name.
    """

    kind: ClassVar[str]
    type_name: ClassVar[str]
    interface_version: ClassVar[int]
    state: ClassVar[tuple[str, ...]] = ()
    absent_reads: ClassVar[tuple[str, ...]] = ()
    absent_commands: ClassVar[Mapping[str, Parameters]] = {}

    def __init__(self, now: Clock, fixed: Mapping[str, Any]) -> None:
        self._now = now
        self._connected = False
        members = [Member("GET", name, call=lambda value=value: value) for name, value in fixed.items()]
        members += [Member("GET", name) for name in self.absent_reads]
        members += [Member("PUT", name, parameters) for name, parameters in self.absent_commands.items()]
        members += [_bound(self, name) for name in dir(type(self)) if hasattr(getattr(type(self), name), _MARK)]
        self._members: dict[tuple[str, str], Member] = {(item.method, item.name.lower()): item for item in members}

    def member(self, method: str, url_name: str) -> Member | None:
        """Return the member that a URL names in lower case, or None."""
        return self._members.get((method, url_name))

    def call(self, member: Member, *arguments: Any) -> Any:
        """Return what a member answers.

        Raises
        ------
        AlpacaError
            The device refuses.
        """
        if not (self._connected or member.always):
            raise AlpacaError(NOT_CONNECTED, f"{self.type_name} is not connected")
        if member.call is None:
            raise AlpacaError(NOT_IMPLEMENTED, f"{member.name} is not implemented by this {self.type_name}")
        return member.call(*arguments)

    @reads("Connected", always=True)
    def connected(self) -> bool:
        """Return whether the device is connected."""
        return self._connected

    @commands("Connected", always=True, Connected=bool)
    def set_connected(self, connected: bool) -> None:  # noqa: FBT001 - the standard's signature
        """Connect or disconnect."""
        self._connected = connected

    @commands("Connect", always=True)
    def connect(self) -> None:
        """Connect; done at once."""
        self._connected = True

    @commands("Disconnect", always=True)
    def disconnect(self) -> None:
        """Disconnect; done at once."""
        self._connected = False

    @reads("Connecting", always=True)
    def connecting(self) -> bool:
        """Return False: connecting takes no time."""
        return False

    @reads("Description", always=True)
    def description(self) -> str:
        """Return what the device is."""
        return f"Simulated {self.type_name} of the statefocus observatory"

    @reads("DriverInfo", always=True)
    def driver_info(self) -> str:
        """Return who made the driver."""
        return "statefocus observatory: a simulation with real optics, weather and faults"

    @reads("DriverVersion", always=True)
    def driver_version(self) -> str:
        """Return the driver's version."""
        return "1.0"

    @reads("InterfaceVersion", always=True)
    def version_of_interface(self) -> int:
        """Return the version of the ASCOM interface (Platform 7)."""
        return self.interface_version

    @reads("Name", always=True)
    def name(self) -> str:
        """Return the device's name."""
        return f"statefocus {self.type_name}"

    @reads("SupportedActions", always=True)
    def supported_actions(self) -> list[str]:
        """Return no actions."""
        return []

    @commands("Action", Action=str, Parameters=str)
    def action(self, action: str, parameters: str) -> None:
        """Refuse any action."""
        raise AlpacaError(ACTION_NOT_IMPLEMENTED, f"there is no action {action!r} (parameters {parameters!r})")

    @commands("CommandBlind", Command=str, Raw=bool)
    def command_blind(self, command: str, raw: bool) -> None:  # noqa: FBT001 - the standard's signature
        """Refuse any command string."""
        raise AlpacaError(NOT_IMPLEMENTED, f"command strings are not implemented ({command!r}, raw={raw})")

    @commands("CommandBool", Command=str, Raw=bool)
    def command_bool(self, command: str, raw: bool) -> None:  # noqa: FBT001 - the standard's signature
        """Refuse any command string."""
        self.command_blind(command, raw)

    @commands("CommandString", Command=str, Raw=bool)
    def command_string(self, command: str, raw: bool) -> None:  # noqa: FBT001 - the standard's signature
        """Refuse any command string."""
        self.command_blind(command, raw)

    @reads("DeviceState")
    def device_state(self) -> list[dict[str, Any]]:
        """Return the operational members in one answer; those that fail are left out."""
        values = []
        for name in self.state:
            try:
                values.append({"Name": name, "Value": self.call(self._members["GET", name.lower()])})
            except AlpacaError:
                continue
        return [*values, {"Name": "TimeStamp", "Value": iso_utc(self._now())}]


def _bound(device: Device, attribute: str) -> Member:
    mark: Member = getattr(getattr(type(device), attribute), _MARK)
    return Member(mark.method, mark.name, mark.parameters, mark.always, getattr(device, attribute))
