"""Edited copies that a profile points at: the same checks, the same proof, and no night with one that fails."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from statefocus.errors import DefinitionError, ProfileError
from statefocus.loading import LoadedProfile, load_machines, load_profile, read_machines

RELEASED = """on   = "focuser_released"
from = "Concluding.Releasing"
to   = "Concluding.Showing"
"""


def with_copies(folder: Path, **edits: tuple[str, str]) -> LoadedProfile:
    """A profile with copies of machine files, and in each something put in another's place."""
    lines = ["schema = 1", "plan.jobs = [{ frames = 1, exposure_s = 60.0 }]", "[machines]"]
    for name, (old, new) in edits.items():
        text = resources.files("statefocus.machines").joinpath(f"{name}.toml").read_text("utf-8")
        assert old in text
        (folder / f"my_{name}.toml").write_text(text.replace(old, new, 1), "utf-8")
        lines.append(f'{name} = "my_{name}.toml"')
    (folder / "rig.toml").write_text("\n".join(lines), "utf-8")
    return load_profile(folder / "rig.toml")


def test_a_copy_that_says_the_same_is_proved_as_well(tmp_path: Path) -> None:
    loaded = with_copies(tmp_path, session=("T2: refocus", "T2: a refocus"), compensation=("C4", "C 4"))
    copies = load_machines(loaded)
    assert copies[0].file == str(tmp_path / "my_session.toml")


def test_a_guard_of_a_run_cannot_be_edited_away(tmp_path: Path) -> None:
    loaded = with_copies(tmp_path, session=('"safe", "flip_not', '"flip_not'))
    with pytest.raises(DefinitionError, match=r"my_session\.toml:\d+: .* without the guards safe.*\[inviolable-rule\]"):
        load_machines(loaded)


def test_a_copy_that_passes_all_checks_and_leaves_the_plan_held_is_refused_with_the_way_to_it(tmp_path: Path) -> None:
    loaded = with_copies(tmp_path, autofocus=(RELEASED, RELEASED.replace("Concluding.Showing", "Imaging")))
    assert read_machines(loaded)
    with pytest.raises(DefinitionError, match=r"my_autofocus\.toml:\d+: the plan stays held .*\[unproved-resume\]"):
        load_machines(loaded)


def test_problems_of_several_machines_are_told_at_once(tmp_path: Path) -> None:
    loaded = with_copies(tmp_path, flip=("flip_started", "flip_begun"), compensation=("no_run", "no_runs"))
    with pytest.raises(DefinitionError) as raised:
        load_machines(loaded)
    assert [problem.code for problem in raised.value.problems] == ["unknown-event", "unknown-guard"]


@pytest.mark.parametrize("command", ["check", "run"])
def test_no_command_begins_with_a_machine_that_cannot_be_proved(tmp_path: Path, command: str) -> None:
    with_copies(tmp_path, autofocus=('do   = ["count_retry"]', ""))
    words = [sys.executable, "-m", "statefocus", command, str(tmp_path / "rig.toml")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, cwd=tmp_path, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert "can follow each other for ever" in done.stderr
    assert "The shortest way there" in done.stderr
    assert "Traceback" not in done.stderr


MISPLACED: dict[str, tuple[str, str, str]] = {
    "foreign part": (
        "flip",
        'title = "x"\n',
        "1: this is no machine file, since it names no `machine`; part `flip` of",
    ),
    "foreign machine": ("session", 'title = "x"\n', "1: this is no machine file, since it names no `machine`; machine"),
    "no part name": (
        "flip",
        'schema = 1\nmachine = "session"\n',
        "2: this is machine `session`; part `flip` of machine",
    ),
    "another part": (
        "flip",
        'machine = "session"\npart = "autofocus"\n',
        "2: this is part `autofocus` of machine `ses",
    ),
    "another machine": (
        "offsets",
        'machine = "session"\n',
        "1: this is machine `session`; machine `offsets` is wanted",
    ),
    "no name": ("flip", "machine = 4\n", "1: this is no machine file by its names; part `flip` of machine `session`"),
    "with a byte order mark": ("flip", '\ufeffmachine = "session"\n', "1: this is machine `session`; part `flip`"),
}


@pytest.mark.parametrize(("name", "text", "said"), MISPLACED.values(), ids=MISPLACED)
def test_a_file_that_is_not_what_it_is_wanted_for_is_told_as_what_it_is(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / "copy.toml").write_text(text, "utf-8")
    (tmp_path / "rig.toml").write_text(f'schema = 1\n[machines]\n{name} = "copy.toml"\n', "utf-8")
    with pytest.raises(DefinitionError) as raised:
        load_machines(load_profile(tmp_path / "rig.toml"))
    (problem,) = raised.value.problems
    assert str(problem).startswith(f"{tmp_path / 'copy.toml'}:{said}")
    assert problem.code == "wrong-part"
    assert "``" not in str(problem)


@pytest.mark.parametrize("part", ["compensation", "session"])
def test_a_machine_that_names_itself_or_another_one_as_its_part_is_told(tmp_path: Path, part: str) -> None:
    loaded = with_copies(tmp_path, compensation=("initial =", f'parts = ["{part}"]\ninitial ='))
    with pytest.raises(DefinitionError) as raised:
        load_machines(loaded)
    (problem,) = raised.value.problems
    assert problem.sentence == f"`parts` names `{part}`, which is a machine of its own, and no part of `compensation`."
    line = (tmp_path / "my_compensation.toml").read_text("utf-8").splitlines().index(f'parts = ["{part}"]') + 1
    assert (problem.code, problem.line) == ("wrong-part", line)


TOO_MUCH = {
    "rows in a list": ("transition = [" + "{}," * 1001 + "]\n", "too-large", 3, "these are 1001 rows"),
    "rows in odd tables": ("[[ transition ]]\n" * 1001, "too-large", 0, "these are 1001 rows"),
    "lists in lists": ("a = 1\nb = " + "[" * 10_000 + "]" * 10_000 + "\n", "toml-syntax", 4, "nested too deep"),
}


@pytest.mark.parametrize(("text", "code", "line", "said"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_is_too_much_for_a_machine_is_refused_before_it_is_looked_at(
    tmp_path: Path, text: str, code: str, line: int, said: str
) -> None:
    (tmp_path / "copy.toml").write_text(f'schema = 1\nmachine = "offsets"\n{text}', "utf-8")
    (tmp_path / "rig.toml").write_text('[machines]\noffsets = "copy.toml"\n', "utf-8")
    with pytest.raises(DefinitionError) as raised:
        load_machines(load_profile(tmp_path / "rig.toml"))
    (problem,) = raised.value.problems
    assert (problem.code, problem.line) == (code, line)
    assert said in problem.sentence


def test_a_profile_that_is_nested_too_deep_is_told(tmp_path: Path) -> None:
    (tmp_path / "rig.toml").write_text("name = 'x'\nb = " + "[" * 10_000 + "]" * 10_000, "utf-8")
    with pytest.raises(ProfileError, match=r"rig\.toml:2: .* nested too deep"):
        load_profile(tmp_path / "rig.toml")
