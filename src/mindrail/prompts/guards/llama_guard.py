"""Llama Guard 3 and 4: `safe`, or `unsafe` with the codes S1 to S14 of the MLCommons hazards on the next line.

The score is the probability of `unsafe` where the answer begins, as its model card has it (github.com/meta-llama/
PurpleLlama, Llama-Guard3/8B/MODEL_CARD.md). With `policy: ours` the labels of the taxonomy stand in for the fourteen
categories, where the model's template takes `categories` (that of Llama Guard 3-1B does).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from mindrail.prompts.guards._base import Asked, Meaning, conversation, listed, meaning, policy, stopped
from mindrail.records import Example
from mindrail.taxonomy import Axis


@dataclass(frozen=True)
class LlamaGuard:
    """`own`: the categories it was trained on; `ours`: the definitions of the taxonomy in their place."""

    words: ClassVar[Mapping[str, bool]] = {"safe": False, "unsafe": True}
    max_tokens: ClassVar[int] = 48
    policy: Literal["own", "ours"] = "own"

    def ask(self, example: Example, axis: Axis) -> tuple[Asked, ...]:
        """One question about everything."""
        said = conversation(example)
        if self.policy == "own":
            return (Asked(said, meaning=meaning("llama-guard", axis)),)
        bad = {f"S{number}": label for number, label in enumerate(stopped(axis), start=1)}
        calm = next((label.name for label in axis.labels if label.decision == "allow"), None)
        codes = {code: (label.name,) for code, label in bad.items()}
        means = Meaning("", {"safe": calm, "unsafe": None} if axis.exclusive else {}, codes)
        return (
            Asked(said, {"categories": {code: policy(label) for code, label in bad.items()}}, meaning=means),
        )

    def codes(self, answer: str) -> tuple[str, ...]:
        """What stands on the lines after `unsafe`."""
        _, unsafe, rest = answer.partition("unsafe")
        return listed(rest) if unsafe else ()


FORMAT = LlamaGuard
