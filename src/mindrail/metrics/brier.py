"""Brier score of an event: the mean squared distance between probability and what happened. NaN if empty."""

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, ratio


def compute(
    truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"], flagged: Bool[ndarray, " n"]
) -> float:
    """Mean squared error of the probability."""
    off = probability - truth
    return ratio(float(off @ off), len(truth))


METRIC = Metric("brier", "event", "lower", needs_probability=True, compute=compute)
