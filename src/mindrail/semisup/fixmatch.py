"""FixMatch: learn from unlabelled texts where the model is already sure (arXiv:2001.07685).

The text as it is proposes a label. Where the label's probability reaches `threshold` (the paper's τ), another
wording of the same text is pulled towards that label with the weight `unlabeled_weight` (λ_u).
"""

from dataclasses import dataclass
from typing import ClassVar

from mindrail.semisup._base import LearnsFrom, StepLogits, StepLosses
from mindrail.semisup._parts import check, conclude, expect, moved, pull, questions, supervised
from mindrail.semisup._prior import Align, Seen, aligned, start


@dataclass(frozen=True)
class FixMatch:
    """Settings, with units and ranges. Costs three passes a step: labelled, wording, and guess (no gradient)."""

    heads: ClassVar[int] = 1
    extra_labels: ClassVar[int] = 0
    learns_from: ClassVar[LearnsFrom] = "strong"

    threshold: float = 0.95  # a probability, in (0, 1]
    unlabeled_weight: float = 1.0  # times the supervised loss, from 0
    align: Align = "none"  # guesses are scaled to the shares among the labelled rows, to equal shares, or not
    align_over: int = 128  # batches, from 1: how far back the running mean of the guesses reaches

    def __post_init__(self) -> None:
        expect(self.align_over >= 1, "align_over", self.align_over, "a number of batches from 1")
        expect(0 < self.threshold <= 1, "threshold", self.threshold, "a probability in (0, 1]")
        expect(self.unlabeled_weight >= 0, "unlabeled_weight", self.unlabeled_weight, "a number from 0")

    def init(self, pool: int, labels: int, *, exclusive: bool) -> Seen | None:
        """What was seen so far, where guesses are aligned."""
        return start(labels, self.align, exclusive=exclusive)

    def step(self, state: Seen | None, logits: StepLogits) -> tuple[StepLosses, Seen | None]:
        """Losses and memory after the step. Refuses logits of the wrong shape with BadConfig."""
        check(self, logits)
        state = moved(state, logits.weak.device)
        guesses = questions(logits.weak.detach(), exclusive=logits.exclusive).softmax(-1)
        guesses, state = aligned(state, guesses, logits, self.align, self.align_over)
        probability, label = guesses.max(-1)
        counted = probability >= self.threshold
        unlabeled = pull(questions(logits.strong, exclusive=logits.exclusive), label, counted.float())
        losses = conclude(
            logits,
            supervised(logits).sum(),
            unlabeled,
            self.unlabeled_weight,
            label=label,
            counted=counted,
        )
        return losses, state


ALGORITHM = FixMatch
