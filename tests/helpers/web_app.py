"""A small app behind the server that both apps use: `python web_app.py [seconds a request takes]`."""

import asyncio
import sys
import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from mindrail.web.answers import Json
from mindrail.web.body import read_json
from mindrail.web.envelope import Envelope, not_found
from mindrail.web.limits import Limits
from mindrail.web.listening import listen
from mindrail.web.running import run

LIMITS = Limits(header_seconds=0.5, body_seconds=0.5, idle_seconds=1.0, connections=200, body_bytes=100_000)


def main(takes: float) -> None:
    async def echo(request: Request) -> Response:
        value = await read_json(request, LIMITS)
        await asyncio.sleep(takes)
        return Json(value)

    async def block(request: Request) -> Response:
        time.sleep(0.5)  # what nobody should do: while it lasts, connections wait in the kernel
        return Json({})

    async def early(request: Request) -> Response:
        return Json("without reading")

    routes = [
        Route("/echo", echo, methods=["POST"]),
        Route("/early", early, methods=["POST"]),
        Route("/block", block),
    ]
    app = Envelope(Router(routes, default=not_found, redirect_slashes=False))
    run(
        app,
        listen("127.0.0.1", 0),
        limits=LIMITS,
        on_drain=lambda: print("draining", flush=True),
        lame_duck=0.2,
        announce=lambda url: print(url, flush=True),
    )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0)
