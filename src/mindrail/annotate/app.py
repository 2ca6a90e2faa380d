"""The page's server: a few JSON endpoints around `Desk`, for people on this machine who have a link."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from mindrail import config
from mindrail.annotate import adjudication, answers, measured, progress, results
from mindrail.annotate.answers import BadAnswer
from mindrail.annotate.database import Busy
from mindrail.annotate.desk import Asked, Desk
from mindrail.annotate.events import Conflict, Stale
from mindrail.annotate.project import Annotator, Project
from mindrail.annotate.results import Labelled
from mindrail.annotate.session import Sessions
from mindrail.errors import MindrailError, OutOfSpace
from mindrail.web.answers import Json
from mindrail.web.body import read_json
from mindrail.web.envelope import Envelope, not_found
from mindrail.web.limits import Limits
from mindrail.web.origins import LocalHosts
from mindrail.web.problems import INVALID_REQUEST, Kind, Problem
from mindrail.web.static import SHARED, Pages, shared

LIMITS = Limits(body_bytes=64 * 1024)

#: what an error of the store is to the page; the texts are those that a person can act on
REFUSALS: Mapping[type[MindrailError], Kind] = {
    Stale: Kind(409, "taxonomy_changed", "The questions have changed. Reload the page.", retry=False),
    Conflict: Kind(409, "answered_elsewhere", "This was answered in another window.", retry=False),
    BadAnswer: Kind(422, "bad_answer", "These answers do not fit the questions.", retry=False),
    Busy: Kind(503, "busy", "The store is busy. Nothing was lost: try again.", retry=True),
    OutOfSpace: Kind(
        507, "out_of_space", "The disk is full. This was not saved: free some space, then try again."
    ),
}


class App:
    """Endpoints. Everything that touches the disk runs on a thread, and has its effect before it is answered."""

    def __init__(self, project: Project, clock: Callable[[], float] = time.time) -> None:
        self.project, self.sessions = project, Sessions(project, clock)
        self.pages = Pages("mindrail.annotate", "static")

    def routes(self) -> list[Route]:
        """All of them; every one but the page and its sign-in asks who is there."""
        return [
            Route("/", self.index),
            Route("/static/{name:path}", self.pages.get),
            Route(SHARED, shared().get),
            Route("/api/session", self.enter, methods=["POST"]),
            Route("/api/session", self.session, methods=["GET"]),
            Route("/api/session", self.leave, methods=["DELETE"]),
            Route("/api/progress", self.progress, methods=["GET"]),
            Route("/api/next", self.next, methods=["POST"]),
            Route("/api/label", self.label, methods=["POST"]),
            Route("/api/skip", self.skip, methods=["POST"]),
            Route("/api/undo", self.undo, methods=["POST"]),
            Route("/api/note", self.note, methods=["POST"]),
            Route("/api/dispute", self.dispute, methods=["POST"]),
            Route("/api/decide", self.decide, methods=["POST"]),
            Route("/api/agreement", self.agreement, methods=["GET"]),
        ]

    async def index(self, request: Request) -> Response:
        """The page."""
        return self.pages.page("index.html", request)

    async def enter(self, request: Request) -> Response:
        """Sign in with the secret of a link."""
        sent = await _body(request)
        return self.sessions.enter(_text(sent, "secret"), lambda who: Json(self._about(who)))

    async def session(self, request: Request) -> Response:
        """Who is signed in, and what the page needs to know of the project."""
        return Json(self._about(self.sessions.who(request)))

    async def leave(self, request: Request) -> Response:
        """Sign out."""
        return self.sessions.leave(Json({}))

    async def progress(self, request: Request) -> Response:
        """How far one is; for leads, how far all are."""
        who = self.sessions.who(request)
        told = await _stored(progress.of_one, self.project, who.name)
        if who.lead:
            told |= await _stored(progress.of_all, self.project)
            told["disputes"] = await _stored(adjudication.count, self.project)
        return Json(told)

    async def next(self, request: Request) -> Response:
        """The item to judge now."""
        desk, _ = await self._desk(request)
        return Json({"asked": _asked(await _stored(desk.next))})

    async def label(self, request: Request) -> Response:
        """Save a label, and get the next item in the same breath."""
        desk, sent = await self._desk(request)
        await _stored(
            desk.label,
            _text(sent, "uid"),
            _text(sent, "item"),
            sent.get("answers"),
            expects=_maybe(sent, "expects"),
            seconds=_seconds(sent),
        )
        return Json({"asked": _asked(await _stored(desk.next))})

    async def skip(self, request: Request) -> Response:
        """Leave an item to others, and get the next."""
        desk, sent = await self._desk(request)
        given = _text(sent, "uid"), _text(sent, "item"), _maybe(sent, "reason") or ""
        await _stored(desk.skip, *given, expects=_maybe(sent, "expects"))
        return Json({"asked": _asked(await _stored(desk.next))})

    async def undo(self, request: Request) -> Response:
        """Take the last answer back and have its item again."""
        desk, sent = await self._desk(request)
        return Json({"asked": _asked(await _stored(desk.undo, _text(sent, "uid")))})

    async def note(self, request: Request) -> Response:
        """Write something down."""
        desk, sent = await self._desk(request)
        await _stored(desk.note, _text(sent, "uid"), _text(sent, "item"), _text(sent, "text"))
        return Json({})

    async def dispute(self, request: Request) -> Response:
        """An item that people differ on, without names."""
        self.sessions.who(request, lead=True)
        sent = await _body(request)
        found = await _stored(adjudication.next_dispute, self.project, _maybe(sent, "after"))
        if found is None:
            return Json({"dispute": None})
        told = _shown(found.labelled) | {
            "opinions": [answers.plain(said) for said in found.opinions],
            "notes": list(found.notes),
            "left": found.left,
        }
        return Json({"dispute": told})

    async def decide(self, request: Request) -> Response:
        """Settle it; the answer says who had said what."""
        who = self.sessions.who(request, lead=True)
        sent = await _body(request)
        given = _text(sent, "uid"), _text(sent, "item"), sent.get("answers"), _maybe(sent, "why") or ""
        settled = await _stored(adjudication.decide, self.project, who.name, *given)
        said = [{"who": one.who, "answers": answers.plain(one.answers)} for one in settled.labels]
        return Json({"said": said})

    async def agreement(self, request: Request) -> Response:
        """How far people agree, with intervals. Takes about a second."""
        self.sessions.who(request, lead=True)
        return Json(await _stored(self._agreement))

    def _agreement(self) -> dict[str, Any]:
        asked, settings = self.project.taxonomy, self.project.settings
        with self.project.database.reading() as db:
            items = measured.spoken(results.read(db), asked)
        rule = measured.Rule(settings.relabel_below, settings.relabel_every)
        return measured.report(measured.questions(asked), items, rule, rounds=500)

    def _about(self, who: Annotator) -> dict[str, Any]:
        settings = self.project.settings
        return {
            "name": who.name,
            "lead": who.lead,
            "title": settings.title,
            "warning": settings.warning,
            "rest": settings.rest,
            "taxonomy": config.plain(self.project.taxonomy),
        }

    async def _desk(self, request: Request) -> tuple[Desk, Mapping[str, Any]]:
        return Desk(self.project, self.sessions.who(request).name), await _body(request)


def build(project: Project, clock: Callable[[], float] = time.time) -> ASGIApp:
    """The whole app, for requests to this machine by its own names."""
    return Envelope(LocalHosts(Router(App(project, clock).routes(), default=not_found)))


async def _stored(act: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Run something that reads or writes the store, and turn its errors into answers."""
    try:
        return await run_in_threadpool(act, *given, **named)
    except MindrailError as error:
        for kind in type(error).__mro__:
            if kind in REFUSALS:
                raise Problem(REFUSALS[kind]) from None
        raise


