"""The bench's own pieces: what it holds others against must be right itself."""

from pathlib import Path

import numpy as np
import pytest

from statefocus.focus import FocusPoint, critical_focus_zone_um
from tests.bench.bank import Label, labels, measured, read_bank
from tests.bench.focusing import Outcome, outcome, summary
from tests.bench.frames import SIZES
from tests.bench.light import OVER, WAVELENGTH_UM, FloatImage, Telescope
from tests.bench.peers import Answer, plain_hyperbola
from tests.bench.sweeps import (
    CASES,
    POINTS,
    RIGS,
    SKY_E,
    Case,
    Rig,
    Stars,
    Sweep,
    behind,
    expose,
    record,
    render_sweep,
)
from tests.bench.telling import Section, placed, row_of
from tests.bench.timing import Spread, by_turns


def blob(sigma_px: float, half: int) -> FloatImage:
    """An image at `OVER` points a pixel, each fifth value of a row being one position of a star of flux one."""
    axis = (np.arange((2 * half + 1) * OVER) - ((2 * half + 1) * OVER - 1) / 2) / OVER
    image = np.exp(-(axis[:, None] ** 2 + axis[None, :] ** 2) / (2 * sigma_px**2))
    return np.asarray(image * (OVER**2 / image.sum()), np.float32)


@pytest.mark.parametrize("rig", RIGS.values())
def test_the_zone_is_that_of_the_program_under_test(rig: Rig) -> None:
    assert rig.telescope.cfz_um == pytest.approx(critical_focus_zone_um(WAVELENGTH_UM, rig.telescope.f_ratio))


@pytest.mark.parametrize(
    ("position", "accepted", "has_focus", "false"),
    [
        (105.0, True, True, False),
        (109.0, True, True, False),
        (111.0, True, True, True),
        (89.0, True, True, True),
        (111.0, False, True, False),
        (100.0, True, False, True),
        (100.0, False, False, False),
        (None, False, True, False),
    ],
)
def test_a_false_success_is_an_accepted_focus_that_is_not_there(
    position: float | None, accepted: bool, has_focus: bool, false: bool
) -> None:
    told = outcome(Answer(position, accepted), best_position=100.0, cfz_steps=10.0, has_focus=has_focus)
    assert told.false_success is false
    assert told.error_zones == (None if position is None else pytest.approx((position - 100) / 10))


def test_a_summary_counts_errors_only_where_there_was_a_focus() -> None:
    outcomes = [
        Outcome(-0.2, accepted=True, false_success=False, has_focus=True),
        Outcome(7.0, accepted=False, false_success=False, has_focus=True),
        Outcome(9.0, accepted=True, false_success=True, has_focus=False),
    ]
    assert summary(outcomes) == "0.200 / 0.200; 67 %; 1 wrong"
    assert summary(outcomes[1:2]) == "- / -; 0 %; 0 wrong"


def test_which_cases_hold_a_focus() -> None:
    assert {name for name, case in CASES.items() if not case.has_focus} == {"outside", "no stars"}


