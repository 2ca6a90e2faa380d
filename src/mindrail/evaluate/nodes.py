"""Ordered labels node by node: how well each question is answered among the rows that come to it.

A label late in the order is judged over all rows together with every mistake made before it. Its node is judged
without them: only the rows whose truth comes so far, by the probability of "yes" given that nothing before fitted.
"""

from collections.abc import Sequence

import numpy as np

from mindrail.arrays import Bool, Float, ndarray
from mindrail.evaluate.estimates import ranking, rates
from mindrail.evaluate.results import NodeResult
from mindrail.stats.bootstrap import resamples
from mindrail.stats.groups import Groups
from mindrail.taxonomy import Axis, tree


def nodes(
    axis: Axis,
    truth: Bool[ndarray, "n k"],
    probabilities: Sequence[Float[ndarray, "n k"]],
    groups: Groups = None,
    *,
    seed: int = 0,
    rounds: int = 1000,
) -> tuple[NodeResult, ...]:
    """One result per node that some row reaches, the mean over runs; none for axes without an order of trial.

    A node says yes from 0.5 on. Intervals draw whole groups of the rows that reach it.
    """
    if axis.kind != "first_of":
        return ()
    floor = np.finfo(np.float64).tiny
    said = [tree.conditionals(np.log(np.maximum(chances, floor))) for chances in probabilities]
    found = []
    for node, (name, reached) in enumerate(zip(tree.nodes(axis), tree.reached(truth).T, strict=True)):
        rows = np.flatnonzero(reached)
        if not len(rows):
            continue
        true = truth[rows, node]
        own = None if groups is None else [groups[row] for row in rows.tolist()]
        draws = resamples(own, len(rows), seed, rounds)
        chances = [run[rows, node] for run in said]
        yes = rates(true, [chance >= 0.5 for chance in chances], draws)
        found.append(NodeResult(name, len(rows), int(true.sum()), yes, ranking(true, chances, draws).auroc))
    return tuple(found)
