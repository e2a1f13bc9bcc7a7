"""The pass over the frame: the same by words and by pixels, in one thread and in many, with hot pixels taken out."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from statefocus import first_start
from statefocus.frames import measure_frame
from statefocus.frames.binning import as_words, bin_rows, bin_words
from statefocus.frames.combining import frame_value, weighted_median
from statefocus.frames.compiling import share_out
from statefocus.frames.pyramid import build_pyramid
from statefocus.frames.sky import between_tiles, ordered

from .fields import profile_of, render


@pytest.fixture(scope="module")
def field() -> npt.NDArray[np.uint16]:
    return render(np.random.default_rng(21), profile_of(2.0, 0.0), stars=300, shape=(2600, 2500))


@pytest.mark.parametrize("top", [1, 255, 65535])
def test_words_and_pixels_are_binned_alike(top: int) -> None:
    pixels = np.random.default_rng(top).integers(top // 2, top + 1, (40, 84)).astype(np.uint16)
    words = as_words(pixels, 4)
    assert words is not None
    by_words, by_pixels = np.empty((10, 21), np.float32), np.empty((10, 21), np.float32)
    bin_words(words, by_words, 0, 10)
    bin_rows(pixels, 4, by_pixels, 0, 10)
    expected = pixels.reshape(10, 4, 21, 4).mean(axis=(1, 3))
    np.testing.assert_array_equal(by_words, expected.astype(np.float32))
    np.testing.assert_array_equal(by_pixels, by_words)


def test_words_are_made_only_of_whole_aligned_rows() -> None:
    assert as_words(np.zeros((8, 10), np.uint16), 4) is None
    assert as_words(np.zeros((8, 8), np.float32), 4) is None
    assert as_words(np.zeros((8, 8), np.uint16), 2) is None
    assert as_words(np.zeros(66, np.uint16)[2:].reshape(8, 8), 4) is None


def test_a_column_more_or_less_changes_little(field: npt.NDArray[np.uint16]) -> None:
    whole, narrow = measure_frame(field), measure_frame(np.ascontiguousarray(field[:, :-1]))
    assert narrow.value == pytest.approx(whole.value, rel=2e-3)


def test_threads_change_nothing(field: npt.NDArray[np.uint16], monkeypatch: pytest.MonkeyPatch) -> None:
    for pixels in (field, field.astype(np.float32)):
        found = [measure_frame(pixels) for _ in range(3)]
        with monkeypatch.context() as alone:
            alone.setattr("statefocus.frames.compiling.THREADS", 1)
            found.append(measure_frame(pixels))
        assert len({each.star_table.tobytes() for each in found}) == 1
        assert len({(each.value, each.error, each.background_adu) for each in found}) == 1


def test_every_part_of_the_work_is_done_once() -> None:
    done: list[int] = []
    share_out(done.append, 1000)
    assert sorted(done) == list(range(1000))


def test_what_goes_wrong_in_a_thread_is_told() -> None:
    def fail(part: int) -> None:
        raise ValueError(part)

    with pytest.raises(ValueError, match=r"\d"):
        share_out(fail, 8)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(field: npt.NDArray[np.uint16]) -> None:
    measure_frame(field)
    child = os.fork()
    if child == 0:
        os._exit(0 if measure_frame(field).stars else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("side", [400, 2600])
def test_hot_pixels_are_taken_out_of_every_level(side: int) -> None:
    rng = np.random.default_rng(side)
    pixels = rng.normal(1000.0, 10.0, (side, side)).astype(np.uint16)
    places = rng.integers(2, side - 2, (2, 100))
    clean = build_pyramid(pixels)
    pixels[places[0], places[1]] = 40_000
    hot = build_pyramid(pixels)
    for level, (with_hot, without) in enumerate(zip(hot.levels, clean.levels, strict=True)):
        assert np.abs(with_hot - without).max() < 4.0 * 10.0 / (1 << level), level


def test_a_small_sample_is_ordered() -> None:
    values = np.random.default_rng(1).integers(0, 40, 170).astype(np.float32)
    np.testing.assert_array_equal(ordered(values), np.sort(values))


def test_the_sky_runs_straight_between_tiles() -> None:
    tiles = np.array([[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]], np.float32)
    assert between_tiles(tiles, 0.5, 0.5) == 0.0
    assert between_tiles(tiles, 1.0, 1.5) == 6.0
    assert between_tiles(tiles, 9.0, 9.0) == 12.0
    assert between_tiles(tiles, 0.0, 2.25) == pytest.approx(1.75)


def test_better_known_stars_count_more() -> None:
    assert weighted_median(np.array([3.0, 1.0, 2.0]), np.ones(3)) == 2.0
    assert weighted_median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 0.01])) < 2.0
    assert frame_value(np.empty(0), np.empty(0)) == (None, None)
    alone, error = frame_value(np.array([2.0]), np.array([0.1]))
    assert alone == 2.0
    assert error == pytest.approx(0.1, rel=0.01)
    rng = np.random.default_rng(2)
    known = np.concatenate((np.full(50, 0.01), np.full(50, 0.3)))
    value, error = frame_value(2.0 + known * rng.standard_normal(100), known)
    assert value == pytest.approx(2.0, abs=0.006)
    assert error == pytest.approx(0.0021, rel=0.35)


FULL_DISK = """
import resource
from statefocus.frames.compiling import kernel
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

