"""Every row of the table "Bad input" in docs/serve.md; a row without a case, or a case without a row, fails."""

import gzip
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

import mindrail
from mindrail.errors import BrokenGuard
from mindrail.serve.keys import Key, Keys, parse

_PAGE = Path(__file__).parents[2] / "docs" / "serve.md"
_ROW = re.compile(r"^\| (?P<input>[^|]+) \| (?P<status>\d*) ?\| (?:`(?P<code>\w+)` )?\|$", re.MULTILINE)
_KEY, _ADMIN = "a-key-of-twenty-letters", "an-admins-key-of-more"
_JSON = {"content-type": "application/json"}


def rows() -> dict[str, tuple[int | None, str | None]]:
    table = _PAGE.read_text().partition("## Bad input")[2]
    found = {row["input"]: (int(row["status"] or 0) or None, row["code"]) for row in _ROW.finditer(table)}
    assert len(found) > 25
    return found


def body(raw: bytes | str, **headers: str) -> dict[str, Any]:
    return {"content": raw, "headers": {**_JSON, **headers}}


def said(value: Any) -> dict[str, Any]:
    return {"json": {"input": value}}


def with_keys(*headers: tuple[str, str]) -> dict[str, Any]:
    return {**said("soup"), "headers": [*headers]}


def streamed(size: int) -> Iterator[bytes]:
    yield b'{"input": "'
    for _ in range(size // 1000):
        yield b"a" * 1000
    yield b'"}'


async def _async(pieces: Iterator[bytes]):
    for piece in pieces:
        yield piece


_NORMAL = "POST", "/v1/moderations"
_BIG = "a" * (2**20 + 1)

#: row to (method, path, httpx arguments)
PLAIN: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "a page of another site asks": [
        (*_NORMAL, {**said("x"), "headers": {"origin": "http://there"}}),
        (*_NORMAL, {**said("x"), "headers": {"sec-fetch-site": "cross-site"}}),
    ],
    "a name this server does not go by, in Host": [(*_NORMAL, {**said("x"), "headers": {"host": "there"}})],
    "unknown path": [("GET", "/nowhere", {}), ("POST", "/v1/moderations/", said("x"))],
    "wrong method": [("GET", "/v1/moderations", {}), ("POST", "/healthz", {}), ("PUT", "/classify", {})],
    "wrong or missing content type, charset other than utf-8, content-encoding": [
        (*_NORMAL, {"content": b"{}"}),
        (*_NORMAL, {"content": b"{}", "headers": {"content-type": "text/plain"}}),
        (*_NORMAL, body(b"{}", **{"content-type": "application/json; charset=latin-1"})),
        (*_NORMAL, body(gzip.compress(b"{}"), **{"content-encoding": "gzip"})),
    ],
    "empty body, not JSON, trailing data, BOM, UTF-16, invalid UTF-8": [
        (*_NORMAL, body(raw))
        for raw in (b"", b"input=x", b'{"input":"x"}}', b'\xef\xbb\xbf{"input":"x"}', b'{"input":"\xff"}')
    ]
    + [(*_NORMAL, body('{"input":"x"}'.encode("utf-16")))],
    "NaN, Infinity, a number of 5,000 digits": [
        (*_NORMAL, body(b'{"input": %s}' % raw)) for raw in (b"NaN", b"-Infinity", b"7" * 5000)
    ],
    "nesting deeper than 32": [(*_NORMAL, body(b'{"input": ' + b"[" * 40 + b"]" * 40 + b"}"))],
    "duplicate keys": [(*_NORMAL, body(b'{"input": "a", "input": "b"}'))],
    "half a surrogate pair": [(*_NORMAL, body(b'{"input": "\\ud800"}'))],
    "top level not an object; input missing, null, number, object or mixed": [
        (*_NORMAL, body(raw))
        for raw in (
            b"[]",
            b'"x"',
            b"null",
            b"{}",
            b'{"input": null}',
            b'{"input": 3}',
            b'{"input": {}}',
            b'{"input": ["a", 3]}',
            b'{"input": ["a", {"type": "text", "text": "b"}]}',
        )
    ],
    "no input in the list": [(*_NORMAL, said([]))],
    "more than 64 inputs": [(*_NORMAL, said(["a"] * 65))],
    "an item over 64 KiB, a body over 1 MiB (declared or streamed), over 128 KiB when normalised": [
        (*_NORMAL, said("a" * 65_537)),
        (*_NORMAL, said("é" * 40_000)),
        (*_NORMAL, body(b'{"input": "' + _BIG.encode() + b'"}')),
        (*_NORMAL, {"content": lambda: _async(streamed(2**20)), "headers": _JSON}),
        (*_NORMAL, said("\ufdfa" * 5000)),
    ],
    "NUL and control characters in a text": [(*_NORMAL, said("so\0up \x01\x1b[2J\x7f"))],
    "image_url, data URLs": [
        (*_NORMAL, said([{"type": "image_url", "image_url": {"url": url}}]))
        for url in ("http://127.0.0.1:1/x.png", "data:image/png;base64,AAAA")
    ],
    "model of the wrong type": [(*_NORMAL, {"json": {"input": "x", "model": 3}})],
    "unknown model": [(*_NORMAL, {"json": {"input": "x", "model": "gpt-9"}})],
}


