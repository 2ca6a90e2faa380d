"""What is probably true, and how each person errs, when several judged (Dawid and Skene 1979).

Expectation maximisation from the majority's view: each person has a table of what they say when the truth is
such. Good where people judged dozens of items each; with little data the majority is as good, and simpler.
"""

from dataclasses import dataclass

import numpy as np

from mindrail.arrays import Float, ndarray
from mindrail.stats.agreement import Ratings

#: added to every cell of a person's table, so that nobody is ever certain after one item
_PRIOR = 0.1
_ROUNDS, _ENOUGH = 200, 1e-6


@dataclass(frozen=True, eq=False)
class Consensus:
    """`truth[i, k]`: how probable label k is for item i. `confusion[p, k, l]`: how often person p says l of a k.

    Items that nobody judged have the labels' overall shares.
    """

    truth: Float[ndarray, "n k"]
    confusion: Float[ndarray, "p k k"]
    shares: Float[ndarray, " k"]


def consensus(ratings: Ratings) -> Consensus:
    """Estimate truth and people together. Raises ValueError without a single rating."""
    if not ratings.known.any():
        raise ValueError("found no ratings, expected some")
    labels = len(ratings.labels)
    said = np.eye(labels)[ratings.values] * ratings.known[:, :, None]  # [n, p, k]
    votes = said.sum(axis=1) + _PRIOR
    truth = votes / votes.sum(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        shares = truth[ratings.known.any(axis=1)].mean(axis=0)
        tables = np.einsum("nk,npl->pkl", truth, said) + _PRIOR
        tables /= tables.sum(axis=2, keepdims=True)
        evidence = np.log(shares + 1e-300) + np.einsum("npl,pkl->nk", said, np.log(tables))
        better = np.exp(evidence - evidence.max(axis=1, keepdims=True))
        better /= better.sum(axis=1, keepdims=True)
        moved, truth = float(np.abs(better - truth).max()), better
        if moved < _ENOUGH:
            break
    return Consensus(truth, tables, shares)
