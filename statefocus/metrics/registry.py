"""Finds metrics by name: statefocus's own, and those that other packages bring (entry points)."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from statefocus.metrics.errors import MetricMissing
from statefocus.metrics.protocol import Metric
from statefocus.scales import SCALES, Scale
from statefocus.toml_text import did_you_mean

GROUP = "statefocus.metrics"

OWN = {
    "hfr": "statefocus.metrics.own:Hfr",
    "hfd-astap": "statefocus.metrics.astap:AstapHfd",
    "fwhm": "statefocus.metrics.own:Fwhm",
    "inverse-power": "statefocus.metrics.own:FourierPower",
}
"""Registered in pyproject.toml like any other, and known here too: a checkout that is not installed has no entries."""


def metric_names() -> tuple[str, ...]:
    """Name every metric that there is on this machine, statefocus's own first."""
    return (*OWN, *sorted(set(_foreign()) - set(OWN)))


def find_metric(name: str) -> Metric:
    """Make a metric.

    Raises
    ------
    MetricMissing
        Where there is none of that name, or where a plug-in cannot be loaded or is no metric.
    """
    if name in OWN:
        module, _, cls = OWN[name].partition(":")
        own: Metric = getattr(import_module(module), cls)()
        return own
    entry = _foreign().get(name)
    if entry is None:
        raise MetricMissing(unknown(name))
    return _loaded(entry)


def unknown(name: str) -> str:
    """Say that there is no such metric, and which there are."""
    names = metric_names()
    return f"There is no metric {name!r}; there are {', '.join(names)}. {did_you_mean(name, names)}".rstrip()


def scale_of_metric(name: str) -> Scale:
    """Tell how a metric is shown to people.

    Raises
    ------
    MetricMissing
        As `find_metric`.
    """
    if name in SCALES:
        return SCALES[name]
    metric = find_metric(name)
    return Scale(metric.name, metric.unit, larger_is_better=metric.better == "larger")


def _foreign() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _loaded(entry: EntryPoint) -> Metric:
    package = entry.dist.name if entry.dist else entry.value
    try:
        metric = entry.load()()
    except Exception as error:  # a plug-in may raise anything, and a person must be told which one
        said = f"{type(error).__name__}: {error}"
        raise MetricMissing(f"The metric {entry.name} of {package} cannot be loaded ({said}).") from error
    flaw = _flaw(metric)
    if flaw:
        raise MetricMissing(f"The metric {entry.name} of {package} is no metric: {flaw}.")
    found: Metric = metric
    return found


def _flaw(metric: Any) -> str:
    """Say what an object lacks of `statefocus.metrics.protocol.Metric`."""
    for member in ("name", "unit"):
        if not isinstance(getattr(metric, member, None), str):
            return f"its `{member}` is no text"
    if getattr(metric, "better", None) not in ("smaller", "larger"):
        return "its `better` is neither smaller nor larger"
    return "" if callable(getattr(metric, "measure", None)) else "it has no method `measure`"
