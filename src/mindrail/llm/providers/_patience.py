"""How long to wait, and when to stop trying."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import numpy as np

#: Seconds that one wait may last; a server that asks for more is not waited for.
LONGEST = 60.0


def asked_wait(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that `Retry-After` asks for, given as a number or as an HTTP date; None where it says nothing."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "nan")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:
        moment = parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))


def backoff(tries: int, first: float, random: np.random.Generator) -> float:
    """Seconds to wait after so many tries: doubling from `first` up to 8 s, shortened by up to a half by chance."""
    return float(min(8.0, first * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.0))


@dataclass
class Line:
    """What all requests to one server know of it together.

    After `limit` failed requests in a row, with no answer between them, the line is dead: nothing more is sent.
    """

    limit: int
    failures: int = 0
    rejections: int = 0
    suspect: bool = False  # dead when last seen
    good: bool = False  # has answered, so that address, model and key are right
    modern: bool = False  # wants max_completion_tokens
    quiet_until: float = 0.0  # on the monotonic clock

    @property
    def dead(self) -> bool:
        """Whether to stop trying."""
        return self.failures >= self.limit

    def revive(self) -> None:
        """Let the next request find out, by a single try, whether a dead server is back."""
        if self.dead:
            self.failures, self.suspect = self.limit - 1, True

    def answered(self) -> None:
        """The server said something that makes sense; too late for a line that was given up."""
        if not self.dead:
            self.failures, self.rejections, self.suspect, self.good = 0, 0, False, True

    def quiet(self, seconds: float) -> None:
        """Nobody sends anything for so long."""
        self.quiet_until = max(self.quiet_until, time.monotonic() + seconds)
