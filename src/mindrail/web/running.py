"""Serving until somebody says stop, and then letting everything that was accepted finish."""

import asyncio
import ctypes
import logging
import select
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mindrail.web.limits import Limits
from mindrail.web.listening import address
from mindrail.web.protocol import bounded

#: Linux: a program that the kernel runs on what reaches a socket; this one lets nothing through
_SO_ATTACH_FILTER = 26
#: seconds that a connection without a request gets when no more are taken
_MOMENT = 1.0


def run(
    app: ASGIApp,
    listener: socket.socket,
    *,
    limits: Limits | None = None,
    on_drain: Callable[[], None] = lambda: None,
    lame_duck: float = 1.0,
    drain: float = 15.0,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve `app` on `listener` until SIGTERM or SIGINT, then drain and return.

    Draining: `on_drain` is called at once (readiness turns to no); for `lame_duck` seconds requests are still
    taken, each answer ending its connection, so that whoever sends them learns to go elsewhere; then no new
    connection is made, those that were made are served, and after `drain` seconds at the latest it is over.
    `announce` gets the address when requests can come.
    """
    limits = limits or Limits()
    for name in (
        "uvicorn.error",
        "uvicorn.access",
        "uvicorn.asgi",
    ):  # exceptions they print can quote a request
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    server = _Server(app, listener, limits, on_drain, lame_duck, drain, announce or _to_stderr)
    server.run(sockets=[listener])


def _to_stderr(url: str) -> None:
    print(f"listening on {url}", file=sys.stderr, flush=True)  # noqa: T201, what a server says when it starts


class _Server(uvicorn.Server):
    """uvicorn, which closes its listener at once and resets whoever waits there, taught to leave in order."""

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        limits: Limits,
        on_drain: Callable[[], None],
        lame_duck: float,
        drain: float,
        announce: Callable[[str], None],
    ) -> None:
        self._draining = False
        settings: dict[str, Any] = {
            "http": bounded(limits),
            "ws": "none",
            "lifespan": "off",
            "log_config": None,
            "access_log": False,
            "proxy_headers": False,
            "server_header": False,
            "timeout_keep_alive": limits.idle_seconds,
            "timeout_graceful_shutdown": drain,
        }
        super().__init__(uvicorn.Config(self._parting(app), **settings))
        self._listener, self._announce = listener, announce
        self._on_drain, self._lame_duck = on_drain, lame_duck

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Asked once: drain, and end with exit code 0. Asked twice: now."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._announce(address(self._listener))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave in order; see `run`."""
        self._draining = True
        self._on_drain()
        await self._pause(self._lame_duck)
        await self._take_the_last()
        await self._hear_out()
        await super().shutdown(sockets)

    async def _pause(self, seconds: float) -> None:
        for _ in range(int(seconds / 0.05)):
            if self.force_exit:
                return
            await asyncio.sleep(0.05)

    async def _take_the_last(self) -> None:
        """No handshake succeeds from now on; whoever is through it and waits in the kernel is taken."""
        _deafen(self._listener)
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # nobody waits
                return
            connection.setblocking(False)
            await loop.connect_accepted_socket(self._protocol, connection)

    async def _hear_out(self) -> None:
        """Whoever has connected but not yet spoken, or whose request lies unread, gets a moment to be heard."""
        for _ in range(int(_MOMENT / 0.01)):
            if self.force_exit or not _speaking(self.server_state.connections):
                return
            await asyncio.sleep(0.01)

    def _protocol(self) -> asyncio.Protocol:
        made: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = made(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    def _parting(self, app: ASGIApp) -> ASGIApp:
        """While draining every answer is the last on its connection."""

        async def parting(scope: Scope, receive: Receive, send: Send) -> None:
            async def last(message: Message) -> None:
                if self._draining and message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
                await send(message)

            await app(scope, receive, last)

        return parting


def _speaking(connections: Any) -> bool:
    """Whether a connection is new, in the middle of its headers, or has bytes that nobody has read."""
    waiting = [c for c in connections if c.cycle is None or c.cycle.response_complete]
    poll = select.poll()
    for connection in waiting:
        if connection.cycle is None or connection.phase == "headers":
            return True
        poll.register(connection.transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(waiting) and bool(poll.poll(0))


def _deafen(listener: socket.socket) -> None:
    """Let no packet reach the listening socket any more (Linux; elsewhere a moment's gap remains).

    A classic BPF program of one instruction, "return 0 bytes". Handshakes that were complete before stay in the
    accept queue; closing the socket at once would reset them with their requests.
    """

    class Instruction(ctypes.Structure):
        _fields_ = (
            ("code", ctypes.c_ushort),
            ("jt", ctypes.c_ubyte),
            ("jf", ctypes.c_ubyte),
            ("k", ctypes.c_uint),
        )

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(Instruction)))

    nothing = Instruction(0x06, 0, 0, 0)  # BPF_RET | BPF_K
    program = Program(1, ctypes.pointer(nothing))
    if sys.platform == "linux":
        try:
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(program))
        except OSError:
            return
