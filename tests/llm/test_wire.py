"""What servers say, by shape: recorded from OpenAI, Azure, vLLM, llama.cpp, llama-cpp-python and gateways."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.server import completion, question
from mindrail.llm import Failure, Message, Reply, Request
from mindrail.llm.providers._wire import KNOWN_CODES, Again, Rejected, body, read

CANARY = "kestrel-marmalade"
VALIDATION = f"2 validation errors: {{'type': 'missing', 'input': {{'role': 'x', 'content': '{CANARY}'}}}}"


def openai(message: str, code: Any = None, kind: str = "invalid_request_error", param: Any = None) -> Any:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


FAILURES: list[tuple[str, int, Any, str]] = [
    ("openai, too long", 400, openai("Please reduce the length", "context_length_exceeded"), "too_long"),
    (
        "vllm, too long",
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 16384 tokens. However, you requested 122946",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
        "too_long",
    ),
    (
        "vllm, nothing left",
        400,
        {"message": "max_tokens must be at least 1, got -186.", "code": 400},
        "too_long",
    ),
    (
        "llama.cpp, too long with status 200",
        200,
        {
            "error": {
                "code": 400,
                "message": "it does not fit",
                "type": "exceed_context_size_error",
                "n_ctx": 8192,
            }
        },
        "too_long",
    ),
    (
        "llama.cpp, too long with status 500",
        500,
        openai("Context size has been exceeded.", 500, "server_error"),
        "too_long",
    ),
    (
        "llama-cpp-python, too long",
        500,
        openai("Requested tokens (2285) exceed context window of 2048", None, "internal_server_error"),
        "too_long",
    ),
    ("a proxy's limit", 413, b"<html>Request Entity Too Large</html>", "too_long"),
    (
        "azure, prompt filtered",
        400,
        openai("The response was filtered", "content_filter", "None", "prompt") | {"status": 400},
        "refused",
    ),
    (
        "azure, answer filtered with status 400",
        400,
        completion("", finish_reason="content_filter"),
        "refused",
    ),
    (
        "openrouter, prompt flagged",
        403,
        {
            "error": {
                "code": 403,
                "message": "requires moderation",
                "metadata": {"reasons": ["x"], "flagged_input": CANARY},
            }
        },
        "refused",
    ),
    ("filtered", 200, completion(None, finish_reason="content_filter"), "refused"),
    ("filtered half-way", 200, completion("Well, ", finish_reason="content_filter"), "refused"),
    (
        "declined",
        200,
        completion(message={"role": "assistant", "content": None, "refusal": "I cannot."}),
        "refused",
    ),
    ("cut off", 200, b'{"choices": [{"message": {"content": "We', "junk"),
    ("a page", 200, b"<html>login</html>", "junk"),
    ("nothing", 200, b"", "junk"),
    ("deep", 200, b"[" * 100_000, "junk"),
    ("a list", 200, [completion()], "junk"),
    ("no choices", 200, {"choices": [], "usage": None}, "junk"),
    ("choices of another kind", 200, {"choices": "none"}, "junk"),
    ("no message", 200, {"choices": [{"text": "an older protocol"}]}, "junk"),
    ("no text", 200, completion(None), "junk"),
    ("text in parts", 200, completion(message={"content": [{"type": "text", "text": "Well"}]}), "junk"),
    ("a tool", 200, completion("", finish_reason="tool_calls"), "junk"),
    ("gateway lost its model", 200, completion("Well, ", finish_reason="error"), "junk"),
]


@pytest.mark.parametrize(("status", "said", "code"), [f[1:] for f in FAILURES], ids=[f[0] for f in FAILURES])
def test_failures_are_told_apart(status: int, said: Any, code: str) -> None:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    found = read(status, raw)
    assert isinstance(found, Failure)
    assert found.code == code


@pytest.mark.parametrize(
    ("status", "said", "detail"),
    [
        (429, openai("Slow down", "rate_limit_exceeded"), "HTTP 429 rate_limit_exceeded"),
        (500, openai(VALIDATION, None, "internal_server_error"), "HTTP 500 internal_server_error"),
        (500, b"Internal Server Error", "HTTP 500"),
        (502, b"<html>Bad Gateway</html>", "HTTP 502"),
        (503, openai("Loading model", 503, "unavailable_error"), "HTTP 503"),
        (408, b"", "HTTP 408"),
        (200, {"error": {"code": 429, "message": "upstream is busy"}}, "HTTP 429"),
        (200, {"error": "upstream went away"}, "HTTP 502"),
    ],
)
def test_what_may_pass_is_asked_again(status: int, said: Any, detail: str) -> None:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    assert read(status, raw, 3.0) == Again(detail, 3.0)


@pytest.mark.parametrize(
    ("status", "said", "detail", "hopeless"),
    [
        (401, openai("Incorrect API key", "invalid_api_key"), "HTTP 401 invalid_api_key", True),
        (403, {"detail": "Forbidden"}, "HTTP 403", True),
        (404, {"detail": "Not Found"}, "HTTP 404", True),
        (404, openai("no such model", "model_not_found"), "HTTP 404 model_not_found", True),
        (307, b"", "HTTP 307", True),
        (429, openai("You exceeded your quota", "insufficient_quota"), "HTTP 429 insufficient_quota", True),
        (
            400,
            openai("Only the default (1)", "unsupported_value", param="temperature"),
            "HTTP 400 unsupported_value (temperature)",
            False,
        ),
        (
            400,
            openai("Use 'max_completion_tokens' instead.", "unsupported_parameter", param="max_tokens"),
            "HTTP 400 unsupported_parameter (max_tokens)",
            False,
        ),
        (422, {"detail": [{"loc": ["body", "seed"], "input": CANARY}]}, "HTTP 422", False),
    ],
)
def test_what_will_not_pass_is_rejected(status: int, said: Any, detail: str, hopeless: bool) -> None:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    found = read(status, raw)
    assert isinstance(found, Rejected)
    assert (found.detail, found.hopeless) == (detail, hopeless)


def test_a_reply_is_read_whole() -> None:
    top = [
        {"token": " yes", "logprob": -0.25, "bytes": None},
        {"token": " no", "logprob": -1.5, "bytes": None},
    ]
    logprobs = {"content": [{"token": " yes", "logprob": -0.25, "top_logprobs": top}], "refusal": None}
    found = read(200, json.dumps(completion(" yes", logprobs=logprobs, finish_reason="length")).encode())
    assert found == Reply(" yes", "length", 7, 3, {" yes": -0.25, " no": -1.5})


def test_odd_replies_are_read_too() -> None:
    assert read(
        200, json.dumps({"choices": [{"message": {"content": ""}}], "error": None}).encode()
    ) == Reply("")
    thinking = completion(None, finish_reason="length")
    assert read(200, json.dumps(thinking | {"usage": {"prompt_tokens": "7"}}).encode()) == Reply("", "length")
    top = [{"token": "a", "logprob": -1}, {"token": "a", "logprob": -2.0}, {"token": "b", "logprob": None}]
    odd = completion("half \ud83d", logprobs={"content": [{"top_logprobs": [*top, "c"]}]})
    found = read(200, json.dumps(odd).encode())
    assert isinstance(found, Reply)
    assert (found.text, found.first_token) == ("half ?", {"a": -1.0})


def test_a_request_holds_what_it_needs_and_no_more() -> None:
    request = Request((Message("system", "Be kind."), Message("user", "Hi \ud83d")), max_tokens=9)
    sent = json.loads(body("m", request, False, {}))
    assert sent == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi \ud83d"}],
        "max_tokens": 9,
        "temperature": 0.0,
    }
    full = question("Hi", temperature=0.5, top_p=0.9, seed=1 << 40 | 5, stop=("\n",), top_logprobs=2)
    sent = json.loads(body("m", full, True, {"reasoning_effort": "low"}))
    del sent["messages"], sent["model"]
    assert sent == {
        "max_completion_tokens": 256,
        "temperature": 0.5,
        "seed": 5,
        "top_p": 0.9,
        "stop": ["\n"],
        "logprobs": True,
        "top_logprobs": 2,
        "reasoning_effort": "low",
    }


SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(CANARY),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "code", "type", "message", "param", "choices", "finish_reason", "content", "usage",
                 "logprobs", "top_logprobs", "token", "logprob", "refusal", "detail", "prompt_tokens"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.sampled_from([200, 302, 400, 404, 422, 429, 500]), SCRAPS)
def test_nothing_a_server_says_breaks_the_reader_or_gets_into_details(status: int, said: Any) -> None:
    found = read(status, json.dumps(said).encode())
    if not isinstance(found, Reply):
        assert CANARY not in found.detail


@pytest.mark.parametrize("odd", [None, True, 5, -1.5, "x", [], [5], [[]], {}, {"message": 5}], ids=repr)
def test_nor_does_an_answer_with_one_odd_part(odd: Any) -> None:
    def whole() -> dict[str, Any]:
        top = [{"token": "a", "logprob": -1.0}]
        return {"all": completion(logprobs={"content": [{"top_logprobs": top}]})}

    for i in range(len(list(_parts(whole())))):
        said = whole()
        holder, key = list(_parts(said))[i]
        holder[key] = odd
        assert isinstance(read(200, json.dumps(said["all"]).encode()), Reply | Failure | Again | Rejected)
        del holder[key]
        assert isinstance(read(200, json.dumps(said.get("all")).encode()), Reply | Failure | Again | Rejected)


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place inside a JSON value, as its container and key."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _parts(inner)


def test_no_code_that_is_repeated_could_be_a_sentence() -> None:
    assert all(code.replace("_", "").isalpha() and code.islower() for code in KNOWN_CODES)
