"""Inputs nobody would think of, and what must hold for each of them. For tests, and `benchmarks/fuzz.py` for more.

A target is a strategy and a check. A check raises where a promise breaks: an exception that is no refusal, an answer
of 500, a word of the input (CANARY) in an answer or a log.
"""

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import uvicorn
from hypothesis import strategies as some
from uvicorn.server import ServerState

from helpers import attacks
from helpers.guards import tokenizer
from mindrail.guard import Guard
from mindrail.serve.app import app, exchanges
from mindrail.serve.service import Service
from mindrail.serve.settings import Settings
from mindrail.serve.shelf import Shelf
from mindrail.text.lexicon import Lexicon
from mindrail.text.normalise import Reading, views
from mindrail.text.windows import Reach, Reader
from mindrail.web.limits import Limits
from mindrail.web.problems import Problem
from mindrail.web.protocol import bounded
from mindrail.web.strict_json import parse

#: planted in inputs; twelve letters of it anywhere they do not belong are a leak
CANARY = "kestrelharbourlantern"
#: statuses that a refusal may have, beside 200 and 201
REFUSALS = frozenset({400, 401, 403, 404, 405, 408, 409, 413, 415, 421, 429, 431, 503})
#: the one format that asks for the text to be repeated to whoever sent it
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_REPEATS = b"POST /api/v1/text/contents"


@dataclass(frozen=True)
class Target:
    """Inputs from `inputs`; `check` raises where a promise breaks."""

    inputs: some.SearchStrategy[Any]
    check: Callable[[Any], None]


# texts

_ODD = "\u202e\u202c\u200b\u200d\u0336\u0301\ufe0f\U000e0041\ufdfaаеі4@%&#;\\u0= \n\t\0\x1b\ud83c\udf27☔園İß"
_WORDS = [
    "storm",
    "soup",
    "the",
    "walk",
    CANARY,
    "[SEP]",
    "&#x73;",
    "%73",
    "c3Rvcm0=",
    "\\u0073",
    "🌧",
    "今天",
]
_ATTACKS = sorted((attacks.EXACT | attacks.LOSSY).items())


def _attacked(text: str, place: int, seed: int) -> str:
    return _ATTACKS[place % len(_ATTACKS)][1](text, np.random.default_rng(seed))


_REPEATED = [*_ODD, "ab ", "[]", "%", "&"]
_PIECES = some.lists(
    some.one_of(
        some.sampled_from(_WORDS),
        some.text(some.one_of(some.characters(), some.sampled_from(_ODD)), max_size=12),
        some.builds(lambda piece, n: piece * n, some.sampled_from(_REPEATED), some.integers(1, 90)),
        some.builds(_attacked, some.just("the soup is ready"), some.integers(0, 99), some.integers(0, 3)),
    ),
    max_size=8,
)
TEXTS = some.builds(lambda pieces, between: between.join(pieces), _PIECES, some.sampled_from(["", " ", "\n"]))


# what is read of a text

_READER = Reader(tokenizer(), Reach(24, 6, 8))
_LEXICON = Lexicon(attacks.CALM.lower().replace(",", "").replace(".", "").split())


