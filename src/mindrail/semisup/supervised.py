"""Supervised learning: the labels and nothing else. The twin that every other algorithm is measured against."""

from dataclasses import dataclass
from typing import ClassVar

from mindrail.semisup._base import LearnsFrom, StepLogits, StepLosses
from mindrail.semisup._parts import check, supervised


@dataclass(frozen=True)
class Supervised:
    """Cross-entropy on the labelled rows, with the class weights that the recipe sets."""

    heads: ClassVar[int] = 1
    extra_labels: ClassVar[int] = 0
    learns_from: ClassVar[LearnsFrom] = "labels"

    def init(self, pool: int, labels: int, *, exclusive: bool) -> None:
        """Nothing to remember between steps."""

    def step(self, state: None, logits: StepLogits) -> tuple[StepLosses, None]:
        """The mean loss over the labelled rows."""
        check(self, logits)
        loss = supervised(logits).sum()
        return StepLosses(loss, {"supervised": loss.item()}), None


ALGORITHM = Supervised
