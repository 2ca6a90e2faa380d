"""Weighted recall: the mean recall of the labels, each as heavy as it is common. NaN where no label is true.

Where labels exclude each other it is the accuracy.
"""

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, ratio


def compute(
    truth: Bool[ndarray, "n k"], probability: Float[ndarray, "n k"], picked: Bool[ndarray, "n k"]
) -> float:
    """The mean of recall over labels, weighted by their true rows."""
    return ratio(int((truth & picked).sum()), int(truth.sum()))


METRIC = Metric("weighted-recall", "axis", "higher", needs_probability=False, compute=compute)
