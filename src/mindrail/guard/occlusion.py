"""Which words moved an answer: parts of the text are hidden, and the guard is asked again.

A short text has each of its words taken out in turn (leave one out, arXiv:1612.08220). A long one is first read
passage by passage, all else hidden (what a passage says alone, arXiv:1704.03296), since a guard's answer to it is
that of its strictest part; then words are taken out of the passages that matter. It works for every kind of guard,
and shows what the guard does with the words, not what they mean. Words that say the same twice hide one another:
taking out either changes little.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from mindrail import config
from mindrail.guard.guard import Answer, Guard
from mindrail.records import Example
from mindrail.text.pieces import Span, passages, words

#: words and characters of a passage, about what a model sees at once; in how many of them words are taken out
WORDS, CHARACTERS, LOOKED_INTO = 80, 600, 3


@dataclass(frozen=True)
class Passage(Span):
    """A part of the text and the event's probability when it is read alone; `words`: looked into word by word."""

    probability: float
    words: bool


@dataclass(frozen=True)
class Word(Span):
    """A word and its `change`: the event's probability in its passage, less that without the word, in [-1, 1]."""

    change: float


@dataclass(frozen=True)
class Explanation:
    """An answer, and what moved the probability of `event` (the one that decided, or came closest).

    Spans lie in the judged turn's text, in order. A short text is one passage.
    """

    answer: Answer
    event: str
    probability: float
    passages: tuple[Passage, ...]
    words: tuple[Word, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        value: dict[str, Any] = config.plain(self)
        return value


def explain(guard: Guard, example: Example, pause: Callable[[], None] = lambda: None) -> Explanation:
    """Judge the example, and ask again with parts of it hidden; `pause` is called before each further question.

    Raises what the guard raises, and what `pause` does. See `readings` for what it costs.
    """
    answer = guard(example)
    event = _event(guard, answer)
    whole = guard.chances(answer)[event]

    def chance(text: str) -> float:
        pause()
        return guard.chances(guard(example.saying(text)))[event]

    text = example.text
    parts = _parts(text)
    alone = [whole] if len(parts) == 1 else [chance(part.span.of(text)) for part in parts]
    looked = sorted(range(len(parts)), key=alone.__getitem__, reverse=True)[:LOOKED_INTO]
    return Explanation(
        answer,
        event,
        whole,
        tuple(
            Passage(part.span.start, part.span.end, alone[place], place in looked)
            for place, part in enumerate(parts)
        ),
        tuple(
            Word(word.start, word.end, alone[place] - chance(part.without(text, word)))
            for place, part in enumerate(parts)
            if place in looked
            for word in part.words
        ),
    )


def readings(text: str) -> tuple[int, int]:
    """How often `explain` asks the guard, and how many bytes it has it read in all; both at most."""
    parts = _parts(text)
    held = [len(part.words) for part in parts]
    sizes = [len(part.span.of(text).encode("utf-8", "replace")) for part in parts]
    again = [words * size for words, size in zip(held, sizes, strict=True)]
    alone = len(parts) > 1
    count = 1 + alone * len(parts) + sum(sorted(held)[-LOOKED_INTO:])
    size = len(text.encode("utf-8", "replace")) + alone * sum(sizes) + sum(sorted(again)[-LOOKED_INTO:])
    return count, size


class _Part(NamedTuple):
    span: Span
    words: list[Span]

    def without(self, text: str, word: Span) -> str:
        """This part of the text less one of its words."""
        return text[self.span.start : word.start] + text[word.end : self.span.end]


def _parts(text: str) -> list[_Part]:
    """The text's passages; a short text is one passage, from its first to its last character."""
    found = passages(text, words(text), WORDS, CHARACTERS)
    if len(found) == 1:
        return [_Part(Span(0, len(text)), found[0])]
    return [_Part(Span(part[0].start, part[-1].end), part) for part in found]


def _event(guard: Guard, answer: Answer) -> str:
    """The event that decided, else the one that comes closest to its threshold."""
    if answer.event:
        return answer.event
    chance = guard.chances(answer)
    return max(guard.calibration.thresholds, key=lambda at: chance[at.event] - at.stop).event
