"""The few rows of many that have the smallest number, without holding the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from mindrail.arrays import Float, ndarray

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Row:
    """One scanned row by what may be told of it. `place` is its number in the scan, from 0.

    `danger` is the probability of the event that matters most; None without the guard, which knows the events.
    """

    place: int
    id: str
    source: str
    row: int
    group: str | None
    decision: str
    label: str
    probability: float
    danger: float | None = None


class Smallest(Generic[Kept]):
    """The `most` rows with the smallest keys; equal keys are told apart by `ties`.

    With `distinct`, of rows with exactly the same key one is kept: as guards give the same text the same bits,
    these are the same text over and over.
    """

    def __init__(self, most: int, *, distinct: bool = False) -> None:
        self._most, self._distinct = most, distinct
        self._kept: dict[int, tuple[float, float, Kept]] = {}

    def add(
        self,
        first: int,
        keys: Float[ndarray, " n"],
        ties: Float[ndarray, " n"],
        make: Callable[[Sequence[int]], Sequence[Kept]],
    ) -> None:
        """Take in rows numbered from `first`; `make` is asked for those that may stay, by their place in `keys`."""
        small = self._cut(keys, ties)
        for place, kept in zip(small, make(small), strict=True):
            self._kept[first + place] = (float(keys[place]), float(ties[place]), kept)
        if self._distinct or len(self._kept) > self._most:
            places = list(self._kept)
            table = np.array([self._kept[place][:2] for place in places]).reshape(-1, 2)
            stay = self._cut(table[:, 0], table[:, 1])
            self._kept = {places[i]: self._kept[places[i]] for i in stay}

    def kept(self) -> list[tuple[float, Kept]]:
        """Key and row, the smallest first."""
        return [(key, kept) for key, _, kept in sorted(self._kept.values(), key=lambda one: one[:2])]

    def _cut(self, keys: Float[ndarray, " n"], ties: Float[ndarray, " n"]) -> list[int]:
        """The places of the smallest."""
        order = np.lexsort((ties, keys))
        order = order[np.isfinite(keys[order])]
        if self._distinct:
            order = order[np.diff(keys[order], prepend=-np.inf) > 0]
        places: list[int] = order[: self._most].tolist()
        return places
