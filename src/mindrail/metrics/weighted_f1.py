"""Weighted F1: the mean F1 of the labels, each as heavy as it is common. NaN where no label is true."""

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, label_f1, ratio


def compute(
    truth: Bool[ndarray, "n k"], probability: Float[ndarray, "n k"], picked: Bool[ndarray, "n k"]
) -> float:
    """The mean of F1 over labels, weighted by their true rows."""
    support = truth.sum(axis=0)
    f1 = np.nan_to_num(label_f1(truth, picked))
    return ratio(float(f1 @ support), int(support.sum()))


METRIC = Metric("weighted-f1", "axis", "higher", needs_probability=False, compute=compute)
