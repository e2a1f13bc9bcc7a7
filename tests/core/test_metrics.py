"""The core tells every metric in its own unit (M1-M4); it never sees a pixel."""

from __future__ import annotations

from typing import Any

import pytest

from statefocus.trace.focus_log import entry_of
from statefocus.trace.records import run_record

from .rigs import measured, quiet_rig, run_now

PLUG_IN = {"metric": "sharpness", "metric_unit": "bits", "metric_better": "larger"}


@pytest.mark.parametrize(
    ("autofocus", "said"),
    [
        ({}, "measures 4.00 px; the curve predicts 2.00 px within 10 %."),
        ({"metric": "fwhm"}, "measures 4.00 px; the curve predicts 2.00 px within 10 %."),
        ({"metric": "inverse-power"}, "measures -1|2.50; the curve predicts"),
        (PLUG_IN, "measures 0.25 bits; the curve predicts 0.50 bits within 10 %."),
    ],
)
def test_a_miss_is_told_in_the_unit_of_the_metric(autofocus: dict[str, Any], said: str) -> None:
    rig = quiet_rig(autofocus=autofocus)
    rig.script("measure_frame", *[rig.ideal] * 9, measured(4.0), measured(4.0))
    run_now(rig)
    assert said in rig.runs[-1].reason


def test_the_log_holds_the_metric_itself_where_the_curve_is_fitted_to_its_reciprocal() -> None:
    rig = quiet_rig(autofocus=PLUG_IN)
    run_now(rig)
    body = run_record(rig.runs[-1], rig.state.context)
    assert body["metric"] == "sharpness"
    assert body["predicted_measure"] == pytest.approx(2.0, rel=0.05)
    entry = entry_of(body, rig.profile.scale)
    assert entry.metric == "sharpness"
    assert entry.measure == pytest.approx(0.5, rel=0.05)