def whole(text: str) -> str:
    """As texts reach the reader: halves of surrogate pairs are gone."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def windows_cover(given: tuple[str, str]) -> None:
    """No window is too long, all of the text lies in one, in order; the share read is a share."""
    before, text = map(whole, given)
    reading = _READER.read(before, text)
    ids = _READER.tokenizer.encode(text, add_special_tokens=False).ids
    assert 0.0 <= reading.coverage <= 1.0
    assert all(len(window.ids) == len(window.segments) <= 24 for window in reading.windows)
    reached = 0
    head = reading.windows[0].ids.index(3) + 1 if before else 1  # [SEP] or [CLS]
    for window in reading.windows:
        own = list(window.ids[head:-1])
        place = reached if not reached else reached - 6  # the overlap
        assert own == ids[place : place + len(own)]
        reached = place + len(own)
    assert reached == len(ids)


def views_hold(given: tuple[str, float]) -> None:
    """Few views, none of them blank or the text itself, none much longer; plain ASCII words have none."""
    text, read = whole(given[0]), given[1]
    reading = Reading()
    found = views(text, _LEXICON, reading, read=read)
    assert len(found) <= reading.most_views
    assert len({view.text for view in found}) == len(found)
    assert all(view.name and view.text.strip() and view.text != text for view in found)
    assert all(len(view.text) <= 64 * len(text) + 64 for view in found)  # the name of an emoji, at most
    assert [view.text for view in views(text, _LEXICON, reading, read=read)] == [v.text for v in found]


def json_is_strict(raw: bytes) -> None:
    """A value is the standard library's too, and writes to UTF-8; anything else is a refusal with 400.

    Integers that no 64 bits hold are doubles, as in most readers.
    """
    try:
        value = parse(raw)
    except Problem as refused:
        assert refused.kind.status == 400 and CANARY[:12] not in refused.message
        return
    assert value == json.loads(raw, object_pairs_hook=_once, parse_int=_integer)
    json.dumps(value, ensure_ascii=False).encode()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def _integer(digits: str) -> int | float:
    return int(digits) if -(2**63) <= int(digits) < 2**64 else float(digits)


# JSON, and bytes that were JSON

_KEYS = (
    "input",
    "inputs",
    "model",
    "messages",
    "role",
    "content",
    "type",
    "text",
    "risk",
    "focus",
    "chunk",
    "end",
)
_LEAVES = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-(2**70), 2**70),
    some.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    some.sampled_from(["user", "assistant", "system", "text", "image_url", CANARY]),
)
_FIELDS = some.sampled_from(_KEYS) | some.text(max_size=4)
_VALUES = some.recursive(
    _LEAVES,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(_FIELDS, inner, max_size=4),
    max_leaves=12,
)
_SPLICES = (
    *(bytes([sign]) for sign in b'"\\{}[]:, \xff\0'),
    *(b"\xef\xbb\xbf", b"\\ud800", b"NaN", b"1e999", b"9" * 60, b"\r\n", b"[" * 40),
)


@some.composite
def spoilt(draw: some.DrawFn, raw: bytes, most: int = 3) -> bytes:
    """Bytes with a few places cut out, doubled, or with something in between."""
    for _ in range(draw(some.integers(0, most))):
        start = draw(some.integers(0, len(raw)))
        end = min(len(raw), start + draw(some.integers(0, 8)))
        put = draw(
            some.one_of(some.sampled_from(_SPLICES), some.binary(max_size=4), some.just(raw[start:end] * 2))
        )
        raw = raw[:start] + put + raw[end:]
    return raw


def _dumped(value: Any, ascii_only: bool) -> bytes:
    return json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


_JSON = some.builds(_dumped, _VALUES, some.booleans())

# requests

_EXAMPLES: dict[str, Any] = {
    "/v1/judge": {"messages": [{"role": "user", "content": "the soup"}], "focus": 0, "risk": {"level": 0.2}},
    "/v1/explain": {"input": "the soup"},
    "/v1/streams": {"messages": [], "checks": {"stops": ["block"]}},
    f"/v1/streams/{'0' * 32}": {"chunk": "the soup", "end": True},
    **{one.path.replace("{name}", "tiny"): one.example or {} for one in exchanges()},
    "/v1alpha1/comments:analyze": {"comment": {"text": "the soup"}, "requestedAttributes": {"X_HARMFUL": {}}},
}  # fmt: skip
_GETS = (
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/v1/models",
    "/v1/models/tiny",
    "/static/x",
)
_HEADERS = (
    *("x-request-id", "x-request-timeout-ms", "authorization", "x-api-key", "detector-id", "expect"),
    *("connection", "origin", "cookie", CANARY),
)


@some.composite
def _changed(draw: some.DrawFn, value: Any) -> Any:
    """A JSON value with parts of it replaced by others, left out, or with more beside them."""
    if draw(some.integers(0, 5)) == 0:
        return draw(_VALUES)
    if isinstance(value, dict):
        kept = {key: draw(_changed(part)) for key, part in value.items() if draw(some.integers(0, 9))}
        return kept | draw(some.dictionaries(some.sampled_from(_KEYS), _VALUES, max_size=1))
    if isinstance(value, list):
        return [draw(_changed(part)) for part in value * draw(some.integers(0, 2))]
    return draw(TEXTS) if isinstance(value, str) else value


@some.composite
def requests(draw: some.DrawFn) -> list[bytes]:
    """One or two requests as bytes on a connection, cut into pieces."""
    raw = b""
    for _ in range(draw(some.sampled_from([1, 1, 1, 2]))):
        raw += draw(_request())
    if draw(some.integers(0, 2)) == 0:
        raw = draw(spoilt(raw))
    cuts = sorted(draw(some.lists(some.integers(0, len(raw)), max_size=3)))
    return [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]


@some.composite
def _request(draw: some.DrawFn) -> bytes:
    path = draw(
        some.sampled_from([*_EXAMPLES] * 3 + [*_GETS, f"/{CANARY}", f"/v1/models/{CANARY}", f"/?q={CANARY}"])
    )
    method = "POST" if path in _EXAMPLES else "GET"
    method = draw(some.sampled_from([method] * 12 + ["PUT", "OPTIONS", "HEAD", CANARY]))
    body = b""
    if path in _EXAMPLES:
        value = draw(_changed(_EXAMPLES[path]))
        body = draw(some.sampled_from([_dumped(value, True), _dumped(value, False)]))
    lines = [
        f"{method} {path} HTTP/1.1",
        f"host: {draw(some.sampled_from(['here'] * 12 + ['there', CANARY]))}",
    ]
    lines += [f"content-type: {draw(some.sampled_from(['application/json'] * 12 + ['text/plain', CANARY]))}"]
    for name in draw(some.lists(some.sampled_from(_HEADERS), max_size=2)):
        lines.append(
            f"{name}: {draw(some.sampled_from([CANARY, '50', '0', 'close', '100-continue', '', 'é']))}"
        )
    if draw(some.integers(0, 3)):
        lines.append(f"content-length: {len(body) + draw(some.sampled_from([0] * 12 + [-1, 1, 2**21]))}")
    else:
        lines.append("transfer-encoding: chunked")
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass") + body


class _Wire(asyncio.Transport):
    """The other end of a connection, in memory."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 9), "sockname": ("127.0.0.1", 8)})
        self.said, self.closed = b"", False

    def write(self, data: Any) -> None:
        if not self.closed:
            self.said += bytes(data)

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class Behind:
    """The whole server behind its protocol, without a socket. Keeps what it logs and what its loop complains of."""

    def __init__(self, service: Service) -> None:
        self.loop = asyncio.new_event_loop()
        self.complaints: list[str] = []
        self.loop.set_exception_handler(lambda _, about: self.complaints.append(str(about)))
        served = app(service, ("here",))
        self._config = uvicorn.Config(
            served, http=bounded(Limits()), ws="none", lifespan="off", log_config=None, access_log=False
        )  # fmt: skip
        self._config.load()
        self.service, self.statuses = service, Counter[int]()

    def hear(self, pieces: list[bytes]) -> None:
        """Requests in pieces; raises where what is answered is not what may be."""
        said = self.loop.run_until_complete(self._heard(pieces))
        statuses = [int(found) for found in _STATUS.findall(said) if found != b"100"]
        self.statuses.update(statuses)
        assert not self.complaints, "the event loop complains"
        assert set(statuses) <= REFUSALS | {200, 201, 304}, f"answered {statuses}"
        repeats = _REPEATS in b"".join(pieces)
        assert repeats or CANARY[:12].encode() not in said.lower(), "the input is in the answer"

    async def _heard(self, pieces: list[bytes]) -> bytes:
        state, wire = ServerState(), _Wire()
        made: Any = self._config.http_protocol_class
        protocol = made(config=self._config, server_state=state, app_state={}, _loop=self.loop)
        protocol.connection_made(wire)
        for piece in pieces:
            if not wire.closed and piece:
                protocol.data_received(piece)
                await asyncio.sleep(0)
        if protocol.phase != "body":  # else the app waits for more, until the client leaves
            while state.tasks:
                await asyncio.wait(set(state.tasks), timeout=20)
        protocol.connection_lost(None)
        while state.tasks:
            await asyncio.wait(set(state.tasks), timeout=20)
        return wire.said

    def close(self) -> None:
        self.service.desk.close()
        self.loop.close()


