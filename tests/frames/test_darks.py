"""Dark subtraction (A5): which file is taken, what is said where none is, and that nothing wraps around."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from statefocus.frames import DarkFolder, measure_frame, subtract, write_frame

from .fields import profile_of, render

SHAPE = (20, 30)


def write_dark(folder: Path, name: str, level: int, shape: tuple[int, int] = SHAPE, **header: Any) -> None:
    pixels = np.full(shape, 500, np.uint16)
    pixels[0, 0] = level
    write_frame(folder / name, pixels, header)


def excess_of(folder: Path, exposure_s: float = 15.0, binning: int = 1) -> float | None:
    excess = DarkFolder(folder).dark(exposure_s, binning, SHAPE).excess
    return None if excess is None else float(excess[0, 0])


def test_a5_the_dark_of_the_nearest_exposure_is_taken(tmp_path: Path) -> None:
    for seconds in (10, 13, 14, 17, 18):
        write_dark(tmp_path, f"{seconds:03d}_dark.fits", 500 + seconds)
    assert excess_of(tmp_path, 15.0) == 14
    assert excess_of(tmp_path, 16.8) == 17
    assert excess_of(tmp_path, 12.2) == 13


@pytest.mark.parametrize(("seconds", "found"), [(13, True), (17, True), (12, False), (18, False)])
def test_a5_two_seconds_off_is_near_enough_and_more_is_not(tmp_path: Path, seconds: int, found: bool) -> None:
    write_dark(tmp_path, f"{seconds}_mydark.fit", 600)
    assert (excess_of(tmp_path, 15.0) is not None) is found


def test_a5_the_size_and_the_binning_where_it_is_told_must_be_the_same(tmp_path: Path) -> None:
    write_dark(tmp_path, "015_a.fits", 601, shape=(30, 20))
    write_dark(tmp_path, "015_b.fits", 602, XBINNING=2)
    assert excess_of(tmp_path, binning=1) is None
    write_dark(tmp_path, "016_c.fits", 603, XBINNING=1)
    write_dark(tmp_path, "017_d.fits", 604)
    assert (excess_of(tmp_path, binning=1), excess_of(tmp_path, binning=2)) == (103, 102)


def test_a5_no_dark_is_a_clear_message(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("darks are elsewhere")
    dark = DarkFolder(tmp_path).dark(4.0, 1, SHAPE)
    assert dark.excess is None
    assert dark.remark.startswith(f"There is no dark for 4 s in {tmp_path} (named <seconds>_<name>.fits, from 2 to 6")
    assert dark.remark.endswith("Focus frames are measured without dark subtraction.")


def test_a5_a_dark_of_another_size_is_a_clear_message(tmp_path: Path) -> None:
    write_dark(tmp_path, "004_a.fits", 601, shape=(30, 20))
    assert "has 30 x 20 pixels at binning 1" in DarkFolder(tmp_path).dark(4.0, 1, SHAPE).remark


def test_a5_a_folder_that_does_not_exist_is_a_clear_message(tmp_path: Path) -> None:
    assert "cannot be read (No such file" in DarkFolder(tmp_path / "none").dark(4.0, 1, SHAPE).remark
    (tmp_path / "file").touch()
    assert "file cannot be read (Not a directory)" in DarkFolder(tmp_path / "file").dark(4.0, 1, SHAPE).remark


def test_a5_a_raw_file_of_a_dslr_is_refused_with_a_clear_message(tmp_path: Path) -> None:
    (tmp_path / "15_mydark.CR2").write_bytes(b"II*\0")
    remark = DarkFolder(tmp_path).dark(15.0, 1, SHAPE).remark
    assert remark.startswith("15_mydark.CR2 is a DSLR's raw file, which cannot be subtracted: convert it to FITS.")


def test_a5_a_truncated_dark_is_a_clear_message_and_the_next_one_is_taken(tmp_path: Path) -> None:
    write_dark(tmp_path, "015_a.fits", 601)
    whole = (tmp_path / "015_a.fits").read_bytes()
    (tmp_path / "015_a.fits").write_bytes(whole[:3000])
    alone = DarkFolder(tmp_path).dark(15.0, 1, SHAPE)
    assert alone.excess is None
    assert "015_a.fits is not a FITS image that can be read, or it is cut short" in alone.remark
    write_dark(tmp_path, "016_b.fits", 602)
    dark = DarkFolder(tmp_path).dark(15.0, 1, SHAPE)
    assert dark.excess is not None
    assert dark.remark.endswith("016_b.fits is subtracted instead.")


def test_a5_a_dark_that_is_added_in_the_night_is_found(tmp_path: Path) -> None:
    folder = DarkFolder(tmp_path)
    assert folder.dark(15.0, 1, SHAPE).excess is None
    write_dark(tmp_path, "015_a.fits", 601)
    assert folder.dark(15.0, 1, SHAPE).excess is not None


def test_a5_ten_thousand_files_take_a_bounded_time(tmp_path: Path) -> None:
    """All of another size, and all within two seconds by name: only so many are looked at."""
    write_dark(tmp_path, "015_00000.fits", 601, shape=(30, 20))
    for number in range(1, 10_000):
        (tmp_path / f"015_{number:05d}.fits").hardlink_to(tmp_path / "015_00000.fits")
    folder, begun = DarkFolder(tmp_path), time.process_time()
    assert folder.dark(15.0, 1, SHAPE).excess is None
    assert time.process_time() - begun < 10.0
    begun = time.process_time()
    folder.dark(15.0, 1, SHAPE)
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_a5_pixels_below_the_dark_do_not_wrap_around(kind: type[np.generic]) -> None:
    frame = np.array([[10, 600, 65_535, 65_535]]).astype(kind)
    left = subtract(frame, np.array([[400.0, 100.0, 80.0, 65_000.0]]))
    assert left.dtype == frame.dtype
    kept = 65_535 if kind is np.uint16 else 65_455
    assert left.tolist() == [[0 if kind is np.uint16 else -390, 500, kept, 535]]


def test_a5_hot_pixels_go_and_stars_and_sky_stay() -> None:
    chance = np.random.default_rng(4)
    frame = render(chance, profile_of(2.0, 0.0), shape=(512, 512))
    hot = chance.random(frame.shape) < 0.01
    dark = np.where(hot, 12_000.0, 0.0)
    noisy = np.clip(frame.astype(np.int64) + dark.astype(np.int64), 0, 65_535).astype(np.uint16)
    clean, cured = measure_frame(frame), measure_frame(subtract(noisy, dark))
    assert cured.value == pytest.approx(clean.value, rel=0.01)
    assert cured.background_adu == pytest.approx(clean.background_adu, abs=1)
    assert abs(cured.stars - clean.stars) <= 2


def test_a5_a_dark_with_holes_takes_nothing_there(tmp_path: Path) -> None:
    pixels = np.full(SHAPE, 500.0, np.float32)
    pixels[0, 0] = np.nan
    write_frame(tmp_path / "015_a.fits", pixels, {})
    assert excess_of(tmp_path) == 0.0
