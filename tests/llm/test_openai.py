"""The client of OpenAI-compatible servers: patient with busy ones, quick to leave dead ones, silent about texts."""

import logging
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from helpers.server import Said, asked, completion, question, serving
from mindrail import config
from mindrail.errors import BadConfig, MindrailError, MissingExtra, Unreachable
from mindrail.llm import Chat, Failure, Reply, Request
from mindrail.llm.providers.openai import PROVIDER, OpenAIServer

CANARY = "kestrel-marmalade"
KEY = "sk-secret-of-the-house"
NOWHERE = "http://127.0.0.1:9/v1"
QUICK = {"first_wait": 0.01, "timeout": 5.0}


def echo(body: dict[str, Any]) -> Said:
    return Said(completion(f"You said {asked(body)}."))


def many(n: int) -> list[Request]:
    return [question(f"{i}", seed=i) for i in range(n)]


def client(url: str, **changes: Any) -> OpenAIServer:
    return OpenAIServer(url, "m", **{**QUICK, **changes})


def all_of(chat: Chat, requests: list[Request]) -> list[Reply | Failure]:
    """The answers in the order of the requests, each exactly once."""
    found = list(chat.ask(requests))
    assert sorted(position for position, _ in found) == list(range(len(requests)))
    return [answer for _, answer in sorted(found, key=lambda pair: pair[0])]


def codes(answers: list[Reply | Failure]) -> list[str]:
    return [answer.code if isinstance(answer, Failure) else "reply" for answer in answers]


def test_every_request_gets_its_own_answer_a_few_at_a_time() -> None:
    def slow(body: dict[str, Any]) -> Said:
        return Said(completion(f"You said {asked(body)}."), wait=0.01)

    with serving(slow) as heard:
        answers = all_of(client(heard.url, concurrency=3), many(20))
    assert [a.text for a in answers if isinstance(a, Reply)] == [f"You said {i}." for i in range(20)]
    assert heard.most_open == 3
    assert [list(client(heard.url).ask([]))] == [[]]


def test_quick_answers_come_before_slow_ones() -> None:
    with serving(lambda body: Said(completion(asked(body)), wait=0.3 if asked(body) == "0" else 0)) as heard:
        assert next(iter(client(heard.url, concurrency=2).ask(many(4))))[0] != 0


def test_it_works_where_a_loop_is_running() -> None:
    import asyncio

    async def notebook() -> list[str]:
        return codes(all_of(client(heard.url), many(2)))

    with serving(echo) as heard:
        assert asyncio.run(notebook()) == ["reply", "reply"]


def test_no_proxy_stands_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(echo) as heard:
        assert codes(all_of(client(heard.url), many(1))) == ["reply"]


def test_the_key_comes_from_the_environment_and_is_only_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HOUSE_KEY", f" {KEY}\n")
    with serving(echo) as heard:
        chat = client(heard.url, api_key_env="HOUSE_KEY")
        all_of(chat, many(1))
    assert heard.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text + repr(chat) + chat.name + str(config.plain(chat))


@pytest.mark.parametrize("value", [None, "", "two words", "schlüssel", "line\nbreak"])
def test_a_key_that_cannot_be_one_is_not_sent_and_not_shown(
    value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOUSE_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("HOUSE_KEY", value)
    with pytest.raises(BadConfig, match="HOUSE_KEY") as caught:
        list(client(NOWHERE, api_key_env="HOUSE_KEY").ask(many(1)))
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize("key", [KEY, "hf_abcdef", "gsk_0"])
def test_a_key_in_place_of_a_variable_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(BadConfig, match="capitals, digits and underscores") as caught:
        client(NOWHERE, api_key_env=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "ftp://x/v1",
        "http://[::1/v1",
        "http://x:port/v1",
        f"http://me:{KEY}@x/v1",
        f"https://x/v1?key={KEY}",
        f"https://x/v1#{KEY}",
    ],
)
def test_an_address_must_be_one_and_hold_no_secret(url: str) -> None:
    with pytest.raises(BadConfig, match="expected something like http") as caught:
        client(url)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("name", ["concurrency", "timeout", "give_up_after"])
def test_settings_must_make_sense(name: str) -> None:
    with pytest.raises(BadConfig, match=name):
        config.build(PROVIDER, {"base_url": NOWHERE, "model": "m", name: 0})
    with pytest.raises(BadConfig, match="did you mean 'api_key_env'"):
        config.build(PROVIDER, {"base_url": NOWHERE, "model": "m", "api_key": KEY}, where="openai")


def test_the_name_tells_models_and_servers_apart() -> None:
    chats = [
        client(NOWHERE),
        client(NOWHERE + "/other"),
        client(NOWHERE, revision="2"),
        client(NOWHERE, extra_body={"reasoning_effort": "low"}),
        OpenAIServer(NOWHERE, "n"),
    ]
    assert len({chat.name for chat in chats}) == len(chats)
    assert (
        client(NOWHERE, concurrency=1, timeout=1.0).name
        == client(NOWHERE + "/").name
        == "m at 127.0.0.1:9/v1"
    )


