"""Progress of long work: one line that moves on a terminal, plain lines elsewhere, always on stderr."""

import sys
import time
from collections.abc import Iterable

from mindrail.train.progress import Stepped

#: seconds between two lines, on a terminal and elsewhere
_PACE = (0.5, 15.0)


class Bar:
    """Tells how far a training run is and how long it will take, without filling a log."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.began = self.last = time.monotonic()
        self.first: int | None = None

    def show(self, stepped: Stepped) -> None:
        """Say so, if it is time to."""
        self.first = stepped.step - 1 if self.first is None else self.first
        now, moving = time.monotonic(), sys.stderr.isatty()
        over = stepped.step == stepped.steps
        if now - self.last < _PACE[0 if moving else 1] and not over:
            return
        self.last = now
        left = (now - self.began) / max(1, stepped.step - self.first) * (stepped.steps - stepped.step)
        losses = " ".join(f"{name} {value:.3f}" for name, value in stepped.report.items())
        line = f"{self.what}: step {stepped.step} of {stepped.steps}, {left:.0f} s left  {losses}".rstrip()
        print(f"\r\x1b[K{line}" if moving else line, end="" if moving and not over else "\n", file=sys.stderr)
        sys.stderr.flush()


def show(steps: Iterable[Stepped], what: str) -> None:
    """Exhaust a training run, telling how far it is."""
    bar = Bar(what)
    for stepped in steps:
        bar.show(stepped)


def say(line: str) -> None:
    """One line about what happens now."""
    print(line, file=sys.stderr, flush=True)
