"""Host and Origin checks: a page of another site must not speak to a server on this machine."""

from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from mindrail.web.problems import BAD_HTTP, FORBIDDEN_ORIGIN, WRONG_HOST, Problem

LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: requests that change nothing
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class LocalHosts:
    """Answers requests that were meant for one of `hosts` (names without port; `*` is any).

    The Host check defeats DNS rebinding (CVE-2025-62593 and its like), the Origin check forged requests:
    where a browser says which page asks, that page must come from the host that is asked.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = LOOPBACK) -> None:
        self.app, self.hosts = app, frozenset(host.lower().strip("[]") for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Raises Problem."""
        if scope["type"] == "http":
            self._check(scope)
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        hosts, origins, site = [], [], b""
        for name, value in scope["headers"]:
            if name == b"host":
                hosts.append(value)
            elif name == b"origin":
                origins.append(value)
            elif name == b"sec-fetch-site":
                site = value
        if len(hosts) != 1 or len(origins) > 1:
            raise Problem(BAD_HTTP)
        asked = _split(b"//" + hosts[0])
        if asked is None or not ("*" in self.hosts or asked.hostname in self.hosts):
            raise Problem(WRONG_HOST)
        if origins:
            page = _split(origins[0])
            if page is None or page.netloc.lower() != asked.netloc.lower():
                raise Problem(FORBIDDEN_ORIGIN)
        if site in (b"cross-site", b"same-site") and scope["method"] not in _SAFE:
            raise Problem(FORBIDDEN_ORIGIN)


def _split(url: bytes) -> SplitResult | None:
    """A URL with a host; None for anything else (`null`, say)."""
    try:
        parts = urlsplit(url.decode("ascii"))
        return parts if parts.hostname and (parts.port is None or parts.port) else None
    except ValueError:
        return None
