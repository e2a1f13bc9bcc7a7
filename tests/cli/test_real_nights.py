"""`import`, `what-if`, `audit`, `diff` and `explain` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.generate import STORIES, TRACES
from tests.importing.logs import ASIAIR

from .test_commands import NIGHT, statefocus


def test_import_tells_what_it_made_and_what_the_log_cannot_tell(tmp_path: Path) -> None:
    (tmp_path / "Autorun.txt").write_text(ASIAIR, "utf-8")
    done = statefocus("import", "asiair", "Autorun.txt", cwd=tmp_path)
    assert done.returncode == 0
    assert "Local times are taken in UTC" in done.stdout
    assert "1 lines have no known meaning" in done.stdout
    assert "The log cannot tell:" in done.stdout
    assert statefocus("replay", tmp_path / "Autorun.jsonl").returncode == 0
    again = statefocus("import", "asiair", "Autorun.txt", cwd=tmp_path)
    assert again.returncode == 2
    assert "it exists already" in again.stderr
    log = statefocus("log", tmp_path / "Autorun.jsonl", "--json")
    assert [json.loads(line)["outcome"] for line in log.stdout.splitlines()] == ["host", "host failed"]
    told = statefocus("explain", tmp_path / "Autorun.jsonl", "--at", "20:12")
    assert "imported from ASIAIR" in told.stdout


@pytest.mark.parametrize(("program", "said"), [("sgp", "known: asiair, nina, ekos"), ("nina", "use `import asiair`")])
def test_import_of_another_program_is_wrong_use(tmp_path: Path, program: str, said: str) -> None:
    (tmp_path / "Autorun.txt").write_text(ASIAIR, "utf-8")
    done = statefocus("import", program, "Autorun.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_if_answers_in_sentences_and_as_json() -> None:
    profile = STORIES / "cooling_tube.toml"
    assert "4 kept." in statefocus("what-if", NIGHT, "--profile", profile).stdout
    answer = json.loads(statefocus("what-if", NIGHT, "--profile", profile, "--json").stdout)
    assert answer["unchanged"] is True
    assert [run["change"] for run in answer["runs"]] == ["kept"] * 4


def test_audit_exits_zero_one_and_two(tmp_path: Path) -> None:
    assert statefocus("audit", NIGHT).returncode == 0
    lines = NIGHT.read_text("utf-8").splitlines(keepends=True)
    cut = tmp_path / "cut.jsonl"
    cut.write_text("".join([*lines[:99], *lines[100:]]), "utf-8")
    done = statefocus("audit", cut)
    assert done.returncode == 1
    assert f"{cut}:100: 1 line before it was removed. [missing]" in done.stdout
    newer = tmp_path / "newer.jsonl"
    newer.write_text(lines[0].replace('"v":1', '"v":2', 1), "utf-8")
    done = statefocus("audit", newer)
    assert done.returncode == 2
    assert done.stderr == f"{newer}: line 1: it has version 2; this statefocus reads version 1.\n"


def test_diff_lays_both_sides_side_by_side_and_names_the_trace_that_is_none(tmp_path: Path) -> None:
    done = statefocus("diff", NIGHT, TRACES / "dusk.jsonl")
    assert done.returncode == 1
    assert "into the night" in done.stdout
    assert "astro_night" in done.stdout
    rubbish = tmp_path / "rubbish.jsonl"
    rubbish.write_text("{}\n", "utf-8")
    assert statefocus("diff", NIGHT, rubbish).stderr.startswith(f"{rubbish}: line 1: ")
