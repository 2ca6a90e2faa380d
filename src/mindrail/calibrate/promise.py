"""The guarantee: a threshold under which few enough of the positives to come will fall.

Two conditions, both kept. The expected miss rate is at most 1 - recall (conformal risk control,
arXiv:2208.02814: with n positives and m misses, (m + 1) / (n + 1) <= 1 - recall). And with the stated
confidence over the draw of the positives the miss rate itself is (order statistics: m is the largest number
with P(Bin(n, 1 - recall) <= m) <= 1 - confidence). The threshold is then the (m + 1)-th smallest score of a
positive, and what reaches it is caught. Nothing is assumed about the scores; ties only help.
"""

from fractions import Fraction
from math import floor

import numpy as np
from scipy.stats import binom, hypergeom

from mindrail.arrays import Float, Int, ndarray
from mindrail.calibrate.policy import Counted, Promise
from mindrail.errors import BadConfig, BadSplit
from mindrail.stats.groups import Groups, clusters


def promise(
    scores: Float[ndarray, " n"],
    recall: float,
    confidence: float = 0.95,
    *,
    event: str = "positive",
    next: int | None = None,  # noqa: A002, the word of the promise
    groups: Groups = None,
) -> Promise:
    """The highest threshold that keeps the promise, from the probabilities of the calibration positives.

    Where positives come in groups (a person, a conversation) they are no independent evidence. A group then
    counts once, with its lowest score, and the promise is about groups of which every positive is caught.
    Raises BadSplit where there are too few positives for any threshold, and says how many are needed.
    """
    if not np.isfinite(scores).all():
        raise ValueError("scores of positives hold NaN or infinity")
    own = _lowest_of_each(scores, groups)
    counted: Counted = "groups" if len(own) < len(scores) else "messages"
    allowed = misses_allowed(len(own), recall, confidence, next)
    if allowed < 0:
        fewest = needed(recall, confidence, next)
        raise BadSplit(
            f"found {len(own)} {counted} that are '{event}', expected at least {fewest} to promise recall "
            f"{recall:g} with confidence {confidence:g}. Do: label more of them, or ask for less"
        )
    threshold = float(np.sort(own)[allowed])
    return Promise(event, recall, confidence, threshold, len(own), allowed, next, counted)


def misses_allowed(
    positives: int,
    recall: float,
    confidence: float = 0.95,
    next: int | None = None,  # noqa: A002
) -> int:
    """How many calibration positives may lie under the threshold; -1 where not even none is enough."""
    alpha = _miss_rate(recall, confidence)
    expected = floor(alpha * (positives + 1)) - 1
    misses = np.arange(positives)
    certain = int((_broken(misses, positives, alpha, next) <= 1.0 - confidence).sum()) - 1
    return min(expected, certain)


def needed(
    recall: float,
    confidence: float = 0.95,
    next: int | None = None,  # noqa: A002
) -> int:
    """The fewest positives from which the promise can be made, all of them caught.

    In the long run ceil(log(1 - confidence) / log(recall)): 29 for recall 0.9, 59 for 0.95, 299 for 0.99,
    each with confidence 0.95.
    """
    high = 1
    while misses_allowed(high, recall, confidence, next) < 0:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if misses_allowed(middle, recall, confidence, next) < 0 else (low, middle)
    return high


def _broken(misses: Int[ndarray, " m"], positives: int, alpha: Fraction, next: int | None) -> ndarray:  # noqa: A002
    """The probability that a threshold with `misses` positives under it breaks the promised recall.

    In the long run P(Bin(n, alpha) <= m). For the next N, at most x = floor(alpha N) of which may be missed:
    they and the n are one shuffled deck, and x is exceeded when among the lowest m + x + 1 at most m are of
    the n (the negative hypergeometric law: a beta-binomial with parameters m + 1 and n - m).
    """
    if next is None:
        broken: ndarray = binom.cdf(misses, positives, float(alpha))
    else:
        missed = floor(alpha * next)
        broken = hypergeom.cdf(misses, positives + next, positives, misses + missed + 1)
    return broken


def _miss_rate(recall: float, confidence: float) -> Fraction:
    """1 - recall, exactly: in binary, 1 - 0.9 is a little less than a tenth."""
    if not (0.0 < recall < 1.0 and 0.0 < confidence < 1.0):
        raise BadConfig(f"found recall {recall} and confidence {confidence}, expected both between 0 and 1")
    return 1 - Fraction(str(recall))


def _lowest_of_each(scores: Float[ndarray, " n"], groups: Groups) -> Float[ndarray, " m"]:
    """The lowest score of every group."""
    cluster = clusters(groups, len(scores))
    lowest = np.full(cluster.max(initial=-1) + 1, np.inf)
    np.minimum.at(lowest, cluster, scores)
    return lowest
