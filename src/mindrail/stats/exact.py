"""Exact tests, and what to do when there are many of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from scipy.stats import binom

from mindrail.arrays import Bool, ndarray


@dataclass(frozen=True)
class McNemar:
    """How often only one of two is right, and the exact two-sided p-value of that happening by chance."""

    only_a: int
    only_b: int
    p: float


def mcnemar(right_a: Bool[ndarray, " n"], right_b: Bool[ndarray, " n"]) -> McNemar:
    """Compare two decisions on the same rows (McNemar 1947, exact). Rows must be independent.

    Only rows on which one is right and the other wrong count; without any, p is 1.
    """
    only_a = int((right_a & ~right_b).sum())
    only_b = int((right_b & ~right_a).sum())
    tail = float(binom.cdf(min(only_a, only_b), only_a + only_b, 0.5))
    return McNemar(only_a, only_b, min(1.0, 2 * tail))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number, in the order given (Holm 1979).

    The chance of one false alarm or more among all stays below the level. NaN stays NaN and is not counted.
    """
    adjusted = list(p_values)
    ranked = sorted((i for i, p in enumerate(p_values) if not isnan(p)), key=p_values.__getitem__)
    weighted = [p_values[i] * (len(ranked) - rank) for rank, i in enumerate(ranked)]
    for i, p in zip(ranked, np.minimum(np.maximum.accumulate(weighted), 1.0).tolist(), strict=True):
        adjusted[i] = p
    return adjusted
