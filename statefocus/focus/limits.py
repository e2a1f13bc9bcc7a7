"""What a fit is asked, what it is held against, and what is remembered of earlier ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question about a fit.

    Parameters
    ----------
    name : str
        What was asked: ``enough_points``, ``inside_range``, ``both_sides``, ``contrast``, ``fit_quality``,
        ``not_noise``, ``real_minimum``, ``seen_minimum``, ``rises``, ``moved``, ``stable``, ``uncertainty``,
        ``plausible_position``, ``plausible_measure``; of a learned pair
        ``centred``, ``floor``; ``curve_found`` and ``own_frames`` where they failed.
    passed : bool
    value, limit : float or None
        What was found and what it was held against; None where there is no number.
    sentence : str
        The finding in words.
    """

    name: str
    passed: bool
    value: float | None
    limit: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class PastFocus:
    """An earlier best focus: its position, in steps, and its measure where one is known."""

    position: float
    measure: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a fit must satisfy, and how much of a frame's error is taken for granted.

    Parameters
    ----------
    points : int
        Least number of positions; a shorter sweep needs a validation frame.
    aside : int
        Least number of positions on each side of the vertex (one for a sweep shorter than `points`).
    contrast : float
        Least ratio of the curve at its higher end to its minimum.
    r_squared : float
        Least weighted R squared.
    noise_probability : float
        Most probability that points without any curve would be fitted as well (F test against a constant; multiplied
        by the number of ways in which as many points could have been rejected).
    line_probability : float
        The same against a straight line: a minimum, not only a wing.
    above_minimum : float
        Most ratio of the points next to the vertex to what the curve has there.
    rise : float
        Least that chi square must gain, in units of the scatter, by following the points on a side of the vertex
        instead of taking them for one level; what is told of it is never above 25.
    still_probability : float
        Least probability that scatter alone would make any run of neighbours as level as they are.
    still_shift : float
        A level run matters where the vertex without it lies so many sampling steps away.
    shift : float
        Most that the vertex may move when any one point is left out, in sampling steps.
    sigma_steps : float
        Most standard error of the position, in sampling steps, where the critical focus zone is not known.
    sigma_zones : float
        The same in critical focus zones, where it is known.
    off_centre : float
        Of a learned pair: most distance of the minimum from the middle, as a fraction of the way to one of its frames.
    history_spans : float
        Most distance from the nearest earlier focus, in widths of the sampled range.
    history_measures : float
        Most ratio of the curve's minimum to the median of the earlier measures.
    seeing_fraction : float
        Relative scatter of the seeing from frame to frame; errors below what it does to a frame are raised to it.
    model_fraction : float
        How exactly a hyperbola follows the metric far out of focus; errors below this fraction are raised to it.
    outlier_probability : float
        Probability with which a good sweep loses a point as an outlier.
    outlier_fraction : float
        Most fraction of the points that may be rejected.
    """

    points: int = 5
    aside: int = 2
    contrast: float = 1.3
    r_squared: float = 0.75
    noise_probability: float = 0.002
    line_probability: float = 0.02
    above_minimum: float = 1.4
    rise: float = 0.0
    still_probability: float = 0.02
    still_shift: float = 0.25
    shift: float = 0.75
    sigma_steps: float = 0.5
    sigma_zones: float = 1.0
    off_centre: float = 0.5
    history_spans: float = 1.0
    history_measures: float = 2.0
    seeing_fraction: float = 0.075
    model_fraction: float = 0.015
    outlier_probability: float = 0.05
    outlier_fraction: float = 0.25
