"""Supervised learning: the labels and nothing else. The twin that every other algorithm is measured against."""

from dataclasses import dataclass
from typing import ClassVar

from mindrail.semisup._base import StepLogits, StepLosses
from mindrail.semisup._parts import supervised_loss


@dataclass(frozen=True)
class Supervised:
    """Cross-entropy on the labelled rows, with the class weights that the recipe sets."""

    heads: ClassVar[int] = 1
    extra_labels: ClassVar[int] = 0

    def init(self, pool: int, labels: int) -> None:
        """Nothing to remember between steps."""

    def step(self, state: None, logits: StepLogits) -> tuple[StepLosses, None]:
        """The mean loss over the labelled rows."""
        loss = supervised_loss(
            logits.labeled[0],
            logits.targets,
            exclusive=logits.exclusive,
            class_weights=logits.class_weights,
        )
        return StepLosses(loss, {"supervised": loss.item()}), None


ALGORITHM = Supervised
