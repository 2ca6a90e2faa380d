"""AUPRC as average precision: precision at each threshold, weighted by the recall that it adds.

No line is drawn between thresholds, which would flatter. NaN where nothing is positive.
"""

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, curve, ratio


def compute(
    truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"], flagged: Bool[ndarray, " n"]
) -> float:
    """The sum of precision times added recall over all thresholds."""
    hits, alarms = curve(truth, probability)
    added = np.diff(hits, prepend=0.0)
    return ratio(float(added @ (hits / (hits + alarms))), float(added.sum()))


METRIC = Metric("auprc", "event", "higher", needs_probability=True, compute=compute)
