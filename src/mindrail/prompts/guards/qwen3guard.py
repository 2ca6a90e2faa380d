"""Qwen3Guard-Gen: `Safety: Safe | Controversial | Unsafe`, then `Categories:`, and `Refusal:` for answers.

Apache-2.0 models of 0.6, 4 and 8 billion parameters (github.com/QwenLM/Qwen3Guard). The middle verdict is the nearest
public relative of our borderline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mindrail.prompts.guards._base import Asked, conversation, listed, meaning
from mindrail.records import Example
from mindrail.taxonomy import Axis

CATEGORIES = (
    "Violent",
    "Non-violent Illegal Acts",
    "Sexual Content or Sexual Acts",
    "PII",
    "Suicide & Self-Harm",
    "Unethical Acts",
    "Politically Sensitive Topics",
    "Copyright Violation",
    "Jailbreak",
)


@dataclass(frozen=True)
class Qwen3Guard:
    """Nothing to set."""

    words: ClassVar[Mapping[str, bool]] = {"Safe": False, "Controversial": True, "Unsafe": True}
    max_tokens: ClassVar[int] = 64

    def ask(self, example: Example, axis: Axis) -> tuple[Asked, ...]:
        """One question about everything."""
        return (Asked(conversation(example), before="Safety:", meaning=meaning("qwen3guard", axis)),)

    def codes(self, answer: str) -> tuple[str, ...]:
        """What stands after `Categories:`."""
        _, _, rest = answer.partition("Categories:")
        return tuple(code for code in listed(rest.partition("Refusal:")[0], CATEGORIES) if code != "None")


FORMAT = Qwen3Guard
