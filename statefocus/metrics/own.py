"""The metrics that need nothing but statefocus: HFR (M1), FWHM (M3), inverse power (M4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from statefocus.metrics.protocol import Better, FrameContext, Measured
from statefocus.scales import SCALES

if TYPE_CHECKING:
    import numpy.typing as npt

    from statefocus.frames import FrameMeasurement

NONE = Measured(None, None, 0)


class _Own:
    """What the three have in common: stars are found, and judged, in the same way for all."""

    key: str
    better: Better = "smaller"

    @property
    def name(self) -> str:
        return SCALES[self.key].title

    @property
    def unit(self) -> str:
        return SCALES[self.key].unit

    def check(self, context: FrameContext) -> None:  # noqa: ARG002  # there is nothing that could be missing
        """Compile the kernels, so that the first frame of a night is as quick as the others."""
        from statefocus.frames import warm_up

        warm_up()


class Hfr(_Own):
    """Half-flux radius of the whole frame, px (M1)."""

    key = "hfr"

    def measure(self, pixels: npt.NDArray[Any], context: FrameContext) -> Measured:
        """Measure a frame; see `statefocus.frames.measure_frame`."""
        from statefocus.frames import recorded_stars

        found = _stars_of(pixels, context)
        return Measured(found.value, found.error, found.stars, recorded_stars(found), found.growth)


class Fwhm(_Own):
    """Full width at half maximum, px (M3): the median of round Gaussians fitted to the brightest stars."""

    key = "fwhm"

    def check(self, context: FrameContext) -> None:
        """Load photutils too, which takes seconds, before the night begins."""
        from statefocus.frames.fwhm import load

        load()
        super().check(context)

    def measure(self, pixels: npt.NDArray[Any], context: FrameContext) -> Measured:
        """Measure a frame; see `statefocus.frames.fwhm.fit_widths`."""
        from statefocus.frames.fwhm import fit_widths

        found = _stars_of(pixels, context)
        if found.value is None:
            return NONE
        good = found.star_table[found.star_table["accepted"]]
        widths = fit_widths(_finite(pixels), good["x"], good["y"], found.value)
        return Measured(widths.value, widths.error, widths.stars) if widths else NONE


class FourierPower(_Own):
    """Inverse power (M4): the Fourier power of the stars, larger in better focus; see `statefocus.frames.fourier`."""

    key = "inverse-power"
    better: Better = "larger"

    def measure(self, pixels: npt.NDArray[Any], context: FrameContext) -> Measured:
        """Measure a frame; see `statefocus.frames.fourier.inverse_power`."""
        from statefocus.frames.fourier import inverse_power

        found = _stars_of(pixels, context)
        if found.value is None:
            return NONE
        good = found.star_table[found.star_table["accepted"]]
        power = inverse_power(_finite(pixels), good, found.value)
        return Measured(power.value, power.error, power.stars) if power else NONE


def _stars_of(pixels: npt.NDArray[Any], context: FrameContext) -> FrameMeasurement:
    from statefocus.frames import measure_frame

    return measure_frame(
        pixels, saturation_adu=context.saturation_adu, min_star_px=context.least_star_px, growth=context.growth
    )


def _finite(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give the frame with sky in place of what is no number, as `measure_frame` has seen it."""
    if pixels.dtype.kind != "f":
        return pixels
    bad = ~np.isfinite(pixels)
    return np.where(bad, np.median(pixels[~bad]), pixels) if bad.any() else pixels
