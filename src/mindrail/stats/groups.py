"""Rows that belong together: messages of one person, turns of one conversation."""

from collections.abc import Sequence

import numpy as np

from mindrail.arrays import Int, ndarray

Groups = Sequence[str | None] | None


def clusters(groups: Groups, size: int) -> Int[ndarray, " n"]:
    """The number of each row's group, from 0 in order of appearance. A row without a group is its own."""
    if groups is None:
        return np.arange(size)
    if len(groups) != size:
        raise ValueError(f"found groups for {len(groups)} rows, expected {size}")
    numbers: dict[str | int, int] = {}
    keys = (row if group is None else group for row, group in enumerate(groups))
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=int)
