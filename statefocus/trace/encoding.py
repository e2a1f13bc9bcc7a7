"""Values <-> JSON bodies: events in both directions, everything derived in one.

Numbers keep all their digits, so that a night can be replayed to the last bit; a number that JSON cannot hold (NaN,
infinity) is refused when it is written, since no reader could tell what it was.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

from msgspec.structs import asdict, fields

from statefocus.effects import Effect
from statefocus.errors import TraceError
from statefocus.events import KINDS, Event, field_types
from statefocus.session import Step


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


def encode_effect(effect: Effect) -> dict[str, Any]:
    """Turn an effect into the body of its line."""
    body: dict[str, Any] = {"effect": effect.kind}
    for field in fields(type(effect)):
        value = getattr(effect, field.name)
        body[field.name] = list(value) if isinstance(value, tuple) else value
    return body


def encode_step(step: Step, event_seq: int) -> dict[str, Any]:
    """Turn a step into the body of its line; `event_seq` is the number of the event that it worked off."""
    body: dict[str, Any] = {
        "of": event_seq,
        "machine": step.machine,
        "before": step.before,
        "after": step.after,
        "outcome": step.outcome,
        "row": step.row,
    }
    if step.tried:
        body["tried"] = [{"row": tried.row, "guards": dict(tried.guards)} for tried in step.tried]
    if step.triggers:
        body["triggers"] = {
            reading.name: {"due": reading.due, "reading": reading.reading, "limit": reading.limit, "text": reading.text}
            for reading in step.triggers
        }
    if step.fault:
        body["fault"] = step.fault
    return body