def prepared(arguments: dict[str, Any]) -> dict[str, Any]:
    """A stream is made anew for each use."""
    content = arguments.get("content")
    return arguments | {"content": content()} if callable(content) else arguments


def check(answer: httpx.Response, row: str) -> None:
    status, code = rows()[row]
    assert answer.status_code == status
    if code is None:
        return
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == code
    assert answer.headers["x-request-id"]
    assert code != "input_too_large" or answer.headers["x-should-retry"] == "false"
    assert status != 405 or answer.headers["allow"]


@pytest.mark.parametrize("row", PLAIN)
def test_plain(row: str, running) -> None:
    for method, path, arguments in PLAIN[row]:
        check(running(method, path, **prepared(arguments)), row)


def no_key(start: Callable[..., Any]) -> None:
    behind = start(keys=Keys(parse(f"one {_KEY}\nadmin {_ADMIN} admin", "here")))
    good = ("authorization", f"Bearer {_KEY}")
    assert behind(*_NORMAL, **with_keys(good)).status_code == 200
    assert behind(*_NORMAL, **with_keys(("x-api-key", _KEY))).status_code == 200
    wrong = (
        [],
        [("authorization", "Bearer wrong-key-of-some-length")],
        [("authorization", "")],
        [("authorization", f"Basic {_KEY}")],
        [("x-api-key", "   ")],
        [good, good],
        [good, ("x-api-key", _KEY)],
        [("x-api-key", "k" * 8000)],
    )
    answers = [behind(*_NORMAL, **with_keys(*headers)) for headers in wrong]
    odd = {**said("soup"), "headers": [(b"x-api-key", "schlüssel-schlüssel".encode())]}
    answers.append(behind(*_NORMAL, **odd))
    assert len({answer.text for answer in answers}) == 1
    for answer in answers:
        check(answer, "no, wrong, blank, non-ASCII or duplicate key")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for route in behind.app.app.app.routes:  # each one, by the route that matches and not by its path's looks
        if route.path in ("/healthz", "/readyz", "/health", "/", "/static/{name:path}", "/web/{name:path}"):
            continue
        for method in route.methods - {"HEAD"}:
            path = route.path.replace("{name}", "tiny").replace("{stream}", "x")
            assert behind(method, path).status_code == 401


def wrong_scope(start: Callable[..., Any]) -> None:
    behind = start(keys=Keys(parse(f"one {_KEY}\nadmin {_ADMIN} admin", "here")))
    check(behind("GET", "/metrics", headers={"x-api-key": _KEY}), "valid key, wrong scope")
    assert behind("GET", "/metrics", headers={"x-api-key": _ADMIN}).status_code == 200


def invisible(start: Callable[..., Any]) -> None:
    behind = start()
    for text in ("\u200b\u200c\u2060", "\U000e0041\U000e0042", "\ufe0f\ufe0f", "\ue000\ue001\ue002"):
        answer = behind.moderate(text)
        check(answer, "only invisible or unknown characters")
        (result,) = answer.json()["results"]
        assert result["flagged"] is True and result["x_mindrail"]["coverage"] < 0.5


def over_rate(start: Callable[..., Any]) -> None:
    behind = start(rate=0.5)
    first = behind.moderate("soup")
    assert (first.status_code, first.headers["x-ratelimit-remaining-requests"]) == (200, "0")
    second = behind.moderate("soup")
    check(second, "key over its rate")
    assert 1 <= int(second.headers["retry-after"]) <= 2
    assert 0 < int(second.headers["retry-after-ms"]) <= 2000
    assert second.headers["x-ratelimit-limit-requests"] == "1"


