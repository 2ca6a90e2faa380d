"""F1: the harmonic mean of precision and recall. NaN where nothing is positive and nothing flagged."""

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, count, f1_of


def compute(
    truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"], flagged: Bool[ndarray, " n"]
) -> float:
    """F1 of what was flagged."""
    return f1_of(count(truth, flagged))


METRIC = Metric("f1", "event", "higher", needs_probability=False, compute=compute)
