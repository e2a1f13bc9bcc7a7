"""Frames that other people took: donuts, trails, hot pixels, star fields, and a sweep of 62."""

import csv

import numpy as np
import pytest

from statefocus.focus import MODELS, FocusPoint, Telescope, find_focus
from statefocus.frames import FrameMeasurement, StarFlag, measure_frame, read_frame, read_package
from tests.focus.realdata import data_path


def measured(*parts: str) -> FrameMeasurement:
    return measure_frame(read_frame(data_path(*parts)).pixels)


@pytest.fixture(scope="module")
def newtonian() -> list[FocusPoint]:
    points = []
    for path, position in read_package(data_path("sweeps", "newtonian_62")):
        found = measure_frame(read_frame(path).pixels, growth=True)
        points.append(FocusPoint(position, found.value, found.error, found.stars, growth=found.growth))
    return points


@pytest.mark.parametrize("model", MODELS)
def test_the_newtonian_sweep_is_focused(newtonian: list[FocusPoint], model: str) -> None:
    fit = find_focus(newtonian, model=model)
    assert fit.accepted, fit.reasons
    assert fit.best_position == pytest.approx(603.5, abs=1.0)
    assert fit.sigma_position is not None
    assert 0.01 < fit.sigma_position < 0.5


def test_every_frame_of_the_newtonian_sweep_is_one_star_of_the_right_size(newtonian: list[FocusPoint]) -> None:
    assert [point.stars for point in newtonian] == [1] * 62
    with data_path("sweeps", "newtonian_62", "hfd_measured.csv").open(newline="") as lines:
        diameter = {float(row["index"]): float(row["hfd_px"]) for row in csv.DictReader(lines)}
    # theirs is the flux-weighted mean diameter: the same for a donut, larger by a sixth for a star with wings
    for point in newtonian:
        ratio = 2 * (point.measure or 0.0) / diameter[point.position]
        assert 0.84 < ratio < 1.05
        if diameter[point.position] > 12:
            assert 0.93 < ratio < 1.05


def test_every_ninth_frame_of_it_is_enough(newtonian: list[FocusPoint]) -> None:
    for start in range(7):
        fit = find_focus(newtonian[start::7])
        assert fit.accepted, fit.reasons
        assert fit.best_position == pytest.approx(603.5, abs=1.0)


@pytest.mark.parametrize("obstruction", [0.0, 0.2, 0.35])
@pytest.mark.parametrize("airy_steps", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("frames", [slice(1, None, 7), slice(4, None, 7)])
def test_optics_whose_donuts_differ_on_the_two_sides_are_left_to_the_curve(
    newtonian: list[FocusPoint], obstruction: float, airy_steps: float, frames: slice
) -> None:
    telescope = Telescope(obstruction, airy_steps)
    curve, refined = (find_focus(newtonian[frames], cfz_steps=4.0, telescope=asked) for asked in (None, telescope))
    assert refined.refinement is not None
    failed = {check.name for check in refined.refinement.checks if not check.passed}
    assert failed & {"sides_alike", "shapes_fit"}
    assert (refined.best_position, refined.sigma_position) == (curve.best_position, curve.sigma_position)


def test_the_simulated_cluster_has_its_half_light_radius() -> None:
    found = measured("frames", "kstars_sim", "m47_sim_stars.fits")
    assert found.value == pytest.approx(2.11, abs=0.03)
    assert found.stars > 200


def test_hot_pixels_are_no_stars() -> None:
    found = measured("frames", "kstars_sim", "hotpixels.fits")
    assert (found.value, found.error, found.stars, found.hfd_px) == (None, None, 0, None)


def test_isolated_bright_stars_agree_with_source_extractor() -> None:
    table = measured("frames", "sep", "sep_image.fits").star_table
    text = data_path("frames", "sep", "sep_image.cat").read_text().splitlines()
    catalogue = np.array([line.split() for line in text if not line.startswith("#")], dtype=float)
    compared = 0
    for entry in catalogue:
        x, y, radius, flags = entry[1] - 1, entry[2] - 1, entry[18], entry[20]
        apart = np.sort(np.hypot(catalogue[:, 1] - entry[1], catalogue[:, 2] - entry[2]))[1]
        near = table[np.hypot(table["x"] - x, table["y"] - y) < 1.0]
        if flags == 0 and apart > 8 and radius < 2.0 and len(near) and near["snr"][0] > 30:
            compared += 1
            assert near["hfr"][0] == pytest.approx(radius, rel=0.1)
    assert compared >= 3


def test_galaxies_do_not_widen_the_stars() -> None:
    found = measured("frames", "sep", "sep_image.fits")
    assert found.stars >= 4
    assert found.value == pytest.approx(1.23, abs=0.08)  # its two bright point sources: 1.21 and 1.23


def test_trails_are_not_measured() -> None:
    found = measured("frames", "panoptes", "rotation.fits")
    assert found.value is None
    assert found.star_table["accepted"].sum() == 0


def test_the_pole_has_a_saturated_star_and_no_other() -> None:
    found = measured("frames", "panoptes", "pole.fits")
    assert found.value is None
    assert found.saturated == 1


def test_a_raw_colour_mosaic_is_measured() -> None:
    found = measured("frames", "panoptes", "unsolved.fits")
    assert found.stars > 100
    assert found.value == pytest.approx(1.45, abs=0.15)
    assert found.saturated >= 5


DONUTS = {  # outer and inner edge of the ring, in px, by eye
    "DECam_00284696.S4.0007": (22.5, 9.0),
    "DECam_00284696.S4.0008": (22.5, 9.0),
    "DECam_00284696.S4.0012": (22.5, 9.0),
    "DECam_00487890.S4.0054": (23.0, 9.0),
    "DECam_00236392.S25.0001": (98.0, 44.0),
}


@pytest.mark.parametrize("name", DONUTS)
def test_a_donut_is_one_star(name: str) -> None:
    found = measured("frames", "donuts", f"{name}.stamp.fits")
    outer, inner = DONUTS[name]
    assert found.stars == 1
    assert found.value == pytest.approx(np.sqrt((outer**2 + inner**2) / 2), rel=0.06)


def test_the_flags_tell_why() -> None:
    flags = set(measured("frames", "panoptes", "rotation.fits").star_table["flag"].tolist())
    assert {StarFlag.ELONGATED, StarFlag.SHARP} <= flags
    assert StarFlag.ODD_SIZE not in flags
