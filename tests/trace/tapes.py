"""Traces of scripted nights, and ways to damage them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from statefocus import events
from statefocus.testing import START_T, Happening, SimulatedRig, failed, machines
from statefocus.trace.encoding import encode_event
from statefocus.trace.header import header_body
from statefocus.trace.rendering import chain
from statefocus.trace.telling import derived, run_of
from statefocus.trace.writing import TraceWriter
from tests.generate import TRACES

Lines = list[str]

PROFILE: dict[str, Any] = {
    "triggers": {"count": {"frames": 2}, "temperature": {"min_readings": 3}},
    "compensation": {"enabled": True, "steps_per_degree": 12.0, "average_readings": 3},
}


def scripted_night(best: float = 10_020) -> SimulatedRig:
    """A night with three runs: a good one, one that fails, one that is cancelled since it is no longer safe."""
    rig = SimulatedRig(PROFILE, best=best)
    rig.start_plan()
    rig.read_temperature(*[10.0] * 3, *[9.0] * 3)
    rig.script("measure_frame", failed)
    rig.take_frames(2)
    rig.read_facts()
    rig.send(events.RefocusRequested())
    rig.until("Refocusing.Measuring")
    rig.facts["safe"] = False
    rig.tell(events.SafetyRead(safe=False))
    rig.take_frames(1)
    rig.t += 60.0
    rig.tell(events.TriggersPaused())
    rig.tell(events.SessionEnding(reason="the plan is finished"))
    rig.tell(events.SessionEnded())
    return rig


def write(path: Path, rig: SimulatedRig) -> Path:
    """Write a rig's night as its runner would."""
    record(path, rig, rig.log)
    return path


def record(path: Path, rig: SimulatedRig, log: Iterable[Happening]) -> int:
    """Write what happened at a rig as its runner would; gives the number of events."""
    writer = TraceWriter(path)
    origins = {"triggers.count.frames": "rig.toml:3"}
    writer.write("header", START_T, header_body(rig.profile, origins, machines(), seed=1, speed="max"))
    number, run = 0, None
    for number, happening in enumerate(log, 1):
        seq = writer.write("event", happening.t, encode_event(happening.event), run)
        within = run_of(run, happening.state)
        for kind, body in derived(seq, number, happening.steps, happening.state):
            writer.write(kind, happening.t, body, within)
        run = run_of(None, happening.state)
    assert writer.close() is None
    return number


def lines_of(path: Path) -> list[str]:
    """The lines of a trace, without their ends."""
    return path.read_text("utf-8").splitlines()


def put(path: Path, lines: list[str]) -> Path:
    """Write lines over a trace."""
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def find(lines: list[str], **wanted: Any) -> int:
    """Index of the first line with these values."""
    return next(i for i, line in enumerate(lines) if wanted.items() <= json.loads(line).items())


def rechained(lines: list[str]) -> list[str]:
    """Make every digest right again, as somebody would who knows how."""
    digest, out = b"", []
    for line in lines:
        tree = json.loads(line)
        tree.pop("digest", None)
        text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
        digest = chain(digest, text.encode())
        out.append(f'{text[:-1]},"digest":"{digest.decode()}"}}')
    return out


def changed(line: str, **values: Any) -> str:
    """A line with other values."""
    return json.dumps(json.loads(line) | values, ensure_ascii=False, separators=(",", ":"))


def edited(lines: Lines, index: int, change: Callable[[dict[str, Any]], None]) -> Lines:
    """Lines in which one says something else, with every digest made right again."""
    tree = json.loads(lines[index])
    change(tree)
    return rechained([*lines[:index], json.dumps(tree, ensure_ascii=False, separators=(",", ":")), *lines[index + 1 :]])


def changed_all(lines: Lines, change: Callable[[dict[str, Any]], None], path: Path) -> None:
    """Change every line that a forger wants to be another, and make the digests right."""
    trees = [json.loads(line) for line in lines]
    for tree in trees:
        change(tree)
    put(path, rechained([json.dumps(tree, ensure_ascii=False, separators=(",", ":")) for tree in trees]))


def golden(night: str, path: Path) -> Lines:
    """Lines of a golden night; the forged one is put at `path`."""
    path.write_bytes((TRACES / f"{night}.jsonl").read_bytes())
    return lines_of(path)
