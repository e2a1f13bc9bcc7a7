"""Reading traces: damage is named by its line; what is no trace is an error with a line, never a traceback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statefocus.errors import StatefocusError, TraceError
from statefocus.profile import Profile
from statefocus.trace import reading
from statefocus.trace.auditing import audit
from statefocus.trace.diffing import diff
from statefocus.trace.explaining import explain
from statefocus.trace.focus_log import focus_log
from statefocus.trace.reading import Damage, TraceReader, read_header
from statefocus.trace.replaying import replay
from statefocus.what_if import what_if

from .tapes import changed, find, lines_of, put, rechained


def damage_of(path: Path) -> list[tuple[int, str]]:
    reader = TraceReader(path)
    for _ in reader:
        pass
    return [(damage.line, damage.what) for damage in reader.damage]


# --- the chain of digests ---


def test_a_trace_that_nobody_touched_has_no_damage(trace: Path) -> None:
    assert damage_of(trace) == []


def test_an_edited_number_is_found_on_its_line(trace: Path) -> None:
    lines = lines_of(trace)
    at = find(lines, event="focuser_moved")
    lines[at] = lines[at].replace('"position":10', '"position":11', 1)
    assert damage_of(put(trace, lines)) == [(at + 1, "edited")]


def test_an_edited_digest_is_found_on_its_line_and_the_next(trace: Path) -> None:
    lines = lines_of(trace)
    lines[4] = lines[4][:-18] + "0123456789abcdef" + '"}'
    assert damage_of(put(trace, lines)) == [(5, "edited"), (6, "edited")]


def test_a_removed_line_is_found_where_it_was(trace: Path) -> None:
    lines = lines_of(trace)
    del lines[10]
    assert damage_of(put(trace, lines)) == [(11, "missing")]


def test_removed_lines_that_were_renumbered_are_found_too(trace: Path) -> None:
    lines = lines_of(trace)
    del lines[10]
    renumbered = [
        line.replace(f'"seq":{i + 1},', f'"seq":{i},', 1) if i >= 10 else line for i, line in enumerate(lines)
    ]
    assert damage_of(put(trace, renumbered))[0] == (11, "edited")


def test_swapped_lines_are_found(trace: Path) -> None:
    lines = lines_of(trace)
    lines[10], lines[11] = lines[11], lines[10]
    assert [line for line, _ in damage_of(put(trace, lines))] == [11, 12, 13]


def test_a_line_that_stands_there_twice_is_found(trace: Path) -> None:
    lines = lines_of(trace)
    lines.insert(11, lines[10])
    assert damage_of(put(trace, lines)) == [(12, "missing")]


def test_a_missing_first_line_is_found(trace: Path) -> None:
    assert damage_of(put(trace, lines_of(trace)[1:])) == [(1, "missing")]


def test_a_last_line_that_only_lacks_its_end_is_read_and_not_called_cut_off(trace: Path) -> None:
    trace.write_bytes(trace.read_bytes()[:-1])
    reader = TraceReader(trace)
    number = len(list(reader))
    assert number == len(lines_of(trace))
    assert reader.damage == [
        Damage(number, "torn", f"line {number}: the last line is whole, and only its line end is missing; it is read.")
    ]
    assert replay(trace).same
    assert audit(trace).clean


@pytest.mark.parametrize("cut", [2, 3, 30])
def test_a_torn_last_line_is_recognised_and_left_out(trace: Path, cut: int) -> None:
    raw = trace.read_bytes()
    number = len(lines_of(trace))
    trace.write_bytes(raw[:-cut])
    reader = TraceReader(trace)
    assert len(list(reader)) == number - 1
    assert [(damage.line, damage.what) for damage in reader.damage] == [(number, "torn")]
    assert reader.torn


def test_a_time_before_that_of_the_line_before_is_found_though_every_digest_is_right(trace: Path) -> None:
    lines = lines_of(trace)
    at = next(i for i, line in enumerate(lines) if json.loads(line).get("event") == "temperature_read" and i > 100)
    before, derived = json.loads(lines[at - 1])["t"], json.loads(lines[at + 1])["kind"]
    assert derived == "step"
    lines[at], lines[at + 1] = (changed(line, t=before - 5.0) for line in lines[at : at + 2])
    put(trace, rechained(lines))
    assert damage_of(trace) == [(at + 1, "backwards")]
    verdict = replay(trace)
    assert [(damage.line, damage.what) for damage in verdict.damage] == [(at + 1, "backwards")]
    assert not verdict.same


def test_each_damage_says_its_line(trace: Path) -> None:
    lines = lines_of(trace)
    del lines[10]
    reader = TraceReader(put(trace, lines))
    list(reader)
    assert reader.damage == [Damage(11, "missing", "line 11: 1 line before it was removed.")]


@settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_found(trace: Path, data: st.DataObject) -> None:
    pristine = (trace.parent / "pristine").resolve()
    if not pristine.exists():
        pristine.write_bytes(trace.read_bytes())
    raw = bytearray(pristine.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    trace.write_bytes(bytes(raw))
    try:
        found = [line for line, _ in damage_of(trace)]
    except TraceError as error:
        found = [error.line]
    assert found
    assert min(found) > 0


# --- what is no trace ---

READERS: dict[str, Callable[[Path], object]] = {
    "reader": lambda path: list(TraceReader(path)),
    "header": read_header,
    "replay": replay,
    "explain": lambda path: explain(path, "20:32"),
    "diff": lambda path: diff(path, path),
    "log": focus_log,
    "audit": audit,
    "what-if": lambda path: what_if(path, Profile()),
}


def spoilt(at: int, **values: object) -> Callable[[list[str]], list[str]]:
    def spoil(lines: list[str]) -> list[str]:
        return [changed(line, **values) if i == at else line for i, line in enumerate(lines)]

    return spoil


def replaced(at: int, text: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [text if i == at else line for i, line in enumerate(lines)]


SPOILT: dict[str, tuple[Callable[[list[str]], list[str]], int]] = {
    "unknown kind": (spoilt(3, kind="omen"), 4),
    "newer version": (spoilt(3, v=2), 4),
    "no version": (replaced(3, '{"digest":"x"}'), 4),
    "NaN": (replaced(3, '{"v":1,"seq":3,"t":NaN,"kind":"event","digest":"x"}'), 4),
    "infinity": (replaced(3, '{"v":1,"seq":3,"t":Infinity,"kind":"event","digest":"x"}'), 4),
    "a number beyond all": (replaced(3, '{"v":1,"seq":3,"t":1e999,"kind":"event","digest":"x"}'), 4),
    "a whole number beyond all": (replaced(3, f'{{"v":1,"seq":3,"t":1{"0" * 400},"kind":"event","digest":"x"}}'), 4),
    "seq is no number": (spoilt(3, seq="3"), 4),
    "t is no number": (spoilt(3, t=None), 4),
    "t is a bool": (spoilt(3, t=True), 4),
    "no digest": (replaced(3, '{"v":1,"seq":3,"t":1,"kind":"event"}'), 4),
    "a list": (replaced(3, "[1,2]"), 4),
    "not JSON": (replaced(3, "At 3 a.m. it rained."), 4),
    "an empty line": (replaced(3, ""), 4),
    "nested too deep": (replaced(3, "[" * 100_000), 4),
    "half a surrogate": (replaced(3, '{"v":1,"seq":3,"t":1,"kind":"event","digest":"\\ud800"}'), 4),
}


@pytest.mark.parametrize(("spoil", "number"), SPOILT.values(), ids=SPOILT)
def test_what_is_no_trace_line_is_an_error_with_its_line(
    trace: Path, spoil: Callable[[list[str]], list[str]], number: int
) -> None:
    put(trace, spoil(lines_of(trace)))
    with pytest.raises(TraceError) as raised:
        list(TraceReader(trace))
    assert raised.value.line == number
    assert str(raised.value).startswith(f"line {number}: ")


WRONG: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "readings": ({"row": "first-frame-due"}, {"triggers": {"time": 5}}),
    "guards": ({"row": "first-frame-due"}, {"tried": ["x"]}),
    "row": ({"row": "first-frame-due"}, {"tried": [{"row": [], "guards": {}}]}),
    "run": ({"kind": "run"}, {"ended_t": "late", "causes": None}),
}


@pytest.mark.parametrize(("wanted", "values"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize(
    "read",
    [READERS["diff"], READERS["what-if"]],
    ids=["diff", "what-if"],
)
def test_a_line_that_holds_the_wrong_things_is_an_error_with_its_line(
    trace: Path, read: Callable[[Path], object], wanted: dict[str, object], values: dict[str, object]
) -> None:
    lines = lines_of(trace)
    index = find(lines, **wanted)
    lines[index] = changed(lines[index], **values)
    put(trace, rechained(lines))
    with pytest.raises(TraceError) as raised:
        read(trace)
    assert raised.value.line == index + 1


@pytest.mark.parametrize(("wanted", "values"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize(
    "read", [lambda path: explain(path, "20:35:30").damage, lambda path: focus_log(path).damage], ids=["explain", "log"]
)
def test_a_line_that_holds_the_wrong_things_is_left_out_and_named(
    trace: Path, read: Callable[[Path], list[Damage]], wanted: dict[str, object], values: dict[str, object]
) -> None:
    lines = lines_of(trace)
    index = find(lines, **wanted)
    lines[index] = changed(lines[index], **values)
    put(trace, rechained(lines))
    assert [(one.line, one.what) for one in read(trace)] == [(index + 1, "unreadable")]


FILES: dict[str, bytes] = {
    "with a byte order mark": b'\xef\xbb\xbf{"v":1,"seq":0,"t":0,"kind":"header","digest":"0123456789abcdef"}\n',
    "empty": b"",
    "not UTF-8": b'{"v":1,\xff\xfe}\n',
    "binary": bytes(range(256)) * 10 + b"\n",
    "another JSON": b'{"a": 1}\n',
    "a header only": b'{"v":1,"seq":0,"t":0,"kind":"header","digest":"0123456789abcdef"}\n',
    "an event first": b'{"v":1,"seq":0,"t":0,"kind":"event","event":"flip_started","digest":"0123456789abcdef"}\n',
    "a step first": b'{"v":1,"seq":0,"t":0,"kind":"step","digest":"0123456789abcdef"}\n',
    "a run first": b'{"v":1,"seq":0,"t":0,"kind":"run","digest":"0123456789abcdef"}\n',
    "no newline": b'{"v":1',
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_no_reader_ever_ends_in_a_traceback(tmp_path: Path, content: bytes, read: Callable[[Path], object]) -> None:
    path = tmp_path / "night.jsonl"
    path.write_bytes(content)
    with suppress(StatefocusError):
        read(path)


def _without(body: dict[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in body.items() if name != key}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("kind", ["header", "event", "step", "effect", "run"])
def test_a_line_with_the_envelope_only_is_an_error_not_a_traceback(
    trace: Path, kind: str, read: Callable[[Path], object]
) -> None:
    lines = lines_of(trace)
    at = find(lines, kind=kind)
    kept = {name: json.loads(lines[at])[name] for name in ("v", "seq", "t", "kind", "digest")}
    lines[at] = json.dumps(kept, separators=(",", ":"))
    put(trace, lines)
    with suppress(StatefocusError):
        read(trace)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_file_that_is_not_there_is_told(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(TraceError, match="cannot be read"):
        read(tmp_path / "none.jsonl")


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_folder_is_no_trace(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(TraceError, match="cannot be read"):
        read(tmp_path)


def test_a_folder_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(TraceError) as raised:
        read_header(tmp_path)
    assert str(raised.value) == f"{tmp_path} cannot be read: it is a folder, and a file is wanted."


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_told_by_its_name(trace: Path, number: str) -> None:
    lines = lines_of(trace)
    lines[3] = lines[3].replace('"t":', f'"x":{number},"t":')
    with pytest.raises(TraceError, match=rf"^line 4: it holds {number}: NaN and Infinity are not allowed"):
        list(TraceReader(put(trace, lines)))


def test_a_number_that_is_too_large_is_told_and_cut_short(trace: Path) -> None:
    lines = lines_of(trace)
    lines[3] = lines[3].replace('"t":', f'"x":1{"0" * 400},"t":')
    with pytest.raises(TraceError) as raised:
        list(TraceReader(put(trace, lines)))
    assert "too large for a trace" in str(raised.value)
    assert len(str(raised.value)) < 100


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    "content", [FILES[name] for name in ("empty", "binary", "another JSON", "not UTF-8", "with a byte order mark")]
)
def test_what_is_no_trace_is_wrong_use_for_every_reader(
    tmp_path: Path, content: bytes, read: Callable[[Path], object]
) -> None:
    path = tmp_path / "night.jsonl"
    path.write_bytes(content)
    with pytest.raises(StatefocusError) as raised:
        read(path)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("name", sorted(set(READERS) - {"header", "audit", "explain", "log"}))
def test_a_later_line_that_is_none_fails_what_was_asked(trace: Path, name: str) -> None:
    lines = lines_of(trace)
    lines[10] = "rain"
    put(trace, lines)
    with pytest.raises(TraceError) as raised:
        READERS[name](trace)
    assert raised.value.exit_code == 1


def test_a_line_that_is_too_long_is_not_taken_into_memory(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    longest = max(len(line) for line in lines_of(trace)) + 10
    monkeypatch.setattr(reading, "LONGEST_LINE", longest)
    put(trace, [*lines_of(trace), "x" * longest])
    with pytest.raises(TraceError, match="longer than") as raised:
        list(TraceReader(trace))
    assert raised.value.line == len(lines_of(trace))


def test_a_line_that_is_too_long_hides_no_other(trace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = lines_of(trace)
    longest = max(len(line) for line in lines) + 10
    monkeypatch.setattr(reading, "LONGEST_LINE", longest)
    put(trace, [*lines[:10], "x" * 5 * longest, *lines[10:20], lines[20].replace('"v":1', '"v":1.0'), *lines[21:]])
    assert [(one.line, one.what) for one in focus_log(trace).damage] == [(11, "unreadable"), (22, "edited")]
    assert [(one.line, one.rule) for one in audit(trace).findings] == [(11, "unreadable"), (22, "edited")]
    with pytest.raises(TraceError, match=r"^line 11: it is longer than"):
        replay(trace)


def test_a_file_without_any_line_end_is_read_no_further_than_a_line_may_be_long(tmp_path: Path) -> None:
    hole = tmp_path / "hole.jsonl"
    hole.touch()
    os.truncate(hole, 1 << 36)  # takes no room on the disk, and minutes to read
    with pytest.raises(TraceError, match="longer than"):
        read_header(hole)


def test_a_byte_order_mark_is_named(trace: Path) -> None:
    trace.write_bytes(b"\xef\xbb\xbf" + trace.read_bytes())
    with pytest.raises(TraceError, match=r"^line 1: it begins with a byte order mark \(BOM\)"):
        replay(trace)


@pytest.mark.parametrize("t", [1e18, -5.0, 10**17])
def test_a_time_that_no_calendar_shows_is_told_with_its_line(trace: Path, t: float) -> None:
    lines = lines_of(trace)
    lines[-1] = changed(lines[-1], t=t)
    put(trace, rechained(lines))
    assert [(one.line, one.what) for one in explain(trace, "20:32").damage] == [(len(lines), "unreadable")]
