"""A client for `serving.py`, in a process of its own: open loop, so that a slow server cannot slow the clock.

Reads one JSON plan on standard input: `{"url", "bodies", "flags", "rate", "seconds", "connections", "stop"}`.
With a `rate` (requests a second) the moments of sending are drawn before the start (Poisson), and latency counts from
the moment that was drawn; without one, each connection sends its next request when it has its answer. `flags[i]` is
what the server must say of body i (None: not looked at). Prints one JSON result. Reading the answer of somebody else
would show as `wrong`. Not a script to run by hand.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter, deque
from contextlib import suppress
from typing import Any

import uvloop


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request on its way."""

    def __init__(self) -> None:
        self.buffer, self.answer = b"", None
        self.closed = False
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        length = int(lower.split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(rest) >= length and self.answer is not None and not self.answer.done():
            self.closed = self.closed or b"connection: close" in lower
            self.buffer = b""
            self.answer.set_result((int(head[9:12]), rest, b"retry-after:" in lower))

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if self.answer is not None and not self.answer.done():
            self.answer.set_result((0, b"", False))

    async def ask(self, raw: bytes) -> tuple[int, bytes, bool]:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(raw)
        return await self.answer


class Client:
    def __init__(self, plan: dict[str, Any]) -> None:
        host = plan["url"].removeprefix("http://")
        self.host, _, port = host.partition(":")
        self.port = int(port)
        path = plan.get("path", "/v1/moderations")
        head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: "
        self.requests = [
            head.encode() + b"%d\r\n\r\n" % len(body.encode()) + body.encode() for body in plan["bodies"]
        ]
        self.flags, self.plan = plan["flags"], plan
        self.idle: deque[Connection] = deque()
        self.open = self.lag = 0
        self.statuses: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.taken: list[float] = []
        self.refused: list[float] = []
        self.wrong = self.unhinted = 0

    async def connection(self) -> Connection | None:
        while self.idle:
            found = self.idle.popleft()
            if not found.closed and not found.transport.is_closing():
                return found
        try:
            loop = asyncio.get_running_loop()
            _, made = await loop.create_connection(Connection, self.host, self.port)
        except OSError:
            return None
        return made

    async def send(self, place: int, due: float) -> None:
        connection = await self.connection()
        if connection is None:
            self.statuses["not connected"] += 1
            return
        place %= len(self.requests)
        status, body, hinted = await connection.ask(self.requests[place])
        seconds = time.perf_counter() - due
        self.statuses["lost" if status == 0 else str(status)] += 1
        if status == 200:
            self.taken.append(seconds)
            expected = self.flags[place]
            if expected is not None and (b'"flagged":true' in body) != expected:
                self.wrong += 1
        elif status:
            self.refused.append(seconds)
            self.unhinted += status == 503 and not hinted
            self.codes[json.loads(body)["error"]["code"]] += 1
        if not connection.closed:
            self.idle.append(connection)

    async def open_loop(self) -> None:
        rate, seconds = self.plan["rate"], self.plan["seconds"]
        chance = random.Random(0)
        moments, now = [], 0.0
        while now < seconds:
            now += chance.expovariate(rate)
            moments.append(now)
        began, tasks, lags = time.perf_counter(), set(), []
        for place, moment in enumerate(moments):
            wait = began + moment - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            lags.append(time.perf_counter() - began - moment)
            task = asyncio.ensure_future(self.send(place, began + moment))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.wait(tasks, timeout=20) if tasks else None
        self.statuses["unanswered"] += len(tasks)
        self.lag = sorted(lags)[int(0.99 * len(lags))]

    async def closed_loop(self) -> None:
        until, place = time.perf_counter() + self.plan["seconds"], 0

        async def one() -> None:
            nonlocal place
            while time.perf_counter() < until and place < self.plan.get("requests", 10**9):
                place += 1
                await self.send(place, time.perf_counter())

        await asyncio.gather(*(one() for _ in range(self.plan["connections"])))

    async def run(self) -> dict[str, Any]:
        began = time.perf_counter()
        await (self.open_loop() if self.plan.get("rate") else self.closed_loop())
        return {
            "seconds": time.perf_counter() - began,
            "statuses": dict(self.statuses),
            "codes": dict(self.codes),
            "taken": self.taken,
            "refused": self.refused,
            "wrong": self.wrong,
            "unhinted": self.unhinted,
            "lag": self.lag,
        }


async def main() -> None:
    with suppress(PermissionError):  # a late clock would be the client's fault, not the server's
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    print(json.dumps(await Client(json.loads(sys.stdin.read())).run()))


if __name__ == "__main__":
    uvloop.run(main())