def _asked(asked: Asked | None) -> dict[str, Any] | None:
    """What an annotator may see: neither what anybody else said, nor what came after, nor why they are asked."""
    if asked is None:
        return None
    example = asked.item.example
    return {
        "item": example.id,
        "turns": [{"speaker": t.speaker, "text": t.text} for t in example.turns[: example.focus + 1]],
        "notes": list(asked.notes),
        "standing": asked.standing,
        "answers": asked.answers,
    }


def _shown(labelled: Labelled) -> dict[str, Any]:
    asked = _asked(Asked(labelled.item, (), None, None))
    assert asked is not None
    return asked


async def _body(request: Request) -> Mapping[str, Any]:
    sent = await read_json(request, LIMITS)
    if not isinstance(sent, dict):
        raise Problem(INVALID_REQUEST)
    return sent


def _text(sent: Mapping[str, Any], field: str) -> str:
    value = sent.get(field)
    if not isinstance(value, str) or not value:
        raise Problem(INVALID_REQUEST, param=field)
    return value


def _maybe(sent: Mapping[str, Any], field: str) -> str | None:
    value = sent.get(field)
    if value is not None and not isinstance(value, str):
        raise Problem(INVALID_REQUEST, param=field)
    return value


def _seconds(sent: Mapping[str, Any]) -> float | None:
    value = sent.get("seconds")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Problem(INVALID_REQUEST, param="seconds")
    return value