@pytest.mark.parametrize(
    "failure",
    [
        Said(b"", 500),
        Said({}, 429, {"Retry-After": "0.05"}),
        Said(completion(), cut=5),
        Said({"error": "gone"}),
    ],
    ids=["500", "429", "cut off", "error as 200"],
)
def test_a_hiccup_is_survived(failure: Said) -> None:
    seen: set[str] = set()

    def once(body: dict[str, Any]) -> Said:
        new = asked(body) not in seen
        seen.add(asked(body))
        return failure if new else echo(body)

    with serving(once) as heard:
        assert codes(all_of(client(heard.url), many(3))) == ["reply"] * 3
    assert len(heard.bodies) == 6


def test_retry_after_is_honoured_by_everyone() -> None:
    first = threading.Event()

    def busy(body: dict[str, Any]) -> Said:
        if not first.is_set():
            first.set()
            return Said({}, 429, {"Retry-After": "0.5"})
        return echo(body)

    with serving(busy) as heard:
        all_of(client(heard.url, concurrency=1), many(3))
    assert heard.times[1] - heard.times[0] >= 0.5


@pytest.mark.parametrize(
    ("said", "code", "detail"),
    [
        (Said(b"", 503), "down", "HTTP 503, tries: 3"),
        (Said({}, 429), "down", "HTTP 429, tries: 3"),
        (Said({}, 429, {"Retry-After": "3600"}), "down", "HTTP 429, asks for 3600 s, tries: 1"),
        (Said(completion(), cut=5), "down", "RemoteProtocolError, tries: 3"),
        (Said(completion(None, finish_reason="content_filter")), "refused", "content filter"),
        (Said(b'{"choices": ['), "junk", "13 bytes that are not a JSON object"),
        (Said({"choices": []}), "junk", "no choices"),
        (
            Said({"error": {"code": "context_length_exceeded"}}, 400),
            "too_long",
            "more than the model's context",
        ),
        (Said({"error": {"type": "invalid_request_error"}}, 400), "junk", "HTTP 400 invalid_request_error"),
    ],
    ids=["503", "429", "an hour", "cut off", "filtered", "half", "empty", "long", "400"],
)
def test_failures_are_counted_by_what_they_are(said: Said, code: str, detail: str) -> None:
    with serving(lambda _: said) as heard:
        assert all_of(client(heard.url, retries=2), many(1)) == [Failure(code, detail)]


def test_slow_answers_time_out_however_they_are_slow() -> None:
    with serving(lambda _: Said(completion(), wait=3)) as heard:
        start = time.monotonic()
        assert codes(all_of(client(heard.url, timeout=0.2), many(1))) == ["timeout"]
    with serving(lambda _: Said(completion(), drip=0.05)) as heard:
        assert codes(all_of(client(heard.url, timeout=0.2), many(1))) == ["timeout"]
    assert time.monotonic() - start < 2


def test_endless_answers_are_junk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mindrail.llm.providers.openai.LARGEST", 1000)
    with serving(lambda _: Said(completion("x" * 2000))) as heard:
        assert codes(all_of(client(heard.url), many(1))) == ["junk"]


def test_a_dead_server_is_given_up_quickly() -> None:
    start = time.monotonic()
    answers = all_of(client(NOWHERE, give_up_after=3), many(5000))
    assert time.monotonic() - start < 5
    assert set(codes(answers)) == {"down"}
    assert sum(a == Failure("down", "given up after 3 failures in a row") for a in answers) >= 4990


def test_a_server_that_dies_half_way_loses_nothing_already_made() -> None:
    lock, left = threading.Lock(), [10]

    def dying(body: dict[str, Any]) -> Said:
        with lock:
            left[0] -= 1
            return echo(body) if left[0] >= 0 else Said(b"", 500)

    with serving(dying) as heard:
        chat = client(heard.url, retries=1, give_up_after=4)
        answers = codes(all_of(chat, many(200)))
        assert answers.count("reply") == 10
        assert len(heard.bodies) < 40
        before = len(heard.bodies)
        assert codes(all_of(chat, many(50))) == ["down"] * 50
        assert len(heard.bodies) - before <= chat.concurrency, "one try finds out that it is still dead"
        left[0] = 1000
        assert codes(all_of(chat, many(50))) == ["reply"] * 50, "and one that it is back"


def test_a_silent_server_is_given_up_too() -> None:
    with serving(lambda _: Said(completion(), wait=1)) as heard:
        answers = codes(all_of(client(heard.url, timeout=0.1, give_up_after=4), many(500)))
    assert answers.count("timeout") < 12
    assert answers.count("down") > 488


def test_closing_breaks_off_what_is_under_way() -> None:
    def stuck(body: dict[str, Any]) -> Said:
        return echo(body) if asked(body) == "0" else Said(completion(), wait=4)

    with serving(stuck) as heard:
        answers = client(heard.url, concurrency=3).ask(many(100))
        assert next(answers)[0] == 0
        start = time.monotonic()
        answers.close()
        assert time.monotonic() - start < 2
        assert len(heard.bodies) <= 6


