"""How far the focuser stood from best focus, over the frames that can be judged in both nights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from statefocus.what_if.oracle import Truth
from statefocus.what_if.told import LightFrame


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the focuser stood from best focus at the Light frames of one night, steps.

    Attributes
    ----------
    frames, judged
        Light frames of that night, and those that can be judged: position told, between two known focus points.
    compared
        Those that can be judged in the other night too; the numbers are theirs.
    outside
        Compared frames further off than half the critical focus zone.
    """

    frames: int
    judged: int
    compared: int
    mean_steps: float | None
    worst_steps: float | None
    outside: int


def drifts(
    recorded: Sequence[LightFrame], supposed: Sequence[LightFrame], truth: Truth, cfz_steps: float
) -> tuple[Drift, Drift]:
    """Compare two nights, whose frames are the same ones in the same order; the supposed night may stop earlier."""
    before, after = ([_offset(frame, truth) for frame in frames] for frames in (recorded, supposed))
    both = [(one, other) for one, other in zip(before, after, strict=False) if one is not None and other is not None]
    return (
        _drift(before, [one for one, _ in both], cfz_steps),
        _drift(after, [other for _, other in both], cfz_steps),
    )


def _offset(frame: LightFrame, truth: Truth) -> float | None:
    """How far the focuser stood from best focus at a frame; None where nobody can tell."""
    if frame.position is None or not truth.known_at(frame.t, frame.filter):
        return None
    best = truth.at(frame.t, frame.filter)
    return None if best is None else abs(frame.position - best)


def _drift(own: Sequence[float | None], compared: Sequence[float], cfz_steps: float) -> Drift:
    judged = sum(offset is not None for offset in own)
    if not compared:
        return Drift(len(own), judged, 0, None, None, 0)
    outside = sum(offset > cfz_steps / 2 for offset in compared)
    return Drift(len(own), judged, len(compared), sum(compared) / len(compared), max(compared), outside)
