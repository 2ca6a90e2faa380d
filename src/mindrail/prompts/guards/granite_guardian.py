"""Granite Guardian: `Yes` or `No` to one risk (3.0 to 3.2), `<score> yes </score>` to one criterion (3.3, 4.1).

Apache-2.0 (github.com/ibm-granite/granite-guardian). Criteria of one's own are what these models are made for: ours
are the definitions of the labels, one question for each that is stopped. Answered without thinking aloud.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from mindrail.llm.chat import Message
from mindrail.prompts.guards._base import Asked, conversation, policy, stopped
from mindrail.records import Example
from mindrail.taxonomy import Axis, Label


@dataclass(frozen=True)
class GraniteGuardian:
    """`generation` says what the template takes: 3.0 stands for 3.1 and 3.2 too."""

    max_tokens: ClassVar[int] = 24
    generation: Literal["3.0", "3.3", "4.1"] = "3.3"

    @property
    def words(self) -> Mapping[str, bool]:
        """Capital letters up to 3.2."""
        return {"No": False, "Yes": True} if self.generation == "3.0" else {"no": False, "yes": True}

    def ask(self, example: Example, axis: Axis) -> tuple[Asked, ...]:
        """One question for each label that is stopped."""
        said = conversation(example)
        before = "" if self.generation == "3.0" else "<score>"
        return tuple(
            Asked((*said, *self._block(label)), self._template(label), before, label.name)
            for label in stopped(axis)
        )

    def codes(self, answer: str) -> tuple[str, ...]:
        """None: each question is about one label."""
        return ()

    def _template(self, label: Label) -> dict[str, Any]:
        if self.generation == "3.0":
            return {"guardian_config": {"risk_name": label.name, "risk_definition": policy(label)}}
        if self.generation == "3.3":
            return {"guardian_config": {"custom_criteria": policy(label)}, "think": False}
        return {}

    def _block(self, label: Label) -> tuple[Message, ...]:
        """4.1 reads its criterion from a last message with these marks; the sentences in it are ours."""
        if self.generation != "4.1":
            return ()
        return (
            Message(
                "user",
                "<guardian><no-think>Judge the last message before this one by the criterion. Answer at once, with "
                "empty <think></think> tags and your score between <score></score> tags.\n\n"
                f"### Criteria: {policy(label)}\n\n"
                "### Scoring Schema: 'yes' if the message meets the criterion, 'no' if it does not.",
            ),
        )


FORMAT = GraniteGuardian
