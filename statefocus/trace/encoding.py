"""Events <-> JSON bodies; what is no event is told with its line."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec.structs import asdict

from statefocus.errors import TraceError
from statefocus.events import KINDS, Event, field_types


def encode_event(event: Event) -> dict[str, Any]:
    """Turn an event into the body of its line; the inverse of `decode_event`."""
    return {"event": event.kind, **asdict(event)}


def decode_event(body: Mapping[str, Any], line: int) -> Event:
    """Turn the body of an event's line into the event.

    Raises
    ------
    TraceError
        For an unknown kind, a missing or unknown field, or a value of the wrong type.
    """
    name = body.get("event")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise TraceError(f"unknown event kind {name!r}; it was written by a newer statefocus, or by hand.", line)
    expected = _types_of(kind)
    given = {key: value for key, value in body.items() if key != "event"}
    for key, value in given.items():
        if key not in expected:
            raise TraceError(f"{name}: {key} is no field of it.", line)
        if not fits(value, expected[key]):
            raise TraceError(f"{name}: {key} is {value!r}, which is no {_said(expected[key])}.", line)
    try:
        return kind(**{key: _whole(value) for key, value in given.items()})
    except TypeError as error:
        raise TraceError(f"{name}: {error}.", line) from None


class Read(msgspec.Struct, frozen=True):
    """An event, and when it happened: as a number, and as that is rendered."""

    event: Event
    t: float
    rendered_t: bytes


_EVENT: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Union[tuple(KINDS.values())])  # noqa: UP007  # made, not written
_TIME = msgspec.json.Decoder(float)


def read_event(raw: bytes) -> Read | None:
    """Read an event's line in one go; None where that is not possible, and `decode_event` may tell why.

    Whether it is a line that was rendered here is for the caller to ask: more than that can be read.
    """
    start = raw.find(b'"t":') + 4
    rendered_t = raw[start : raw.find(b",", start)]
    try:
        return Read(_EVENT.decode(raw), _TIME.decode(rendered_t), rendered_t)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


_TYPES: dict[str, dict[str, Any]] = {}


def _types_of(kind: type[Event]) -> dict[str, Any]:
    if kind.kind not in _TYPES:
        _TYPES[kind.kind] = field_types(kind)
    return _TYPES[kind.kind]


def fits(value: Any, wanted: Any) -> bool:
    """Whether a JSON value can stand for a field of that type."""
    if get_origin(wanted) in (types.UnionType, Union):
        return any(fits(value, part) for part in get_args(wanted))
    if wanted is type(None):
        return value is None
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if get_origin(wanted) is tuple:
        parts = get_args(wanted)
        if not isinstance(value, list | tuple):
            return False
        wants = parts[:1] * len(value) if parts[-1] is Ellipsis else parts
        return len(wants) == len(value) and all(fits(one, want) for one, want in zip(value, wants, strict=True))
    return isinstance(value, wanted)


def _whole(value: Any) -> Any:
    """Turn JSON's lists into the tuples that events hold."""
    return tuple(_whole(part) for part in value) if isinstance(value, list) else value


def _said(wanted: Any) -> str:
    return str(getattr(wanted, "__name__", wanted)).replace(" | None", " or null")
