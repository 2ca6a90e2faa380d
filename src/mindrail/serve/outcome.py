"""What became of one input: an answer, or that it could not be scored, which is never "allowed"."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mindrail.guard import Answer
from mindrail.taxonomy.axis import Verdict

#: the label of what could not be scored
UNSCORED = "unscored"


@dataclass(frozen=True)
class Outcome:
    """`answer` is None for an input that made the guard fail: it is to be reviewed."""

    answer: Answer | None

    @property
    def decision(self) -> Verdict:
        """What to do with the input."""
        return self.answer.decision if self.answer else "review"

    @property
    def flagged(self) -> bool:
        """Whether the input is anything but allowed."""
        return self.decision != "allow"

    @property
    def label(self) -> str:
        """The label that agrees with the decision."""
        return self.answer.label if self.answer else UNSCORED

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels that apply."""
        return self.answer.labels if self.answer else (UNSCORED,)

    @property
    def probability(self) -> float:
        """That of the event that decided, or of the label."""
        return self.answer.probability if self.answer else 1.0

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Per label; none where nothing was scored."""
        return self.answer.probabilities if self.answer else {}

    @property
    def reason(self) -> str:
        """For people, without the text."""
        return self.answer.reason if self.answer else "the guard failed on this input"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: our own words, which every dialect that can carries beside its own."""
        if self.answer:
            return self.answer.to_dict()
        return {"decision": "review", "label": UNSCORED, "code": "error", "reason": self.reason}
