"""Is there room? Work is admitted by what it will cost, all of it at once or not at all, before it is queued.

Everything here happens on the event loop, so between looking and reserving nothing else happens.
"""

import math
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from mindrail.serve.refusals import OVERLOADED, OVERLOADED_429
from mindrail.web.problems import Problem

#: what a text costs beside its bytes: a forward pass has a smallest size
PER_TEXT = 40
#: how fast the estimate of a byte's cost follows what is measured
_FOLLOW = 0.02
_LONGEST_WAIT = 60.0


class Lane:
    """One lane of waiting work, `wait` seconds of it at most. `status` is what a refusal answers: 503 or 429.

    Costs are bytes of text; `pace` is measured: seconds of one worker per byte.
    """

    def __init__(self, wait: float, workers: int, pace: float, status: int = 503) -> None:
        self.wait, self.workers, self.pace = wait, workers, pace
        self.reserved = 0
        self._held: Counter[str] = Counter()
        self._kind = OVERLOADED if status == 503 else OVERLOADED_429

    @property
    def room(self) -> float:
        """Cost that may be reserved."""
        return self.wait * self.workers / self.pace

    def check(self, key: str, cost: int = 0) -> None:
        """Raise Problem where there is no room for `cost`.

        A lane that is full still takes a key that holds less than its share, so that one busy key cannot
        shut the others out; all shares together are one more lane at most. An empty lane takes anything.
        """
        full = self.reserved + cost > self.room
        share = self.room / (len(self._held) + 1 + (key not in self._held))
        if full and self.reserved and self._held[key] + cost > share:
            raise Problem(self._kind, headers=self._later())

    @contextmanager
    def admit(self, key: str, cost: int) -> Iterator[None]:
        """Hold room for as long as the block lasts. Raises Problem where there is none."""
        self.check(key, cost)
        self._add(key, cost)
        try:
            yield
        finally:
            self._add(key, -cost)

    def _add(self, key: str, cost: int) -> None:
        self.reserved += cost
        self._held[key] += cost
        if not self._held[key]:
            del self._held[key]

    def learn(self, seconds: float, cost: int) -> None:
        """A text of that cost kept one worker busy for so long."""
        self.pace += _FOLLOW * (seconds / max(1.0, cost) - self.pace)

    def _later(self) -> dict[str, str]:
        """When to come again: when what waits now is done, give or take a quarter, so that not all come at once."""
        queued = self.reserved * self.pace / self.workers
        wait = min(_LONGEST_WAIT, max(0.05, queued) * (0.75 + secrets.randbelow(501) / 1000))
        return {"retry-after": f"{math.ceil(wait)}", "retry-after-ms": f"{math.ceil(wait * 1000)}"}


class Receiving:
    """Bytes of bodies that are being received, over all requests."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0

    def take(self, size: int) -> None:
        """Raises Problem where too much is on its way."""
        if self.held + size > self.most:
            raise Problem(OVERLOADED, headers={"retry-after": "1", "connection": "close"})
        self.held += size
