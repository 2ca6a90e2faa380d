"""Shares of views with intervals that know that views of one text are no independent evidence."""

from collections.abc import Sequence

import numpy as np

from mindrail.arrays import Int, ndarray
from mindrail.evaluate.estimates import estimate
from mindrail.evaluate.estimates import share as wilson_share
from mindrail.evaluate.results import Estimate
from mindrail.stats import bootstrap


def share(parts: Sequence[tuple[int, int]], rounds: int = 1000) -> Estimate:
    """The share of (so many, of so many) over all texts: a bootstrap of texts, never narrower than Wilson's."""
    counts = np.array([part for part in parts if part[1]], dtype=np.int64).reshape(-1, 2)
    hits, size = (int(total) for total in counts.sum(axis=0))
    least = wilson_share(hits, size)
    if least.low is None or least.high is None:
        return least

    def compute(rows: Int[ndarray, " n"]) -> float:
        some, all_of_them = counts[rows].sum(axis=0)
        return float(some / all_of_them)

    found = estimate(bootstrap(compute, len(counts), rounds=rounds))
    assert found.low is not None and found.high is not None
    return Estimate(found.value, min(found.low, least.low), max(found.high, least.high))
