"""Metrics on the command line: one JSON line a frame, the picture, the check, and a run that is measured otherwise."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from statefocus.frames import write_frame
from statefocus.metrics.astap import PROGRAMS
from tests.metrics.plugins import install
from tests.metrics.test_metrics import field

KEYS = [
    "file",
    "metric",
    "value",
    "error",
    "stars",
    "hfr_px",
    "hfd_px",
    "fwhm_px",
    "saturated",
    "background_adu",
    "elapsed_ms",
]
SHORT_PLAN = "[[plan.jobs]]\nframes = 1\nexposure_s = 30.0\n[records]\nsave_frames = false\n"


def statefocus(*words: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "statefocus", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )


def profile(folder: Path, metric: str) -> Path:
    path = folder / "rig.toml"
    path.write_text(f'schema = 1\n[autofocus]\nmetric = "{metric}"\n{SHORT_PLAN}', "utf-8")
    return path


@pytest.fixture
def frames(tmp_path: Path) -> tuple[Path, Path]:
    stars, none = tmp_path / "stars.fits", tmp_path / "none.fits"
    write_frame(stars, field(), {})
    write_frame(none, np.random.default_rng(1).normal(500, 5, (128, 128)).astype(np.uint16), {})
    return stars, none


@pytest.mark.parametrize("metric", ["fwhm", "inverse-power"])
def test_measure_tells_each_frame_in_one_json_line(metric: str, frames: tuple[Path, Path], tmp_path: Path) -> None:
    picture = tmp_path / "stars.png"
    done = statefocus("measure", *frames, "--metric", metric, "--json", cwd=tmp_path)
    stars, none = (json.loads(line) for line in done.stdout.splitlines())
    assert list(stars) == KEYS
    assert stars["metric"] == metric
    assert stars["value"] > 10 * stars["error"] > 0
    assert stars["stars"] > 5
    if metric == "fwhm":
        assert stars["value"] == stars["fwhm_px"]
    assert (none["value"], none["error"], none["stars"]) == (None, None, 0)
    assert statefocus("measure", frames[0], "--metric", metric, "--overlay", picture, cwd=tmp_path).returncode == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_measure_names_the_file_of_every_error_and_goes_on(frames: tuple[Path, Path], tmp_path: Path) -> None:
    bad = {"tiny.fits": np.zeros((1, 1), np.uint16), "nan.fits": np.full((64, 64), np.nan, np.float32),
           "cube.fits": np.zeros((3, 64, 64), np.uint16), "huge.fits": np.zeros((64, 64), np.uint16)}  # fmt: skip
    for name, pixels in bad.items():
        fits.PrimaryHDU(pixels).writeto(tmp_path / name)
    huge = (tmp_path / "huge.fits").read_bytes()
    (tmp_path / "huge.fits").write_bytes(
        huge.replace(b"NAXIS1  =         " + b"64".rjust(12), b"NAXIS1  = 9999999999" + b" " * 10)
    )
    (tmp_path / "text.fits").write_text("no frame")
    names = [*bad, "text.fits", "missing.fits"]
    done = statefocus("measure", *names, frames[0], cwd=tmp_path)
    assert done.returncode == 1
    told = done.stderr.splitlines()
    assert len(told) == len(names)
    assert all(name in sentence for name, sentence in zip(names, told, strict=True))
    assert "9999999999 x 64 pixels, which no camera gives" in told[3]
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == [str(frames[0])]


def test_measure_brings_values_from_0_to_1_back_to_adu_and_tells(frames: tuple[Path, Path], tmp_path: Path) -> None:
    fits.PrimaryHDU(fits.getdata(frames[0]) / 65535).writeto(tmp_path / "unit.fits")
    done = statefocus("measure", "unit.fits", frames[0], cwd=tmp_path)
    unit, plain = (json.loads(line) for line in done.stdout.splitlines())
    assert done.stderr == "unit.fits: note: Pixels with values from 0 to 1 were multiplied by 65535.\n"
    assert plain["stars"] > 5
    assert (unit["stars"], unit["value"]) == (plain["stars"], pytest.approx(plain["value"], rel=1e-4))


def test_an_unknown_metric_is_wrong_use(frames: tuple[Path, Path], tmp_path: Path) -> None:
    done = statefocus("measure", frames[0], "--metric", "fwmh", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "There is no metric 'fwmh'; there are hfr, hfd-astap, fwhm, inverse-power. Did you mean `fwhm`?\n"
    )


@pytest.mark.parametrize("command", ["check", "run", "focus"])
def test_without_astap_nothing_moves(command: str, tmp_path: Path) -> None:
    done = statefocus(command, profile(tmp_path, "hfd-astap"), cwd=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 2
    assert "needs the program ASTAP" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "nights").exists()


@pytest.mark.skipif(not any(map(shutil.which, PROGRAMS)), reason="ASTAP is not installed: `make host-deps`")
def test_measure_by_astap(frames: tuple[Path, Path], tmp_path: Path) -> None:
    done = statefocus("measure", *frames, "--metric", "hfd-astap", cwd=tmp_path)
    stars, none = (json.loads(line) for line in done.stdout.splitlines())
    assert stars["value"] == pytest.approx(stars["hfd_px"], rel=0.35)
    assert none["value"] is None


@pytest.mark.night
def test_a_run_by_inverse_power_is_told_in_powers_and_replays(tmp_path: Path) -> None:
    rig = profile(tmp_path, "inverse-power")
    done = statefocus("run", rig, "--trace", "trace.jsonl", "--no-compare", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"point 1 of 9 at \d+: inverse power \d\|\d\.\d\d ± \d\.\d\d, +\d+ stars", done.stdout)
    assert re.search(r"parabola: best focus .* maximum \d\|\d\.\d\d: accepted", done.stdout)
    assert "│ inverse power │".replace("│", "┃") in done.stdout
    assert " px" not in done.stdout.partition("The night, by the truth")[0]
    assert statefocus("replay", "trace.jsonl", cwd=tmp_path).returncode == 0
    assert statefocus("audit", "trace.jsonl", cwd=tmp_path).returncode == 0
    (entry,) = map(json.loads, statefocus("log", "trace.jsonl", "--json", cwd=tmp_path).stdout.splitlines())
    assert entry["metric"] == "inverse-power"
    assert entry["measure"] > 10_000


@pytest.mark.night
def test_a_plug_in_that_raises_fails_the_run_and_is_told(tmp_path: Path) -> None:
    rig = profile(tmp_path, "raising")
    done = statefocus("focus", rig, cwd=tmp_path, PYTHONPATH=str(install(tmp_path)))
    assert done.returncode == 1
    assert "The metric sharpness failed on this frame (ZeroDivisionError: no pixel is left)." in done.stdout
    assert "run 1 restored" in done.stdout
