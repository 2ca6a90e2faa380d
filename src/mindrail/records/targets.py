"""Answers as arrays. What is unknown is said to be unknown: there is no -1."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mindrail.arrays import Bool, ndarray
from mindrail.records.example import Example
from mindrail.taxonomy.axis import Answer, Axis, labels_in


class Targets(NamedTuple):
    """`values[i, j]`: label j is true of example i. Rows with `known[i]` False say nothing."""

    values: Bool[ndarray, "n k"]
    known: Bool[ndarray, " n"]

    def classes(self) -> ndarray:
        """The index of the true label, shape [n]; only for axes whose labels exclude each other."""
        index: ndarray = self.values.argmax(axis=1)
        return index


def encode(axis: Axis, answers: Sequence[Answer | None]) -> Targets:
    """Answers to arrays [n, k] and [n]. Raises ValueError for a label the axis does not have."""
    values = np.zeros((len(answers), len(axis.names)), dtype=bool)
    known = np.zeros(len(answers), dtype=bool)
    for i, answer in enumerate(answers):
        if answer is None:
            continue
        axis.check(answer)
        known[i] = True
        for name in labels_in(answer):
            values[i, axis.names.index(name)] = True
    return Targets(values, known)


def targets_of(axis: Axis, examples: Sequence[Example]) -> Targets:
    """The targets of examples on one axis."""
    return encode(axis, [example.answers.get(axis.name) for example in examples])
