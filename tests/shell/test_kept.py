"""What outlives a session: learned curves are kept for other nights, and forgotten where they cannot be trusted."""

import json
from errno import ENOSPC
from pathlib import Path

import pytest

from statefocus.focus.learned import LearnedCurve
from statefocus.kept import Positions, _rig, learned_file, read_learned, write_learned
from statefocus.profile import Profile

TAUGHT = {"1 L": LearnedCurve((0.03, 0.031)), "1 R": LearnedCurve((0.05,))}


def rig(folder: Path, **changes: object) -> Profile:
    tree = {"name": "rig", "autofocus": {"sweep": "learned"}, "records": {"folder": str(folder)}, **changes}
    return Profile.model_validate(tree)


def test_what_was_learned_is_there_for_the_next_night(tmp_path: Path) -> None:
    write_learned(rig(tmp_path), TAUGHT)
    assert read_learned(rig(tmp_path)) == (("1 L", (0.03, 0.031)), ("1 R", (0.05,)))
    assert [path.name for path in tmp_path.iterdir()] == ["rig.learned.json"]


def test_another_focuser_or_other_optics_have_to_learn_anew(tmp_path: Path) -> None:
    write_learned(rig(tmp_path), TAUGHT)
    assert read_learned(rig(tmp_path, focuser={"um_per_step": 9.0})) == ()
    assert read_learned(rig(tmp_path, optics={"f_ratio": 11.0})) == ()


def test_a_profile_that_does_not_use_it_neither_reads_nor_writes(tmp_path: Path) -> None:
    full = rig(tmp_path, autofocus={"sweep": "full"})
    write_learned(full, TAUGHT)
    assert list(tmp_path.iterdir()) == []
    write_learned(rig(tmp_path), TAUGHT)
    assert read_learned(full) == ()


def kept(slopes: str) -> str:
    """A file of this rig with other slopes."""
    return json.dumps({"version": 1, "rig": _rig(rig(Path())), "slopes_px": "SLOPES"}).replace('"SLOPES"', slopes)


def test_the_files_of_the_next_test_are_wrong_in_their_slopes_only(tmp_path: Path) -> None:
    learned_file(rig(tmp_path)).write_text(kept('{"1 L": [0.03]}'))
    assert read_learned(rig(tmp_path)) == (("1 L", (0.03,)),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "not json",
        '{"version": 2}',
        kept('{"1 L": [1e300, 1e300]}'),
        kept('{"1 L": "999"}'),
        "[" * 200_000,
        kept('{"1 L": [-1]}'),
        kept('{"1 L": ["x"]}'),
        kept('{"1 L": [NaN]}'),
        kept("5"),
    ],
)
def test_a_file_that_was_damaged_or_is_newer_teaches_nothing(tmp_path: Path, text: str) -> None:
    profile = rig(tmp_path)
    learned_file(profile).write_text(text)
    assert read_learned(profile) == ()


def test_a_disk_that_is_full_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = rig(tmp_path)
    write_learned(profile, TAUGHT)
    before = learned_file(profile).read_text()

    def full(_file: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_learned(profile, {"1 L": LearnedCurve((9.0,))})
    assert learned_file(profile).read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["rig.learned.json"]


@pytest.mark.parametrize("text", ["", "[]", '{"start_position": "abc", "best_position": [1]}', "[" * 200_000])
def test_positions_that_are_none_are_forgotten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rig.positions.json"
    path.write_text(text)
    assert Positions.read(path) == Positions()
