"""Which words moved an answer: `POST /v1/explain`, with `messages` and `focus` as `/v1/judge` takes them.

One explanation asks the guard up to a few hundred times. It is let in by what all of that will cost, is done by one
worker, which lets quick texts pass and stops when the client leaves or time is up, and counts as the key's load.
"""

from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from mindrail.guard.occlusion import Explanation, readings
from mindrail.guard.occlusion import explain as look_into
from mindrail.serve.conversation import asked
from mindrail.serve.gate import PER_TEXT
from mindrail.serve.service import Service, context_cost
from mindrail.web.answers import Json

PATH = "/v1/explain"


async def explain(service: Service, request: Request, key: str, body: Any) -> Response:
    """The answer again, and how the probability of what it is about changes when parts of the text are hidden."""
    served, _, _, example = asked(service, body)
    count, size = await run_in_threadpool(readings, example.text)
    cost = size + count * (PER_TEXT + context_cost(example))
    work = partial(look_into, served.guard, example, service.desk.between)
    (found,) = await service.run([work], [cost], key, service.deadline(request), request)
    if not isinstance(found, Explanation):
        raise service.failed(served)
    service.account(request.state.id, key, PATH, [(example, found.answer)], served)
    return Json({"model": served.name, **found.to_dict()}, headers={"x-mindrail-guard": served.guard.id})
