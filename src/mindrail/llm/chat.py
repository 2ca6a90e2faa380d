"""A language model as mindrail sees it: conversations in, replies or counted failures out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

#: Why there is no usable reply. `down`: the server cannot be reached or keeps failing; `refused`: it answered with a
#: refusal of its own (a content filter); `budget`: the allowance was spent before this request; `junk`: the answer
#: was not what the protocol promises; `timeout`: it took too long; `too_long`: the request does not fit the model;
#: `unparsable`: a whole answer that is none of those that were asked for.
FailureCode = Literal["down", "refused", "budget", "junk", "timeout", "too_long", "unparsable"]


@dataclass(frozen=True)
class Message:
    """One turn of the prompt. `role` is `system`, `user` or `assistant`."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Request:
    """One question.

    `top_logprobs` asks for the log-probabilities of that many tokens at each place, where offered. With `choices`,
    the answer has to be one of them; who can hold the model to that does. `template` are further arguments of the
    model's chat template, as plain values: guard models take their policy there.
    """

    messages: tuple[Message, ...]
    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    top_logprobs: int = 0
    choices: tuple[str, ...] = ()
    template: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """One place in an answer: the token that stands there, and the log-probabilities of the likeliest ones."""

    token: str
    likeliest: dict[str, float]


@dataclass(frozen=True)
class Reply:
    """What came back. `first_token` maps the likeliest first tokens to log-probabilities, where asked and offered;
    `places` has the same for every place of an answer that may be longer than one token.
    """

    text: str
    finish: Literal["stop", "length"] = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_token: dict[str, float] = field(default_factory=dict)
    cached: bool = False
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Failure:
    """No usable reply. `detail` says what was seen (a status, a library's error class), never any message text."""

    code: FailureCode
    detail: str = ""


@runtime_checkable
class Chat(Protocol):
    """Something that answers. `name` identifies the model and its version in provenance and cache keys."""

    @property
    def name(self) -> str:
        """The model, as reports and provenance call it."""
        ...

    def ask(self, requests: Sequence[Request]) -> Iterator[tuple[int, Reply | Failure]]:
        """Answers as they arrive, each with the position of its request; every position exactly once."""
        ...
