"""Replies that are checked while they are written: `POST /v1/streams`, then the chunks, then the end.

`{"messages": […]}` opens one and answers `{"stream": ID}`. Each `{"chunk": …}` to `/v1/streams/ID` answers what
may be handed on now (`released`), and the answer that stopped the reply, if one did; `{"end": true}` (with a last
chunk or without) answers the guard's decision on the whole. What comes out is the same however the reply was cut.
The text of an open stream is held in memory, and nowhere else; it is forgotten at the end, or after `IDLE` seconds
without a chunk.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mindrail.errors import BadConfig, UsageError
from mindrail.guard.messages import example_of
from mindrail.guard.stream import CHECKS, Checks, Final, ReplyStream, Step
from mindrail.records import Example
from mindrail.serve.exchange import fields, messages_of, model_of
from mindrail.serve.handler import fits
from mindrail.serve.refusals import (
    BUSY_STREAM,
    TEXT_TOO_LARGE,
    TOO_MANY_STREAMS,
    UNKNOWN_STREAM,
    WRONG_INPUT,
)
from mindrail.serve.service import Service
from mindrail.serve.shelf import Served
from mindrail.web.answers import Json
from mindrail.web.problems import Problem

PATH, PATH_ONE = "/v1/streams", "/v1/streams/{stream}"
#: streams that one key may have open; seconds without a chunk after which one is forgotten
MOST, IDLE = 256, 120.0


@dataclass(eq=False)
class _Open:
    key: str
    served: Served
    reply: ReplyStream
    before: list[Any]
    used: float
    text: list[str] = field(default_factory=list)
    size: int = 0
    busy: bool = False
    stopped: bool = False


class Streams:
    """The open ones. Each belongs to the key that opened it."""

    def __init__(self, service: Service, clock: Callable[[], float] = time.monotonic) -> None:
        self._service, self._clock = service, clock
        self._open: dict[str, _Open] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def begin(self, request: Request, key: str, body: Any) -> Response:
        """Open one. Raises Problem."""
        given = fields(body)
        served = self._service.shelf.find(model_of(given))
        before = messages_of(given.get("messages", []))
        fits(_example(before, ""), self._service.settings.text_bytes)
        now = self._clock()
        self._open = {name: one for name, one in self._open.items() if one.busy or now - one.used < IDLE}
        if sum(one.key == key for one in self._open.values()) >= MOST:
            raise Problem(TOO_MANY_STREAMS, most=MOST)
        name = secrets.token_hex(16)
        reply = ReplyStream(served.guard, before, _checks(given.get("checks")))
        self._open[name] = _Open(key, served, reply, before, now)
        return Json({"stream": name, "model": served.name}, 201)

    async def go_on(self, request: Request, key: str, body: Any) -> Response:
        """A chunk, or the end. Raises Problem; a stream on which something failed hands nothing on any more."""
        name, given = request.path_params["stream"], fields(body)
        chunk, end = given.get("chunk", ""), given.get("end", False)
        if not isinstance(chunk, str) or not isinstance(end, bool):
            raise Problem(WRONG_INPUT, param="chunk")
        one = self._open.get(name)
        if one is None or one.key != key:
            raise Problem(UNKNOWN_STREAM)
        if one.busy:
            raise Problem(BUSY_STREAM)
        one.size += len(chunk.encode("utf-8", "replace"))
        if one.size > self._service.settings.text_bytes:
            del self._open[name]
            raise Problem(TEXT_TOO_LARGE, param="chunk", most=self._service.settings.text_bytes)
        one.busy = True
        try:
            found = await self._found(one, chunk, end, request, key)
        except BaseException:
            self._open.pop(name, None)  # nobody knows what was read of it
            raise
        one.busy, one.used = False, self._clock()
        example = _example(one.before, "".join(one.text))
        if found.stopped is not None and not one.stopped:
            one.stopped = True
            stop = [(example, found.stopped)]
            self._service.account(request.state.id, key, PATH, stop, one.served, part=True)
        if not isinstance(found, Final):
            return Json(_told(found, one))
        del self._open[name]
        self._service.account(request.state.id, key, PATH, [(example, found.answer)], one.served)
        return Json({"decision": found.decision, "answer": found.answer.to_dict(), **_told(found, one)})

    async def _found(self, one: _Open, chunk: str, end: bool, request: Request, key: str) -> Step | Final:
        """The chunk read on a worker."""
        one.text.append(chunk)
        work = partial(_read, one.reply, chunk, end)
        cost = CHECKS.span + len(chunk) + (one.size if end else 0)
        deadline = self._service.deadline(request)
        (found,) = await self._service.run([work], [cost], key, deadline, request)
        if not isinstance(found, Step | Final):
            raise self._service.failed(one.served)
        return found


def _read(reply: ReplyStream, chunk: str, end: bool) -> Step | Final:
    step = reply.feed(chunk)
    if not end:
        return step
    final = reply.finish()
    return final._replace(released=step.released + final.released)


def _told(found: Step | Final, one: _Open) -> dict[str, Any]:
    stopped = found.stopped.to_dict() if found.stopped else None
    return {"model": one.served.name, "released": found.released, "stopped": stopped}


def _example(before: list[Any], text: str) -> Example:
    """The reply in its conversation. Raises Problem."""
    try:
        return example_of([*before, {"role": "assistant", "content": text}])
    except UsageError:
        raise Problem(WRONG_INPUT, param="messages") from None


def _checks(value: Any) -> Checks:
    """Where to check; only what to stop on may be chosen. Raises Problem."""
    if value is None:
        return CHECKS
    stops = value.get("stops") if isinstance(value, dict) and set(value) == {"stops"} else None
    if not isinstance(stops, list) or not all(isinstance(one, str) for one in stops):
        raise Problem(WRONG_INPUT, param="checks")
    try:
        return Checks(stops=tuple(one for one in ("review", "block") if one in stops))
    except BadConfig:
        raise Problem(WRONG_INPUT, param="checks") from None
