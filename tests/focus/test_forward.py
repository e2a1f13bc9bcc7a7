"""The forward model: the shape of the stars tells seeing from defocus, on frames drawn by wave optics."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from statefocus.focus import FocusFit, FocusPoint, Limits, Telescope, find_focus
from statefocus.focus.optical_model import OpticalModel, Pupil, bessel_j1
from statefocus.frames import measure_frame, recorded_stars
from statefocus.stars import Growth
from tests.focus.waves import FINE, SIDE, expose, star_light

AIRY_PX, SCALE_PX, CFZ = 0.8, 0.04, 90.0  # px, px of disk a step, steps
POSITIONS = [float(x) for x in range(2280, 1719, -70)]
BEST = 2012.0
AIRY_STEPS = AIRY_PX / SCALE_PX


def test_bessel_function() -> None:
    x = np.linspace(0.0, 200.0, 2001)
    angle = (np.arange(2048) + 0.5) * np.pi / 2048
    assert bessel_j1(x) == pytest.approx(np.cos(angle - x[:, None] * np.sin(angle)).mean(axis=1), abs=1e-7)


@pytest.mark.parametrize(
    ("hole", "disk", "seeing"), [(0.0, 0.0, 2.0), (0.0, 9.0, 2.0), (0.3, 20.0, 3.0), (0.4, 6.0, 2.5)]
)
def test_growth_is_that_of_wave_optics(hole: float, disk: float, seeing: float) -> None:
    reach, radii = 14.0, 14
    pixels = np.sinc(np.fft.fftfreq(SIDE) * FINE)
    collected_and_summed = (pixels[:, None] * pixels[None]) ** 2
    light = np.fft.ifft2(np.fft.fft2(star_light(AIRY_PX, hole, disk, seeing)) * collected_and_summed).real
    axis = np.arange(SIDE) - SIDE // 2
    away = np.hypot(axis[:, None], axis[None]) / FINE
    radius = np.arange(1, radii + 1) * reach / radii
    drawn = np.array([(light * np.clip((r - away) * FINE + 0.5, 0.0, 1.0)).sum() for r in radius])
    model = OpticalModel.of(np.array([reach]), radii, Pupil(hole, AIRY_PX), 40.0)
    growth, by_disk, by_seeing = model.growth(np.array([disk]), np.array([seeing]))
    assert growth[0] == pytest.approx(drawn / drawn[-1], abs=0.003)
    wider, _, _ = model.growth(np.array([disk + 1e-4]), np.array([seeing]))
    assert by_disk[0] == pytest.approx((wider - growth)[0] / 1e-4, abs=1e-4)
    blurred, _, _ = model.growth(np.array([disk]), np.array([seeing * (1 + 1e-5)]))
    assert by_seeing[0] == pytest.approx((blurred - growth)[0] / 1e-5, abs=1e-4)


@cache
def sweep(hole: float, *, spherical: float = 0.0, seed: int = 5) -> tuple[FocusPoint, ...]:
    """A sweep through poor seeing, which gets worse on the way."""
    rng = np.random.default_rng(seed)
    places = np.column_stack((rng.uniform(80, 560, (14, 2)), rng.uniform(3e5, 2e6, 14)))
    points = []
    for number, position in enumerate(POSITIONS):
        seeing = (2.6, 3.0, 2.4, 2.9, 2.5, 3.3, 2.7, 3.5, 2.9)[number]
        light = star_light(AIRY_PX, hole, SCALE_PX * (position - BEST), seeing, spherical)
        found = measure_frame(expose(light, 640, places, rng), growth=True)
        points.append(FocusPoint(position, found.value, found.error, found.stars, recorded_stars(found), found.growth))
    return tuple(points)


def fit(points: tuple[FocusPoint, ...], hole: float, airy_steps: float = AIRY_STEPS) -> FocusFit:
    return find_focus(points, model="joint", cfz_steps=CFZ, telescope=Telescope(hole, airy_steps))


@pytest.mark.parametrize("hole", [0.0, 0.35])
def test_seeing_that_differs_from_frame_to_frame_does_not_move_the_focus(hole: float) -> None:
    points = sweep(hole)
    curve, refined = find_focus(points, model="joint", cfz_steps=CFZ), fit(points, hole)
    assert refined.accepted
    assert refined.refinement is not None
    assert refined.refinement.used, refined.refinement.sentence
    assert refined.best_position == refined.refinement.best_position
    assert refined.best_position == pytest.approx(BEST, abs=0.02 * CFZ)
    assert abs((curve.best_position or 0.0) - BEST) > 3 * abs((refined.best_position or 0.0) - BEST)
    assert refined.refinement.seeing_px == pytest.approx((2.6, 3.0, 2.4, 2.9, 2.5, 3.3, 2.7, 3.5, 2.9), rel=0.1)
    assert refined.refinement.disk_px == pytest.approx(SCALE_PX, rel=0.04)


def test_wrong_optics_in_the_profile_cost_little() -> None:
    points = sweep(0.35)
    for hole, airy_steps in ((0.2, AIRY_STEPS), (0.45, AIRY_STEPS), (0.35, 0.6 * AIRY_STEPS), (0.35, 1.5 * AIRY_STEPS)):
        refined = fit(points, hole, airy_steps)
        assert refined.best_position == pytest.approx(BEST, abs=0.05 * CFZ)


def test_it_is_left_alone_where_an_aberration_makes_the_two_sides_differ() -> None:
    points = sweep(0.0, spherical=0.8)
    curve, refined = find_focus(points, model="joint", cfz_steps=CFZ), fit(points, 0.0)
    assert curve.accepted
    assert refined.refinement is not None
    assert not refined.refinement.used
    assert {check.name for check in refined.refinement.checks if not check.passed} & {"shapes_fit", "sides_alike"}
    assert "forward model not used" in refined.refinement.sentence
    assert replace(refined, refinement=None) == curve


def test_a_refused_curve_is_not_refined() -> None:
    level = tuple(replace(point, measure=3.0 + 0.01 * (i % 2), table=()) for i, point in enumerate(sweep(0.0)))
    refused = fit(level, 0.0)
    assert not refused.accepted
    assert refused.refinement is None


@pytest.mark.parametrize(
    "growth",
    [
        None,
        (8.0, 0.0, ()),
        (float("nan"), 0.01, (0.5,) * 16),
        (1e300, 0.01, (0.5,) * 16),
        (8.0, 0.01, (float("nan"),) * 16),
        (8.0, 0.01, (0.5,) * 100_000),
        (8.0, float("inf"), (0.5,) * 16),
    ],
)
def test_impossible_shapes_leave_the_curve_alone(growth: Growth | None) -> None:
    points = sweep(0.0)
    spoilt = tuple(replace(point, growth=growth) for point in points)
    refined = fit(spoilt, 0.0)
    assert refined.refinement is not None
    assert not refined.refinement.used
    assert replace(refined, refinement=None) == find_focus(points, model="joint", cfz_steps=CFZ)


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_rubbish_of_the_right_form_leaves_the_curve_alone(part: float) -> None:
    rubbish = tuple(replace(point, growth=(8.0, 0.0, (part,) * 15 + (1.0,))) for point in sweep(0.0))
    refined = fit(rubbish, 0.0)
    assert refined.refinement is not None
    assert not refined.refinement.used


def test_the_order_of_the_points_does_not_matter() -> None:
    one, other = fit(sweep(0.35), 0.35), fit(sweep(0.35)[::-1], 0.35)
    assert one.best_position == pytest.approx(other.best_position, abs=1e-6)


def test_a_sweep_with_too_few_shapes_says_so() -> None:
    few = tuple(replace(point, growth=None) if i % 3 else point for i, point in enumerate(sweep(0.0)))
    refined = fit(few, 0.0)
    assert refined.refinement is not None
    assert refined.refinement.sentence.startswith("forward model not used: 3 frames tell the shape of their stars")


def test_it_never_replaces_a_more_certain_answer() -> None:
    """The measures lie on a curve to the last digit; the shapes are those of noisy frames."""
    points = tuple(
        replace(point, measure=float(np.hypot(1.6, 0.014 * (point.position - BEST))), error=1e-5, table=())
        for point in sweep(0.35)
    )
    believed = Limits(seeing_fraction=1e-6, model_fraction=1e-6)
    curve = find_focus(points, cfz_steps=CFZ, limits=believed)
    refined = find_focus(points, cfz_steps=CFZ, limits=believed, telescope=Telescope(0.35, AIRY_STEPS))
    assert refined.refinement is not None
    assert refined.refinement.sigma_position is not None
    assert refined.refinement.sigma_position < 0.1 * CFZ
    failed = [check for check in refined.refinement.checks if not check.passed]
    assert [(check.name, check.limit) for check in failed] == [("sharper", curve.sigma_position)]
    assert replace(refined, refinement=None) == curve


@pytest.mark.parametrize("floor", [1.0, 1.5, 2.5])
@pytest.mark.parametrize("hole", [0.0, 0.3])
def test_stars_of_another_kind_whose_defocus_looks_like_seeing_are_left_to_the_curve(floor: float, hole: float) -> None:
    """Blobs that only widen, as a simple simulator draws them: no pupil ever shows."""
    points = []
    for number, position in enumerate(POSITIONS):
        width = float(np.hypot(floor, 0.012 * (position - BEST))) * (1.0 + 0.01 * (-1) ** number)
        reach = 4.0 * width
        radius = reach * np.arange(1, 17) / 16
        within = 1.0 - np.exp(-(radius**2) / (2 * width**2))
        growth = (reach, 0.002, tuple((within / within[-1]).tolist()))
        points.append(FocusPoint(position, 1.1774 * width, 0.01, 30, growth=growth))
    curve = find_focus(points, cfz_steps=CFZ)
    refined = find_focus(points, cfz_steps=CFZ, telescope=Telescope(hole, AIRY_STEPS))
    assert curve.accepted
    assert refined.refinement is not None
    assert not refined.refinement.used
    assert replace(refined, refinement=None) == curve
    failed = {check.name for check in refined.refinement.checks if not check.passed}
    assert failed == ({"seeing_apart", "sharper"} if floor == 1.0 else {"sharper"})