@kernel
def twice(number):
    return 2 * number

print(twice(21))
"""


def test_a_disk_that_takes_no_compiled_code_costs_no_measurement(tmp_path: Path) -> None:
    program = tmp_path / "program.py"  # a file, since numba keeps nothing of what has none
    program.write_text(FULL_DISK)
    keeping = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    command = [sys.executable, str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, env=keeping)
    assert (done.stdout, done.stderr) == ("42\n", "")


TOLD = """
from statefocus import first_start
from statefocus.frames.compiling import kernel

@kernel
def twice(number):
    return 2 * number

@kernel
def thrice(number):
    return 3 * number

first_start.tell_by(print)
print(twice(21), thrice(14))
"""


@pytest.mark.parametrize("kept", [True, False])
def test_a_first_start_tells_once_that_it_compiles_and_a_later_one_does_not(tmp_path: Path, kept: bool) -> None:
    (tmp_path / "told.py").write_text(TOLD)
    program = str(tmp_path / "told.py") if kept else TOLD
    keeping = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    command = [sys.executable, program] if kept else [sys.executable, "-c", program]
    starts = [
        subprocess.run(command, capture_output=True, text=True, timeout=200, check=True, env=keeping) for _ in range(2)
    ]
    said = [start.stdout.splitlines() for start in starts]
    assert said[0] == [first_start.SENTENCE, "42 42"]
    assert said[1] == (["42 42"] if kept else said[0])


WARM = """
import sys
import numpy as np
from statefocus.frames import measure_frame, warm_up
from statefocus.frames.compiling import numba

def compiled():
    modules = [module for name, module in sys.modules.items() if name.startswith("statefocus.frames")]
    everything = {id(one): one for module in modules for one in vars(module).values()}.values()
    kernels = [one for one in everything if isinstance(one, numba.core.dispatcher.Dispatcher)]
    return {(kernel.__qualname__, str(kind)) for kernel in kernels for kind in kernel.signatures}

warm_up()
before = compiled()
for pixels in np.load(sys.argv[1]), np.zeros((64, 64), np.uint16):
    measure_frame(pixels)
    measure_frame(pixels.astype(np.float32))
assert len(before) > 10
print(sorted(compiled() - before))
"""


def test_nothing_is_left_to_compile_after_the_warm_up(tmp_path: Path) -> None:
    stars = render(np.random.default_rng(21), profile_of(2.0, 0.0), stars=60, shape=(600, 600))
    np.save(tmp_path / "stars.npy", stars)
    command = [sys.executable, "-c", WARM, str(tmp_path / "stars.npy")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=True)
    assert done.stdout.strip() == "[]"
