"""What a language model would be asked, and how much of it, without asking."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mindrail.augment._base import Wanted
from mindrail.augment.checks.language import scripts
from mindrail.augment.methods._asked import Asked
from mindrail.llm.chat import Message
from mindrail.records import Example

#: an invented mild message, so that a prompt can be shown without anybody's words
SAMPLE = "I keep dreaming that the bakery next door has closed. Please tell me a story in which it has not."


@dataclass(frozen=True)
class Preview:
    """The messages for our sample, the number of requests, and a rough count of tokens (four characters each,
    one for a Chinese character).
    """

    messages: tuple[Message, ...]
    requests: int
    prompt_tokens: int
    completion_tokens: int


def preview(method: Asked, examples: Sequence[Example], views: int) -> Preview:
    """Nothing is sent."""
    (sample,) = method.requests(Wanted(Example.of(SAMPLE), 0, 0)).values()
    asked = [
        (tokens("".join(message.content for message in request.messages)), tokens(example.turns[place].text))
        for example in examples
        for place, request in method.requests(Wanted(example, 0, 0)).items()
    ]
    read, written = (views * sum(counts) for counts in (zip(*asked, strict=True) if asked else ([], [])))
    return Preview(sample.messages, views * len(asked), read, written)


def tokens(text: str) -> int:
    """About how many tokens a text is.

    >>> tokens("four letters"), tokens("四个字母")
    (3, 4)
    """
    signs = round(scripts(text).get("CJK", 0.0) * sum(map(str.isalpha, text)))
    return math.ceil((len(text) - signs) / 4) + signs


def as_text(found: Preview) -> Iterator[str]:
    """For a terminal."""
    for message in found.messages:
        yield f"--- {message.role}\n{message.content}"
    yield (
        f"---\n{found.requests:,} requests, about {found.prompt_tokens:,} tokens to read and "
        f"{found.completion_tokens:,} to write. Nothing was sent; the message above is invented."
    )
