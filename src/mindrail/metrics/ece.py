"""Expected calibration error of an event, over 15 bins of equal mass (adaptive). NaN if empty.

Of all texts given about the same probability, that share should turn out positive.
"""

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, calibration_error


def compute(
    truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"], flagged: Bool[ndarray, " n"]
) -> float:
    """Mean gap between the probability and the share of positives."""
    return calibration_error(truth, probability)


METRIC = Metric("ece", "event", "lower", needs_probability=True, compute=compute)
