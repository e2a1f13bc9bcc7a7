"""Where a sweep goes (A1), and how each position is approached (A7)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A focuser position, steps, and the positions to go by way of."""

    position: int
    via: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """The positions of a run in the order in which they are visited; or, without any, why there are none.

    Parameters
    ----------
    positions
        Steps.
    refusal
        A sentence, where there are none.
    shifted_steps
        How far it was moved to lie within the focuser's travel.
    extended
        How many positions were added on the side of the minimum (A9), by this sweep and the one before it.
    recentred
        It is swept instead of one that found nothing (A9).
    learned
        Two positions on both sides of the expected focus, for a learned curve.
    """

    positions: tuple[int, ...]
    refusal: str = ""
    shifted_steps: int = 0
    extended: int = 0
    recentred: bool = False
    learned: bool = False


def approach(current: int, target: int, *, overshoot_steps: int, max_step: int, from_inside: bool = False) -> Target:
    """Plan one move so that it ends inward, the sweep's own direction, with the backlash taken up.

    An outward move (to a larger position) first goes `overshoot_steps` beyond, as far as the focuser reaches; 0 goes
    straight there. So does an inward one that is shorter than that, where the focuser may have come `from_inside` to
    where it stands.
    """
    beyond = min(target + overshoot_steps, max_step)
    slack = target > current or (from_inside and current - target < overshoot_steps)
    via = (beyond,) if slack and beyond > target else ()
    return Target(target, via)


def plan_sweep(start: int, *, points: int, step_size: int, max_step: int, overshoot_steps: int = 0) -> Sweep:
    """Plan a sweep: out by (points-1)/2 steps from `start`, then inward one step at a time.

    >>> plan_sweep(1000, points=3, step_size=10, max_step=2000).positions
    (1010, 1000, 990)

    A sweep that would leave 0..max_step is shifted to lie inside; one that is longer than the focuser's travel is
    refused.

    Parameters
    ----------
    start
        Position the sweep is centred on, steps.
    points, step_size
        Number of positions (odd) and the steps between two of them.
    max_step
        The focuser's last position.
    overshoot_steps
        Room kept above the outermost position where the travel allows it.
    """
    span = (points - 1) * step_size
    if span > max_step:
        sentence = (
            f"A sweep of {points} points of {step_size} steps needs {span} steps of travel, and the focuser has "
            f"{max_step}: take fewer points or a smaller step_size_steps."
        )
        return Sweep((), refusal=sentence)
    wanted = start + span // 2
    top = max(min(wanted, max(max_step - overshoot_steps, span)), span)
    return Sweep(tuple(top - index * step_size for index in range(points)), shifted_steps=top - wanted)


PAIR_SHARE = 0.75  # of the way from the middle of the sweep to its ends


def plan_pair(start: int, *, points: int, step_size: int, max_step: int) -> Sweep | None:
    """Plan the two positions of a learned sweep, outward first; None where the travel does not hold them.

    >>> plan_pair(1000, points=9, step_size=10, max_step=2000).positions
    (1030, 970)
    """
    half = max(round(PAIR_SHARE * (points - 1) / 2 * step_size), 1)
    if start - half < 0 or start + half > max_step:
        return None
    return Sweep((start + half, start - half), learned=True)
