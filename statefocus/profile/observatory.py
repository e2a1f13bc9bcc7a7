"""The simulated observatory: its optics, focuser, camera, sky, weather and mount."""

from __future__ import annotations

from pydantic import Field, model_validator

from statefocus.profile.base import Conflict, Section
from statefocus.profile.happenings import Happening


class ObservatoryOptics(Section):
    """The true optics, and the true focuser position of best focus."""

    aperture_mm: float = Field(default=100.0, gt=10, le=5000, description="Diameter of the lens or mirror.")
    focal_length_mm: float = Field(default=550.0, gt=20, le=50_000, description="Focal length.")
    obstruction_percent: float = Field(
        default=0.0, ge=0, le=80, description="Diameter of the central obstruction; above 0 defocused stars are donuts."
    )
    wavelength_um: float = Field(default=0.55, gt=0.1, le=2.0, description="Wavelength for the critical focus zone.")
    best_focus_steps: float = Field(
        default=25_000.0, ge=0, le=10_000_000, description="Best focus at `reference_c`, without filter offset."
    )
    reference_c: float = Field(
        default=12.0, ge=-60, le=60, description="Tube temperature at which `best_focus_steps` holds."
    )
    drift_steps_per_c: float = Field(
        default=15.0,
        ge=-10_000,
        le=10_000,
        description="Move of best focus per degree; positive is inward as the tube cools.",
    )


class ObservatoryFocuser(Section):
    """An absolute focuser with backlash, and a driver that can compensate for temperature, badly."""

    max_steps: int = Field(default=50_000, ge=100, le=10_000_000, description="Outermost position (MaxStep).")
    um_per_step: float = Field(default=4.0, gt=0, le=1000, description="Travel of one step.")
    start_steps: int = Field(default=25_000, ge=0, le=10_000_000, description="Position at the session's start.")
    backlash_steps: float = Field(
        default=40.0,
        ge=0,
        le=10_000,
        description="Outward steps that do not move the tube after the direction reversed.",
    )
    speed_steps_per_s: float = Field(default=500.0, gt=0, le=1_000_000, description="Speed of a move.")
    sensor_offset_c: float = Field(default=0.3, ge=-10, le=10, description="What its sensor reads above the tube.")
    sensor_noise_c: float = Field(default=0.02, ge=0, le=5, description="Standard deviation of one reading.")
    driver_compensation: bool = Field(default=True, description="Whether the driver offers TempComp.")
    driver_steps_per_c: float = Field(
        default=24.0, ge=-10_000, le=10_000, description="Coefficient of the driver's TempComp; wrong on purpose."
    )

    @model_validator(mode="after")
    def _start_is_reachable(self) -> ObservatoryFocuser:
        if self.start_steps > self.max_steps:
            message = f"start_steps {self.start_steps} lies beyond max_steps {self.max_steps}"
            raise Conflict(message, ("start_steps",), ("max_steps",))
        return self


class ObservatoryCamera(Section):
    """A cooled monochrome CMOS camera."""

    width_px: int = Field(default=1024, ge=32, le=16_384, description="Sensor width.")
    height_px: int = Field(default=1024, ge=32, le=16_384, description="Sensor height.")
    pixel_um: float = Field(default=3.76, gt=0.5, le=50, description="Pixel size.")
    electrons_per_adu: float = Field(
        default=0.8, gt=0, le=100, description="At gain 0; each 200 of gain make it ten times less."
    )
    full_well_electrons: float = Field(default=50_000.0, gt=100, le=1e7, description="Where a pixel saturates.")
    read_noise_electrons: float = Field(default=2.5, ge=0, le=100, description="Read noise of one pixel.")
    bias_adu: int = Field(default=500, ge=0, le=10_000, description="Value of a pixel without light.")
    max_binning: int = Field(default=4, ge=1, le=8, description="Largest binning.")
    download_s: float = Field(default=1.0, ge=0, le=300, description="Read-out and download of a full frame at 1x1.")
    fast_readout: bool = Field(
        default=True, description="Whether it has FastReadout (a third of the time, more noise)."
    )
    hot_pixels_percent: float = Field(
        default=0.002, ge=0, le=5, description="Share of hot pixels; they stay where they are."
    )
    cosmic_rays_per_min: float = Field(default=2.0, ge=0, le=1000, description="Cosmic ray hits on the sensor.")


class ObservatorySky(Section):
    """The star field; rates are electrons at the sensor through a filter of throughput 100 %."""

    stars: int = Field(default=500, ge=0, le=100_000, description="Stars on the sensor, down to the faintest.")
    faintest_electrons_per_s: float = Field(default=40.0, gt=0, le=1e6, description="Rate of the faintest star.")
    brightest_electrons_per_s: float = Field(
        default=40_000.0, gt=0, le=1e9, description="Rate of the brightest star possible."
    )
    slope: float = Field(
        default=1.0, gt=0.1, le=3, description="Stars brighter than F are as many as F to the minus slope."
    )
    background_electrons_per_s: float = Field(default=2.0, ge=0, le=10_000, description="Sky background of one pixel.")
    pointing_jitter_px: float = Field(
        default=0.6, ge=0, le=50, description="Standard deviation of the field's shift per frame."
    )

    @model_validator(mode="after")
    def _brightest_is_brighter(self) -> ObservatorySky:
        if self.brightest_electrons_per_s <= self.faintest_electrons_per_s:
            message = "brightest_electrons_per_s must be above faintest_electrons_per_s"
            raise Conflict(message, ("brightest_electrons_per_s",), ("faintest_electrons_per_s",))
        return self


