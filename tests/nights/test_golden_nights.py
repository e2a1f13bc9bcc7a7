"""Golden nights: whole sessions, recorded over real HTTP, that must be decided the same for ever."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from statefocus import triggers
from statefocus.loading import load_machines
from statefocus.trace.reading import Line, TraceReader
from statefocus.trace.replaying import replay
from tests.generate import STORIES, TRACES

NIGHTS = sorted(TRACES.glob("*.jsonl"))
MAY_REFOCUS = load_machines()[0].conjunctions["may_refocus"]


def lines(kind: str) -> list[Line]:
    return [line for night in NIGHTS for line in TraceReader(night) if line.kind == kind]


def test_every_story_has_its_trace() -> None:
    assert {path.stem for path in STORIES.glob("*.toml")} == {path.stem for path in NIGHTS}


@pytest.mark.parametrize("night", NIGHTS, ids=lambda path: path.stem)
def test_a_golden_night_is_decided_the_same(night: Path) -> None:
    verdict = replay(night)
    assert verdict.mismatch is None
    assert verdict.damage == ()
    assert verdict.runs > 0


@pytest.mark.parametrize("night", NIGHTS, ids=lambda path: path.stem)
def test_a_golden_night_was_recorded_with_the_machines_of_today(night: Path) -> None:
    header = next(iter(TraceReader(night)))
    assert [table["text"] for table in header.body["machines"]] == [
        source.text for machine in load_machines() for source in machine.sources
    ]


@pytest.mark.parametrize("night", NIGHTS, ids=lambda path: path.stem)
def test_a_golden_night_never_leaves_the_plan_held(night: Path) -> None:
    effects = [line.body for line in TraceReader(night) if line.kind == "effect"]
    held = [body["effect"] for body in effects if body["effect"] in ("pause_plan", "resume_plan", "abort_plan")]
    told = [body["sentence"] for body in effects if body["effect"] == "notify" and "stays paused" in body["sentence"]]
    assert held.count("pause_plan") == held.count("resume_plan") + held.count("abort_plan") + len(told)


@pytest.mark.parametrize("name", triggers.NAMES)
def test_every_trigger_starts_a_run_and_is_inhibited_somewhere(name: str) -> None:
    assert any(name in line.body["causes"] for line in lines("run")), f"{name} starts no run"
    inhibited = [line for line in lines("step") if line.body["outcome"] == "inhibited" and line.body.get("triggers")]
    assert any(line.body["triggers"][name]["due"] for line in inhibited), f"{name} is never inhibited"


def test_every_guard_of_a_refocus_passes_and_blocks_somewhere() -> None:
    said = defaultdict(set)
    for line in lines("step"):
        for tried in line.body.get("tried", ()):
            for guard, ruling in tried["guards"].items():
                said[guard].add(ruling)
    for guard in (*MAY_REFOCUS, "backoff_over"):
        assert {"passed", "failed"} <= said[guard], f"{guard} has only said {said[guard]}"


def test_no_automatic_run_began_past_a_guard() -> None:
    for line in lines("step"):
        if line.body["after"] != "Refocusing.Holding" or line.body["before"].startswith("Refocusing"):
            continue
        taken = next(tried for tried in line.body["tried"] if tried["row"] == line.body["row"])
        assert all(ruling in ("passed", "not_used") for ruling in taken["guards"].values())
