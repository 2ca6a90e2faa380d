"""Which examples make up which step: a pure function of seed and step, so a resumed run sees the same batches."""

from collections.abc import Sequence

import numpy as np

from mindrail import seeds
from mindrail.arrays import Int, ndarray

#: Batches whose examples are sorted by length together, so that little is spent on padding.
BUCKET = 16


def steps_per_epoch(size: int, batch: int) -> int:
    """Steps that see every example once."""
    return -(-size // batch)


def epoch(lengths: Sequence[int], batch: int, seed: int, number: int) -> list[Int[ndarray, " batch"]]:
    """The batches of one epoch: shuffled, grouped by similar length, each example exactly once.

    `lengths` are token counts of the examples; `number` counts epochs from 0.
    """
    stream = seeds.stream(seed, "order", number)
    order = stream.permutation(len(lengths))
    sizes = np.asarray(lengths)
    batches = []
    for start in range(0, len(order), batch * BUCKET):
        part = order[start : start + batch * BUCKET]
        part = part[np.argsort(sizes[part], kind="stable")]
        batches += [part[i : i + batch] for i in range(0, len(part), batch)]
    return [batches[i] for i in stream.permutation(len(batches))]
