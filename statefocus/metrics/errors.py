"""What can go wrong with a metric: it is not there, what it needs is not there, or it failed on a frame."""

from statefocus.errors import StatefocusError, UsageError


class MetricError(StatefocusError):
    """A metric failed on a frame; that is a failed measurement, not a frame without stars."""


class MetricMissing(UsageError):
    """A metric, or a program that it needs, is not on this machine."""