def test_servers_that_want_the_newer_field_get_it_and_are_told_once() -> None:
    def picky(body: dict[str, Any]) -> Said:
        if "max_tokens" in body:
            error = {"message": "Use 'max_completion_tokens' instead.", "code": "unsupported_parameter"}
            return Said({"error": error | {"param": "max_tokens"}}, 400)
        return echo(body)

    with serving(picky) as heard:
        chat = client(heard.url, concurrency=1, retries=0)
        assert codes(all_of(chat, many(5))) == ["reply"] * 5
        assert codes(all_of(chat, many(5))) == ["reply"] * 5
    assert sum("max_tokens" in body for body in heard.bodies) == 1


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (Said({}, 401), BadConfig, "HTTP 401: it wants another key. Do: check the key in HOUSE_KEY"),
        (Said({}, 403), BadConfig, "HTTP 403: it wants another key"),
        (Said({}, 404), BadConfig, "HTTP 404: there is no model 'm'.*check model.*base_url"),
        (Said({"error": {"code": "model_not_found"}}, 400), BadConfig, "there is no model 'm'"),
        (Said({}, 308), BadConfig, "HTTP 308, a redirect"),
        (Said({"error": {"code": "insufficient_quota"}}, 429), Unreachable, "the account is empty"),
        (Said({}, 402), Unreachable, "the account is empty"),
        (
            Said({"error": {"code": "unsupported_value", "param": "temperature"}}, 400),
            BadConfig,
            r"HTTP 400 unsupported_value \(temperature\), and nothing else",
        ),
    ],
)
def test_what_no_request_would_survive_stops_the_run(
    said: Said, error: type[MindrailError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_KEY", KEY)
    with serving(lambda _: said) as heard, pytest.raises(error, match=words) as caught:
        list(client(heard.url, api_key_env="HOUSE_KEY").ask(many(50)))
    assert KEY not in str(caught.value)
    assert len(heard.bodies) < 16


def test_a_request_that_is_rejected_among_others_fails_alone() -> None:
    def picky(body: dict[str, Any]) -> Said:
        return Said({}, 400) if asked(body) == "3" else echo(body)

    with serving(picky) as heard:
        assert codes(all_of(client(heard.url), many(9))) == ["reply"] * 3 + ["junk"] + ["reply"] * 5


def test_a_text_that_is_forbidden_among_others_is_refused_alone() -> None:
    with serving(lambda body: Said({}, 403) if asked(body) == "3" else echo(body)) as heard:
        answers = all_of(client(heard.url, concurrency=1), many(5))
    assert answers[3] == Failure("refused", "HTTP 403")
    assert codes(answers).count("reply") == 4


@pytest.mark.parametrize(
    "say",
    [
        lambda text: Said({"error": {"message": text, "code": text, "type": text, "param": text}}, 500),
        lambda text: Said({"error": {"message": text, "code": text, "type": text, "param": text}}, 400),
        lambda text: Said({"detail": [{"input": text}]}, 422, {"X-Echo": text}),
        lambda text: Said({"error": {"message": text}}, 401),
        lambda text: Said({"error": {"message": text}}, 404, {"Location": text}),
        lambda text: Said({"error": {"message": text}}, 429, {"Retry-After": text}),
        lambda text: Said({"error": {"message": f"context length: {text}"}}, 400),
        lambda text: Said(completion(text, finish_reason="content_filter")),
        lambda text: Said(completion(None, finish_reason=text)),
        lambda text: Said({"choices": [{"text": text}]}),
        lambda text: Said(text.encode()),
        lambda text: Said(completion(text), cut=9),
        lambda text: Said(completion(text), wait=0.6),
    ],
)
def test_no_text_and_no_key_gets_into_logs_errors_or_details(
    say: Any,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HOUSE_KEY", KEY)
    answers: list[Any] = []
    with serving(lambda body: say(asked(body))) as heard:
        chat = client(heard.url, api_key_env="HOUSE_KEY", retries=1, timeout=0.3, give_up_after=2)
        try:
            answers.extend(chat.ask([question(f"{CANARY} {i}") for i in range(4)]))
        except MindrailError as error:
            answers.append((repr(error), str(error.__cause__), str(error.__context__)))
    out, err = capfd.readouterr()
    assert answers
    assert CANARY not in str(answers) + caplog.text + out + err
    assert KEY not in str(answers) + caplog.text + out + err


def test_httpx_is_loaded_when_it_is_used_and_not_before() -> None:
    code = (
        "import sys; from mindrail import plugins; import mindrail.llm.open;"
        "plugins.get('provider', 'openai').PROVIDER('http://127.0.0.1:9/v1', 'm');"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'httpx', 'anyio', 'torch', 'transformers'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_httpx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(MissingExtra, match=r"needs 'httpx'.*mindrail\[llm\]"):
        list(client(NOWHERE).ask(many(1)))
