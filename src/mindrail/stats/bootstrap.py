"""Bootstrap intervals: what a number would have been on other rows of the same kind.

Whole groups are drawn, since messages of one person are no independent evidence. Draw once with
`resamples` and hand the draws to every metric of a report: it is faster, and differences stay paired.
"""

from collections.abc import Callable, Sequence
from math import inf, isnan, nan, sqrt

import numpy as np
from scipy.stats import t as student

from mindrail import seeds
from mindrail.arrays import Float, Int, ndarray
from mindrail.stats.groups import Groups, clusters
from mindrail.stats.intervals import Interval

#: a number computed from the rows with these indices, which may repeat
Statistic = Callable[[Int[ndarray, " n"]], float]
#: for each round the rows that were drawn; of different lengths where groups are
Draws = Sequence[Int[ndarray, " _"]]


def resamples(groups: Groups, size: int, seed: int, rounds: int = 1000) -> list[Int[ndarray, " n"]]:
    """Row indices of each round: as many groups as there are, drawn with replacement.

    Takes 8 bytes per row and round: 16 MB for 2000 rows and 1000 rounds.
    """
    if not size:
        raise ValueError("found no rows, expected some to draw from")
    cluster = clusters(groups, size)
    rows = np.argsort(cluster, kind="stable")
    sizes = np.bincount(cluster)
    starts = sizes.cumsum() - sizes
    random = seeds.stream(seed, "bootstrap")
    return [_gather(rows, starts, sizes, random.integers(len(sizes), size=len(sizes))) for _ in range(rounds)]


def bootstrap(
    compute: Statistic,
    size: int,
    groups: Groups = None,
    seed: int = 0,
    rounds: int = 1000,
    confidence: float = 0.95,
    draws: Draws | None = None,
) -> Interval:
    """The percentile interval of a statistic; `draws` replaces drawing anew.

    Rounds that leave the statistic undefined are dropped and counted. NaN where all are. With very few
    positives percentile intervals are too narrow: below ten, prefer `clopper_pearson`.
    """
    drawn = resamples(groups, size, seed, rounds) if draws is None else draws
    value = compute(np.arange(size))
    return percentile(value, repeat(compute, drawn), confidence)


def bootstrap_over_seeds(
    computes: Sequence[Statistic],
    size: int,
    groups: Groups = None,
    seed: int = 0,
    rounds: int = 1000,
    confidence: float = 0.95,
    draws: Draws | None = None,
    limits: tuple[float, float] = (-inf, inf),
) -> Interval:
    """The interval of the mean over seeds, for other rows and other seeds at once.

    One statistic per seed, all on the same rows. In each round the same rows are drawn for every seed and
    their mean is taken: its variance is the rows' part. The variance between seeds on all rows, over their
    number, is the seeds' part. Both add up, and Student's t with Welch-Satterthwaite degrees of freedom
    makes the interval, cut at `limits`. What rows and seeds share is counted twice, so that it errs on the
    wide side. One seed says nothing about others: then it is `bootstrap`.
    """
    if len(computes) == 1:
        return bootstrap(computes[0], size, groups, seed, rounds, confidence, draws)
    drawn = resamples(groups, size, seed, rounds) if draws is None else draws
    whole = np.arange(size)
    single = np.array([compute(whole) for compute in computes])
    means = np.mean([repeat(compute, drawn) for compute in computes], axis=0)
    return combine(single, means, confidence, limits)


def repeat(compute: Statistic, draws: Draws) -> Float[ndarray, " rounds"]:
    """The statistic in each round, NaN where it is undefined."""
    return np.array([compute(rows) for rows in draws], dtype=np.float64)


def percentile(value: float, repeated: Float[ndarray, " rounds"], confidence: float = 0.95) -> Interval:
    """The interval between the outer percentiles of the rounds in which the statistic is defined."""
    defined = repeated[~np.isnan(repeated)]
    dropped = len(repeated) - len(defined)
    if isnan(value) or not len(defined):
        return Interval(value, nan, nan, confidence, dropped)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value, float(low), float(high), confidence, dropped)


def combine(
    single: Float[ndarray, " seeds"],
    means: Float[ndarray, " rounds"],
    confidence: float = 0.95,
    limits: tuple[float, float] = (-inf, inf),
) -> Interval:
    """The interval of `bootstrap_over_seeds`, from one value per seed and one mean per round."""
    value = float(single.mean())
    defined = means[~np.isnan(means)]
    dropped = len(means) - len(defined)
    if isnan(value) or len(defined) < 2:
        return Interval(value, nan, nan, confidence, dropped)
    of_rows, of_seeds = float(defined.var(ddof=1)), float(single.var(ddof=1)) / len(single)
    freedom = (of_rows + of_seeds) ** 2 / (of_seeds**2 / (len(single) - 1)) if of_seeds else inf
    half = float(student.ppf((1 + confidence) / 2, freedom)) * sqrt(of_rows + of_seeds)
    return Interval(value, max(limits[0], value - half), min(limits[1], value + half), confidence, dropped)


def _gather(
    rows: Int[ndarray, " n"], starts: Int[ndarray, " g"], sizes: Int[ndarray, " g"], drawn: Int[ndarray, " g"]
) -> Int[ndarray, " m"]:
    """The rows of the drawn groups, one group after the other."""
    lengths = sizes[drawn]
    first = np.repeat(starts[drawn] - (lengths.cumsum() - lengths), lengths)
    return rows[first + np.arange(len(first))]
