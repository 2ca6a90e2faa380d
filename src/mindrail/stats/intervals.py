"""Intervals: for a share, for a mean over seeds, and the two types every interval comes in."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt
from statistics import NormalDist, fmean, stdev
from typing import Literal

from scipy.stats import beta
from scipy.stats import t as student

from mindrail.errors import BadConfig


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval. NaN where the data say nothing.

    `dropped` counts the resamples in which the value was undefined, such as recall without a positive;
    many of them mean that the interval is about a luckier world than ours.
    """

    value: float
    low: float
    high: float
    confidence: float = 0.95
    dropped: int = 0


@dataclass(frozen=True)
class Spread:
    """What several seeds gave: their number, mean, standard deviation and the interval of the mean."""

    count: int
    sd: float
    mean: Interval


def wilson(successes: int, size: int, confidence: float = 0.95) -> Interval:
    """Score interval for a share: close to the stated confidence on average (Wilson 1927)."""
    _check(successes, size, confidence)
    if not size:
        return Interval(nan, 0.0, 1.0, confidence)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, shrink = successes / size, 1 + z * z / size
    centre = (share + z * z / (2 * size)) / shrink
    half = z / shrink * sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == size else centre + half
    return Interval(share, low, high, confidence)


def clopper_pearson(
    successes: int | float,
    size: int | float,
    confidence: float = 0.95,
    side: Literal["both", "lower", "upper"] = "both",
) -> Interval:
    """Exact interval for a share: never less sure than stated (Clopper and Pearson 1934).

    With `side` one bound carries all the confidence and the other is 0 or 1: "at least", or "at most". Numbers need
    not be whole: rows that belong together are worth fewer than they are.
    """
    _check(successes, size, confidence)
    if not size:
        return Interval(nan, 0.0, 1.0, confidence)
    tail = (1 - confidence) / (2 if side == "both" else 1)
    bounded_below, bounded_above = side != "upper" and successes > 0, side != "lower" and successes < size
    low = float(beta.ppf(tail, successes, size - successes + 1)) if bounded_below else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, size - successes)) if bounded_above else 1.0
    return Interval(successes / size, low, high, confidence)


def over_seeds(values: Sequence[float], confidence: float = 0.95) -> Spread:
    """Mean, standard deviation and Student's interval of one number per seed.

    About the seeds on this one test set: it does not know how another test set would differ. One seed has
    no spread, and NaN says so.
    """
    count = len(values)
    if not count or any(map(isnan, values)):
        return Spread(count, nan, Interval(nan, nan, nan, confidence))
    mean = fmean(values)
    if count == 1:
        return Spread(count, nan, Interval(mean, nan, nan, confidence))
    sd = stdev(values)
    half = float(student.ppf((1 + confidence) / 2, count - 1)) * sd / sqrt(count)
    return Spread(count, sd, Interval(mean, mean - half, mean + half, confidence))


def _check(successes: int | float, size: int | float, confidence: float) -> None:
    if not 0 <= successes <= size:
        raise ValueError(f"found {successes} successes of {size}")
    if not 0.0 < confidence < 1.0:
        raise BadConfig(f"found confidence {confidence}, expected a share between 0 and 1")
