"""FlexMatch: FixMatch with a lower threshold for labels that are not yet learned (arXiv:2110.08263).

A label counts as learned as far as texts of the pool were last sure of it. At the very start nothing is
learned, every threshold is 0, and every guess counts; the thresholds rise to `threshold` (τ) from there.
"""

from dataclasses import dataclass
from typing import ClassVar

from mindrail.semisup._base import LearnsFrom, StepLogits, StepLosses
from mindrail.semisup._parts import check, conclude, expect, moved, pull, questions, supervised
from mindrail.semisup._thresholds import Learned, reached


@dataclass(frozen=True)
class FlexMatch:
    """Settings, with units and ranges. Remembers a number per text and question."""

    heads: ClassVar[int] = 1
    extra_labels: ClassVar[int] = 0
    learns_from: ClassVar[LearnsFrom] = "strong"

    threshold: float = 0.95  # a probability, in (0, 1]: that of the label learned best
    unlabeled_weight: float = 1.0  # times the supervised loss, from 0
    warm_up: bool = True  # thresholds stay low until most of the pool is learned; yes or no

    def __post_init__(self) -> None:
        expect(0 < self.threshold <= 1, "threshold", self.threshold, "a probability in (0, 1]")
        expect(self.unlabeled_weight >= 0, "unlabeled_weight", self.unlabeled_weight, "a number from 0")

    def init(self, pool: int, labels: int, *, exclusive: bool) -> Learned:
        """Nothing is learned yet."""
        return Learned.start(pool, labels, exclusive=exclusive)

    def step(self, state: Learned, logits: StepLogits) -> tuple[StepLosses, Learned]:
        """Losses and memory after the step. Refuses logits of the wrong shape with BadConfig."""
        check(self, logits, pool=len(state.option))
        state = moved(state, logits.weak.device)
        guesses = questions(logits.weak.detach(), exclusive=logits.exclusive).softmax(-1)
        probability, label = guesses.max(-1)
        thresholds = state.thresholds(self.threshold, guesses.shape[-1], warm_up=self.warm_up)
        counted = reached(probability, label, thresholds)
        unlabeled = pull(questions(logits.strong, exclusive=logits.exclusive), label, counted.float())
        losses = conclude(
            logits,
            supervised(logits).sum(),
            unlabeled,
            self.unlabeled_weight,
            label=label,
            counted=counted,
            threshold=thresholds.mean(),
        )
        return losses, state.after(probability >= self.threshold, label, logits.index)


ALGORITHM = FlexMatch
