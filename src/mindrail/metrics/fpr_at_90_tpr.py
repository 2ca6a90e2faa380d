"""FPR at 90 % TPR: the false alarms to bear if 90 % of the positives must be caught.

The smallest false positive rate over all thresholds whose true positive rate is at least 0.90; what was
flagged does not matter. NaN unless there are positives and negatives.
"""

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, best_fpr


def compute(
    truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"], flagged: Bool[ndarray, " n"]
) -> float:
    """The smallest false positive rate that leaves recall at 0.90 or more."""
    return best_fpr(truth, probability, 0.9)


METRIC = Metric("fpr-at-90-tpr", "event", "lower", needs_probability=True, compute=compute)
