"""Accuracy: the share of texts whose labels were all picked, and no others (exact match). NaN if empty."""

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, ratio


def compute(
    truth: Bool[ndarray, "n k"], probability: Float[ndarray, "n k"], picked: Bool[ndarray, "n k"]
) -> float:
    """The share of rows that are right in every label."""
    return ratio(float((truth == picked).all(axis=1).sum()), len(truth))


METRIC = Metric("accuracy", "axis", "higher", needs_probability=False, compute=compute)
