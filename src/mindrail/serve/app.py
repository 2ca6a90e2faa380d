"""The routes put together."""

import time
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from mindrail import plugins
from mindrail.serve import cards, conversation, explain, streams
from mindrail.serve.document import document
from mindrail.serve.exchange import Exchange
from mindrail.serve.handler import Answering, Handler, guarded
from mindrail.serve.metrics import CONTENT_TYPE, UNMATCHED
from mindrail.serve.refusals import NOT_READY, SHUTTING_DOWN
from mindrail.serve.service import Service
from mindrail.serve.shelf import Served
from mindrail.web.answers import Json
from mindrail.web.envelope import Envelope, not_found
from mindrail.web.origins import LocalHosts
from mindrail.web.problems import NOT_FOUND, Problem
from mindrail.web.static import SHARED, Pages, shared

Endpoint = Callable[[Request], Awaitable[Response]]


def exchanges() -> list[Exchange]:
    """The routes of every dialect."""
    return [one for name in plugins.names("dialect") for one in plugins.get("dialect", name).EXCHANGES]


def app(service: Service, hosts: Collection[str]) -> ASGIApp:
    """The whole app; `hosts` are the names it answers to."""
    made = exchanges()
    spoken = document(made, version("mindrail"))
    opened = streams.Streams(service)

    async def described(request: Request) -> Response:
        return Json(spoken)

    routes = [
        *(Route(one.path, Handler(service, one).respond, methods=["POST"]) for one in made),
        Route("/healthz", _alive),
        Route("/readyz", partial(_ready, service)),
        Route("/health", partial(_ready, service)),  # as text-embeddings-inference calls it
        Route("/metrics", _counted(service, "/metrics", partial(_metrics, service), admin=True)),
        Route("/openapi.json", _counted(service, "/openapi.json", described)),
        Route("/v1/models", _counted(service, "/v1/models", partial(_models, service))),
        Route("/v1/models/{name}", _counted(service, "/v1/models/{name}", partial(_model, service))),
        Route(cards.PATH, _counted(service, cards.PATH, partial(cards.card, service))),
        _own(service, conversation.PATH, partial(conversation.judge, service)),
        _own(service, explain.PATH, partial(explain.explain, service)),
        _own(service, streams.PATH, opened.begin),
        _own(service, streams.PATH_ONE, opened.go_on),
        *(_page() if service.settings.page else ()),
    ]
    router = Router(routes, default=partial(_unmatched, service), redirect_slashes=False)
    return Envelope(LocalHosts(router, hosts))


def _page() -> list[Route]:
    """The browser page. It holds nothing that is secret; what it asks for carries the key."""
    pages = Pages("mindrail.serve", "static")

    async def page(request: Request) -> Response:
        return pages.page("index.html", request)

    return [Route("/", page), Route("/static/{name:path}", pages.get), Route(SHARED, shared().get)]


def _own(service: Service, path: str, answer: Answering) -> Route:
    """A route of ours that judges."""

    async def respond(request: Request) -> Response:
        return await guarded(service, request, path, answer)

    return Route(path, respond, methods=["POST"])


def _counted(service: Service, route: str, answer: Endpoint, *, admin: bool = False) -> Endpoint:
    """A route that only tells something: for those with a key, and counted."""

    async def respond(request: Request) -> Response:
        began, status = time.perf_counter(), 500
        try:
            service.who(request, admin=admin)
            response = await answer(request)
            status = response.status_code
            return response
        except Problem as problem:
            status = problem.kind.status
            raise
        finally:
            service.metrics.request(route, status, time.perf_counter() - began)

    return respond


async def _unmatched(service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    service.metrics.request(UNMATCHED, 404, 0.0)
    await not_found(scope, receive, send)


async def _alive(request: Request) -> Response:
    return Json({"status": "alive"})


async def _ready(service: Service, request: Request) -> Response:
    ready = await service.health.ready(service.ask_first)
    service.metrics.ready.set(ready)
    if not ready:
        raise Problem(SHUTTING_DOWN if service.health.draining else NOT_READY, headers={"retry-after": "1"})
    return Json({"status": "ready", "guards": {one.name: one.guard.id for one in service.shelf.served}})


async def _metrics(service: Service, request: Request) -> Response:
    metrics = service.metrics
    metrics.waiting.set(service.desk.waiting)
    metrics.reserved.labels("quick").set(service.quick.reserved)
    metrics.reserved.labels("slow").set(service.slow.reserved)
    return Response(metrics.page(), media_type=CONTENT_TYPE)


async def _models(service: Service, request: Request) -> Response:
    return Json({"object": "list", "data": [_described(one) for one in service.shelf.served]})


async def _model(service: Service, request: Request) -> Response:
    for served in service.shelf.served:
        if request.path_params["name"] in (served.name, served.guard.id):
            return Json(_described(served))
    raise Problem(NOT_FOUND)


def _described(served: Served) -> dict[str, Any]:
    """One guard as OpenAI, and as KServe, describe a model."""
    guard = served.guard
    return {
        "id": served.name,
        "object": "model",
        "created": 0,
        "owned_by": "mindrail",
        "name": served.name,
        "ready": True,
        "x_mindrail": {
            "guard": guard.id,
            "kind": guard.manifest.kind,
            "taxonomy": guard.taxonomy.id,
            "version": guard.taxonomy.version,
            "axis": guard.axis.name,
            "labels": list(guard.axis.names),
            "promise": guard.promise,
            "crosswalk_loses": served.crosswalk.loses,
        },
    }
