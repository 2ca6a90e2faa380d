"""From a question to outcomes: admitted, queued in fair turns, done on the workers, given up with the client."""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.requests import Request

from mindrail.guard import Answer
from mindrail.records import Example
from mindrail.serve.audit import Audit
from mindrail.serve.desk import Desk, Job, Stopped
from mindrail.serve.gate import PER_TEXT, Lane, Receiving
from mindrail.serve.health import PATIENCE, Health
from mindrail.serve.keys import ANYONE, Key, Keys
from mindrail.serve.metrics import Metrics
from mindrail.serve.outcome import Outcome
from mindrail.serve.rates import Rates
from mindrail.serve.refusals import EXPIRED, NO_AUDIT, SHUTTING_DOWN
from mindrail.serve.settings import Settings
from mindrail.serve.shelf import Served, Shelf
from mindrail.web.problems import INTERNAL, ClientGone, Problem

_TIMEOUT = "x-request-timeout-ms"
_NOBODY = Key(ANYONE, b"", admin=True)


class Service:
    """Everything that requests share. Its methods are called on the event loop; the work is done elsewhere."""

    def __init__(
        self, shelf: Shelf, settings: Settings, workers: int, keys: Keys | None, audit: Audit | None
    ) -> None:
        self.settings, self.keys, self.audit = settings, keys, audit
        self.desk = Desk(workers)
        self.shelf = shelf.polite(self.desk.between)
        self.health = Health(self.shelf)
        seconds, size = self.health.warm()
        pace = seconds / max(1, size)
        self.quick = Lane(settings.quick_wait, workers, pace, settings.shed_status)
        self.slow = Lane(settings.slow_wait, workers, pace, settings.shed_status)
        self.receiving = Receiving(settings.receiving_bytes)
        self.rates = Rates(settings.rate)
        self.metrics = Metrics()

    def who(self, request: Request, *, admin: bool = False, parameter: str | None = None) -> Key:
        """Who asks. Raises Problem (401, 403)."""
        return self.keys.who(request, admin=admin, parameter=parameter) if self.keys else _NOBODY

    def deadline(self, request: Request) -> float:
        """Until when an answer is of use, in time.monotonic; a request may shorten it."""
        wanted = request.headers.get(_TIMEOUT, "")
        seconds = (
            int(wanted) / 1000 if wanted.isascii() and wanted.isdigit() and len(wanted) < 9 else math.inf
        )
        return time.monotonic() + min(seconds, self.settings.deadline)

    def lane(self, cost: int) -> Lane:
        """Where work of that cost waits."""
        return self.quick if cost <= self.settings.quick_bytes + PER_TEXT else self.slow

    async def judge(
        self, served: Served, examples: Sequence[Example], key: str, request: Request, deadline: float
    ) -> list[Outcome]:
        """One outcome per example. Raises Problem, and ClientGone."""
        costs = [cost_of(example) for example in examples]
        works = [partial(served.guard, example) for example in examples]
        results = await self.run(works, costs, key, deadline, request)
        return [self._outcome(served, result) for result in results]

    async def run(
        self,
        works: Sequence[Callable[[], Any]],
        costs: Sequence[int],
        key: str,
        deadline: float,
        request: Request | None = None,
    ) -> list[Any]:
        """What each work returned or raised. Raises Problem where there is no room or no time, and ClientGone.

        While it is done, `request` is watched; where its client leaves, nothing of it is begun any more.
        """
        if not works:
            return []
        total = sum(costs)
        lane = self.lane(total)
        with lane.admit(key, total):
            return await self._done(works, costs, key, deadline, lane, request)

    async def ask_first(self, served: Served, examples: tuple[Example, ...]) -> list[Answer]:
        """The health check's own: past the gate, since a full server is still a healthy one."""
        deadline = time.monotonic() + PATIENCE
        works = [partial(served.guard, example) for example in examples]
        return await self._done(works, [0] * len(works), "health", deadline, self.quick, None)

    def account(
        self,
        request: str,
        key: str,
        route: str,
        given: Sequence[tuple[Example, Answer]],
        served: Served,
        **more: Any,
    ) -> None:
        """Metrics, and the audit's lines with `more` in them.

        Raises Problem where they cannot be written: then nothing was decided.
        """
        for _, answer in given:
            self.metrics.decided(served.name, answer)
        if self.audit is None:
            return
        try:
            self.audit.write([self.audit.line(request, key, route, *pair, **more) for pair in given])
        except OSError:
            raise Problem(NO_AUDIT) from None

    def drain(self) -> None:
        """Say that this server is ending; just before it does, whoever still waits is told so."""
        self.health.draining = True
        left = max(0.0, self.settings.lame_duck + self.settings.drain - 1.0)
        with suppress(RuntimeError):  # no loop: nobody waits
            asyncio.get_running_loop().call_later(left, self.desk.close)

    async def _done(
        self,
        works: Sequence[Callable[[], Any]],
        costs: Sequence[int],
        key: str,
        deadline: float,
        lane: Lane,
        request: Request | None,
    ) -> list[Any]:
        loop = asyncio.get_running_loop()
        finished: asyncio.Future[None] = loop.create_future()
        results: list[Any] = [None] * len(works)
        left = len(works)
        gone = threading.Event()

        def take(place: int, result: Any, seconds: float) -> None:
            nonlocal left
            results[place] = result
            left -= 1
            if not left and not finished.done():
                finished.set_result(None)
            if not isinstance(result, Stopped):
                self._learn(seconds, costs[place], lane)

        def done(place: int, result: Any, seconds: float) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(take, place, result, seconds)

        slow = lane is self.slow
        self.desk.put(
            [
                Job(work, partial(done, place), key, cost, slow, deadline, gone)
                for place, (work, cost) in enumerate(zip(works, costs, strict=True))
            ]
        )
        try:
            await self._wait(finished, deadline, request)
        finally:
            gone.set()
        undone = [result for result in results if isinstance(result, Stopped)]
        if undone:
            late = any(result.late for result in undone)
            raise Problem(EXPIRED if late else SHUTTING_DOWN, headers={"retry-after": "1"})
        return results

    async def _wait(self, finished: "asyncio.Future[None]", deadline: float, request: Request | None) -> None:
        """Until it is done. Raises ClientGone, or Problem when time is up."""
        waits: set[asyncio.Future[Any]] = {finished}
        if request is not None:
            waits.add(asyncio.ensure_future(_hung_up(request)))
        try:
            await asyncio.wait(
                waits, timeout=deadline - time.monotonic() + 0.05, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for one in waits - {finished}:
                one.cancel()
        if finished.done():
            return
        if any(one.done() for one in waits):
            self.metrics.gone()
            raise ClientGone
        raise Problem(EXPIRED, headers={"retry-after": "1"})

    def _learn(self, seconds: float, cost: int, lane: Lane) -> None:
        """What a text cost; only of quick ones, since others may pass in the middle of a slow one."""
        self.metrics.scored(seconds)
        if lane is self.quick and cost:
            self.quick.learn(seconds, cost)
            self.slow.pace = self.quick.pace

    def _outcome(self, served: Served, result: Any) -> Outcome:
        if isinstance(result, Answer):
            return Outcome(result)
        self.metrics.failed(served.name)
        return Outcome(None)

    def failed(self, served: Served) -> Problem:
        """What to raise where the guard failed on a text; counted, and no retry can help."""
        self.metrics.failed(served.name)
        return Problem(INTERNAL, headers={"x-should-retry": "false"})


async def _hung_up(request: Request) -> None:
    """Return when the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def cost_of(example: Example) -> int:
    """Bytes of the judged text, and a share of what was said before, which is cut but hardly read."""
    return len(example.text.encode("utf-8", "replace")) + context_cost(example) + PER_TEXT


def context_cost(example: Example) -> int:
    """The share of what was said before."""
    return sum(len(turn.text) for turn in example.context) // 8
