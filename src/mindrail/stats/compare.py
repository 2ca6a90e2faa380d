"""Two models on the same rows: how far apart they are, and whether that could be chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt
from statistics import fmean
from typing import Literal

import numpy as np

from mindrail import seeds
from mindrail.arrays import Bool, Int, ndarray
from mindrail.metrics import Metric
from mindrail.stats.bootstrap import Draws, Statistic, combine, percentile, repeat, resamples
from mindrail.stats.groups import Groups, clusters
from mindrail.stats.intervals import Interval
from mindrail.stats.measure import Output, positives_of, statistic

#: two differences closer than this are the same one, added up in another order
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Comparison:
    """One metric of A minus that of B, on the same `rows` and the mean of as many seeds each.

    `p` is that of the swap test. `rows_error` and `seeds_error` are the standard errors from having these
    rows and these seeds (0 with one seed, which says nothing about others).
    """

    metric: str
    better: Literal["higher", "lower"]
    difference: Interval
    p: float
    rows_error: float
    seeds_error: float
    rows: int
    positives: int | None


def compare(
    metric: Metric,
    truth: ndarray,
    a: Sequence[Output],
    b: Sequence[Output],
    groups: Groups = None,
    seed: int = 0,
    rounds: int = 1000,
    confidence: float = 0.95,
    draws: Draws | None = None,
) -> Comparison:
    """Compare A with B, seed by seed: a paired bootstrap interval and a paired permutation test.

    Whole groups are drawn and swapped. Several seeds widen the interval as in `bootstrap_over_seeds`.
    Raises ValueError unless A and B have the same number of seeds, which are taken as pairs.
    """
    if len(a) != len(b) or not a:
        raise ValueError(f"found {len(a)} and {len(b)} seeds, expected the same number, at least one")
    drawn = resamples(groups, len(truth), seed, rounds) if draws is None else draws
    differences = [_difference(metric, truth, *pair) for pair in zip(a, b, strict=True)]
    single = np.array([compute(np.arange(len(truth))) for compute in differences])
    means = np.mean([repeat(compute, drawn) for compute in differences], axis=0)
    several = len(single) > 1
    interval = (
        combine(single, means, confidence) if several else percentile(float(single[0]), means, confidence)
    )
    return Comparison(
        metric.name,
        metric.better,
        interval,
        swap_test(metric, truth, a, b, groups, seed, rounds),
        float(np.nanstd(means)) if not np.isnan(means).all() else nan,
        float(single.std(ddof=1)) / sqrt(len(single)) if several else 0.0,
        len(truth),
        positives_of(truth),
    )


def swap_test(
    metric: Metric,
    truth: ndarray,
    a: Sequence[Output],
    b: Sequence[Output],
    groups: Groups = None,
    seed: int = 0,
    rounds: int = 1000,
) -> float:
    """The two-sided p-value of "A and B are interchangeable", by swapping their outputs group by group.

    Never below 1 / (rounds + 1). Metrics of probability compare probabilities as they are, so calibrate
    both first: a different scale also makes two models not interchangeable. NaN where the metric is.
    """
    cluster = clusters(groups, len(truth))
    random = seeds.stream(seed, "swap")

    def apart(swapped: Bool[ndarray, " n"]) -> float:
        pairs = [_swap(x, y, swapped) for x, y in zip(a, b, strict=True)]
        return abs(fmean(metric.compute(truth, *x) - metric.compute(truth, *y) for x, y in pairs))

    observed = apart(np.zeros(len(truth), dtype=bool))
    if isnan(observed):
        return nan
    coins = (random.random(cluster.max() + 1) < 0.5 for _ in range(rounds))
    as_far = sum(not apart(coin[cluster]) < observed - _ROUNDING for coin in coins)
    return (1 + as_far) / (1 + rounds)


def _difference(metric: Metric, truth: ndarray, a: Output, b: Output) -> Statistic:
    """The metric of A minus that of B, as a function of row indices."""
    of_a, of_b = statistic(metric, truth, a), statistic(metric, truth, b)

    def compute(rows: Int[ndarray, " n"]) -> float:
        return of_a(rows) - of_b(rows)

    return compute


def _swap(a: Output, b: Output, swapped: Bool[ndarray, " n"]) -> tuple[Output, Output]:
    """A and B, each with the other's output in the rows that are swapped."""
    rows = swapped if a.chosen.ndim == 1 else swapped[:, None]
    mixed = [(np.where(rows, y, x), np.where(rows, x, y)) for x, y in zip(a, b, strict=True)]
    (probability_a, probability_b), (chosen_a, chosen_b) = mixed
    return Output(probability_a, chosen_a), Output(probability_b, chosen_b)
