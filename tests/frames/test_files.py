"""FITS in and out, packages of frames, and the overlay picture."""

import builtins
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from matplotlib.collections import EllipseCollection

from statefocus.frames import (
    FrameError,
    draw_overlay,
    measure_frame,
    position_of,
    read_frame,
    read_package,
    write_frame,
)
from statefocus.frames.packages import unlisted
from tests.focus.realdata import data_path

from .fields import make_profile, render

PIXELS = np.arange(600, dtype=np.uint16).reshape(20, 30) * 100


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.int32, np.float32])
def test_what_is_written_is_read(tmp_path: Path, kind: type[np.generic]) -> None:
    path = tmp_path / "a.fits"
    header = {"FOCUSPOS": 1234, "FOCTEMP": 7.5, "FILTER": "H\u03b1", "IMAGETYP": "Light", "EXPTIME": 3.0, "XBINNING": 2,
              "NOTHING": None, "UNKNOWN": float("nan"), "ALONGKEYWORD": "x" * 100}  # fmt: skip
    write_frame(path, PIXELS.astype(kind), header)
    frame = read_frame(path)
    assert frame.pixels.dtype == kind
    np.testing.assert_array_equal(frame.pixels, PIXELS.astype(kind))
    assert (frame.position, frame.temperature_c, frame.exposure_s, frame.binning) == (1234.0, 7.5, 3.0, 2)
    assert (frame.filter_name, frame.image_type) == ("H?", "Light")
    assert frame.header["ALONGKEYWORD"] == "x" * 100
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.fits"]


def test_unsigned_pixels_are_stored_with_bzero(tmp_path: Path) -> None:
    write_frame(tmp_path / "a.fits", PIXELS.T, {})
    with fits.open(tmp_path / "a.fits", do_not_scale_image_data=True) as units:
        assert (units[0].header["BZERO"], units[0].header["BITPIX"]) == (32768, 16)


def test_a_frame_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FrameError, match="could not be written"):
        write_frame(tmp_path / "missing" / "a.fits", PIXELS, {})
    with pytest.raises(FrameError, match="could not be written"):
        write_frame(tmp_path / "a.fits", PIXELS, {"A": "line\nbreak"})
    with pytest.raises(FrameError, match="two-dimensional"):
        write_frame(tmp_path / "a.fits", np.zeros((3, 4, 5)), {})
    assert not list(tmp_path.iterdir())


def test_headers_are_read_as_programs_write_them(tmp_path: Path) -> None:
    image = fits.ImageHDU(PIXELS)
    image.header["FOCUSER"] = "  812 "
    image.header["EXPOSURE"] = 5
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(tmp_path / "a.fits")
    frame = read_frame(tmp_path / "a.fits")
    assert (frame.position, frame.exposure_s, frame.filter_name, frame.temperature_c) == (812.0, 5.0, None, None)


def test_a_gzipped_frame_and_a_single_plane_cube_are_read(tmp_path: Path) -> None:
    fits.PrimaryHDU(PIXELS[None]).writeto(tmp_path / "a.fits")
    (tmp_path / "a.fits.gz").write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))
    assert read_frame(tmp_path / "a.fits.gz").pixels.shape == (20, 30)


def test_files_that_are_no_frames_are_named(tmp_path: Path) -> None:
    with pytest.raises(FrameError, match="There is no file"):
        read_frame(tmp_path / "none.fits")
    with pytest.raises(FrameError, match="is a folder"):
        read_frame(tmp_path)
    (tmp_path / "empty.fits").write_bytes(b"")
    (tmp_path / "raw.cr2").write_bytes(b"II*\0" + bytes(5000))
    write_frame(tmp_path / "whole.fits", np.zeros((100, 100), np.uint16), {})
    (tmp_path / "cut.fits").write_bytes((tmp_path / "whole.fits").read_bytes()[:9000])
    for name in ("empty.fits", "raw.cr2", "cut.fits"):
        with pytest.raises(FrameError, match=name):
            read_frame(tmp_path / name)
    fits.PrimaryHDU(np.zeros((3, 20, 30))).writeto(tmp_path / "cube.fits")
    with pytest.raises(FrameError, match="cube of 30 x 20 x 3"):
        read_frame(tmp_path / "cube.fits")
    fits.PrimaryHDU().writeto(tmp_path / "header.fits")
    with pytest.raises(FrameError, match="holds no image"):
        read_frame(tmp_path / "header.fits")


def huge(folder: Path, compressed: bool = False) -> Path:
    """A small file whose header tells of an absurd size."""
    kind, key = (fits.CompImageHDU, b"ZNAXIS1 =") if compressed else (fits.ImageHDU, b"NAXIS1  =")
    path = folder / "huge.fits"
    fits.HDUList([fits.PrimaryHDU(), kind(PIXELS)]).writeto(path)
    raw = path.read_bytes()
    old = key + b"30".rjust(21)
    assert raw.count(old) == 1
    path.write_bytes(raw.replace(old, key + b"9999999999".rjust(21)))
    return path


