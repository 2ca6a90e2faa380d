"""Our own route for whole conversations, with the risk that builds up in them.

`POST /v1/judge` takes `messages` (the last one that the guard judges counts, or the one at `focus`) and `risk` as
an earlier answer returned it; nothing is stored here.
"""

from functools import partial
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from mindrail.errors import BadConfig, UsageError
from mindrail.guard import conversation
from mindrail.guard.conversation import Judged, SessionRisk
from mindrail.guard.messages import example_of
from mindrail.records import Example
from mindrail.serve.exchange import fields, messages_of, model_of
from mindrail.serve.handler import fits
from mindrail.serve.refusals import WRONG_INPUT
from mindrail.serve.service import Service, cost_of
from mindrail.serve.shelf import Served
from mindrail.web.answers import Json
from mindrail.web.problems import Problem

PATH = "/v1/judge"


class Asked(NamedTuple):
    """A turn that is to be judged: by whom, in which messages, at which place."""

    served: Served
    messages: list[dict[str, Any]]
    place: int
    example: Example


async def judge(service: Service, request: Request, key: str, body: Any) -> Response:
    """The judged turn's answer, the session's risk after it, and the stricter of what both ask for."""
    served, messages, place, example = asked(service, body)
    risk = _risk(body.get("risk"))
    places = conversation.judged_by(served.guard, messages)
    turns = min(len(places), conversation.PACE.turns) if risk is None else len(places)
    work = partial(conversation.judge, served.guard, messages, place, risk=risk)
    (found,) = await service.run([work], [turns * cost_of(example)], key, service.deadline(request), request)
    if isinstance(found, UsageError):
        raise Problem(WRONG_INPUT, param="messages")
    if not isinstance(found, Judged):
        raise service.failed(served)
    session = {"decision": found.decision, **found.risk.to_dict()}
    service.account(request.state.id, key, PATH, [(example, found.answer)], served, session=session)
    chances = served.guard.chances(found.answer)
    told = {"model": served.name, **found.to_dict(), "chances": chances}
    return Json(told, headers={"x-mindrail-guard": served.guard.id})


def asked(service: Service, body: Any) -> Asked:
    """The turn that a body with `model`, `messages` and `focus` is about. Raises Problem."""
    given = fields(body)
    served = service.shelf.find(model_of(given))
    messages, focus = messages_of(given.get("messages")), given.get("focus")
    if not (focus is None or type(focus) is int):
        raise Problem(WRONG_INPUT, param="focus")
    try:
        place = conversation.focus_of(served.guard, messages, focus)
        example = example_of(messages, place)
    except UsageError:
        raise Problem(WRONG_INPUT, param="messages") from None
    fits(example, service.settings.text_bytes)
    return Asked(served, messages, place, example)


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
