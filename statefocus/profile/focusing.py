"""Focusing: the autofocus run, its fit, its validation, what a failure leads to, and compensation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from statefocus.profile.base import Section

TemperatureSource = Literal["focuser", "external", "average"]


class FilterFocus(Section):
    """What differs in one filter; a key left out keeps the value of [autofocus]."""

    exposure_s: float | None = Field(None, gt=0, le=600, description="Focus exposure in this filter (A3).")
    gain: int | None = Field(None, ge=0, description="Camera gain in this filter.")
    binning: int | None = Field(None, ge=1, le=8, description="Binning in this filter.")


class FilterSettings(Section):
    """How one filter is focused (O1-O3)."""

    offset_steps: int | None = Field(
        None, ge=-100_000, le=100_000, description="Its focus, relative to any one reference for all filters (O1)."
    )
    focus: Literal["direct", "via", "offset"] = Field(
        "direct",
        description="A change to it refocuses: `direct` in it, `via` in another filter, `offset` not at all (O2).",
    )
    via: str | None = Field(None, description="The other filter that runs are made in; then the offset is applied.")
    last_position: bool = Field(
        default=False, description="Without known offsets, a change goes to where this filter was last focused (O3)."
    )


class Autofocus(Section):
    """The sweep (A1-A3): out by (points-1)/2 steps, then inward one step at a time."""

    points: int = Field(9, ge=3, le=99, description="Positions of a sweep; odd; 9 is recommended, 3 the least.")
    sweep: Literal["full", "learned"] = Field(
        "full",
        description="`learned` takes two frames once three validated runs in a filter agree on the V-curve, and all "
        "points where their focus does not hold; HFR only.",
    )
    step_size_steps: int = Field(15, ge=1, le=100_000, description="Focuser steps between two positions.")
    exposure_s: float = Field(4.0, gt=0, le=600, description="Exposure of a focus frame.")
    gain: int | None = Field(None, ge=0, description="Camera gain; left as it is when absent.")
    binning: int = Field(1, ge=1, le=8, description="Binning of a focus frame.")
    frames_per_point: int = Field(
        1,
        ge=1,
        le=9,
        description="Frames at each position (A16); their median is the point, and a spoilt one harmless.",
    )
    smart_focus: bool | None = Field(
        None,
        description="Whether a sweep that missed its minimum is continued on that side, or once re-centred (A9); when "
        "absent, only where `optics.obstruction_percent` is 0.",
    )
    smart_points: int = Field(8, ge=0, le=99, description="Most points that smart focus adds to a run (A9).")
    fast_readout: bool = Field(
        default=False, description="Whether focus frames are read out fast, where the camera can (A6)."
    )
    exposure_retries: int = Field(1, ge=0, le=5, description="How often one exposure that failed is tried again.")
    expected_run_s: float = Field(
        180.0,
        gt=0,
        le=7200,
        description="How long a run takes; guard `flip_not_imminent` counts with it and the hold after it.",
    )
    crop_percent: float = Field(
        0.0,
        ge=0,
        le=90,
        description="Part of the sensor's width and height left out of focus frames, half at each edge (A4).",
    )
    dark_folder: str | None = Field(
        None,
        description="Folder of darks for focus frames, named `<seconds>_<name>.fits`; one within 2 s is used (A5).",
    )
    hold_after_focus_s: float = Field(
        0.0, ge=0, le=3600, description="How long a run's result stays in view before the plan goes on (A14)."
    )
    min_star_px: float = Field(0.0, ge=0, description="Smallest star diameter at 1x1 binning (M5); 0 takes all.")
    metric: str = Field(
        "hfr",
        min_length=1,
        description="What is measured: `hfr`, `hfd-astap` (by ASTAP), `fwhm`, `inverse-power`, or a plug-in's (M1-M4).",
    )
    metric_unit: str | None = Field(None, description="Unit of a plug-in's metric; told by the plug-in, leave it out.")
    metric_better: Literal["smaller", "larger"] | None = Field(
        None, description="Which way a plug-in's metric is better; told by the plug-in, leave it out."
    )
    filters: dict[str, FilterFocus] = Field(default_factory=dict, description="Settings by filter name.")

    @property
    def expected_hold_s(self) -> float:
        """How long the plan is held for a run and while its result is in view, s."""
        return self.expected_run_s + self.hold_after_focus_s

    @field_validator("points")
    @classmethod
    def _odd(cls, points: int) -> int:
        if points % 2 == 0:
            message = f"points must be odd, so that one lies in the middle; use {points - 1} or {points + 1}"
            raise ValueError(message)
        return points


class Fit(Section):
    """The curve through the points, and the limits of its verdicts (F7)."""

    model: Literal["joint", "hyperbola", "parabola", "lines", "auto"] = Field(
        "joint",
        description="Curve (F1-F3): `joint` is the hyperbola by the stars that the frames share, `auto` the better of "
        "hyperbola and parabola. Left out, `inverse-power` takes `parabola`, `fwhm` and `hfd-astap` take `hyperbola`.",
    )
    refine: Literal["none", "forward"] = Field(
        "none",
        description="`forward` moves an accepted hyperbola to where the shapes of the stars have it, which tell seeing "
        "from defocus; it needs `optics.obstruction_percent`, and counts only while its own checks hold. HFR only.",
    )


class Validation(Section):
    """The frame at the new position (V1, V2)."""

    tolerance_percent: float = Field(
        10.0,
        gt=0,
        le=100,
        description="How far from the curve's prediction it may be. Left out, metric `inverse-power` takes 20.",
    )
    on_miss: Literal["keep", "restore"] = Field(
        "keep", description="After one repeat: `keep` records the run as unvalidated, `restore` counts it as failed."
    )


class Failure(Section):
    """What a failed run leads to (T13)."""

    policy: Literal["continue", "pause", "abort"] = Field(
        "continue", description="Plan goes on out of focus, stays paused, or is given up; a person is told each time."
    )
    retry_after_min: float = Field(15.0, ge=0, le=600, description="Back-off before an automatic run is tried again.")
    restore_retries: int = Field(6, ge=0, le=20, description="How often putting the focuser back is tried again.")
    retry_wait_s: float = Field(20.0, ge=0, le=600, description="Wait between two such tries.")


class Compensation(Section):
    """Temperature compensation (C1-C9): moves the focuser by a rule, without a refocus."""

    enabled: bool = Field(default=False, description="Moves the focuser with the temperature between refocuses.")
    mode: Literal["real_time", "after_exposure"] = Field(
        "after_exposure", description="`real_time` also moves during an exposure."
    )
    source: TemperatureSource = Field("focuser", description="Sensor: the focuser's, the external one, or their mean.")
    steps_per_degree: float = Field(0.0, ge=-100_000, le=100_000, description="Positive: inward on a drop.")
    reading_every_s: float = Field(10.0, gt=0, le=3600, description="Time between two readings.")
    average_readings: int = Field(60, ge=1, le=10_000, description="Readings averaged for one correction.")
    max_correction_steps: int = Field(100, ge=1, le=100_000, description="Largest single correction.")
    max_total_steps: int = Field(500, ge=1, le=1_000_000, description="Largest sum since the last refocus.")
