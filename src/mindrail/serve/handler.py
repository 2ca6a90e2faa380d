"""One route of a dialect at work: from a request to its answer, refusals in the dialect's own words."""

import time
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mindrail.records import Example
from mindrail.serve.exchange import Exchange
from mindrail.serve.refusals import TEXT_TOO_LARGE
from mindrail.serve.service import Service
from mindrail.web.answers import Json
from mindrail.web.body import declared, read_json
from mindrail.web.problems import INTERNAL, ClientGone, Problem

#: (request, who asks, body) to a response
Answering = Callable[[Request, str, Any], Awaitable[Response]]

#: NFKC makes a character into 18 at most
_MOST_GROWTH = 18


class Handler:
    """`respond` is a Starlette endpoint."""

    def __init__(self, service: Service, exchange: Exchange) -> None:
        self.service, self.exchange = service, exchange

    async def respond(self, request: Request) -> Response:
        """The answer, or the refusal in the dialect's words."""
        exchange = self.exchange
        return await guarded(
            self.service, request, exchange.path, self._answer, exchange.problem, exchange.parameter
        )

    async def _answer(self, request: Request, key: str, body: Any) -> Response:
        service, exchange = self.service, self.exchange
        question = exchange.read(body, request)
        served = service.shelf.find(question.model)
        for example in question.examples:
            fits(example, service.settings.text_bytes)
        outcomes = await service.judge(served, question.examples, key, request, service.deadline(request))
        failed = [outcome for outcome in outcomes if outcome.answer is None]
        if failed and (len(failed) == len(outcomes) or not exchange.says_failure):
            raise Problem(INTERNAL, headers={"x-should-retry": "false"})
        answered: Any = exchange.answer(question, outcomes, served)
        pairs = zip(question.examples, outcomes, strict=True)
        given = [(example, outcome.answer) for example, outcome in pairs if outcome.answer is not None]
        service.account(request.state.id, key, exchange.path, given, served)
        return Json(answered, headers={"x-mindrail-guard": served.guard.id})


async def guarded(
    service: Service,
    request: Request,
    route: str,
    answer: Answering,
    said: Callable[[Problem], Any] = Problem.to_dict,
    parameter: str | None = None,
) -> Response:
    """What every route that judges does before and after: key, rate, room, body; counting; saying refusals."""
    began = time.perf_counter()
    status = 499  # the client has gone, unless an answer is made
    try:
        key = service.who(request, parameter=parameter).name
        rate = service.rates.take(key)
        response = await answer(request, key, await _body(service, request, key))
        response.headers.update(rate)
        status = response.status_code
    except Problem as problem:
        status = problem.kind.status
        response = Json(said(problem), status, problem.headers)
    except ClientGone:
        raise
    except Exception:
        status = 500
        raise
    finally:
        service.metrics.request(route, status, time.perf_counter() - began)
    return response


async def _body(service: Service, request: Request, key: str) -> Any:
    """The body, unless there is no room for any work at all: then it is not even read."""
    held = 0
    service.lane(declared(request)).check(key)

    def take(size: int) -> None:
        nonlocal held
        service.receiving.take(size)
        held += size

    try:
        return await read_json(request, service.settings.limits, take)
    finally:
        service.receiving.held -= held


def fits(example: Example, most: int) -> None:
    """Raise Problem for a text that is too large, or grows too large when it is normalised."""
    for turn in example.turns:
        text = turn.text
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        if size > most:
            raise Problem(TEXT_TOO_LARGE, param="input", most=most)
        if not text.isascii() and len(text) * _MOST_GROWTH * 3 > 2 * most:
            grown = len(unicodedata.normalize("NFKC", text).encode("utf-8", "replace"))
            if grown > 2 * most:
                raise Problem(TEXT_TOO_LARGE, param="input", most=most)
