"""Worker threads, one text at a time each, in fair turns; a long text lets short ones pass between its windows.

Nothing is batched, so that no arithmetic ever mixes two texts, and a text that makes the model fail fails alone.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mindrail.records import Example
from mindrail.runtime.local import LocalScorer, Score, Spread
from mindrail.serve.fair import FairQueue
from mindrail.text.lexicon import Lexicon

#: cost that a key may spend in a turn, in bytes of text: about one window
_QUANTUM = 512


class Stopped(Exception):
    """Work that nobody waits for any more: `late` (its deadline has passed) or not (the client has gone)."""

    def __init__(self, late: bool) -> None:
        super().__init__("late" if late else "gone")
        self.late = late


@dataclass(eq=False)
class Job:
    """One piece of work. `done` is called on the worker with its result or exception, and how long it took.

    `deadline` is a time of `time.monotonic`.
    """

    work: Callable[[], Any]
    done: Callable[[Any, float], None]
    key: str
    cost: int
    slow: bool
    deadline: float
    gone: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raise Stopped where the result is of no use any more."""
        if self.gone.is_set():
            raise Stopped(late=False)
        if time.monotonic() >= self.deadline:
            raise Stopped(late=True)


class Desk:
    """Takes jobs from the event loop, does them on `workers` threads."""

    def __init__(self, workers: int) -> None:
        self._quick: FairQueue[Job] = FairQueue(_QUANTUM)
        self._slow: FairQueue[Job] = FairQueue(_QUANTUM)
        self._change = threading.Condition()
        self._slow_next = self._closed = False
        self._here = threading.local()
        self._threads = [
            threading.Thread(target=self._work, name=f"mindrail-{n}", daemon=True) for n in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, jobs: Sequence[Job]) -> None:
        """Line up. Jobs of a closed desk are given back as Stopped."""
        with self._change:
            if not self._closed:
                for job in jobs:
                    (self._slow if job.slow else self._quick).push(job.key, job.cost, job)
                self._change.notify(len(jobs))
                return
        for job in jobs:
            job.done(Stopped(late=False), 0.0)

    @property
    def waiting(self) -> int:
        """Jobs that nobody has begun."""
        return len(self._quick) + len(self._slow)

    def close(self) -> None:
        """Begin nothing more; what waits is given back as Stopped. Jobs that run go on."""
        left = []
        with self._change:
            self._closed = True
            while job := self._quick.pop() or self._slow.pop():
                left.append(job)
            self._change.notify_all()
        for job in left:
            job.done(Stopped(late=False), 0.0)

    def between(self) -> None:
        """Called on a worker between two windows of a text: stop where it is of no use, let a quick text pass.

        Raises Stopped.
        """
        job: Job | None = getattr(self._here, "job", None)
        if job is None:
            return
        job.check()
        if not job.slow:
            return
        with self._change:
            quick = self._quick.pop()
        if quick is not None:
            self._do(quick)
            self._here.job = job

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._do(job)

    def _next(self) -> Job | None:
        """The next job; None when the desk is closed. Quick and slow in turns, where both wait."""
        with self._change:
            while not self._closed:
                first, second = (self._slow, self._quick) if self._slow_next else (self._quick, self._slow)
                job = first.pop() or second.pop()
                if job is not None:
                    self._slow_next = not job.slow
                    return job
                self._change.wait()
            return None

    def _do(self, job: Job) -> None:
        """Do one job; whatever it raises is its result, and its alone."""
        self._here.job = job
        began = time.perf_counter()
        try:
            job.check()
            result: Any = job.work()
        except Exception as error:
            result = error
        finally:
            self._here.job = None
        job.done(result, time.perf_counter() - began)


class Polite(LocalScorer):
    """The same scorer, bit for bit, which calls `between` after each window of a text but the last."""

    def __init__(self, scorer: LocalScorer, between: Callable[[], None]) -> None:
        super().__init__(scorer.axis, 1)
        self._scorer, self._between = scorer, between

    @property
    def lexicon(self) -> Lexicon:
        """The words the scorer knows."""
        return self._scorer.lexicon

    def one(self, example: Example, spread: Spread) -> Score:
        """Score one text on this thread."""
        return self._scorer.one(example, self._each)

    def _each(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterable[Any]:
        for place, item in enumerate(items):
            if place:
                self._between()
            yield function(item)
