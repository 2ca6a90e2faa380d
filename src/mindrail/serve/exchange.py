"""What a dialect is: how a request is read, and how outcomes are said. One file per wire format in `dialects/`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from mindrail.errors import UsageError
from mindrail.guard.messages import example_of
from mindrail.records import Example
from mindrail.serve.outcome import Outcome
from mindrail.serve.refusals import TOO_MANY_INPUTS, WRONG_INPUT, WRONG_MODEL
from mindrail.serve.schemas import Schema
from mindrail.serve.shelf import Served
from mindrail.web.problems import INVALID_REQUEST, Problem

#: inputs in one request, whatever the dialect
MOST_INPUTS = 64


@dataclass(frozen=True)
class Question:
    """What is to be judged, and by which guard (None: the first). `told` is for the dialect's own answer."""

    examples: tuple[Example, ...]
    model: str | None = None
    told: Any = None


@dataclass(frozen=True)
class Exchange:
    """One route of a dialect.

    `read` raises Problem; `answer` gets one outcome per example. With `says_failure` an input that made the
    guard fail is answered as such beside its neighbours; without, the whole request fails with 500, because
    the format has no words for it and silence would mean "safe". `problem` says refusals in the format's own
    way. `parameter` names the query parameter that may hold the key. The schemas go into the OpenAPI document.
    """

    path: str
    summary: str
    read: Callable[[Any, Request], Question]
    answer: Callable[[Question, Sequence[Outcome], Served], Any]
    takes: Schema
    gives: Schema
    problem: Callable[[Problem], Any] = Problem.to_dict
    says_failure: bool = False
    parameter: str | None = None
    example: Any = field(default=None)


def fields(body: Any) -> Mapping[str, Any]:
    """The body as an object. Raises Problem."""
    if not isinstance(body, dict):
        raise Problem(INVALID_REQUEST)
    return body


def model_of(body: Mapping[str, Any], name: str = "model") -> str | None:
    """Which guard is asked for. Raises Problem."""
    model = body.get(name)
    if model is not None and not isinstance(model, str):
        raise Problem(WRONG_MODEL, param=name)
    return model


def texts_of(value: Any, param: str, *, least: int = 1) -> list[str]:
    """A list of texts. Raises Problem."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value) or len(value) < least:
        raise Problem(WRONG_INPUT, param=param)
    few(value, param)
    return value


def messages_of(value: Any) -> list[dict[str, Any]]:
    """The messages of a conversation, which may be none; what each says is read later. Raises Problem."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Problem(WRONG_INPUT, param="messages")
    return value


def few(values: Sequence[Any], param: str) -> None:
    """Raise Problem for more inputs than one request may hold."""
    if len(values) > MOST_INPUTS:
        raise Problem(TOO_MANY_INPUTS, param=param, most=MOST_INPUTS)


def example(said: Any, param: str, focus: int = -1) -> Example:
    """A text or a conversation as what guards judge. Raises Problem, which does not say what was said."""
    try:
        return example_of(said, focus)
    except UsageError:
        raise Problem(WRONG_INPUT, param=param) from None
