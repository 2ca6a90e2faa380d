"""Whether the guards score as they should: every answer to `/readyz` has really been scored, a moment ago at most."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from mindrail.guard import Answer, golden
from mindrail.records import Example
from mindrail.serve.shelf import Served, Shelf

#: seconds for which a result is good, and in which one must come
FRESH, PATIENCE = 1.0, 5.0

_PROBES = tuple(Example.of(text, context=context) for context, text in golden.SENTENCES[:2])

#: scores examples on the workers, in front of everybody
Ask = Callable[[Served, tuple[Example, ...]], Awaitable[list[Answer]]]


class Health:
    """Remembers what each guard said of two harmless sentences, and asks again."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._first: dict[str, list[Answer]] = {}
        self._ready, self._looked = False, -FRESH
        self._looking = asyncio.Lock()
        self.draining = False

    def warm(self) -> tuple[float, int]:
        """Score each sentence of every guard twice. (seconds of the second round, bytes that were scored.)"""
        seconds, size = 0.0, 0
        for served in self._shelf.served:
            said = [Example.of(text, context=context) for context, text in golden.SENTENCES]
            for example in said:
                served.guard(example)
            began = time.perf_counter()
            for example in said:
                served.guard(example)
            seconds += time.perf_counter() - began
            size += sum(len(example.text.encode()) for example in said)
            self._first[served.name] = [served.guard(example) for example in _PROBES]
        return seconds, size

    async def ready(self, ask: Ask) -> bool:
        """Whether every guard gives the same bits as at the start, in time, and nobody has said stop."""
        if self.draining:
            return False
        async with self._looking:  # however many ask, one of them looks
            if time.monotonic() - self._looked > FRESH:
                self._ready = await self._look(ask)
                self._looked = time.monotonic()
        return self._ready and not self.draining

    async def _look(self, ask: Ask) -> bool:
        try:
            for served in self._shelf.served:
                if await ask(served, _PROBES) != self._first[served.name]:
                    return False
        except Exception:  # whatever it is, it is not readiness
            return False
        return True
