"""What metrics are, and the arithmetic they share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from mindrail.arrays import Bool, Float, ndarray

#: bins of the calibration errors
BINS = 15

#: (truth, probability, chosen) to a number. Shapes [n] for an event, [n, k] for an axis; `chosen` is what
#: was flagged, or the labels that were picked.
Compute = Callable[[Any, Any, Any], float]


@dataclass(frozen=True)
class Metric:
    """A number with a direction. `compute` gives NaN where the rows leave it undefined."""

    name: str
    scope: Literal["event", "axis"]
    better: Literal["higher", "lower"]
    needs_probability: bool
    compute: Compute
    range: tuple[float, float] = (0.0, 1.0)


class Counts(NamedTuple):
    """Flagged and right, flagged and wrong, missed, rightly left alone."""

    hits: int
    alarms: int
    misses: int
    quiet: int


def count(truth: Bool[ndarray, "*any"], chosen: Bool[ndarray, "*any"]) -> Counts:
    """The four counts over all cells."""
    hits = int(np.count_nonzero(truth & chosen))
    flagged, positive = int(np.count_nonzero(chosen)), int(np.count_nonzero(truth))
    return Counts(hits, flagged - hits, positive - hits, truth.size - flagged - positive + hits)


def ratio(part: int | float, whole: int | float) -> float:
    """`part / whole`, NaN for 0 / 0."""
    return part / whole if whole else float("nan")


def f1_of(counts: Counts) -> float:
    """Harmonic mean of precision and recall; NaN where nothing is true and nothing flagged."""
    return ratio(2 * counts.hits, 2 * counts.hits + counts.alarms + counts.misses)


def label_f1(truth: Bool[ndarray, "n k"], picked: Bool[ndarray, "n k"]) -> Float[ndarray, " k"]:
    """F1 of each label; NaN for one that is neither true nor picked in any row."""
    return np.array([f1_of(count(truth[:, i], picked[:, i])) for i in range(truth.shape[1])])


class Curve(NamedTuple):
    """Positives and negatives at or above each distinct probability, from the highest down."""

    hits: Float[ndarray, " t"]
    alarms: Float[ndarray, " t"]


def curve(truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"]) -> Curve:
    """What every threshold would flag. The order of rows, ties included, does not matter."""
    order = np.argsort(-probability)
    ranked = probability[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else np.arange(0)
    hits = truth[order].cumsum()[last].astype(np.float64)
    return Curve(hits, last + 1.0 - hits)


def best_fpr(truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"], tpr: float) -> float:
    """The smallest false positive rate over all thresholds that catch at least `tpr` of the positives."""
    hits, alarms = curve(truth, probability)
    if not len(hits) or not hits[-1] or not alarms[-1]:
        return float("nan")
    # a threshold lower than need be only adds alarms; 1e-9 forgives rounding in tpr * positives
    return float(alarms[np.argmax(hits >= tpr * hits[-1] - 1e-9)] / alarms[-1])


def calibration_error(truth: Bool[ndarray, " n"], probability: Float[ndarray, " n"]) -> float:
    """Mean gap between said and seen, over BINS bins of equal mass, weighted by their rows; NaN if empty.

    Rows of the same probability always share a bin, so that their order does not matter.
    """
    size = len(truth)
    if not size:
        return float("nan")
    _, place, tied = np.unique(probability, return_inverse=True, return_counts=True)
    middle = tied.cumsum() - tied / 2  # of the ranks that share a probability
    bins = (middle * BINS / size).astype(int)[place]
    return float(np.abs(np.bincount(bins, weights=probability - truth)).sum() / size)
