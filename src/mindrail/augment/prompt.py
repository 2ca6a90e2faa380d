"""What a language model is asked, and what of its answer is taken: all that follows the protocol, or nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

from mindrail import config
from mindrail.files import digest
from mindrail.llm.chat import Message
from mindrail.records import Turn

_WHO = {"user": "a person", "assistant": "an assistant that answers a person"}
#: a model's thoughts, where they stand before its answer
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "「": "」", "„": "“"}


@dataclass(frozen=True)
class Example:
    """A mild message that we invented, and how it may be reworded."""

    before: str
    after: str


@dataclass(frozen=True)
class Prompt:
    """A file of `augment/prompts`. `marker` is what the answer follows."""

    system: str
    ask: str
    answer: str
    marker: str
    example: Example

    def messages(self, turn: Turn, **told: str) -> tuple[Message, ...]:
        """System, one example with its answer, and the question about this turn.

        `told` fills further places of the question; in the example they stay empty.
        """
        none = dict.fromkeys(told, "")
        return (
            Message("system", self.system.format(marker=self.marker).strip()),
            Message("user", self._ask(Turn("user", self.example.before), none)),
            Message("assistant", self.answer.format(marker=self.marker, text=self.example.after).strip()),
            Message("user", self._ask(turn, told)),
        )

    def read(self, reply: str, turn: Turn) -> str | None:
        """The reworded turn; None for an answer that does not follow the protocol. Nothing is repaired."""
        _, marker, text = _THOUGHT.sub("", reply).partition(self.marker)
        text = text.strip()
        echoed = self.marker in text or any(line in text for line in fence(turn.text))
        if not marker or not text or echoed or (_quoted(text) and not _quoted(turn.text.strip())):
            return None
        return text

    def _ask(self, turn: Turn, told: Mapping[str, str]) -> str:
        begin, end = fence(turn.text)
        who = _WHO.get(turn.speaker, "a person")
        return self.ask.format(begin=begin, end=end, text=turn.text.strip(), who=who, **told).strip()


def fence(text: str) -> tuple[str, str]:
    """The lines around a text. They carry its digest, so that no text can hold the line that ends it."""
    code = digest(text)[:8]
    return f"=== MESSAGE {code} ===", f"=== END {code} ==="


@cache
def load(name: str) -> Prompt:
    """The prompt of that name."""
    with as_file(files("mindrail.augment") / "prompts" / f"{name}.yaml") as path:
        return config.load(Prompt, path)


def _quoted(text: str) -> bool:
    return len(text) > 1 and _QUOTES.get(text[0]) == text[-1]
