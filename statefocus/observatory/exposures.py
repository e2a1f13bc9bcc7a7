"""Exposures: when each begins, ends and is ready, as values."""

from __future__ import annotations

from dataclasses import dataclass

from statefocus.observatory.sky import Window


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure, as commanded.

    Attributes
    ----------
    number
        Counts from 1; seeds the noise.
    started_at
        Unix seconds.
    exposure_s
        How long; a stop shortens it.
    light
        False for a dark.
    window
        Part of the sensor.
    gain
        As the camera counts it.
    fast
        Whether it is read fast.
    download_s
        From the exposure's end until the image is ready.
    hangs
        Whether it never becomes ready.
    aborted
        Whether it was thrown away.
    """

    number: int
    started_at: float
    exposure_s: float
    light: bool
    window: Window
    gain: int
    fast: bool
    download_s: float
    hangs: bool = False
    aborted: bool = False

    @property
    def ends_at(self) -> float:
        """End of the exposure, unix seconds."""
        return self.started_at + self.exposure_s

    @property
    def middle_at(self) -> float:
        """Middle of the exposure, unix seconds."""
        return self.started_at + self.exposure_s / 2.0

    @property
    def ready_at(self) -> float:
        """When the image can be fetched, unix seconds; infinity if never."""
        return float("inf") if self.hangs or self.aborted else self.ends_at + self.download_s

    def finished(self, t: float) -> bool:
        """Return whether light was gathered to the end, for an image that will come."""
        return not self.hangs and not self.aborted and self.ends_at <= t