def test_backlash_takes_the_first_moves() -> None:
    told = [position + behind(Case(swallowed=1.5), position) for position in range(POINTS)]
    assert told == [1.5, 1.5, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(("x", "y"), [(50.0, 40.0), (50.2, 40.4), (50.6, 39.8), (49.4, 40.8)])
def test_a_star_stands_where_it_is_put_with_all_of_its_light(x: float, y: float) -> None:
    stars = Stars(np.array([x]), np.array([y]), np.array([1e5]))
    light = expose(blob(1.5, 12), stars, 1.0, np.zeros(2), (90, 100)) - SKY_E
    rows, columns = np.mgrid[:90, :100]
    assert light.sum() == pytest.approx(1e5, rel=1e-3)
    assert (light * columns).sum() / light.sum() == pytest.approx(x, abs=0.01)
    assert (light * rows).sum() / light.sum() == pytest.approx(y, abs=0.01)


def test_a_star_beyond_the_edge_leaves_the_frame_alone() -> None:
    stars = Stars(np.array([-40.0, 300.0]), np.array([20.0, 20.0]), np.array([1e5, 1e5]))
    assert (expose(blob(1.5, 12), stars, 1.0, np.zeros(2), (90, 100)) == SKY_E).all()


def test_the_camera_is_as_noisy_as_its_electrons() -> None:
    frame = record(np.full((400, 400), 10_000.0, np.float32), np.random.default_rng(3))
    assert frame.mean() == pytest.approx(10_000 / 0.8 + 500, rel=1e-3)
    assert frame.std() == pytest.approx(np.sqrt(10_006) / 0.8, rel=0.02)


def test_the_plain_hyperbola_finds_its_vertex_and_refuses_one_outside() -> None:
    def points(best: float) -> list[FocusPoint]:
        return [FocusPoint(x, (4 + (0.05 * (x - best)) ** 2) ** 0.5) for x in range(9_800, 10_201, 50)]

    found = plain_hyperbola(points(10_013.0))
    assert found.accepted
    assert found.position == pytest.approx(10_013.0, abs=0.01)
    assert not plain_hyperbola(points(10_300.0)).accepted
    assert plain_hyperbola([FocusPoint(x, None) for x in range(9)]) == Answer(None, accepted=False)
    assert not plain_hyperbola([FocusPoint(x, 2.0) for x in range(9)]).accepted


def test_a_sweep_comes_back_from_its_bank(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    stars = Stars(np.array([60.0, 150.0]), np.array([70.0, 120.0]), np.array([9e4, 5e4]))
    lit = record(expose(blob(1.5, 12), stars, 1.0, np.zeros(2), (200, 200)), rng)
    dark = record(np.full((200, 200), SKY_E, np.float32), rng)
    label = Label("refractor", "good", "8 stars", 4)
    kept = measured(tmp_path, label, Sweep((lit, dark), (9_950, 10_050), 9_990.5, 16.2, has_focus=True))
    [again] = read_bank(tmp_path)
    assert again.label == label
    assert (again.best_position, again.cfz_steps, again.has_focus) == (9_990.5, 16.2, True)
    assert [point.stars for point in again.points] == [2, 0]
    assert again.points[0].measure == pytest.approx(1.5 * np.sqrt(2 * np.log(2)), rel=0.03)
    assert again.points[1].measure is None
    assert [len(point.table) for point in kept.points] == [2, 0]


def test_every_sweep_has_its_own_name() -> None:
    names = [label.name for label in labels(2)]
    assert len(set(names)) == len(names) == 2 * (4 * len(CASES) - 2)


def test_a_section_of_the_page_is_replaced_between_its_markers() -> None:
    page = "before\n<!-- bench: one -->\nold\n<!-- end of one -->\nafter\n"
    assert placed(page, "one", "new \\1") == "before\n<!-- bench: one -->\nnew \\1\n<!-- end of one -->\nafter\n"
    with pytest.raises(ValueError, match="one place"):
        placed(page, "two", "new")
    assert row_of(("a", "b")) == "| a | b |"
    assert Section("one", "words", ("a",), [("1",)]).marker == "one"


def test_the_page_has_a_place_for_every_part() -> None:
    from tests.bench.__main__ import PARTS
    from tests.bench.telling import PAGE

    text = PAGE.read_text("utf-8")
    for part in PARTS:
        assert placed(text, part, "new") != text


def test_times_are_told_with_their_spread() -> None:
    assert Spread.of([3.0, 1.0, 2.0]).told() == "2.0 (1.0 - 3.0)"
    calls: list[str] = []
    taken = by_turns(lambda: calls.append("unit"), {"call": lambda: calls.append("call")}, budget_s=0.0)
    assert (calls.count("call"), calls.count("unit")) == (9, 9)  # three rounds of three, being quick
    assert taken["call"].ms.least <= taken["call"].ms.median <= taken["call"].ms.most


def test_the_sizes_are_what_they_are_called() -> None:
    for megapixels, (rows, columns) in SIZES.items():
        assert rows * columns / 1e6 == pytest.approx(megapixels, rel=0.03)


def test_defocus_in_waves() -> None:
    # a quarter of a wave at the pupil's edge is half of the diffraction-limited depth 4 lambda N^2
    telescope = Telescope(7.0, 1400.0)
    assert telescope.defocus_waves(2 * WAVELENGTH_UM * 49) * 2 * np.sqrt(3) == pytest.approx(0.25)


def test_waves_and_rays_agree_far_out_of_focus() -> None:
    pytest.importorskip("galsim", reason="GalSim is installed by make bench")
    from tests.bench.light import geometric_light, half_flux_radius, half_px, wave_light

    telescope, defocus, seeing = RIGS["obstructed"].telescope, 1500.0, 4.0
    half = half_px(telescope, defocus, seeing)
    waves = half_flux_radius(telescope, wave_light(telescope, defocus, seeing), half)
    rays = half_flux_radius(telescope, geometric_light(telescope, defocus, seeing), half)
    assert waves == pytest.approx(rays, rel=0.02)
    sharp = half_flux_radius(telescope, geometric_light(telescope, defocus, 0.05), half)
    outer = defocus / 7.0 / telescope.pixel_um / 2
    assert sharp == pytest.approx(outer * np.sqrt((1 + 0.34**2) / 2), rel=0.005)


def test_a_rendered_sweep_has_its_focus_where_it_says_and_comes_out_the_same_twice() -> None:
    pytest.importorskip("galsim", reason="GalSim is installed by make bench")
    from statefocus.frames import measure_frame

    sweep = render_sweep("refractor", "good", "centred", 7)
    again = render_sweep("refractor", "good", "centred", 7)
    assert all((one == other).all() for one, other in zip(sweep.frames, again.frames, strict=True))
    sizes = [measure_frame(frame).value or 99.0 for frame in sweep.frames]
    assert abs(sweep.positions[int(np.argmin(sizes))] - sweep.best_position) <= 0.5 * RIGS["refractor"].step + 1
