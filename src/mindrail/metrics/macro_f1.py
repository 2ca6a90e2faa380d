"""Macro F1: the mean F1 of the labels, rare ones as heavy as common ones.

Labels that are neither true nor picked in any row are left out. NaN where none remains.
"""

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, label_f1


def compute(
    truth: Bool[ndarray, "n k"], probability: Float[ndarray, "n k"], picked: Bool[ndarray, "n k"]
) -> float:
    """The plain mean of F1 over labels."""
    f1 = label_f1(truth, picked)
    known = f1[~np.isnan(f1)]
    return float(known.mean()) if len(known) else float("nan")


METRIC = Metric("macro-f1", "axis", "higher", needs_probability=False, compute=compute)
