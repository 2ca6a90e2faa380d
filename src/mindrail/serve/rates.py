"""How often a key may ask: a token bucket each, for the keys that asked lately."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from mindrail.serve.refusals import RATE_LIMITED
from mindrail.web.problems import Problem

#: keys that are remembered
_MOST = 10_000


class Rates:
    """`rate` requests a second, twice as many at once; 0 is no limit."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self._clock = rate, max(1.0, 2 * rate), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> dict[str, str]:
        """Count one request; the headers that say what is left. Raises Problem (429) where nothing is."""
        if not self.rate:
            return {}
        now = self._clock()
        left, then = self._buckets.pop(key, (self.burst, now))
        left = min(self.burst, left + (now - then) * self.rate)
        enough = left >= 1
        self._buckets[key] = (left - enough, now)
        while len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        wait = 0.0 if enough else (1 - left) / self.rate
        headers = {
            "x-ratelimit-limit-requests": f"{self.burst:.0f}",
            "x-ratelimit-remaining-requests": f"{max(0.0, left - enough):.0f}",
            "x-ratelimit-reset-requests": f"{(self.burst - left + enough) / self.rate:.3f}s",
        }
        if enough:
            return headers
        again = {"retry-after": f"{math.ceil(wait)}", "retry-after-ms": f"{math.ceil(wait * 1000)}"}
        raise Problem(RATE_LIMITED, headers=headers | again, most=max(1, round(self.rate)))
