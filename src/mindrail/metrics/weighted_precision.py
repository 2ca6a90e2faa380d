"""Weighted precision: the mean precision of the labels, each as heavy as it is common. NaN where no label is true.

A label that is true somewhere and picked nowhere has precision 0, as it has F1 0.
"""

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, ratio


def compute(
    truth: Bool[ndarray, "n k"], probability: Float[ndarray, "n k"], picked: Bool[ndarray, "n k"]
) -> float:
    """The mean of precision over labels, weighted by their true rows."""
    support, hits, picks = truth.sum(axis=0), (truth & picked).sum(axis=0), picked.sum(axis=0)
    each = np.divide(hits, picks, out=np.zeros(len(hits)), where=picks > 0)
    return ratio(float(each @ support), int(support.sum()))


METRIC = Metric("weighted-precision", "axis", "higher", needs_probability=False, compute=compute)
