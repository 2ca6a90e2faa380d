"""Deficit round robin: every key that waits gets the same share of work, whatever the size of its pieces.

Shreedhar and Varghese, "Efficient fair queueing using deficit round robin", 1995.
"""

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """One line per key. In each round a key may spend `quantum` more of cost, and keeps what it did not spend."""

    def __init__(self, quantum: int) -> None:
        self._quantum = quantum
        self._lines: dict[str, deque[tuple[int, Item]]] = {}
        self._saved: dict[str, int] = {}
        self._turns: deque[str] = deque()
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def push(self, key: str, cost: int, item: Item) -> None:
        """Line up behind what the same key brought before."""
        if key not in self._lines:
            self._lines[key], self._saved[key] = deque(), 0
            self._turns.append(key)
        self._lines[key].append((cost, item))
        self._length += 1

    def pop(self) -> Item | None:
        """Whose turn it is; None where nobody waits. A key with nothing left to do loses what it saved."""
        while self._turns:
            key = self._turns[0]
            cost, item = self._lines[key][0]
            if self._saved[key] < cost:
                self._saved[key] += self._quantum
                self._turns.rotate(-1)
                continue
            self._saved[key] -= cost
            self._lines[key].popleft()
            self._length -= 1
            if not self._lines[key]:
                del self._lines[key], self._saved[key]
                self._turns.popleft()
            return item
        return None
