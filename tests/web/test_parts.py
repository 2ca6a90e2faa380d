"""The parts that both apps put around their routes."""

import importlib
import logging
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from mindrail.errors import UsageError
from mindrail.web.answers import Json
from mindrail.web.body import read_json
from mindrail.web.envelope import Envelope, not_found
from mindrail.web.limits import Limits
from mindrail.web.listening import address, is_loopback, listen
from mindrail.web.origins import LocalHosts
from mindrail.web.static import Pages

CANARY = "kestrel-over-the-harbour"


async def echo(request: Request) -> Response:
    return Json(await read_json(request, Limits(body_bytes=100)))


async def fail(request: Request) -> Response:
    raise ValueError(CANARY)


def client(pages: Pages | None = None, hosts: tuple[str, ...] = ("here",)) -> httpx.AsyncClient:
    routes = [Route("/echo", echo, methods=["POST"]), Route("/fail", fail)]
    if pages:
        routes.append(Route("/static/{name:path}", pages.get))
    app = Envelope(LocalHosts(Router(routes, default=not_found, redirect_slashes=False), hosts))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")


def ask(method: str, path: str, pages: Pages | None = None, **more: object) -> httpx.Response:
    import anyio

    async def once() -> httpx.Response:
        async with client(pages) as asking:
            return await asking.request(method, path, **more)  # type: ignore[arg-type]

    return anyio.run(once)


def test_every_answer_carries_an_id_and_security_headers() -> None:
    for answer in (ask("POST", "/echo", json={}), ask("GET", "/nowhere"), ask("GET", "/fail")):
        assert len(answer.headers["x-request-id"]) == 32
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_clients_id_is_taken_where_it_can_hold_no_words() -> None:
    given = "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert ask("GET", "/nowhere", headers={"x-request-id": given}).headers["x-request-id"] == given
    assert ask("GET", "/nowhere", headers={"x-request-id": CANARY}).headers["x-request-id"] != CANARY


def test_an_exception_becomes_a_problem_and_its_text_goes_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = ask("GET", "/fail")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "ValueError at fail:" in caplog.text
    assert CANARY not in caplog.text + answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json"}, 200),
        ({"content-type": "application/json; charset=utf-8"}, 200),
        ({"content-type": 'Application/JSON;charset="UTF-8"'}, 200),
        ({"content-type": "application/json; charset=utf-16"}, 415),
        ({"content-type": "text/plain"}, 415),
        ({}, 415),
        ({"content-type": "application/json", "content-encoding": "gzip"}, 415),
        ({"content-type": "application/json", "content-encoding": "identity"}, 200),
    ],
)
def test_only_plain_json_is_read(headers: dict[str, str], status: int) -> None:
    assert ask("POST", "/echo", content=b"{}", headers=headers).status_code == status


def test_a_body_over_the_limit_is_refused_declared_or_streamed() -> None:
    async def pieces():
        for _ in range(20):
            yield b" " * 10

    for content in (b"1" * 101, pieces()):
        answer = ask("POST", "/echo", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 413
        assert answer.headers["x-should-retry"] == "false"
        assert answer.headers["connection"] == "close"


def test_wrong_path_and_wrong_method_are_told_apart() -> None:
    assert ask("GET", "/nowhere").json()["error"]["code"] == "not_found"
    wrong = ask("GET", "/echo")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "here:8000"}, 200),
        ({"host": "elsewhere"}, 421),
        ({"host": "here.elsewhere"}, 421),
        ({"host": ""}, 421),
        ({"origin": "http://here"}, 200),
        ({"origin": "http://elsewhere"}, 403),
        ({"origin": "http://here:9"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
    ],
)
def test_only_pages_of_this_host_may_speak_to_it(headers: dict[str, str], status: int) -> None:
    assert ask("POST", "/echo", json={}, headers=headers).status_code == status


def test_static_files_are_named_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shown" / "static" / "lib").mkdir(parents=True)
    (tmp_path / "shown" / "__init__.py").write_text("")
    (tmp_path / "shown" / "static" / "index.html").write_text("<p>hello")
    (tmp_path / "shown" / "static" / "lib" / "app.js").write_text("1")
    (tmp_path / "shown" / "static" / "notes.secret").write_text("2")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    pages = Pages("shown", "static")
    first = ask("GET", "/static/index.html", pages)
    assert (first.status_code, first.text) == (200, "<p>hello")
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    again = ask("GET", "/static/index.html", pages, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert ask("GET", "/static/lib/app.js", pages).text == "1"
    for name in ("notes.secret", "../__init__.py", "%2e%2e/__init__.py", "lib", ""):
        assert ask("GET", f"/static/{name}", pages).status_code == 404
    assert not list(Pages("shown", "missing")._pages)


def test_only_this_machine_can_reach_it_unless_told_otherwise() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "::1", "[::1]", "localhost", "127.8.8.8")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.org", "")))
    with pytest.raises(UsageError, match=r"127\.0\.0\.1"):
        listen("0.0.0.0", 0)
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert address(listener) == f"http://127.0.0.1:{port}"
        with pytest.raises(UsageError, match="--port"):
            listen("127.0.0.1", port)
