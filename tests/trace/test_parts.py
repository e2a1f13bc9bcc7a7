"""Replay in parts: the same verdict as one replay, whatever is wrong and wherever."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from statefocus.errors import StatefocusError
from statefocus.profile import Profile
from statefocus.trace import parts
from statefocus.trace.checkpoints import checkpoint, restore
from statefocus.trace.parts import _replay_part, _starts, replay_in_parts
from statefocus.trace.replaying import replay
from tests.core.nights import ACTS, PROFILES, play
from tests.season import write_season

from .tapes import changed, find, lines_of, put, rechained


@pytest.fixture(scope="session")
def _season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("season") / "season.jsonl"
    write_season(path, 2000)
    return path


@pytest.fixture
def season(_season: Path, tmp_path: Path) -> Path:
    """A fresh copy of one night's trace, with several checkpoints."""
    copy = tmp_path / "season.jsonl"
    copy.write_bytes(_season.read_bytes())
    return copy


@pytest.fixture
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replay the parts one after the other: quicker than processes, and all else is the same."""

    def one_by_one(path: Path, starts: list[int], engine: Any) -> list[parts.Part]:
        ends = [*starts[1:], inf]
        return [_replay_part(path, start, end, engine) for start, end in zip(starts, ends, strict=True)]

    monkeypatch.setattr(parts, "_replay_parts", one_by_one)


def test_two_processes_give_the_verdict_of_one(season: Path) -> None:
    assert replay_in_parts(season, 2) == replay(season)
    assert replay(season).same


@pytest.mark.parametrize("jobs", [2, 3, 7, 100])
def test_parts_begin_at_checkpoints_and_hold_every_line(season: Path, jobs: int) -> None:
    starts = _starts(season, jobs)
    assert starts == sorted(set(starts))
    raw = season.read_bytes()
    assert all(b'"kind":"checkpoint"' in raw[start:].split(b"\n", 1)[0] for start in starts[1:])
    checkpoints = raw.count(b'"kind":"checkpoint"')
    assert min(jobs, checkpoints) // 2 < len(starts) <= min(jobs, checkpoints + 1)


def _edited(lines: list[str], at: int, **values: Any) -> list[str]:
    return [changed(line, **values) if i == at else line for i, line in enumerate(lines)]


def _last(lines: list[str], **wanted: Any) -> int:
    return len(lines) - 1 - find(lines[::-1], **wanted)


SPOILT: dict[str, Callable[[list[str]], list[str]]] = {
    "nothing": lambda lines: lines,
    "a line that was edited": lambda lines: _edited(lines, len(lines) - 50, t=0.0),
    "a decision near the end": lambda lines: rechained(_edited(lines, _last(lines, kind="step"), after="Paused")),
    "a checkpoint": lambda lines: rechained(
        _edited(lines, _last(lines, kind="checkpoint"), leaves={"session": "Paused", "compensation": "Off"})
    ),
    "a checkpoint without its state": lambda lines: rechained(
        _edited(lines, _last(lines, kind="checkpoint"), context={})
    ),
    "a digest at a seam": lambda lines: [
        line[:-18] + '0123456789abcdef"}' if '"kind":"checkpoint"' in line else line for line in lines
    ],
    "an event that is none": lambda lines: rechained(_edited(lines, _last(lines, kind="event"), event="omen")),
    "a last line that is no trace line": lambda lines: [*lines, "At 3 a.m. it rained."],
    "lines that are missing": lambda lines: lines[:-500] + lines[-400:],
    "no header": lambda lines: lines[1:],
}


@pytest.mark.usefixtures("_in_this_process")
@pytest.mark.parametrize("jobs", [2, 4])
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_whatever_is_wrong_parts_tell_it_as_one_replay_does(
    season: Path, spoil: Callable[[list[str]], list[str]], jobs: int
) -> None:
    put(season, spoil(lines_of(season)))

    def told(call: Callable[[], object]) -> object:
        try:
            return call()
        except StatefocusError as error:
            return str(error)

    assert told(lambda: replay_in_parts(season, jobs)) == told(lambda: replay(season))


def test_a_torn_last_line_is_told_by_parts_too(season: Path) -> None:
    season.write_bytes(season.read_bytes()[:-9])
    assert replay_in_parts(season, 2) == replay(season)
    assert replay(season).same


@pytest.mark.parametrize("trouble", [OSError("no processes left"), BrokenProcessPool("killed")])
def test_without_another_process_one_replays_the_whole(
    season: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def refuse(_number: int) -> None:
        raise trouble

    monkeypatch.setattr(parts, "ProcessPoolExecutor", refuse)
    assert replay_in_parts(season, 2).same


def test_a_short_trace_takes_one_process(season: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "_replay_parts", None)
    assert replay_in_parts(season).same


@settings(deadline=None, derandomize=True, max_examples=30)
@given(profile=PROFILES, acts=ACTS)
def test_any_state_comes_back_from_its_checkpoint(profile: dict[str, Any], acts: list[Any]) -> None:
    rig = play(profile, acts)
    for number, happening in enumerate(rig.log):
        body = json.loads(checkpoint(number, happening.state))
        assert body["context"]["profile"] is None
        assert restore(body, rig.profile, 1) == (number, happening.state)


def test_a_checkpoint_of_a_night_is_a_few_kilobytes_at_most(season: Path) -> None:
    lengths = [len(line) for line in lines_of(season) if '"kind":"checkpoint"' in line]
    assert max(lengths) < 8000
    assert sum(lengths) < 0.03 * season.stat().st_size


@pytest.mark.parametrize("body", [{}, {"events": 1}, {"events": 1, "leaves": {}, "context": {"profile": 5}}])
def test_a_checkpoint_without_a_whole_state_is_an_error_with_its_line(body: dict[str, Any]) -> None:
    with pytest.raises(StatefocusError, match="line 7: this checkpoint holds no whole state"):
        restore(body, Profile(), 7)
