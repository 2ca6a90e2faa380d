"""AUROC: how often a positive gets a higher probability than a negative, ties counting half.

NaN unless there are both.
"""

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, curve, ratio


def compute(
    truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"], flagged: Bool[ndarray, " n"]
) -> float:
    """Area under the receiver operating characteristic, by trapezoids."""
    hits, alarms = curve(truth, probability)
    more_hits, more_alarms = np.diff(hits, prepend=0.0), np.diff(alarms, prepend=0.0)
    ordered = more_alarms @ (hits - more_hits / 2)
    return ratio(float(ordered), float(more_hits.sum() * more_alarms.sum()))


METRIC = Metric("auroc", "event", "higher", needs_probability=True, compute=compute)
