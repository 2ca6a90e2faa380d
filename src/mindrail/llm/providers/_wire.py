"""What travels to `/v1/chat/completions`, and what comes back, read with care.

Servers differ most where they fail, and some repeat the request in their error texts: words of an answer are
looked at to tell failures apart, and never passed on. What is said about a failure is a status and, where it is
one of a closed list, the server's own code.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mindrail.llm.chat import Failure, Place, Reply, Request

#: codes that may be repeated; anything else could be somebody's words
KNOWN_CODES = frozenset({
    "authentication_error", "content_filter", "context_length_exceeded", "exceed_context_size_error",
    "insufficient_quota", "internal_server_error", "invalid_api_key", "invalid_request_error", "model_not_found",
    "not_found_error", "permission_error", "rate_limit_exceeded", "server_error", "unsupported_parameter",
    "unsupported_value",
})  # fmt: skip
_TOO_LONG_CODES = {"context_length_exceeded", "exceed_context_size_error", "context_exceeded"}
_TOO_LONG_WORDS = re.compile(
    r"context.?(length|size|window)|max_tokens must be at least 1, got -|maximum (input|prompt) length", re.I
)
_REFUSED = {"content_filter", "content_policy_violation", "safety", "sensitive", "refusal"}
_BROKEN_OFF = {"error", "network_error", "insufficient_system_resource", "tool_calls", "function_call"}


@dataclass(frozen=True)
class Again:
    """Nothing came of it, but another try may help. `wait`: the least number of seconds, where the server says."""

    detail: str
    wait: float | None = None


@dataclass(frozen=True)
class Rejected:
    """The server does not take the request as it is. `hopeless`: nor will it take any other."""

    status: int
    code: str = ""
    field: str = ""
    hopeless: bool = False

    @property
    def detail(self) -> str:
        """`HTTP 400 unsupported_value (temperature)`."""
        return f"HTTP {self.status} {self.code}".strip() + (f" ({self.field})" if self.field else "")


def body(model: str, request: Request, modern: bool, extra: Mapping[str, Any]) -> bytes:
    """One request as ASCII JSON, with only the fields that it needs: servers refuse what they do not know.

    `modern` servers want the length as `max_completion_tokens` and refuse `max_tokens`.
    """
    fields: dict[str, Any] = {
        "model": model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        "max_completion_tokens" if modern else "max_tokens": request.max_tokens,
        "temperature": request.temperature,
    }
    if request.temperature > 0:
        fields["seed"] = request.seed & 0x7FFFFFFF  # some servers hold seeds in 32 bits
        if request.top_p < 1:
            fields["top_p"] = request.top_p
    if request.stop:
        fields["stop"] = list(request.stop)
    if request.top_logprobs:
        fields |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    if request.template:
        fields["chat_template_kwargs"] = dict(request.template)  # vLLM, SGLang and llama.cpp know it
    return json.dumps(fields | dict(extra)).encode("ascii")


def read(status: int, raw: bytes, wait: float | None = None) -> Reply | Failure | Again | Rejected:
    """What an answer means. Looks at the body before the status: servers disagree more about the latter."""
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    error, status = _error(answer, status)
    codes = [str(error.get(key)) for key in ("code", "type")]  # the first says more
    choice = _first(answer.get("choices"))
    if _REFUSED & {*codes, str(choice.get("finish_reason"))} or _flagged(error):
        return Failure("refused", "content filter")
    if status == 413 or _TOO_LONG_CODES & {*codes} or _TOO_LONG_WORDS.search(_said(error)):
        return Failure("too_long", "more than the model's context")
    if status < 300:
        if not answer:
            return Failure("junk", f"{len(raw)} bytes that are not a JSON object")
        return _reply(choice, answer.get("usage"))
    code = next((code for code in codes if code in KNOWN_CODES), "")
    if code != "insufficient_quota" and (status in (408, 409, 425, 429) or status >= 500):
        return Again(f"HTTP {status} {code}".strip(), wait)
    field = error.get("param")
    known = field in ("max_tokens", "temperature", "top_p", "seed", "stop", "logprobs", "top_logprobs")
    if "max_completion_tokens" in _said(error):
        field, known = "max_tokens", True
    hopeless = status not in (400, 422) or code in ("model_not_found", "invalid_api_key")
    return Rejected(status, code, str(field) if known else "", hopeless=hopeless)


def _error(answer: dict[str, Any], status: int) -> tuple[dict[str, Any], int]:
    """The error object, wherever it hides, and the status that it deserves: some servers send errors as 200."""
    error = answer.get("error")
    if not error:
        return (answer if status >= 300 else {}), status
    error = error if isinstance(error, dict) else {"message": str(error)}
    if status < 300:
        code = error.get("code")
        status = code if isinstance(code, int) and 400 <= code < 600 else 502
    return error, status


def _reply(choice: dict[str, Any], usage: Any) -> Reply | Failure:
    message, finish = choice.get("message"), str(choice.get("finish_reason"))
    if not isinstance(message, dict):
        return Failure("junk", "no choices" if not choice else "a choice without a message")
    text = message.get("content")
    if text is None and isinstance(message.get("refusal"), str):
        return Failure("refused", "the model declined")
    if text is None and finish == "length":
        text = ""  # every token went into thinking
    if not isinstance(text, str) or finish in _BROKEN_OFF:
        return Failure("junk", "no text in the answer" if finish not in _BROKEN_OFF else "broken off")
    usage = usage if isinstance(usage, dict) else {}
    places = tuple(_places(choice.get("logprobs")))
    return Reply(
        text=clean(text),
        finish="length" if finish == "length" else "stop",
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        first_token=places[0].likeliest if places else {},
        places=places if len(places) > 1 else (),
    )


def clean(text: str) -> str:
    """Text that every file can hold: halves of a character become question marks."""
    return text.encode("utf-8", "replace").decode()


def _first(items: Any) -> dict[str, Any]:
    """The first of a list of objects; empty where there is none."""
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}


def _flagged(error: Mapping[str, Any]) -> bool:
    """Whether a gateway's own moderation turned the request away; it says so with status 403."""
    about = error.get("metadata")
    return isinstance(about, dict) and ("flagged_input" in about or "reasons" in about)


def _said(error: Mapping[str, Any]) -> str:
    return str(error.get("message") or error.get("detail") or "")[:2000]


def _count(value: Any) -> int:
    return max(0, value) if type(value) is int else 0


def _places(logprobs: Any) -> Iterator[Place]:
    """Every place of the answer, as far as log-probabilities are told."""
    found = logprobs.get("content") if isinstance(logprobs, dict) else None
    for place in found if isinstance(found, list) else ():
        if not isinstance(place, dict):
            return
        yield Place(clean(str(place.get("token"))), _likeliest(place.get("top_logprobs")))


def _likeliest(listed: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    for item in listed if isinstance(listed, list) else ():
        value = item.get("logprob") if isinstance(item, dict) else None
        if isinstance(value, int | float) and math.isfinite(value):
            found.setdefault(clean(str(item.get("token"))), float(value))
    return found
