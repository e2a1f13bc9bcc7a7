"""Addresses of devices: a table for Alpaca, or one line of text for Alpaca or INDI."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_serializer

from statefocus.profile.base import Section

INDI_PORT = 7624

_TEXT = re.compile(r"(?P<protocol>\w+)://(?P<host>\[[0-9a-fA-F:]+\]|[^/:\s]+)(:(?P<port>\d+))?/(?P<device>.*\S)")


class Address(Section):
    """One Alpaca device."""

    host: str = Field("127.0.0.1", description="Name or IP address of the Alpaca server.")
    port: int = Field(11111, ge=1, le=65535, description="Its TCP port.")
    number: int = Field(0, ge=0, description="Device number on that server.")


class IndiAddress(Section):
    """One INDI device; written as text, such as `indi://127.0.0.1:7624/CCD Simulator`."""

    host: str
    port: int = Field(INDI_PORT, ge=1, le=65535)
    device: str

    @model_serializer
    def text(self) -> str:
        """Write it as in a profile."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"indi://{host}:{self.port}/{self.device}"

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: Any) -> dict[str, Any]:
        return {"type": "string", "pattern": "^(indi|alpaca)://", "description": "An address as text."}


def address_of(text: str) -> Address | IndiAddress:
    """Read an address that is written as text.

    >>> address_of("indi://10.0.0.7/ZWO CCD ASI1600MM").text()
    'indi://10.0.0.7:7624/ZWO CCD ASI1600MM'
    >>> address_of("alpaca://192.168.1.20:11111/0").number
    0

    Raises
    ------
    ValueError
        Where it is none; with what it should be.
    """
    parts = _TEXT.fullmatch(text.strip())
    if parts is None or parts["protocol"] not in ("indi", "alpaca"):
        raise ValueError(
            f"{text!r} is no address; write `indi://HOST:PORT/DEVICE NAME` or `alpaca://HOST:PORT/DEVICE NUMBER`"
        )
    host, device = parts["host"].strip("[]"), parts["device"].strip()
    port = int(parts["port"]) if parts["port"] else None
    if port is not None and not 1 <= port <= 65535:
        raise ValueError(f"{text!r} has port {port}; a port is a number from 1 to 65535")
    if parts["protocol"] == "indi":
        return IndiAddress(host=host, port=port or INDI_PORT, device=device)
    if not device.isdecimal():
        raise ValueError(f"{text!r} ends with {device!r}; an Alpaca device has a number, such as 0")
    return Address(host=host, port=port or 11111, number=int(device))


def _from_text(value: Any) -> Any:
    return address_of(value) if isinstance(value, str) else value


def _form(value: Any) -> str:
    return "text" if isinstance(value, IndiAddress) else "table"


DeviceAddress = Annotated[
    Annotated[Annotated[Address, Tag("table")] | Annotated[IndiAddress, Tag("text")], Discriminator(_form)] | None,
    BeforeValidator(_from_text),
]
"""Where a device is; None where the rig has none."""
