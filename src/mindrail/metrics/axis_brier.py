"""Brier score of an axis: the mean over labels of each label's Brier score. NaN if empty.

For two labels that exclude each other it is the Brier score of the event.
"""

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, ratio


def compute(
    truth: Bool[ndarray, "n k"], probability: Float[ndarray, "n k"], picked: Bool[ndarray, "n k"]
) -> float:
    """Mean squared error over rows and labels."""
    return ratio(float(np.square(probability - truth).sum()), truth.size)


METRIC = Metric("axis-brier", "axis", "lower", needs_probability=True, compute=compute)
