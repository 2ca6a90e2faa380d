"""ShieldGemma: `Yes` where a text violates the one policy that it is asked about, else `No`.

Its chat template takes the policy as `guideline`; ours is the definition of the label. One question for each label
that is stopped. The score is the softmax over the two words, as its model card has it (huggingface.co/google/
shieldgemma-2b).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mindrail.prompts.guards._base import Asked, conversation, policy, stopped
from mindrail.records import Example
from mindrail.taxonomy import Axis


@dataclass(frozen=True)
class ShieldGemma:
    """Nothing to set."""

    words: ClassVar[Mapping[str, bool]] = {"No": False, "Yes": True}
    max_tokens: ClassVar[int] = 4

    def ask(self, example: Example, axis: Axis) -> tuple[Asked, ...]:
        """One question for each label that is stopped."""
        said = conversation(example)
        return tuple(
            Asked(said, {"guideline": f'"{_title(label.name)}": {policy(label)}'}, label=label.name)
            for label in stopped(axis)
        )

    def codes(self, answer: str) -> tuple[str, ...]:
        """None: each question is about one label."""
        return ()


def _title(name: str) -> str:
    return f"No {name.replace('_', ' ')}"


FORMAT = ShieldGemma
