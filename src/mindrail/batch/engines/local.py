"""Processes of this machine, one core each."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from pathlib import Path

from mindrail import machine
from mindrail.batch.answers import Answered, answer
from mindrail.batch.engines._base import WorkerLost
from mindrail.batch.rows import Said
from mindrail.errors import BrokenGuard, UsageError
from mindrail.guard import Guard
from mindrail.guard.verify import verify

_guard: Guard | None = None


class Local:
    """A thread for each worker hands it one piece of work after the other, and starts another when it dies."""

    def __init__(self, guard: Path, workers: int) -> None:
        self._guard, self._id = guard, verify(guard)[0].id
        self._own, self._processes = threading.local(), set[ProcessPoolExecutor]()
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, asked: Sequence[Said]) -> Future[list[Answered]]:
        """Answered by the next worker that is free."""
        return self._threads.submit(self._ask, asked)

    def close(self) -> None:
        """Drop what nobody has begun, and end the workers."""
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.shutdown()

    def _ask(self, asked: Sequence[Said]) -> list[Answered]:
        try:
            return self._worker().submit(_answer, self._id, asked).result()
        except BrokenProcessPool:
            self._processes.discard(self._own.__dict__.pop("worker"))
            raise WorkerLost from None

    def _worker(self) -> ProcessPoolExecutor:
        """This thread's own."""
        if not hasattr(self._own, "worker"):
            self._own.worker = ProcessPoolExecutor(1, get_context("spawn"), _begin, (self._guard,))
            self._processes.add(self._own.worker)
        worker: ProcessPoolExecutor = self._own.worker
        return worker


@contextmanager
def start(guard: Path, workers: int | None, address: str | None) -> Iterator[Local]:
    """Workers with that guard. Raises UsageError for an address."""
    if address is not None:
        raise UsageError("found an address, but the engine 'local' has none. Do: choose --engine ray")
    engine = Local(guard, workers or machine.cores())
    try:
        yield engine
    finally:
        engine.close()


def _begin(guard: Path) -> None:
    """In the worker: open the guard, and end with the process that started it, however that ends."""
    global _guard
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever is interrupted by hand ends us
    parent = parent_process()
    assert parent is not None
    threading.Thread(target=_leave_with, args=(parent.sentinel,), daemon=True).start()
    _guard = Guard.load(guard, threads=1)


def _leave_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _answer(guard: str, asked: Sequence[Said]) -> list[Answered]:
    """Raises BrokenGuard in a worker that was started after the guard had been exchanged for another."""
    assert _guard is not None
    if _guard.id != guard:
        raise BrokenGuard(
            f"it was {guard} when the scan began, and is {_guard.id} now. Do: scan with one guard"
        )
    return answer(_guard, asked)
