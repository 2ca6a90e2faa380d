"""How good decisions and probabilities are: one metric per file, plain numpy.

Event metrics look at one event (did it happen, how likely was it said to be, was it flagged), axis metrics
at all labels at once. A metric that the rows leave undefined is NaN, never a made-up 0 or 1.
"""

from mindrail import plugins
from mindrail.metrics._base import Metric

__all__ = ["Metric", "get", "names"]


def names() -> list[str]:
    """All metrics, sorted."""
    return plugins.names("metric")


def get(name: str) -> Metric:
    """The metric of that name. Raises UnknownName with the closest match."""
    metric: Metric = plugins.get("metric", name).METRIC
    return metric
