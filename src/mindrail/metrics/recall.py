"""Recall: the share of positives that were flagged. NaN where nothing is positive."""

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, count, ratio


def compute(
    truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"], flagged: Bool[ndarray, " n"]
) -> float:
    """True positives over everything positive."""
    counts = count(truth, flagged)
    return ratio(counts.hits, counts.hits + counts.misses)


METRIC = Metric("recall", "event", "higher", needs_probability=False, compute=compute)
