"""Measures frames with a metric, and turns the result into what a curve is fitted to."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from statefocus.errors import StatefocusError
from statefocus.metrics.errors import MetricError
from statefocus.metrics.protocol import FrameContext, Measured, Metric, NeedsSomething
from statefocus.metrics.registry import find_metric
from statefocus.profile import Profile

if TYPE_CHECKING:
    import numpy.typing as npt


class Taken(Protocol):
    """A frame as a camera gave it."""

    @property
    def pixels(self) -> npt.NDArray[Any]:
        """ADU."""

    @property
    def binning(self) -> int:
        """That it was taken with."""


Measure = Callable[[Taken], Measured]
"""A frame to what a curve is fitted to: smaller in better focus."""


def measurer(profile: Profile, name: str | None = None) -> Measure:
    """Make the function that measures a night's frames, once it is sure that it can.

    Parameters
    ----------
    profile
        Its `autofocus.metric`, its tools, its smallest star.
    name
        Another metric than the profile's.

    Raises
    ------
    StatefocusError
        Where the metric is not there, or lacks something: before anything moves.
    """
    metric = ready_metric(profile, name)

    def measure(frame: Taken) -> Measured:
        return as_measure(metric, measure_with(metric, frame.pixels, context_of(profile, frame.binning)))

    return measure


def ready_metric(profile: Profile, name: str | None = None) -> Metric:
    """Make the profile's metric, or another one, and see to it that it can measure here.

    Raises
    ------
    StatefocusError
        Where it cannot; see `measurer`.
    """
    metric = find_metric(name or profile.autofocus.metric)
    try:
        if isinstance(metric, NeedsSomething):
            metric.check(context_of(profile))
    except StatefocusError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise MetricError(f"The metric {metric.name} cannot be used here ({said}).") from error
    return metric


def context_of(profile: Profile, binning: int = 1) -> FrameContext:
    """Tell a metric what the profile knows of a frame."""
    programs = {"astap": profile.tools.astap} if profile.tools.astap else {}
    smallest = profile.autofocus.min_star_px
    growth = profile.fit.refine == "forward"
    return FrameContext(binning, smallest, programs=programs, timeout_s=profile.tools.timeout_s, growth=growth)


def measure_with(metric: Metric, pixels: npt.NDArray[Any], context: FrameContext) -> Measured:
    """Measure a frame, and hold what a plug-in answers against what a metric may answer.

    Raises
    ------
    StatefocusError
        Where the metric fails, whatever it raises, or answers what no metric can be.
    """
    try:
        found = metric.measure(pixels, context)
        flaw = _flaw(found)
    except StatefocusError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise MetricError(f"The metric {metric.name} failed on this frame ({said}).") from error
    if flaw:
        raise MetricError(f"The metric {metric.name} answered what cannot be: {flaw}.")
    return found if found.value is not None else Measured(None, None, 0)


def as_measure(metric: Metric, found: Measured) -> Measured:
    """Turn a metric into what the curve is fitted to: itself, or its reciprocal where larger is better."""
    if found.value is None or metric.better == "smaller":
        return found
    error = None if found.error is None else found.error / found.value**2
    return Measured(1.0 / found.value, error, found.stars)


def _flaw(found: Measured) -> str:
    if found.value is None:
        return ""
    if not math.isfinite(found.value) or found.value <= 0:
        return f"a value of {found.value}"
    if found.error is not None and not (math.isfinite(found.error) and found.error >= 0):
        return f"an error of {found.error}"
    return f"{found.stars} stars with a value" if found.stars < 0 else ""