def queue_full(start: Callable[..., Any]) -> None:
    for status in (503, 429):
        behind = start(shed_status=status)
        behind.service.quick.reserved = behind.service.quick.room * 2
        behind.service.quick._held["other"] = behind.service.quick._held["anyone"] = 10**9
        refused = behind.moderate("soup")
        if status == 503:
            check(refused, "queue full")
        assert (refused.status_code, refused.headers["x-should-retry"]) == (status, "true")
        assert 1 <= int(refused.headers["retry-after"]) <= 60


def draining(start: Callable[..., Any]) -> None:
    behind = start()
    behind.service.health.draining = True
    check(behind("GET", "/readyz"), "draining")
    behind.service.desk.close()
    refused = behind.moderate("soup")
    check(refused, "draining")
    assert refused.headers["retry-after"]


def not_ready(start: Callable[..., Any]) -> None:
    behind = start()
    assert behind("GET", "/readyz").status_code == 200
    behind.service.health._looked = -9.0
    behind.service.health._first["tiny"] = []
    check(behind("GET", "/readyz"), "not ready")


def deadline(start: Callable[..., Any]) -> None:
    behind = start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mindrail.Guard, "__call__", lambda guard, said, focus=-1: time.sleep(0.3))
        refused = behind.moderate("soup", headers={"x-request-timeout-ms": "50"})
    check(refused, "deadline passed in the queue")


def gone(start: Callable[..., Any]) -> None:
    behind = start()
    sent: list[Any] = []
    calls = iter([{"type": "http.request", "body": b'{"input": "soup"}'}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(calls)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/moderations",
        "query_string": b"",
        "headers": [(b"host", b"here"), (b"content-type", b"application/json")],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mindrail.Guard, "__call__", lambda guard, said, focus=-1: time.sleep(0.1))
        anyio.run(behind.app, scope, receive, send)
    assert not sent
    assert "mindrail_clients_gone_total 1.0" in behind("GET", "/metrics").text
    assert behind.service.quick.reserved == 0


def fault(start: Callable[..., Any]) -> None:
    behind = start()

    def broken(guard: Any, examples: Any) -> Any:
        raise BrokenGuard("the model failed")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mindrail.Guard, "_answers", broken)
        for path, value in (
            ("/v1/moderations", {"input": "soup"}),
            ("/v1/moderations", {"input": ["soup", "soup"]}),
            ("/v1/judge", {"messages": [{"role": "user", "content": "soup"}]}),
        ):
            answer = behind("POST", path, json=value)
            check(answer, "internal fault")
            assert answer.headers["x-request-id"] and "soup" not in answer.text


#: rows that need a server in a state of its own
STATEFUL: dict[str, Callable[[Callable[..., Any]], None]] = {
    "no, wrong, blank, non-ASCII or duplicate key": no_key,
    "valid key, wrong scope": wrong_scope,
    "only invisible or unknown characters": invisible,
    "key over its rate": over_rate,
    "queue full": queue_full,
    "draining": draining,
    "not ready": not_ready,
    "deadline passed in the queue": deadline,
    "the client has gone": gone,
    "internal fault": fault,
}


@pytest.mark.parametrize("row", STATEFUL)
def test_stateful(row: str, start: Callable[..., Any]) -> None:
    STATEFUL[row](start)


#: rows about HTTP itself, tested on a socket in tests/web/test_protocol.py
ON_THE_WIRE = {
    "headers over 16 KiB or 100 lines": "test_fat_headers_are_refused_before_they_are_held",
    "bad chunking, both lengths, HTTP/0.9, bare line feeds": "test_what_two_readers_could_read_differently",
    "slow headers or body": "test_a_slow_client_is_cut_off_in_time",
}


def test_every_row_has_a_test_and_every_test_a_row() -> None:
    covered = [*PLAIN, *STATEFUL, *ON_THE_WIRE]
    assert sorted(covered) == sorted(rows())
    wire = (Path(__file__).parents[1] / "web" / "test_protocol.py").read_text()
    assert all(f"def {name}" in wire for name in ON_THE_WIRE.values())


def test_keys_are_kept_as_digests_and_found_by_them() -> None:
    digest = hashlib.sha256(_KEY.encode()).hexdigest()
    (key,) = parse(f"# who\n\none sha256:{digest}", "here")
    assert key == Key("one", bytes.fromhex(digest)) and _KEY not in repr(key)
