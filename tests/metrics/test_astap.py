"""HFD by ASTAP (M2): the real program where it is installed, and programs that misbehave."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest

from statefocus.focus import FocusPoint, find_focus
from statefocus.frames import read_frame, read_package
from statefocus.metrics import FrameContext, Measured, MetricError
from statefocus.metrics.astap import AstapHfd, find_astap
from statefocus.metrics.errors import MetricMissing
from tests.focus.realdata import data_path
from tests.metrics.test_metrics import field


@pytest.fixture(scope="module")
def astap() -> AstapHfd:
    try:
        find_astap(None)
    except MetricMissing:
        pytest.skip("ASTAP is not installed: `make host-deps` (Debian: apt install astap-cli)")
    return AstapHfd()


# --- the real program ---


def test_the_simulated_cluster_has_its_diameter(astap: AstapHfd) -> None:
    found = astap.measure(read_frame(data_path("frames", "kstars_sim", "m47_sim_stars.fits")).pixels, FrameContext())
    assert found.value == pytest.approx(2 * 2.11, rel=0.06)
    assert found.stars > 200
    assert found.error is not None
    assert 0.0005 < found.error < 0.05


def test_the_newtonian_is_focused(astap: AstapHfd) -> None:
    points = []
    for path, position in read_package(data_path("sweeps", "newtonian_62")):
        if 590 <= position <= 617:
            found = astap.measure(read_frame(path).pixels, FrameContext())
            points.append(FocusPoint(position, found.value, found.error, found.stars))
    fit = find_focus(points)
    assert fit.accepted, fit.reasons
    assert fit.best_position == pytest.approx(603.5, abs=1.0)


def test_no_star_is_no_number(astap: AstapHfd) -> None:
    pixels = read_frame(data_path("frames", "kstars_sim", "hotpixels.fits")).pixels
    assert astap.measure(pixels, FrameContext()) == Measured(None, None, 0)


def test_every_type_of_pixels_is_handed_over(astap: AstapHfd) -> None:
    as_uint16 = astap.measure(field(), FrameContext())
    assert as_uint16.value is not None
    for kind in (np.int32, np.float32, np.float64):
        assert astap.measure(field().astype(kind), FrameContext()).value == pytest.approx(as_uint16.value, rel=0.01)


def test_the_smallest_star_is_scaled_by_the_binning(astap: AstapHfd) -> None:
    hfd = astap.measure(field(), FrameContext()).value or 0.0
    smallest = 1.6 * 1.82 * hfd
    assert astap.measure(field(), FrameContext(binning=1, min_star_px=smallest)).stars < 5
    assert astap.measure(field(), FrameContext(binning=2, min_star_px=smallest)).stars > 20


def test_it_leaves_nothing_behind(astap: AstapHfd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    astap.measure(field(), FrameContext())
    assert list(tmp_path.iterdir()) == []


# --- programs that misbehave ---


def pretending(folder: Path, script: str) -> FrameContext:
    path = folder / "astap_cli"
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return FrameContext(programs={"astap": str(path)}, timeout_s=0.5)


@pytest.mark.skipif(os.name != "posix", reason="the programs are shell scripts")
@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("exit 0", "ASTAP did not measure the frame; it said: nothing"),
        ("echo Error, accessing the file!; exit 1", "it said: Error, accessing the file!"),
        ("echo HFD_MEDIAN=abc; echo STARS=3", "it said: HFD_MEDIAN=abc STARS=3"),
        ("echo HFD_MEDIAN=3.1; echo STARS=3; echo rubbish > frame.csv; echo 1 >> frame.csv", "list of stars cannot"),
    ],
)
def test_what_is_no_measurement_is_told(tmp_path: Path, script: str, sentence: str) -> None:
    with pytest.raises(MetricError) as raised:
        AstapHfd().measure(field(), pretending(tmp_path, script))
    assert sentence in str(raised.value)


@pytest.mark.skipif(os.name != "posix", reason="the program is a shell script")
def test_a_program_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    begun, left = time.monotonic(), tmp_path / "left"
    with pytest.raises(MetricError, match=r"astap_cli did not measure the frame within 0\.5 s"):
        AstapHfd().measure(field(), pretending(tmp_path, f"(sleep 2; touch {left}) & sleep 30"))
    assert time.monotonic() - begun < 5
    time.sleep(2.5)
    assert not left.exists()


@pytest.mark.skipif(os.name != "posix", reason="the program is a shell script")
def test_a_version_without_a_list_is_taken_at_its_word(tmp_path: Path) -> None:
    found = AstapHfd().measure(field(), pretending(tmp_path, "echo HFD_MEDIAN=3.1; echo STARS=3"))
    assert (found.value, found.stars) == (3.1, 3)
    assert found.error == pytest.approx(0.029, abs=0.001)
