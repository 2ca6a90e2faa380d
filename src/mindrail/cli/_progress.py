"""Progress of long work: one line that moves on a terminal, plain lines elsewhere, always on stderr."""

import sys
import time
from collections.abc import Iterable

from mindrail.train.progress import Stepped


def show(steps: Iterable[Stepped], what: str) -> None:
    """Exhaust a training run and tell how far it is and how long it will take."""
    began = time.monotonic()
    first: int | None = None
    last = began
    for stepped in steps:
        first = stepped.step - 1 if first is None else first
        now = time.monotonic()
        if now - last < (0.5 if sys.stderr.isatty() else 15.0) and stepped.step != stepped.steps:
            continue
        last = now
        left = (now - began) / (stepped.step - first) * (stepped.steps - stepped.step)
        losses = " ".join(f"{name} {value:.3f}" for name, value in stepped.report.items())
        line = f"{what}: step {stepped.step} of {stepped.steps}, {left:.0f} s left  {losses}"
        end = "\n" if not sys.stderr.isatty() or stepped.step == stepped.steps else ""
        print(f"\r\x1b[K{line}" if sys.stderr.isatty() else line, end=end, file=sys.stderr, flush=True)


def say(line: str) -> None:
    """One line about what happens now."""
    print(line, file=sys.stderr, flush=True)
