"""Several continuations of one text as a tree of tokens, so that what they share is read once.

Each token sees its ancestors and itself, at the place that it has in its own continuation. Read with such a mask in
one pass, every branch gets what it would get alone (tree attention; SpecInfer, arXiv:2305.09781).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mindrail.arrays import Bool, Int, ndarray


@dataclass(frozen=True)
class Tree:
    """Tokens in an order in which parents come first. `depth` counts from 0; roots have parent -1."""

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    depth: Int[ndarray, " node"]
    ends: tuple[int, ...]  # the last node of each continuation; -1 for an empty one

    @classmethod
    def of(cls, continuations: Sequence[Sequence[int]]) -> "Tree":
        """Continuations that begin alike share their nodes."""
        places: dict[tuple[int, int], int] = {}  # (parent, token) to node
        tokens: list[int] = []
        parents: list[int] = []
        depth: list[int] = []
        ends = []
        for continuation in continuations:
            node = -1
            for level, token in enumerate(continuation):
                parent, node = node, places.setdefault((node, token), len(tokens))
                if node == len(tokens):
                    tokens.append(token)
                    parents.append(parent)
                    depth.append(level)
            ends.append(node)
        return cls(tuple(tokens), tuple(parents), np.array(depth, dtype=np.int64), tuple(ends))

    def path(self, node: int) -> list[int]:
        """The nodes from a root down to this one."""
        steps = []
        while node >= 0:
            steps.append(node)
            node = self.parents[node]
        return steps[::-1]

    def sees(self) -> Bool[ndarray, "node node"]:
        """Which nodes each node may look at."""
        mask = np.eye(len(self.tokens), dtype=bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                mask[node] |= mask[parent]
        return mask
