"""Metrics of focus (M1-M4): what each is asked, those that come with statefocus, and those of other packages.

A metric of your own is a class with the members of `statefocus.metrics.protocol.Metric`, named in your package's
``pyproject.toml``; see docs/metrics.md::

    [project.entry-points."statefocus.metrics"]
    eccentricity = "your_package:Eccentricity"
"""

from statefocus.metrics.errors import MetricError
from statefocus.metrics.measuring import Measure, context_of, measure_with, measurer, ready_metric
from statefocus.metrics.protocol import FrameContext, Measured, Metric, NeedsSomething
from statefocus.metrics.registry import GROUP, find_metric, metric_names, scale_of_metric

__all__ = [
    "GROUP",
    "FrameContext",
    "Measure",
    "Measured",
    "Metric",
    "MetricError",
    "NeedsSomething",
    "context_of",
    "find_metric",
    "measure_with",
    "measurer",
    "metric_names",
    "ready_metric",
    "scale_of_metric",
]
