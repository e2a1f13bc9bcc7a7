"""Events as JSON bodies and back: every kind, every value, and nothing that was not an event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from statefocus import effects, events
from statefocus.errors import TraceError
from statefocus.events import KINDS, Event, field_types
from statefocus.stars import Growth, StarSize
from statefocus.trace.encoding import decode_event, encode_event, read_event
from statefocus.trace.rendering import line_of, render, render_exactly

VALUES: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    str: st.text(max_size=20),
    type(None): st.none(),
    tuple[tuple[float, float], ...]: st.lists(
        st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
    ).map(tuple),
    tuple[tuple[str, tuple[float, ...]], ...]: st.lists(
        st.tuples(st.text(max_size=5), st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple))
    ).map(tuple),
    tuple[StarSize, ...]: st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 4)).map(tuple),
    Growth: st.tuples(
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(allow_nan=False, allow_infinity=False),
        st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple),
    ),
}


def of_kind(kind: type[Event]) -> st.SearchStrategy[Event]:
    parts = {
        name: (wanted,) if wanted in VALUES else getattr(wanted, "__args__", (wanted,))
        for name, wanted in field_types(kind).items()
    }
    return st.builds(kind, **{name: st.one_of(*(VALUES[part] for part in some)) for name, some in parts.items()})


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(deadline=None, derandomize=True, max_examples=25)
@given(data=st.data())
def test_every_kind_of_event_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    event = data.draw(of_kind(KINDS[name]))
    body = json.loads(json.dumps(encode_event(event), ensure_ascii=False, allow_nan=False))
    assert decode_event(body, 1) == event
    assert type(decode_event(body, 1)) is type(event)


def test_every_kind_is_the_class_that_everybody_uses() -> None:
    for name, kind in KINDS.items():
        assert getattr(events, kind.__name__) is kind
        assert kind.kind == name


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"event": "frame_safed"}, "unknown event kind 'frame_safed'"),
        ({"event": None}, "unknown event kind None"),
        ({"event": ["x"]}, "unknown event kind"),
        ({}, "unknown event kind None"),
        ({"event": "aid_opened"}, "aid"),
        ({"event": "aid_opened", "aid": 5}, "aid is 5, which is no str"),
        ({"event": "focuser_moved", "effect": 1, "position": 10.5}, "position is 10.5, which is no int"),
        ({"event": "focuser_moved", "effect": True, "position": 1}, "effect is True, which is no int"),
        ({"event": "safety_read", "safe": "yes"}, "safe is 'yes', which is no bool or null"),
        ({"event": "sun_read", "altitude_deg": "low"}, "altitude_deg is 'low', which is no float"),
        ({"event": "aid_opened", "aid": "x", "ade": "y"}, "ade"),
    ],
)
def test_what_is_no_event_is_told_with_its_line(body: dict[str, Any], said: str) -> None:
    with pytest.raises(TraceError, match=r"^line 7: ") as raised:
        decode_event(body, 7)
    assert said in str(raised.value)


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(deadline=None, derandomize=True, max_examples=25)
@given(data=st.data())
def test_an_event_is_rendered_as_its_line_and_read_from_it_in_one_go(name: str, data: st.DataObject) -> None:
    event = data.draw(of_kind(KINDS[name]))
    try:
        line, _ = line_of(7, b"", render(5.25), "event", None, render_exactly(event))
    except OverflowError:
        return
    told = json.loads(line)
    assert told == told | json.loads(json.dumps(encode_event(event)))
    read = read_event(line)
    assert read is None or (read.event, read.t) == (event, 5.25)
    assert read is not None or any(isinstance(value, int) and abs(value) >= 2**63 for value in asdict(event).values())


@pytest.mark.parametrize("line", [b"", b"\xff", b"[]", b"{}", b'{"t":NaN,"event":"flip_started"}', b"[" * 100_000])
def test_what_is_no_event_is_not_read_in_one_go(line: bytes) -> None:
    assert read_event(line) is None


def test_every_kind_of_effect_can_be_told() -> None:
    sentence = json.loads(render(effects.Notify(2, "info", "a sentence")))
    assert sentence == {"effect": "notify", "id": 2, "level": "info", "sentence": "a sentence"}
    move = json.loads(render(effects.MoveFocuser(1, 5, (7,), "sweep")))
    assert move == {"effect": "move_focuser", "id": 1, "position": 5, "via": [7], "purpose": "sweep", "settle_s": 0.0}


def test_a_number_that_json_cannot_hold_becomes_null_where_it_was_derived_and_is_refused_where_it_was_told() -> None:
    assert render({"a": float("inf")}) == b'{"a":null}'
    with pytest.raises(ValueError, match="JSON"):
        render_exactly(events.SunRead(float("nan")))


def test_words_and_numbers_of_any_kind_can_be_rendered() -> None:
    assert json.loads(render({"a": "half a \ud800", "b": 10**30})) == {"a": "half a ?", "b": 10**30}
