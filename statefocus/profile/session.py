"""The session's rules: triggers (T), guards (G), the plan of the embedded host (H1), records (L)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from statefocus.profile.base import Section
from statefocus.profile.focusing import TemperatureSource


class TemperatureTrigger(Section):
    """T1: refocus when the averaged temperature has changed by a limit since the last refocus."""

    enabled: bool = Field(default=True, description="Whether this trigger is used.")
    limit_c: float = Field(1.0, gt=0, le=50, description="Change that makes it due.")
    source: TemperatureSource = Field("focuser", description="Sensor: the focuser's, the external one, or their mean.")
    reading_every_s: float = Field(10.0, gt=0, le=3600, description="Time between two readings.")
    min_readings: int = Field(30, ge=1, le=10_000, description="Readings averaged; never due before that many.")


class CountTrigger(Section):
    """T2: refocus after every N Light frames of the plan."""

    enabled: bool = Field(default=True, description="Whether this trigger is used.")
    frames: int = Field(30, ge=1, le=100_000, description="Light frames between two refocuses.")


class TimeTrigger(Section):
    """T3: refocus every X minutes."""

    enabled: bool = Field(default=True, description="Whether this trigger is used.")
    minutes_min: float = Field(75.0, gt=0, le=1440, description="Minutes between two refocuses.")


class ImageHistoryTrigger(Section):
    """T10: refocus when the plan's Light frames get worse than those right after the last validated refocus."""

    enabled: bool = Field(default=False, description="Whether this trigger is used; the host's frames are measured.")
    metric: Literal["hfr", "stars", "hfr_and_stars", "hfr_or_stars"] = Field(
        "hfr_and_stars",
        description="What has to get worse: HFR (up), the number of stars (down), both, or either.",
    )
    hfr_percent: float = Field(15.0, gt=0, le=1000, description="Rise of the HFR that counts.")
    stars_percent: float = Field(30.0, gt=0, le=100, description="Loss of stars that counts.")
    judged: Literal["average", "consecutive"] = Field(
        "consecutive", description="Whether the last frames decline on average, or each of them."
    )
    frames: int = Field(3, ge=1, le=1000, description="How many of the last frames are looked at.")
    baseline_frames: int = Field(1, ge=1, le=100, description="Frames right after a validated refocus to compare with.")
    only_east: bool = Field(default=False, description="Whether it counts only while the telescope looks east.")
    no_baseline: Literal["wait", "refocus"] = Field(
        "wait", description="In a filter and binning without baseline: wait for a refocus, or make one due."
    )


class Triggers(Section):
    """Any combination; there is no priority, and one run serves all that are due."""

    temperature: TemperatureTrigger = Field(default_factory=TemperatureTrigger, description="T1.")
    count: CountTrigger = Field(default_factory=CountTrigger, description="T2.")
    time: TimeTrigger = Field(default_factory=TimeTrigger, description="T3.")
    filter_change: bool = Field(default=True, description="T4: refocus when the plan has changed the filter.")
    confirm_within_s: float = Field(
        60.0,
        gt=0,
        le=3600,
        description="T4: how long a filter change by hand asks a person; then it is a no.",
    )
    meridian_flip: bool = Field(default=True, description="T5: refocus as the last step of a meridian flip.")
    first_frame: bool = Field(default=True, description="T7: refocus before the first frame of a plan.")
    on_resume: bool = Field(default=False, description="T8: refocus when a paused plan is resumed.")
    after_centering: bool = Field(default=False, description="T9: refocus after the target was centred automatically.")
    image_history: ImageHistoryTrigger = Field(default_factory=ImageHistoryTrigger, description="T10.")


FactSource = Literal["device", "host", "notification", "not_used"]


class Guards(Section):
    """Where each guard's fact comes from; `not_used` passes and says so, a missing or old fact blocks."""

    tracking: FactSource = Field("device", description="Source of `tracking`: the mount tracks.")
    unparked: FactSource = Field("device", description="Source of `unparked`: the mount is not parked.")
    light_plan: FactSource = Field("host", description="Source of `light_plan`: the plan takes Light frames next.")
    safe: FactSource = Field("device", description="Source of `safe`: the safety monitor's word.")
    flip_not_imminent: FactSource = Field("device", description="Source of the time to the next meridian flip.")
    astro_night: Literal["require", "ignore", "forbid"] = Field(
        "ignore", description="Whether the Sun must be (require) or must not be (forbid) 18 degrees below the horizon."
    )
    stale_after_s: float = Field(120.0, gt=0, le=3600, description="A fact older than this is unknown, and blocks.")
    read_every_s: float = Field(20.0, gt=0, le=600, description="How often devices are asked for these facts.")


class PlanJob(Section):
    """Some frames of one kind."""

    frames: int = Field(ge=1, le=100_000, description="How many.")
    exposure_s: float = Field(gt=0, le=7200, description="Exposure of each.")
    frame_type: Literal["Light", "Dark", "Flat", "Bias"] = Field("Light", description="Kind of frame.")
    filter: str | None = Field(None, description="Filter; left as it is when absent.")
    gain: int | None = Field(None, ge=0, description="Camera gain; left as it is when absent.")
    binning: int = Field(1, ge=1, le=8, description="Binning.")


class Plan(Section):
    """The embedded host's imaging plan (H1), job after job."""

    starts_at: str = Field(
        "2026-03-14T20:30:00",
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$",
        description="Local time at which a simulated night begins; a real one begins when it begins.",
    )

    jobs: tuple[PlanJob, ...] = Field((), description="In the order in which they are taken.")
    flip_after_meridian_min: float = Field(
        2.0, ge=0, le=120, description="The flip is made in the first gap this long after the transit."
    )


class Records(Section):
    """Where the night's records go."""

    folder: str = Field(
        "nights", description="Traces, frames, packages and pictures; relative to where statefocus is started."
    )
    save_frames: bool = Field(default=True, description="Whether the plan's frames are saved as FITS.")
    save_focus_frames: bool = Field(
        default=False, description="Whether each autofocus run is saved as a package: focus frames and record (A15)."
    )
    packages_of: Literal["all", "failed"] = Field(
        "all", description="Which runs are saved so: `failed` leaves those out that were validated."
    )
    packages_kept: int = Field(
        20, ge=0, le=100_000, description="Newest packages of this rig that are kept in `folder`; 0 keeps all."
    )
    save_pictures: bool = Field(
        default=False, description="Whether each run's curve is saved as PNG beside the trace; needs matplotlib (A19)."
    )


class Machines(Section):
    """Edited copies of the machine files; the same checks hold, and the inviolable rules stay (see docs/machine.md)."""

    session: str | None = Field(None, description="Path of a copy of machines/session.toml, from the profile's folder.")
    flip: str | None = Field(None, description="Path of a copy of machines/flip.toml.")
    autofocus: str | None = Field(None, description="Path of a copy of machines/autofocus.toml.")
    confirmation: str | None = Field(None, description="Path of a copy of machines/confirmation.toml.")
    offsets: str | None = Field(None, description="Path of a copy of machines/offsets.toml.")
    compensation: str | None = Field(None, description="Path of a copy of machines/compensation.toml.")
