"""Precision: the share of flagged texts that were rightly flagged. NaN where nothing is flagged."""

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, count, ratio


def compute(
    truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"], flagged: Bool[ndarray, " n"]
) -> float:
    """True positives over everything flagged."""
    counts = count(truth, flagged)
    return ratio(counts.hits, counts.hits + counts.alarms)


METRIC = Metric("precision", "event", "higher", needs_probability=False, compute=compute)
