"""Pseudo-labels: take sure guesses for labels (Lee 2013). Needs no second wording of any text.

Where the probability of a guess reaches `threshold`, the text itself is pulled towards it. The weight of
this loss rises from 0 over the first part of the run, `ramp`, while the guesses are worth little.
"""

from dataclasses import dataclass
from typing import ClassVar

from mindrail.semisup._base import LearnsFrom, StepLogits, StepLosses
from mindrail.semisup._parts import check, conclude, expect, moved, pull, questions, supervised
from mindrail.semisup._prior import Align, Seen, aligned, start


@dataclass(frozen=True)
class PseudoLabel:
    """Settings, with units and ranges. Costs two passes a step: labelled and unlabelled."""

    heads: ClassVar[int] = 1
    extra_labels: ClassVar[int] = 0
    learns_from: ClassVar[LearnsFrom] = "weak"

    threshold: float = 0.95  # a probability, in (0, 1]
    unlabeled_weight: float = 1.0  # times the supervised loss, from 0; reached at the end of the ramp
    ramp: float = 0.4  # share of all steps, in [0, 1], over which the weight rises evenly from 0
    align: Align = "none"  # guesses are scaled to the shares among the labelled rows, to equal shares, or not
    align_over: int = 128  # batches, from 1: how far back the running mean of the guesses reaches

    def __post_init__(self) -> None:
        expect(self.align_over >= 1, "align_over", self.align_over, "a number of batches from 1")
        expect(0 < self.threshold <= 1, "threshold", self.threshold, "a probability in (0, 1]")
        expect(self.unlabeled_weight >= 0, "unlabeled_weight", self.unlabeled_weight, "a number from 0")
        expect(0 <= self.ramp <= 1, "ramp", self.ramp, "a share of all steps in [0, 1]")

    def init(self, pool: int, labels: int, *, exclusive: bool) -> Seen | None:
        """What was seen so far, where guesses are aligned."""
        return start(labels, self.align, exclusive=exclusive)

    def step(self, state: Seen | None, logits: StepLogits) -> tuple[StepLosses, Seen | None]:
        """Losses and memory after the step. Refuses logits of the wrong shape with BadConfig."""
        check(self, logits)
        guesses = questions(logits.weak.detach(), exclusive=logits.exclusive).softmax(-1)
        guesses, state = aligned(moved(state, guesses.device), guesses, logits, self.align, self.align_over)
        probability, label = guesses.max(-1)
        counted = probability >= self.threshold
        rising = self.ramp * logits.steps
        risen = min(1.0, logits.step / rising) if rising else 1.0
        losses = conclude(
            logits,
            supervised(logits).sum(),
            pull(questions(logits.strong, exclusive=logits.exclusive), label, counted.float()),
            self.unlabeled_weight * risen,
            label=label,
            counted=counted,
        )
        return losses, state


ALGORITHM = PseudoLabel
