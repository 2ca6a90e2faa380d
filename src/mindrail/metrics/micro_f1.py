"""Micro F1: F1 over all texts and labels as one heap. NaN where nothing is true and nothing picked."""

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, count, f1_of


def compute(
    truth: Bool[ndarray, "n k"], probability: Float[ndarray, "n k"], picked: Bool[ndarray, "n k"]
) -> float:
    """F1 of the pooled counts."""
    return f1_of(count(truth, picked))


METRIC = Metric("micro-f1", "axis", "higher", needs_probability=False, compute=compute)
