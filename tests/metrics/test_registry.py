"""Metrics of other packages: found, shown, checked, and told when they fail."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from statefocus.devices.values import Exposure
from statefocus.errors import ProfileError, StatefocusError
from statefocus.loading import read_profile
from statefocus.metrics import Measured, MetricError, find_metric, measurer, metric_names, ready_metric
from statefocus.metrics.errors import MetricMissing
from statefocus.metrics.registry import GROUP, OWN
from statefocus.profile import Profile
from statefocus.scales import SCALES
from tests.generate import ROOT
from tests.metrics.plugins import install

FRAME = Exposure(np.zeros((64, 64), np.uint16), 4.0, 1)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(install(tmp_path))


def profile(metric: str) -> Profile:
    return read_profile(f'schema = 1\n[autofocus]\nmetric = "{metric}"\n', "rig.toml").profile


def test_our_own_are_registered_as_any_other() -> None:
    tree = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert tree["project"]["entry-points"][GROUP] == OWN
    assert set(OWN) == set(SCALES)


@pytest.mark.parametrize("name", OWN)
def test_our_own_tell_what_the_scales_tell(name: str) -> None:
    metric, scale = find_metric(name), SCALES[name]
    assert (metric.name, metric.unit) == (scale.title, scale.unit)
    assert (metric.better == "larger") == scale.larger_is_better


def test_an_unknown_metric_is_told_with_its_line_and_those_there_are() -> None:
    with pytest.raises(ProfileError) as raised:
        profile("inverse_power")
    (problem,) = raised.value.problems
    assert (problem.code, problem.line) == ("unknown-metric", 3)
    assert "there are hfr, hfd-astap, fwhm, inverse-power" in problem.sentence
    assert "Did you mean `inverse-power`?" in problem.sentence


@pytest.mark.usefixtures("plugins")
def test_a_plug_in_is_found_and_its_reciprocal_is_fitted() -> None:
    assert "sharpness" in metric_names()
    rig = profile("sharpness")
    assert measurer(rig)(FRAME) == Measured(0.25, 0.1 / 16, 12)
    assert rig.scale.text(0.25, 0.1 / 16) == "4.00 ± 0.10 bits"


@pytest.mark.usefixtures("plugins")
def test_what_a_plug_in_tells_of_itself_stands_in_the_profile_of_the_trace() -> None:
    told = Profile.model_validate(profile("sharpness").model_dump(mode="json", by_alias=True))
    assert (told.scale.unit, told.scale.larger_is_better) == ("bits", True)


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ("raising", "The metric sharpness failed on this frame (ZeroDivisionError: no pixel is left)."),
        ("absurd", "The metric sharpness answered what cannot be: a value of nan."),
    ],
)
def test_a_plug_in_that_fails_is_a_failed_measurement(metric: str, sentence: str) -> None:
    measure = measurer(profile(metric))
    with pytest.raises(MetricError) as raised:
        measure(FRAME)
    assert str(raised.value) == sentence


@pytest.mark.usefixtures("plugins")
def test_a_plug_in_that_sees_no_star_gives_no_number() -> None:
    assert measurer(profile("blind"))(FRAME) == Measured(None, None, 0)


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("metric", "said"),
    [("sideways", "its `better` is neither"), ("nowhere", "cannot be loaded"), ("unready", "no dongle")],
)
def test_a_plug_in_that_cannot_be_used_is_told_before_the_night(metric: str, said: str) -> None:
    with pytest.raises(StatefocusError, match=said):
        ready_metric(profile(metric))


def test_a_program_that_is_not_there_is_told_before_the_night(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MetricMissing, match=r"needs the program ASTAP.*apt install astap-cli"):
        measurer(profile("hfd-astap"))
    rig = read_profile('schema = 1\n[autofocus]\nmetric = "hfd-astap"\n[tools]\nastap = "/opt/astap"\n', "rig.toml")
    with pytest.raises(MetricMissing, match=r"`tools\.astap` is '/opt/astap'"):
        measurer(rig.profile)


def test_the_inverse_power_has_defaults_of_its_own() -> None:
    rig = profile("inverse-power")
    assert (rig.fit.model, rig.validation.tolerance_percent) == ("parabola", 20.0)
    said = (
        'schema = 1\nfit = {model = "auto"}\nautofocus = {metric = "inverse-power"}\nvalidation.tolerance_percent = 5'
    )
    chosen = read_profile(said, "rig.toml").profile
    assert (chosen.fit.model, chosen.validation.tolerance_percent) == ("auto", 5.0)
    for other in ("fwhm", "hfd-astap"):  # which tell no single stars, so that there is nothing to share
        assert (profile(other).fit.model, profile(other).validation.tolerance_percent) == ("hyperbola", 10.0)
    assert (profile("hfr").fit.model, profile("hfr").validation.tolerance_percent) == ("joint", 10.0)