class ObservatoryWeather(Section):
    """Temperatures over the night, the seeing, and the weather station."""

    ambient_at_start_c: float = Field(
        default=12.0, ge=-60, le=60, description="Ambient temperature at the session's start."
    )
    fall_in_four_hours_c: float = Field(
        default=6.5, ge=-40, le=40, description="How far it falls in the first four hours."
    )
    fall_time_constant_min: float = Field(
        default=150.0, ge=5, le=10_000, description="The smaller, the faster at first."
    )
    wiggle_c: float = Field(default=0.25, ge=0, le=10, description="Height of the small ups and downs.")
    tube_excess_at_start_c: float = Field(
        default=1.0, ge=-30, le=30, description="How much warmer the tube is at the start."
    )
    tube_lag_min: float = Field(default=20.0, ge=0.1, le=1000, description="Time constant with which the tube follows.")
    seeing_arcsec: float = Field(default=2.2, gt=0.1, le=20, description="Mean FWHM of a star in focus.")
    seeing_jitter_percent: float = Field(
        default=7.0, ge=0, le=100, description="Its change from one frame to the next."
    )
    seeing_wander_percent: float = Field(default=8.0, ge=0, le=90, description="Its slow change.")
    humidity_percent: float = Field(default=65.0, ge=1, le=100, description="Humidity at the session's start.")
    wind_m_per_s: float = Field(default=1.5, ge=0, le=60, description="Mean wind speed.")


class ObservatoryFilter(Section):
    """One slot of the filter wheel."""

    name: str = Field(min_length=1, description="Name that the wheel reports.")
    offset_steps: float = Field(
        default=0.0, ge=-10_000, le=10_000, description="True move of best focus in this filter."
    )
    driver_offset_steps: int = Field(
        default=0, ge=-10_000, le=10_000, description="What the wheel's driver reports (FocusOffsets)."
    )
    throughput_percent: float = Field(default=100.0, gt=0, le=100, description="Share of the light that passes.")


class ObservatoryFilters(Section):
    """The filter wheel."""

    slots: tuple[ObservatoryFilter, ...] = Field(
        default=(
            ObservatoryFilter(name="L"),
            ObservatoryFilter(name="R", offset_steps=6.0, throughput_percent=35.0),
            ObservatoryFilter(name="B", offset_steps=12.0, throughput_percent=30.0),
        ),
        min_length=1,
        description="Filters in the order of their slots, the first is in at the start; steps of 4 um by default.",
    )
    change_s: float = Field(default=3.0, ge=0, le=120, description="Time of a change, whichever slots.")

    @model_validator(mode="after")
    def _names_differ(self) -> ObservatoryFilters:
        names = [slot.name for slot in self.slots]
        if len(set(names)) < len(names):
            raise Conflict(f"two filters have the same name: {', '.join(names)}", ("slots",))
        return self


class ObservatoryMount(Section):
    """A German equatorial mount, tracking its target from the start."""

    transits_after_min: float = Field(
        default=120.0, ge=-360, le=700, description="Minutes from the session's start to the target's transit."
    )
    declination_deg: float = Field(default=45.0, ge=-89, le=89, description="The target's declination.")
    slew_deg_per_s: float = Field(default=3.0, gt=0.01, le=100, description="Speed of a slew.")
    slew_settle_s: float = Field(default=2.0, ge=0, le=120, description="Least time of a slew.")
    flip_s: float = Field(default=60.0, ge=0, le=600, description="Time of a meridian flip.")
    starts_parked: bool = Field(default=False, description="Whether the session starts with the mount parked.")


class ObservatorySettings(Section):
    """The simulated observatory, and the script of its night."""

    render: bool = Field(
        default=True, description="False makes each frame flat and cheap; the truth about focus is still judged."
    )
    optics: ObservatoryOptics = Field(default_factory=ObservatoryOptics, description="Telescope and best focus.")
    focuser: ObservatoryFocuser = Field(default_factory=ObservatoryFocuser, description="Focuser.")
    camera: ObservatoryCamera = Field(default_factory=ObservatoryCamera, description="Camera.")
    sky: ObservatorySky = Field(default_factory=ObservatorySky, description="Stars and background.")
    weather: ObservatoryWeather = Field(default_factory=ObservatoryWeather, description="Temperatures and seeing.")
    filters: ObservatoryFilters = Field(default_factory=ObservatoryFilters, description="Filter wheel.")
    mount: ObservatoryMount = Field(default_factory=ObservatoryMount, description="Mount and target.")
    happenings: tuple[Happening, ...] = Field(default=(), description="What happens in the night, in any order.")
