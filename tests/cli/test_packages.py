"""Packages and pictures through the command line: what is typed, what is said, what lies on the disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.generate import TRACES
from tests.packing.rigs import focus, framed_rig, packages

from .test_commands import statefocus

PROFILE = """schema = 1
name = "rig"
[records]
folder = "{folder}"
save_focus_frames = true
save_pictures = true
"""
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.night
def test_a15_a_run_is_saved_and_its_package_says_the_same(tmp_path: Path) -> None:
    profile = tmp_path / "rig.toml"
    profile.write_text(PROFILE.format(folder=tmp_path / "nights"), "utf-8")
    done = statefocus("focus", profile, "--json", "--picture", tmp_path / "now.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    (package,) = tmp_path.glob("nights/*/packages/*")
    again = statefocus("focus", "--package", package, "--json", "--picture", tmp_path / "again.png")
    assert again.returncode == 0, again.stderr
    record = json.loads(again.stdout)
    assert {name: record[name] for name in run["fit"]} == run["fit"]
    assert [point["measure"] for point in record["points"]] == [point["measure"] for point in run["points"]]
    (picture,) = tmp_path.glob("nights/*/pictures/*.png")
    assert all(path.read_bytes()[:8] == PNG for path in (picture, tmp_path / "now.png", tmp_path / "again.png"))
    told = statefocus("focus", "--package", package)
    assert "the run itself found" in told.stdout


def test_a15_what_the_forward_model_made_of_the_curve_is_told(tmp_path: Path) -> None:
    with framed_rig(tmp_path, fit={"refine": "forward"}) as rig:
        focus(rig)
    (package,) = packages(tmp_path)
    told = statefocus("focus", "--package", package).stdout
    refinement = rig.runs[0].fit and rig.runs[0].fit.refinement
    assert refinement
    if refinement.used:
        assert "  refined by the forward model, from the shape of the stars; the curve's own minimum is at 10" in told
    else:
        assert f"  {refinement.sentence}\n" in told


def test_a19_every_run_of_a_trace_is_drawn(tmp_path: Path) -> None:
    done = statefocus("log", TRACES / "focuser_jams.jsonl", "--pictures", tmp_path / "new" / "folder")
    assert done.returncode == 0, done.stderr
    assert "4 of 4 runs drawn in" in done.stdout
    assert [path.name[-10:] for path in sorted((tmp_path / "new" / "folder").iterdir())] == [
        f"run-{number:02d}.png" for number in (1, 2, 3, 4)
    ]


def test_a19_a_fit_is_drawn(tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text("position,measure\n" + "".join(f"{x},{(x - 50) ** 2 + 3}\n" for x in range(0, 101, 10)))
    done = statefocus("fit", points, "--picture", tmp_path / "fit.png")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "fit.png").read_bytes()[:8] == PNG


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["focus", "--package", "x", "--undo"], "--package measures saved frames and moves nothing"),
        (["focus", "--undo", "--picture", "a.png"], "--undo takes no frames, so there is nothing to draw"),
        (["focus", "--picture", "nowhere/a.png"], "There is no folder nowhere for the picture"),
        (["log", "points.csv", "--pictures", "."], "points.csv"),
    ],
)
def test_what_cannot_be_is_told_before_anything_moves(words: list[str], said: str, tmp_path: Path) -> None:
    done = statefocus(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_damaged_package_is_one_sentence_and_exit_one(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text('{"kind": "statefocus autofocus package", "version": 2}')
    done = statefocus("focus", "--package", tmp_path)
    assert done.returncode == 1
    assert "install a newer statefocus" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_hardly_anybody_can_want_is_told_by_hand_too_and_the_plan_is_not_missed(tmp_path: Path) -> None:
    profile = tmp_path / "rig.toml"
    profile.write_text('autofocus.metric = "inverse-power"\nvalidation.tolerance_percent = 10\n', "utf-8")
    done = statefocus("focus", profile, "--package", tmp_path / "none")
    assert done.stderr.startswith("Warning: ")
    assert "[tight-limit]" in done.stderr.splitlines()[0]
    assert "empty-plan" not in done.stderr
