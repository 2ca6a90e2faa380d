"""Our own route for whole conversations, with the risk that builds up in them.

`POST /v1/judge` takes `messages` (the last one that the guard judges counts, or the one at `focus`) and `risk` as
an earlier answer returned it; nothing is stored here.
"""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mindrail.errors import BadConfig, UsageError
from mindrail.guard import conversation
from mindrail.guard.conversation import Judged, SessionRisk
from mindrail.guard.messages import example_of
from mindrail.serve.exchange import fields, messages_of, model_of
from mindrail.serve.handler import fits
from mindrail.serve.refusals import WRONG_INPUT
from mindrail.serve.service import Service, cost_of
from mindrail.web.answers import Json
from mindrail.web.problems import INTERNAL, Problem

PATH = "/v1/judge"


async def judge(service: Service, request: Request, key: str, body: Any) -> Response:
    """The judged turn's answer, the session's risk after it, and the stricter of what both ask for."""
    given = fields(body)
    served = service.shelf.find(model_of(given))
    messages, focus = messages_of(given.get("messages")), given.get("focus")
    if not (focus is None or type(focus) is int):
        raise Problem(WRONG_INPUT, param="focus")
    risk = _risk(given.get("risk"))
    try:
        places = conversation.judged_by(served.guard, messages)
        place = places[-1] if focus is None and places else focus
        if place is None:
            raise UsageError("nobody to judge")
        example = example_of(messages, place)
    except UsageError:
        raise Problem(WRONG_INPUT, param="messages") from None
    fits(example, service.settings.text_bytes)
    turns = min(len(places), conversation.PACE.turns) if risk is None else max(1, len(places))
    work = partial(conversation.judge, served.guard, messages, focus, risk=risk)
    (found,) = await service.run([work], [turns * cost_of(example)], key, service.deadline(request), request)
    if isinstance(found, UsageError):
        raise Problem(WRONG_INPUT, param="messages")
    if not isinstance(found, Judged):
        service.metrics.failed(served.name)
        raise Problem(INTERNAL, headers={"x-should-retry": "false"})
    session = {"decision": found.decision, **found.risk.to_dict()}
    service.account(request.state.id, key, PATH, [(example, found.answer)], served, session=session)
    return Json({"model": served.name, **found.to_dict()}, headers={"x-mindrail-guard": served.guard.id})


def _risk(value: Any) -> SessionRisk | None:
    """What an earlier answer returned. Raises Problem."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Problem(WRONG_INPUT, param="risk")
    try:
        return SessionRisk.from_dict(value)
    except BadConfig:
        raise Problem(WRONG_INPUT, param="risk") from None
