"""What is known of the host's frames, and what it has told since the last gap."""

from __future__ import annotations

from dataclasses import dataclass

EARLY_S = 1.0
EARLY_PART = 0.95
"""What comes before so much of an exposure is over, and EARLY_S before that, cannot belong to its end."""


@dataclass(slots=True)
class FrameOut:
    """A frame that was let go, or that the host took without asking.

    Attributes
    ----------
    over_t
        When its exposure is over, by what the call told.
    told
        Whether the call told its exposure.
    ended
        The host has told that its shutter closed.
    position
        Where the focuser stood.
    """

    number: int
    frame_type: str
    filter: str | None
    by: str
    begun_t: float
    over_t: float
    told: bool = True
    ended: bool = False
    position: int | None = None

    def is_early(self, now: float) -> bool:
        """Whether its exposure cannot be over yet, as far as anybody told."""
        exposure_s = self.over_t - self.begun_t
        return self.told and not self.ended and now - self.begun_t < EARLY_PART * exposure_s - EARLY_S


@dataclass(frozen=True, slots=True)
class ToldSaved:
    """What is told of a frame that was saved, by the names that `statefocus notify frame-saved` gives it."""

    file: str | None = None
    type: str | None = None
    filter: str | None = None
    binning: int = 1
    hfr: float | None = None
    stars: int | None = None


@dataclass(slots=True)
class Saved:
    """A frame that the host has saved, kept until it is known what comes next (T14)."""

    number: int
    frame_type: str
    filter: str | None
    position: int | None
    file: str | None = None
    binning: int = 1
    hfr_px: float | None = None
    stars: int | None = None


@dataclass(slots=True)
class InHand:
    """What the host has told and the core is told at the next gap, since it may start a run there (T14).

    Attributes
    ----------
    frames, resumed
        Of a plan that was said to begin.
    saved
        The frame that was saved last.
    filter
        The filter that the plan has turned to.
    flipped, pier_side
        A meridian flip has finished.
    centered
        The target was centred: True automatically, False by a person, None not at all.
    """

    frames: int = 0
    resumed: bool = False
    saved: Saved | None = None
    filter: str | None = None
    flipped: bool = False
    pier_side: str | None = None
    centered: bool | None = None
