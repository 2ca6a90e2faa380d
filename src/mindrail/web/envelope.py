"""Around every answer: a request id, security headers, and no exception that gets out."""

import logging
import re
import secrets
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mindrail.web.answers import problem_answer
from mindrail.web.problems import INTERNAL, METHOD_NOT_ALLOWED, NOT_FOUND, ClientGone, Problem

_LOG = logging.getLogger(__name__)

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
#: pages load their own files and nothing else; no inline script, no frame, no referrer
HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_NO_STORE = (b"cache-control", b"no-store")

# A client's own id is taken where it is a UUID: anything freer could hold words, and ids are logged
_UUID = re.compile(rb"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


class Envelope:
    """The outermost part of an app. Puts the request's id in `scope["state"]["id"]`.

    Exceptions other than Problem are logged by type and place alone, since their texts may quote a person.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _id(scope)
        scope.setdefault("state", {})["id"] = request_id
        scope["app"] = (
            self  # asks Starlette's routes to raise what is wrong instead of answering in plain text
        )
        started = False

        async def sealed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = list(message.get("headers", ()))
                if all(name != _NO_STORE[0] for name, _ in headers):
                    headers.append(_NO_STORE)
                message["headers"] = [*headers, *HEADERS, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, sealed)
        except ClientGone:
            return
        except Exception as error:
            if started:
                raise _Broken(_told(error)) from None
            await problem_answer(_problem(error, request_id))(scope, receive, sealed)


class _Broken(Exception):
    """An answer that failed half-way; the server closes the connection."""


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """For `Router(default=…)`."""
    raise Problem(NOT_FOUND)


def _id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode() if _UUID.fullmatch(given) else secrets.token_hex(16)


def _problem(error: Exception, request_id: str) -> Problem:
    """The refusal that an exception stands for."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException) and error.status_code in (404, 405):
        kind = NOT_FOUND if error.status_code == 404 else METHOD_NOT_ALLOWED
        return Problem(kind, headers=error.headers)
    _LOG.error("request %s failed: %s", request_id, _told(error))
    return Problem(INTERNAL)


def _told(error: BaseException) -> str:
    """Type and place of an exception, without its text."""
    place: Any = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    at = f" at {place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place is not None else ""
    return f"{type(error).__qualname__}{at}"