@pytest.mark.parametrize("compressed", [False, True])
def test_an_absurd_size_is_told_before_memory_is_taken(tmp_path: Path, compressed: bool) -> None:
    path = huge(tmp_path, compressed)
    with pytest.raises(FrameError) as raised:
        read_frame(path)
    assert str(raised.value) == (
        f"{path} cannot be read: its header tells of 9999999999 x 20 pixels, which no camera gives."
    )


def test_a_plausible_size_that_the_file_does_not_hold_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write_frame(path, np.zeros((100, 100), np.uint16), {})
    path.write_bytes(path.read_bytes().replace(b"NAXIS1  =                  100", b"NAXIS1  =                20000"))
    with pytest.raises(FrameError, match=r"a.fits is cut short: .* 20000 x 100 pixels, and only 20160 bytes are there"):
        read_frame(path)


def test_a_last_block_that_is_not_filled_up_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write_frame(path, PIXELS, {})
    path.write_bytes(path.read_bytes()[: 2880 + PIXELS.nbytes])
    np.testing.assert_array_equal(read_frame(path).pixels, PIXELS)


def test_memory_that_does_not_suffice_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_args: Any) -> None:
        raise MemoryError

    write_frame(tmp_path / "a.fits", PIXELS, {})
    monkeypatch.setattr("statefocus.frames.files._single_plane", none_left)
    with pytest.raises(FrameError, match=r"a.fits holds more than fits into memory"):
        read_frame(tmp_path / "a.fits")


def test_a_frame_that_may_not_be_read_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_args: Any, **_named: Any) -> None:
        raise PermissionError(13, "Permission denied")

    write_frame(tmp_path / "a.fits", PIXELS, {})
    monkeypatch.setattr(fits, "open", forbidden)
    with pytest.raises(FrameError, match=r"a.fits cannot be read: you have no permission to read it\."):
        read_frame(tmp_path / "a.fits")


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_values_from_0_to_1_are_brought_back_to_adu(tmp_path: Path, kind: type[np.floating[Any]]) -> None:
    unit = PIXELS.astype(kind) / kind(65535)
    unit[3, 4:7] = np.nan, np.inf, -np.inf
    fits.PrimaryHDU(unit).writeto(tmp_path / "a.fits")
    frame = read_frame(tmp_path / "a.fits")
    wanted = PIXELS.astype(np.float32)
    wanted[3, 4:7] = np.nan, np.inf, -np.inf
    assert frame.scaled
    assert frame.pixels.dtype == np.float32
    np.testing.assert_allclose(frame.pixels, wanted, rtol=1e-6)
    untouched = read_frame(tmp_path / "a.fits", as_written=True)
    np.testing.assert_array_equal(untouched.pixels, unit.astype(np.float32))


@pytest.mark.parametrize(
    ("odd", "value", "scaled"), [(10, -0.05, True), (10, 1.05, True), (11, -0.05, False), (1, 1.2, False)]
)
def test_a_few_values_a_little_outside_do_not_hide_that_a_frame_lies_from_0_to_1(
    tmp_path: Path, odd: int, value: float, scaled: bool
) -> None:
    unit = np.full((100, 100), 0.25, np.float32)
    unit.flat[:odd] = value
    fits.PrimaryHDU(unit).writeto(tmp_path / "a.fits")
    assert read_frame(tmp_path / "a.fits").scaled is scaled


