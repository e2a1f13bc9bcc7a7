"""What is no frame is refused in a sentence; what holds no star has no value."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from statefocus.frames import FrameError, measure_frame

NOT_FRAMES: dict[str, tuple[npt.NDArray[Any], str]] = {
    "a colour cube": (np.zeros((3, 64, 64)), "has 3: give one colour"),
    "one line": (np.zeros(64), "has 1"),
    "one pixel": (np.zeros((1, 1)), "1 x 1 is too small"),
    "empty": (np.zeros((0, 0)), "0 x 0 is too small"),
    "narrow": (np.zeros((15, 600)), "600 x 15 is too small"),
    "no number": (np.full((64, 64), np.nan), "no number at all"),
    "complex": (np.zeros((64, 64), complex), "real numbers"),
    "text": (np.full((64, 64), "a"), "real numbers"),
}


@pytest.mark.parametrize("name", NOT_FRAMES)
def test_no_frame(name: str) -> None:
    pixels, words = NOT_FRAMES[name]
    with pytest.raises(FrameError, match=words):
        measure_frame(pixels)


STARLESS = {
    "black": np.zeros((100, 100), np.uint16),
    "white": np.full((100, 100), 65535, np.uint16),
    "smallest": np.arange(256, dtype=np.uint16).reshape(16, 16),
    "a ramp": np.arange(40_000, dtype=np.float64).reshape(200, 200),
    "two levels": np.repeat(np.array([[100, 5000]], np.uint16), 100, axis=1).repeat(100, axis=0),
    "negative": np.full((64, 64), -5.0),
    "huge": np.full((64, 64), 1e30),
    "a chessboard": (np.indices((64, 64)).sum(0) % 2 * 1000).astype(np.uint16),
}


@pytest.mark.parametrize("name", STARLESS)
def test_no_star(name: str) -> None:
    found = measure_frame(STARLESS[name], fwhm=True)
    assert (found.value, found.error, found.stars, found.hfr_px, found.hfd_px, found.fwhm_px) == (
        None, None, 0, None, None, None,
    )  # fmt: skip


def test_pixels_that_are_no_numbers_count_as_sky() -> None:
    down, across = np.mgrid[:128, :128]
    frame = 100 + 5000 * np.exp(-((down - 60) ** 2 + (across - 70) ** 2) / 18) + (down * 7 + across * 3) % 4
    whole = measure_frame(frame).value
    frame[10:12] = np.nan
    frame[:, 3] = np.inf
    assert measure_frame(frame).value == pytest.approx(whole, rel=1e-3)


@pytest.mark.parametrize("percent", [-1.0, 100.0, float("nan")])
def test_a_crop_is_a_percentage(percent: float) -> None:
    with pytest.raises(FrameError, match="percentage"):
        measure_frame(np.zeros((100, 100)), crop_percent=percent)
    with pytest.raises(FrameError, match="too small"):
        measure_frame(np.zeros((100, 100)), crop_percent=90)
