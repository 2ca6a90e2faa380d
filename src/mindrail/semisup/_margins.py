"""How clearly an option leads on a text, averaged over training: memory of MarginMatch and of MultiMatch.

The pseudo-margin of the leading option is its lead over the second; that of any other, how far it trails
(negative). Its average over the times a text was seen (APM) tells steady guesses from lucky ones.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import one_hot

from mindrail.semisup._thresholds import latest

#: What the weight of a new margin falls with: the times its text was seen, or the epoch of the labelled rows.
Clock = Literal["updates", "epoch"]


def pseudo_margins(logits: Float[Tensor, "row *question option"]) -> Float[Tensor, "row *question option"]:
    """Each option's logit less the largest of the others."""
    largest = logits.topk(2, dim=-1).values
    first, second = largest[..., :1], largest[..., 1:]
    return logits - torch.where(logits == first, second, first)


@dataclass(frozen=True)
class Margins:
    """The average margin of every text, and how often it was seen."""

    average: Float[Tensor, "pool *question option"]
    seen: Int[Tensor, " pool"]

    @classmethod
    def start(cls, pool: int, *questions: int) -> "Margins":
        """No text was seen yet."""
        return cls(torch.zeros(pool, *questions), torch.zeros(pool, dtype=torch.int64))

    def after(
        self,
        margins: Float[Tensor, "row *question option"],
        index: Int[Tensor, " row"],
        smoothing: float,
        *,
        epoch: int | None = None,
    ) -> "Margins":
        """The memory once these margins have been seen.

        A new margin has the weight d / (1 + t): d is `smoothing`, t the times its text was seen before, or
        `epoch` where one is given.
        """
        last = latest(index)
        rows = index[last]
        seen = self.seen[rows]
        before = seen if epoch is None else torch.full_like(seen, epoch)
        weight = (smoothing / (1 + before)).view(-1, *[1] * (margins.ndim - 1))
        average = weight * margins[last] + (1 - weight) * self.average[rows]
        return Margins(self.average.index_put((rows,), average), self.seen.index_put((rows,), seen + 1))

    def of(
        self, label: Int[Tensor, "row *question"], index: Int[Tensor, " row"]
    ) -> Float[Tensor, "row *question"]:
        """The average margins of the options `label` of the texts in `index`."""
        return self.average[index].gather(-1, label[..., None])[..., 0]

    def overwritten(
        self,
        where: Bool[Tensor, "row *question"],
        label: Int[Tensor, "row *question"],
        index: Int[Tensor, " row"],
    ) -> "Margins":
        """The memory with 1 for the averages of the options `label` that `where` marks."""
        last = latest(index)
        rows = index[last]
        marked = one_hot(label[last], self.average.shape[-1]).bool() & where[last][..., None]
        ones = self.average[rows].masked_fill(marked, 1.0)
        return Margins(self.average.index_put((rows,), ones), self.seen)
