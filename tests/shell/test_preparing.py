"""What is done to a focus frame before it is measured (A4, A5); frames of cameras are indexed [x, y]."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from statefocus.devices.values import Exposure
from statefocus.frames import write_frame
from statefocus.preparing import as_it_is, cropped, preparer
from statefocus.profile import Autofocus


def test_a4_five_percent_of_800_by_600_leave_out_20_px_left_and_right_and_15_px_top_and_bottom() -> None:
    x, y = np.meshgrid(np.arange(800), np.arange(600), indexing="ij")
    left = cropped(x * 1000 + y, 5.0)
    assert left.shape == (760, 570)
    assert (left[0, 0], left[-1, -1]) == (20_015, 779_584)


@pytest.mark.parametrize("shape", [(101, 99), (800, 600)])
def test_a4_no_crop_leaves_the_frame_alone(shape: tuple[int, int]) -> None:
    assert cropped(np.zeros(shape), 0.0).shape == shape
    assert preparer(Autofocus()) is as_it_is


def test_a5_the_dark_is_subtracted_before_the_crop_and_in_the_frames_own_axes(tmp_path: Path) -> None:
    dark = np.full((40, 60), 500, np.uint16)  # as files hold it: height, width
    dark[10, 25] = 900
    write_frame(tmp_path / "004_dark.fits", dark, {"XBINNING": 1})
    prepare = preparer(Autofocus(crop_percent=50.0, dark_folder=str(tmp_path)))
    prepared, remark = prepare(Exposure(np.full((60, 40), 1000, np.uint16), 4.0, 1))
    assert (prepared.pixels.shape, remark) == ((30, 20), "")
    assert prepared.pixels[25 - 15, 10 - 10] == 600
    assert np.count_nonzero(prepared.pixels != 1000) == 1


def test_a5_without_a_dark_the_frame_is_measured_all_the_same(tmp_path: Path) -> None:
    prepared, remark = preparer(Autofocus(dark_folder=str(tmp_path)))(Exposure(np.ones((60, 40)), 4.0, 1))
    assert (prepared.pixels == 1).all()
    assert remark.startswith("There is no dark for 4 s")
