"""False positive rate: the share of harmless texts that were flagged. NaN where nothing is harmless."""

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, count, ratio


def compute(
    truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"], flagged: Bool[ndarray, " n"]
) -> float:
    """False positives over everything negative."""
    counts = count(truth, flagged)
    return ratio(counts.alarms, counts.alarms + counts.quiet)


METRIC = Metric("false-positive-rate", "event", "lower", needs_probability=False, compute=compute)
