"""What a language model would be asked, and what that would cost, before anything is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mindrail.llm.budget import worst
from mindrail.llm.chat import Message, Request
from mindrail.llm.open import Allowance
from mindrail.prompts.question import Form, Question, Shot
from mindrail.records import Example, Turn

#: an invented mild message, so that a prompt can be shown without anybody's words
SAMPLE = "I keep dreaming that the bakery next door has closed, and wake up sad. Silly, isn't it?"


@dataclass(frozen=True)
class Reading:
    """What a model on this machine would read, in its own tokens: the beginning that is kept, what each text adds to
    it, and all texts together, with the beginning kept and without.
    """

    prefix: int
    mean: float
    longest: int
    tokens: int
    tokens_without_reuse: int
    context: int

    def __str__(self) -> str:
        saved = self.tokens_without_reuse / max(1, self.tokens)
        return (
            f"tokens: {self.prefix:,} that are read once, {self.mean:,.0f} more for each text (longest "
            f"{self.longest:,}), of {self.context:,} that the model reads\n"
            f"to read: about {self.tokens:,} tokens; {self.tokens_without_reuse:,} if every prompt were read from "
            f"its beginning ({saved:.1f} times as many)"
        )


@dataclass(frozen=True)
class Sending:
    """What a server would be sent: requests, tokens at four bytes each, and the most that an allowance counts.

    A question whose log-probabilities settle nothing is asked twice.
    """

    requests: int
    tokens: int
    at_most: int
    allowance: Allowance

    def __str__(self) -> str:
        given = [
            f"{count:,} {name}"
            for name, count in (("requests", self.allowance.requests), ("tokens", self.allowance.tokens))
            if count is not None
        ]
        return (
            f"to send: {self.requests:,} requests (at most twice that), about {self.tokens:,} tokens, "
            f"{self.at_most:,} as the allowance counts them\n"
            f"allowance: {' and '.join(given) or 'none given, so nothing stops it'}"
        )


@dataclass(frozen=True)
class Preview:
    """The messages of the last question about our sample; its options; how many questions each text would be asked,
    how many texts and questions there would be, and what they cost.
    """

    messages: tuple[Message, ...]
    options: tuple[str, ...]
    each: int
    texts: int
    questions: int
    cost: Reading | Sending


def sample(form: Form, *, show_text: bool) -> Question:
    """The last question about our sample. Without `show_text`, shots tell their length in place of their words."""
    shown = form if show_text else replace(form, shots=tuple(map(_veiled, form.shots)))
    return shown.questions(Example.of(SAMPLE))[-1]


def sending(asked: Sequence[Sequence[Question]], allowance: Allowance) -> Sending:
    """What these questions cost at a server."""
    requests = [Request(question.messages, max_tokens=1) for some in asked for question in some]
    told = sum(len(message.content.encode()) for one in requests for message in one.messages)
    return Sending(len(requests), told // 4, sum(map(worst, requests)), allowance)


def as_text(found: Preview) -> Iterator[str]:
    """For a terminal."""
    for message in found.messages:
        yield f"--- {message.role}\n{message.content}"
    yield f"--- assistant, one of: {' | '.join(found.options)}"
    if found.each > 1:
        yield f"({found.each} questions about each text, alike but for the last line)"
    yield f"---\n{found.texts:,} texts in dev and test, {found.questions:,} questions"
    yield f"{found.cost}\nNothing was asked; the message in the last turn is invented."


def _veiled(shot: Shot) -> Shot:
    example = shot.example
    turns = [
        Turn(turn.speaker, f"({len(turn.text)} characters of labelled example {example.id})")
        for turn in example.turns
    ]
    return replace(shot, example=replace(example, turns=tuple(turns)))
