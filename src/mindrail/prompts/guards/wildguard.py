"""WildGuard: three lines of `yes` or `no`: is the request harmful, is the response a refusal, is it harmful.

Its prompt is no chat template but a text in its repository (github.com/allenai/wildguard), which is not kept here:
give it as a Jinja file (`chat_template` of the provider `local`, `--chat-template` of vLLM); docs/guard-models.md
says how.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mindrail.prompts.guards._base import Asked, conversation, meaning
from mindrail.records import Example
from mindrail.taxonomy import Axis


@dataclass(frozen=True)
class WildGuard:
    """Nothing to set."""

    words: ClassVar[Mapping[str, bool]] = {"no": False, "yes": True}
    max_tokens: ClassVar[int] = 32

    def ask(self, example: Example, axis: Axis) -> tuple[Asked, ...]:
        """One question; which of the three lines counts depends on whose turn is judged."""
        said = conversation(example)
        line = "Harmful response:" if said[-1].role == "assistant" else "Harmful request:"
        return (Asked(said, before=line, meaning=meaning("wildguard", axis)),)

    def codes(self, answer: str) -> tuple[str, ...]:
        """None: it names no categories."""
        return ()


FORMAT = WildGuard
