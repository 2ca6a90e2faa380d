"""Files of a package, read once at start. A request names a key of a dictionary, never a path on the disk."""

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response

from mindrail.web.problems import NOT_FOUND, Problem

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "txt": "text/plain; charset=utf-8",
    "woff2": "font/woff2",
}

#: where pages find what they share: `<script src="web/dom.js">`
SHARED = "/web/{name:path}"


class Pages:
    """The files in a folder of a package, by their path in it (`index.html`, `lib/app.js`); empty if it is missing.

    >>> Route("/static/{name:path}", Pages("mindrail.serve", "static").get)  # doctest: +SKIP
    """

    def __init__(self, package: str, folder: str) -> None:
        self._pages: dict[str, tuple[bytes, str, str]] = {}
        place = files(package) / folder
        if place.is_dir():
            self._take(place, "")

    def __contains__(self, name: str) -> bool:
        return name in self._pages

    async def get(self, request: Request) -> Response:
        """An endpoint with the path parameter `name`."""
        return self.page(request.path_params["name"], request)

    def page(self, name: str, request: Request) -> Response:
        """One file; 304 where the browser has it. Raises Problem for a name that is not there."""
        if name not in self._pages:
            raise Problem(NOT_FOUND)
        content, kind, tag = self._pages[name]
        headers = {"etag": tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=kind, headers=headers)

    def _take(self, place: Traversable, under: str) -> None:
        for found in place.iterdir():
            if found.is_dir():
                self._take(found, f"{under}{found.name}/")
            elif (kind := TYPES.get(found.name.rpartition(".")[2])) is not None:
                content = found.read_bytes()
                tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
                self._pages[f"{under}{found.name}"] = content, kind, tag


def shared() -> Pages:
    """Colours, elements and small scripts of all our pages, to be served at `SHARED`."""
    return Pages("mindrail.web", "static")
