"""Expected calibration error of the likeliest label, over 15 bins of equal mass (adaptive). NaN if empty.

Of all texts whose likeliest label has about the same probability, that share should truly have it. Of
equally likely labels the first counts.
"""

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.metrics._base import Metric, calibration_error


def compute(
    truth: Bool[ndarray, "n k"], probability: Float[ndarray, "n k"], picked: Bool[ndarray, "n k"]
) -> float:
    """Mean gap between the likeliest label's probability and how often it is true."""
    rows, top = np.arange(len(truth)), probability.argmax(axis=1)
    return calibration_error(truth[rows, top], probability[rows, top])


METRIC = Metric("top-label-ece", "axis", "lower", needs_probability=True, compute=compute)
