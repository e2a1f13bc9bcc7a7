"""What a metric of focus is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from statefocus.stars import Growth, StarSize

if TYPE_CHECKING:
    import numpy.typing as npt

Better = Literal["smaller", "larger"]

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class FrameContext:
    """What is known of a frame besides its pixels.

    Attributes
    ----------
    binning
        That it was taken with.
    min_star_px
        Smallest diameter of a star at 1x1 (M5); 0 takes all.
    saturation_adu
        Level at which a pixel is full; None where nobody told.
    programs
        Paths of other programs, by name, that the profile gives in [tools].
    timeout_s
        Time limit of such a program for one frame.
    growth
        Whether the forward model wants the shape of the stars.
    """

    binning: int = 1
    min_star_px: float = 0.0
    saturation_adu: float | None = None
    programs: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = TIMEOUT_S
    growth: bool = False

    @property
    def least_star_px(self) -> float | None:
        """Smallest diameter of a star in pixels of this frame: 8 at 1x1 is 4 at 2x2; None takes all."""
        return self.min_star_px / self.binning if self.min_star_px else None


@dataclass(frozen=True, slots=True)
class Measured:
    """The metric of one frame.

    Attributes
    ----------
    value
        None where there is no star to measure (M8); otherwise finite and above zero.
    error
        Standard error of the value; None where it is not known.
    stars
        How many stars it stands on.
    table
        The brightest of them, where it is their half-flux radius; the joint fit follows them from frame to frame.
    growth
        Their shape, where it was asked for.
    """

    value: float | None
    error: float | None = None
    stars: int = 0
    table: tuple[StarSize, ...] = ()
    growth: Growth | None = None


class Metric(Protocol):
    """A metric of focus.

    An instance is made without arguments, once a night. `measure` is called from one thread at a time.
    """

    @property
    def name(self) -> str:
        """Name for people, such as `HFR`."""

    @property
    def unit(self) -> str:
        """Unit for people, such as `px`; empty for a number without one."""

    @property
    def better(self) -> Better:
        """Which way focus lies; the curve is fitted to the reciprocal where `larger` is better."""

    def measure(self, pixels: npt.NDArray[Any], context: FrameContext) -> Measured:
        """Measure a frame.

        Parameters
        ----------
        pixels : ndarray, shape (height, width)
            ADU, any real type; a Bayer mosaic as it is. Not to be written to.
        context : FrameContext

        Returns
        -------
        Measured
            With None for a value where there is no star; whatever is raised counts as a failed measurement, is told,
            and ends a run.
        """


@runtime_checkable
class NeedsSomething(Protocol):
    """What a metric may have besides, where it needs more than pixels: another program, a licence, a warm start."""

    def check(self, context: FrameContext) -> None:
        """See to it, before anything moves, that frames can be measured here.

        Raises
        ------
        StatefocusError
            With a sentence that says what is missing, and how to get it.
        """
