"""Replay in several processes: a trace is split at checkpoints, and each part begins in the state that one holds.

Each part ends with the checkpoint that the next one begins at, and compares it like any other line: so the parts prove
together what one replay proves. Where any part is not perfect, one replay of the whole tells what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from pathlib import Path

from statefocus.errors import StatefocusError, TraceError
from statefocus.machine.fired import Engine
from statefocus.machine.table import TableEngine
from statefocus.trace.checkpoints import restore
from statefocus.trace.header import profile_of, session_of
from statefocus.trace.reading import LONGEST_LINE, TraceReader, read_header, regular
from statefocus.trace.replaying import Replay, Verdict, begin, go_through, replay

LONG_BYTES = 32 * 1024 * 1024
"""A trace that is shorter is not worth a second process."""

_CHECKPOINT = b'"kind":"checkpoint"'


@dataclass(frozen=True, slots=True)
class Part:
    """What one part has shown: what was counted in it, and whether every byte is as it must be."""

    events: int
    decisions: int
    runs: int
    ended: bool
    perfect: bool


def replay_in_parts(path: Path, jobs: int | None = None, engine: type[Engine] = TableEngine) -> Verdict:
    """Run a trace's events through its own machines and profile again, in several processes.

    Parameters
    ----------
    path
        The trace.
    jobs
        How many; by default as many as there are processors for a long trace, and one for a short one.
    engine
        What runs the machines.

    Raises
    ------
    TraceError
        Where the trace cannot be read at all.
    """
    starts = _starts(path, _processors(path) if jobs is None else jobs)
    parts = _replay_parts(path, starts, engine) if len(starts) > 1 else []
    if not parts or not all(part.perfect for part in parts):
        return replay(path, engine)
    return Verdict(
        events=sum(part.events for part in parts),
        decisions=sum(part.decisions for part in parts),
        runs=sum(part.runs for part in parts),
        damage=(),
        mismatch=None,
        ended=parts[-1].ended,
    )


def _processors(path: Path) -> int:
    try:
        return 1 if path.stat().st_size < LONG_BYTES else os.cpu_count() or 1
    except OSError:
        return 1  # whoever reads it will say what is wrong


def _starts(path: Path, jobs: int) -> list[int]:
    """Where the parts begin, bytes from the file's beginning: the first at 0, the others each at a checkpoint."""
    starts = [0]
    try:
        regular(path)
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            for index in range(1, jobs):
                place = file.seek(max(size * index // jobs, starts[-1] + 1))
                place += len(file.readline(LONGEST_LINE))
                while (line := file.readline(LONGEST_LINE)) and _CHECKPOINT not in line:
                    place += len(line)
                if line:
                    starts.append(place)
    except OSError:
        return [0]
    return starts


def _replay_parts(path: Path, starts: Sequence[int], engine: type[Engine]) -> list[Part]:
    """Replay all parts, the first one in this process; none where another process could not be had, or was killed."""
    bounds = list(pairwise((*starts, inf)))
    try:
        with ProcessPoolExecutor(len(bounds) - 1) as pool:
            others = [pool.submit(_replay_part, path, int(start), end, engine) for start, end in bounds[1:]]
            return [_replay_part(path, 0, bounds[0][1], engine), *(other.result() for other in others)]
    except (OSError, BrokenProcessPool):
        return []


def _replay_part(path: Path, start: int, end: float, engine: type[Engine]) -> Part:
    """Replay from a checkpoint, or the beginning, up to and with the next part's checkpoint."""
    reader = TraceReader(path)
    lines = reader.raw_lines(start, end + 1)
    try:
        under_way = begin(reader, lines, engine) if start == 0 else _resume(reader, next(lines)[1], engine)
        before = under_way.events
        mismatch = go_through(under_way, lines)
    except StatefocusError:
        return Part(0, 0, 0, ended=False, perfect=False)
    perfect = mismatch is None and not reader.damage and (end == inf or not under_way.owed)
    counted = (under_way.events - before, under_way.decisions, under_way.runs)
    return Part(*counted, ended=under_way.ended, perfect=perfect)


def _resume(reader: TraceReader, raw: bytes, engine: type[Engine]) -> Replay:
    """Begin at a checkpoint; whether its own line is as it was written, the part before it finds out."""
    line = reader.take(raw, 1)
    if line.kind != "checkpoint":
        raise TraceError("this line is no checkpoint.", line.number)
    reader.damage.clear()
    header = read_header(reader.path)
    events, state = restore(line.body, profile_of(header), line.number)
    return Replay(session_of(header, engine), state, reader, events)
