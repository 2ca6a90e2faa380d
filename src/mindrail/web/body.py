"""A request's body, counted as it comes."""

import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from mindrail.web.limits import Limits
from mindrail.web.problems import BAD_HTTP, BODY_TOO_LARGE, UNSUPPORTED, ClientGone, Problem
from mindrail.web.strict_json import parse

_JSON = re.compile(r'application/json\s*(;\s*charset\s*=\s*("utf-8"|utf-8)\s*)?', re.IGNORECASE)


def _free(_size: int) -> None:
    """Nothing to reserve."""


async def read_json(request: Request, limits: Limits, reserve: Callable[[int], None] = _free) -> Any:
    """The body as JSON.

    `reserve` is told how many bytes are to come before they are held, at once where their number is declared;
    it may raise Problem. Raises Problem for other content types, charsets and encodings (nothing is ever
    unpacked), for what is too large or no strict JSON; ClientGone where the client left.
    """
    kinds = request.headers.getlist("content-type")
    coded = request.headers.get("content-encoding", "identity").strip().lower()
    if len(kinds) != 1 or not _JSON.fullmatch(kinds[0].strip()) or coded not in ("", "identity"):
        raise Problem(UNSUPPORTED)
    return parse(await read(request, limits, reserve))


async def read(request: Request, limits: Limits, reserve: Callable[[int], None] = _free) -> bytes:
    """The body as bytes, at most `limits.body_bytes`. See read_json."""
    coming = declared(request)
    if coming > limits.body_bytes:
        raise _too_large(limits)
    reserve(coming)
    held, chunks, more = 0, [], True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        more = message.get("more_body", False)
        if not coming:
            reserve(len(chunk))
        held += len(chunk)
        if held > limits.body_bytes:
            raise _too_large(limits)
        chunks.append(chunk)
    return b"".join(chunks)


def declared(request: Request) -> int:
    """The content length, 0 where there is none. Raises Problem where it is no number."""
    length = request.headers.get("content-length", "0").strip()
    if not (length.isascii() and length.isdigit() and len(length) < 20):
        raise Problem(BAD_HTTP)
    return int(length)


def _too_large(limits: Limits) -> Problem:
    """The rest is not read: the connection ends with this answer."""
    return Problem(BODY_TOO_LARGE, most=limits.body_bytes, headers={"connection": "close"})