ADU = {
    "all zero": np.zeros((20, 30), np.float32),
    "a mask": np.eye(20, 30, dtype=np.float32),
    "no number": np.full((20, 30), np.nan, np.float32),
    "a dark around zero": np.random.default_rng(1).normal(0, 0.2, (20, 30)).clip(-1, 1).astype(np.float32),
    "a dark with one warm pixel": np.where(PIXELS == 100, 1.5, 0.3).astype(np.float32),
    "counts of 0 and 1": (PIXELS % 200 // 100).astype(np.uint16),
}


@pytest.mark.parametrize("name", ADU)
def test_what_is_in_adu_stays_as_it_is(tmp_path: Path, name: str) -> None:
    fits.PrimaryHDU(ADU[name]).writeto(tmp_path / "a.fits")
    frame = read_frame(tmp_path / "a.fits")
    assert not frame.scaled
    np.testing.assert_array_equal(frame.pixels, ADU[name])


def test_positions_come_from_the_header_the_index_or_the_name(tmp_path: Path) -> None:
    write_frame(tmp_path / "b_77.fits", PIXELS, {"FOCUSPOS": 300})
    write_frame(tmp_path / "a_88.fit", PIXELS, {})
    write_frame(tmp_path / "M42_2024_99.5.FITS", PIXELS, {})
    (tmp_path / "notes.txt").write_text("no frame")
    assert _positions(tmp_path) == {"M42_2024_99.5.FITS": 99.5, "a_88.fit": 88.0, "b_77.fits": 300.0}
    (tmp_path / "index.csv").write_text("file,position\na_88.fit,200\n\nM42_2024_99.5.FITS, 250\nb_77.fits,1\n")
    assert _positions(tmp_path) == {"a_88.fit": 200.0, "M42_2024_99.5.FITS": 250.0, "b_77.fits": 300.0}
    assert position_of(tmp_path / "a_88.fit") == 200.0
    assert unlisted(tmp_path, read_package(tmp_path)) == []
    (tmp_path / "index.csv").write_text("file,position\nb_77.fits,1\nM42_2024_99.5.FITS,250\n")
    assert unlisted(tmp_path, read_package(tmp_path)) == ["a_88.fit"]


def _positions(folder: Path) -> dict[str, float]:
    found = read_package(folder)
    assert [position for _, position in found] == sorted(position for _, position in found)
    return {path.name: position for path, position in found}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a_1.fits,10\na_2.fits,20\na_1.fits,30\n", "index.csv:4: a_1.fits is at 30 here, and at 10 in a row before"),
        ("a_1.fits,10\na_2.fits,\n", "index.csv:3: the position is missing"),
        ("a_1.fits,10\n\na_2.fits,1e999\n", "index.csv:4: the position '1e999' is not a number"),
        ("a_1.fits\n", "index.csv:2: the position is missing"),
    ],
)
def test_an_index_that_tells_no_position_or_two_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    for name in ("a_1.fits", "a_2.fits"):
        write_frame(tmp_path / name, PIXELS, {})
    (tmp_path / "index.csv").write_text(f"file,position\n{rows}")
    with pytest.raises(FrameError) as raised:
        read_package(tmp_path)
    assert said in str(raised.value)


def test_an_index_may_name_a_frame_twice_if_it_says_the_same_and_frames_that_are_gone(tmp_path: Path) -> None:
    write_frame(tmp_path / "a_1.fits", PIXELS, {})
    (tmp_path / "index.csv").write_text("file,position\na_1.fits,10\ngone.fits,5\na_1.fits,10.0\n")
    assert _positions(tmp_path) == {"a_1.fits": 10.0}


def test_a_package_without_positions_says_so(tmp_path: Path) -> None:
    with pytest.raises(FrameError, match="holds no FITS frames"):
        read_package(tmp_path)
    with pytest.raises(FrameError, match="There is no folder"):
        read_package(tmp_path / "none")
    write_frame(tmp_path / "light.fits", PIXELS, {})
    with pytest.raises(FrameError, match=r"light.fits has no focuser position"):
        read_package(tmp_path)
    (tmp_path / "index.csv").write_text("name,where\nlight.fits,200\n")
    with pytest.raises(FrameError, match="columns file and position"):
        read_package(tmp_path)
    (tmp_path / "index.csv").write_text("file,position\nlight.fits,far\n")
    with pytest.raises(FrameError, match=r"index.csv:2: the position 'far'"):
        read_package(tmp_path)


def test_the_overlay_is_a_picture(tmp_path: Path) -> None:
    frame = render(np.random.default_rng(1), make_profile(3.0), shape=(300, 400))
    found = measure_frame(frame)
    draw_overlay(frame, found, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    nothing = np.zeros((64, 64), np.uint16)
    draw_overlay(nothing, measure_frame(nothing), tmp_path / "b.png")
    with pytest.raises(FrameError, match="could not be written"):
        draw_overlay(frame, found, tmp_path / "missing" / "a.png")


def test_the_circle_around_a_star_that_fills_the_frame_is_within_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Any] = []
    usual = EllipseCollection.__init__

    def noted(self: Any, widths: Any, *rest: Any, **named: Any) -> None:
        drawn.extend(widths)
        usual(self, widths, *rest, **named)

    monkeypatch.setattr(EllipseCollection, "__init__", noted)
    pixels = read_frame(data_path("frames", "donuts", "DECam_00236392.S25.0001.stamp.fits")).pixels
    found = measure_frame(pixels)
    draw_overlay(pixels, found, tmp_path / "a.png")
    assert (found.stars, len(drawn)) == (1, 1)
    assert 2 * (found.value or 0.0) < drawn[0] < min(pixels.shape)


def test_without_matplotlib_the_overlay_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usual = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return usual(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(FrameError, match=r"statefocus\[plot\]"):
        draw_overlay(PIXELS, measure_frame(PIXELS), tmp_path / "a.png")
