"""Which texts make up which step: a pure function of seed and step, so a resumed run sees the same batches."""

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


class Pool:
    """Unlabelled rows, drawn without replacement until all were seen, then all over again in another order."""

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seed = size, seed
        self._orders: dict[int, Int[ndarray, " pool"]] = {}

    def draw(self, step: int, batch: int) -> Int[ndarray, " batch"]:
        """The rows of one step, `batch` of them; none from an empty pool."""
        if not self.size:
            return np.zeros(0, dtype=int)
        places = np.arange(step * batch, (step + 1) * batch)
        return np.array([self._order(int(place) // self.size)[place % self.size] for place in places])

    def _order(self, number: int) -> Int[ndarray, " pool"]:
        if number not in self._orders:
            order = seeds.stream(self.seed, "unlabelled", number).permutation(self.size)
            kept = {n: there for n, there in self._orders.items() if n == number - 1}
            self._orders = kept | {number: order}
        return self._orders[number]
