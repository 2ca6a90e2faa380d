"""Progress of long work: one line that moves on a terminal, plain lines elsewhere, always on stderr."""

import sys
import time
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from mindrail.train import environment
from mindrail.train.progress import Stepped

_Told = TypeVar("_Told")
_Done = TypeVar("_Done")

#: seconds between two lines, on a terminal and elsewhere
_PACE = (0.5, 15.0)


class Pace:
    """When it is time to say something: twice a second on a terminal, four times a minute elsewhere."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()

    def say(self, line: str, *, over: bool) -> None:
        """Say so, if it is time to; what is `over` is always said."""
        now, moving = time.monotonic(), sys.stderr.isatty()
        if now - self.last < _PACE[0 if moving else 1] and not over:
            return
        self.last = now
        print(f"\r\x1b[K{line}" if moving else line, end="" if moving and not over else "\n", file=sys.stderr)
        sys.stderr.flush()


class Bar:
    """Tells how far a training run is and how long it will take, without filling a log."""

    def __init__(self, what: str) -> None:
        self.what, self.pace = what, Pace()
        self.first: int | None = None

    def show(self, stepped: Stepped) -> None:
        """Say so, if it is time to."""
        self.first = stepped.step - 1 if self.first is None else self.first
        spent = time.monotonic() - self.pace.began
        left = spent / max(1, stepped.step - self.first) * (stepped.steps - stepped.step)
        losses = " ".join(f"{name} {value:.3f}" for name, value in stepped.report.items())
        line = f"{self.what}: step {stepped.step} of {stepped.steps}, {left:.0f} s left  {losses}".rstrip()
        self.pace.say(line, over=stepped.step == stepped.steps)


def show(steps: Iterable[Stepped], what: str) -> None:
    """Exhaust a training run, telling how far it is; of several processes launched together one speaks."""
    bar = Bar(what)
    for stepped in steps:
        if environment.main():
            bar.show(stepped)


def say(line: str) -> None:
    """One line about what happens now."""
    print(line, file=sys.stderr, flush=True)


def exhaust(work: Generator[_Told, None, _Done], tell: Callable[[_Told], None]) -> _Done:
    """What a recipe returns in the end, with everything told that happens before."""
    while True:
        try:
            tell(next(work))
        except StopIteration as end:
            done: _Done = end.value
            return done
