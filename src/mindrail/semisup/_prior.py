"""Aligning guesses with the shares of the labels, so that no label takes over by being guessed first.

Distribution alignment (ReMixMatch, arXiv:1911.09785): a guess q becomes q · prior / mean(q), scaled to sum to
one. The mean runs over the batches seen so far, the last `remembered` or so with the greatest weight.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from mindrail.semisup._base import StepLogits
from mindrail.semisup._parts import shape

#: What the guesses are aligned with: nothing, the labelled rows seen so far, or equal shares.
Align = Literal["none", "labels", "uniform"]

LEAST = 1e-6  # keeps a share of zero from dividing


@dataclass(frozen=True)
class Seen:
    """What was guessed of unlabelled texts (a mean) and what labelled rows say (a sum)."""

    batches: int
    guessed: Float[Tensor, "question option"]
    labeled: Float[Tensor, "question option"]


def start(labels: int, align: Align, *, exclusive: bool) -> Seen | None:
    """The memory before the first step; None where nothing is aligned."""
    if align == "none":
        return None
    empty = torch.zeros(shape(labels, exclusive=exclusive))
    return Seen(0, empty, empty)


def aligned(
    seen: Seen | None,
    probabilities: Float[Tensor, "row question option"],
    logits: StepLogits,
    align: Align,
    remembered: int,
) -> tuple[Float[Tensor, "row question option"], Seen | None]:
    """The aligned guesses and the memory after them; without memory, both as they were."""
    if seen is None:
        return probabilities, None
    targets = logits.targets.float()
    targets = targets[:, None] if logits.exclusive else torch.stack((1 - targets, targets), dim=-1)
    labeled = seen.labeled + targets.sum(0)
    if not len(probabilities):
        return probabilities, Seen(seen.batches, seen.guessed, labeled)
    batches = seen.batches + 1
    guessed = seen.guessed + (probabilities.mean(0) - seen.guessed) / min(batches, remembered)
    prior = labeled if align == "labels" else torch.ones_like(labeled)
    prior = prior / prior.sum(-1, keepdim=True)
    shifted = probabilities * (prior + LEAST) / (guessed + LEAST)
    return shifted / shifted.sum(-1, keepdim=True), Seen(batches, guessed, labeled)
