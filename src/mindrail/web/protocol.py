"""uvicorn's HTTP protocol with deadlines and caps, which it has none of (uvicorn#157; vLLM's CVE-2025-48956).

A connection is cut off when headers or a body do not arrive in time, when headers are too large or too many,
when it sends a second request before the first is answered, and when it will not take its answer.
"""

import asyncio
from collections import Counter
from typing import Any, ClassVar, Literal

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mindrail.web.limits import Limits
from mindrail.web.listening import is_loopback
from mindrail.web.problems import (
    BAD_HTTP,
    HEADERS_TOO_LARGE,
    TOO_MANY_CONNECTIONS,
    TOO_SLOW,
    Kind,
    Problem,
)

#: seconds in which a connection that is being closed must have taken what was written
_PARTING = 5.0


class _Refused(Exception):
    """Stops the parser from within one of its callbacks."""


def bounded(limits: Limits) -> type[asyncio.Protocol]:
    """The protocol class for uvicorn's setting `http`. Each class counts the connections of its own server."""
    return type("Bounded", (_Bounded,), {"limits": limits, "peers": Counter()})


class _Bounded(HttpToolsProtocol):
    limits: ClassVar[Limits]
    peers: ClassVar[Counter[str]]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # idle: nothing of a request has come; headers, body: that part is coming
        self.phase: Literal["idle", "headers", "body"] = "idle"
        self._deadline: asyncio.TimerHandle | None = None
        self._received = self._lines = self._parsed = (
            0  # of the headers: raw bytes; lines and bytes understood
        )
        self._why = BAD_HTTP
        self._deaf = False
        self._peer = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        self._peer = self.client[0] if self.client and not is_loopback(self.client[0]) else ""
        self.peers[self._peer] += 1
        crowded = self._peer and self.peers[self._peer] > self.limits.peer_connections
        if crowded or len(self.connections) > self.limits.connections:
            self._refuse(TOO_MANY_CONNECTIONS)
        else:
            self._within(self.limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything that would keep this object alive."""
        self._within(None)
        self._unset_keepalive_if_required()
        self.peers[self._peer] -= 1
        if not self.peers[self._peer]:
            del self.peers[self._peer]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and cut off headers that have no end."""
        if self._deaf:
            return
        if self.phase == "idle" and (self.cycle is None or self.cycle.response_complete):
            self._begin()
        if self.phase == "headers":
            if self._received > self.limits.header_bytes:
                self._refuse(HEADERS_TOO_LARGE)
                return
            self._received += len(data)
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Called where the parser gave up: on broken HTTP, or because one of the callbacks below refused."""
        if not self._deaf:
            self._refuse(self._why)

    def on_message_begin(self) -> None:
        """A request begins; one that does not wait for the answer to the one before it is not taken."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False  # the client learns from the end of the connection
            self._deaf = True
            self._within(None)
            raise _Refused
        super().on_message_begin()
        self._lines = self._parsed = 0
        if self.phase != "headers":
            self._begin()

    def on_url(self, url: bytes) -> None:
        """A part of the request target."""
        self._count(0, len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One line of the headers."""
        self._count(1, len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """From here on the body must come. Nobody speaks another protocol here."""
        if self.parser.should_upgrade():
            raise _Refused
        self.phase = "body"
        self._within(self.limits.body_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of the request is here; it may have been answered before."""
        self.phase = "idle"
        self._within(self.limits.idle_seconds if self.cycle.response_complete else None)
        super().on_message_complete()

    def _begin(self) -> None:
        """The first byte after a pause: from here on headers must come."""
        self.phase, self._received = "headers", 0
        self._within(self.limits.header_seconds)

    def _count(self, lines: int, size: int) -> None:
        self._lines += lines
        self._parsed += size
        if self._lines > self.limits.header_lines or self._parsed > self.limits.header_bytes:
            self._why = HEADERS_TOO_LARGE
            raise _Refused

    def _within(self, seconds: float | None) -> None:
        """Set the deadline of what comes next, or none."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        """Time is up: an answer where part of a request is here that has none yet, else a quiet end."""
        self._deadline = None
        if self.phase == "headers" or (self.phase == "body" and not self.cycle.response_started):
            self._refuse(TOO_SLOW)
        else:
            self._close()

    def _refuse(self, kind: Kind) -> None:
        """Answer without the app, and close. Where the app has begun to answer, only close."""
        self._deaf = True
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            body = orjson.dumps(Problem(kind).to_dict())
            head = b"content-type: application/json\r\ncache-control: no-store\r\nconnection: close\r\n"
            length = b"content-length: %d\r\n\r\n" % len(body)
            self.transport.write(STATUS_LINE[kind.status] + head + length + body)
        self._close()

    def _close(self) -> None:
        """Close; the app learns that nobody waits, and a client that does not take its answer is dropped."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._within(None)
        self.transport.close()
        self.loop.call_later(_PARTING, self.transport.abort)
