"""Ordered labels as a tree: labels are tried one after the other, and the first that fits wins.

The k labels of a `first_of` axis make k - 1 nodes. Node i asks whether label i fits, given that none before it
did; what passes every node has the last label. With p_i for "yes" at node i,

    P(label i) = p_i · (1 - p_1) ··· (1 - p_{i-1}),      P(last label) = (1 - p_1) ··· (1 - p_{k-1}).

Scores stay log-probabilities of labels, as everywhere. Here they are made of answers at nodes, and taken apart
again. Minus the log of P is the sum of the cross-entropies at the nodes that were reached, so whoever learns by
the ordinary cross-entropy of `labels` learns every node from the rows that come to it, and from no others.
"""

from typing import Literal

import numpy as np

from mindrail.arrays import Bool, Float, Int, ndarray, sigmoid
from mindrail.errors import BadConfig
from mindrail.taxonomy.axis import Axis

#: How a model learns ordered labels: all against all (softmax), or one question per node (a sigmoid each).
Ordered = Literal["flat", "nodes"]


def nodes(axis: Axis) -> tuple[str, ...]:
    """The label that each node asks about. Raises BadConfig for an axis whose labels have no order of trial."""
    if axis.kind != "first_of":
        raise BadConfig(
            f"axis '{axis.name}' is {axis.kind}, and only first_of has nodes. Do: leave 'ordered' at 'flat'"
        )
    return axis.names[:-1]


def columns(axis: Axis, ordered: Ordered) -> int:
    """How many numbers a model answers with: one per label, or one per node. Raises what `nodes` raises."""
    return len(axis.names) if ordered == "flat" else len(nodes(axis))


def reached(values: Bool[ndarray, "n k"]) -> Bool[ndarray, "n k-1"]:
    """Which rows come to which node: those of its own label and of later ones."""
    later: ndarray = np.logical_or.accumulate(values[:, ::-1], axis=1)[:, ::-1]
    return later[:, :-1]


def labels(answers: Float[ndarray, "n node"]) -> Float[ndarray, "n node+1"]:
    """Log-odds of "yes" at the nodes to log-probabilities of labels, safe at extreme values."""
    yes, no = -np.logaddexp(0.0, -answers), -np.logaddexp(0.0, answers)
    scores: ndarray = np.pad(yes, ((0, 0), (0, 1))) + np.pad(no.cumsum(axis=1), ((0, 0), (1, 0)))
    return scores


def scores(said: Float[ndarray, "n column"], ordered: Ordered) -> Float[ndarray, "n k"]:
    """What a model said, one column per label or one per node, as scores of labels."""
    return said if ordered == "flat" else labels(said)


def answers(scores: Float[ndarray, "n k"]) -> Float[ndarray, "n k-1"]:
    """Log-odds of "yes" at each node: its label against all later ones. The reverse of `labels`."""
    later = np.logaddexp.accumulate(scores[:, ::-1], axis=1)[:, ::-1]
    odds: ndarray = scores[:, :-1] - later[:, 1:]
    return odds


def conditionals(scores: Float[ndarray, "n k"]) -> Float[ndarray, "n k-1"]:
    """The probability of "yes" at each node, for a row that comes to it."""
    return sigmoid(answers(scores))


def walk(scores: Float[ndarray, "n k"]) -> Int[ndarray, " n"]:
    """The label at which each row's walk ends: the first node that says yes with 0.5 or more, else the last label.

    Not always the likeliest label: three nodes with 0.4 each are walked past, and the first of them is likeliest.
    """
    yes = answers(scores) >= 0.0
    end: ndarray = np.where(yes.any(axis=1), yes.argmax(axis=1), yes.shape[1])
    return end