@contextmanager
def logged() -> Iterator[list[str]]:
    """Everything that any logger says, with what its exceptions say."""
    lines: list[str] = []
    write = logging.Formatter("%(name)s %(message)s")
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(write.format(record))  # type: ignore[method-assign]
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def targets(behind: Behind) -> dict[str, Target]:
    """What is fuzzed, by name."""
    guard: Guard = behind.service.shelf.served[0].guard

    def answers_hold(text: str) -> None:
        one, again = guard(text), guard(text)
        assert one == again and 0.0 <= one.probability <= 1.0 and 0.0 <= one.coverage <= 1.0
        assert CANARY[:12] not in str(one)
        assert one.decision != "allow" or one.coverage >= 0.5 or not text.strip()

    return {
        "http": Target(requests(), behind.hear),
        "json": Target(some.one_of(_JSON, _JSON.flatmap(spoilt), some.binary(max_size=40)), json_is_strict),
        "windows": Target(some.tuples(some.just("") | TEXTS, TEXTS), windows_cover),
        "views": Target(some.tuples(TEXTS, some.floats(0, 1)), views_hold),
        "answers": Target(TEXTS, answers_hold),
    }


def behind(folder: str) -> Behind:
    """A server for fuzzing on a guard."""
    return Behind(Service(Shelf.load([folder]), Settings(), 1, None, None))
