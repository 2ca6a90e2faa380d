"""FreeMatch: thresholds that follow the model's own confidence, with none to set (arXiv:2205.07246).

The running mean of the confidence (t) is the threshold, scaled down for labels that are guessed less (p̃).
`fairness_weight` (w_f) adds the paper's fairness loss. It means to even the labels out, but lowering it as
published moves a batch's shares away from the running ones (Semi-supervised-learning, issue 182): off by default.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import one_hot

from mindrail.semisup._base import LearnsFrom, StepLogits, StepLosses
from mindrail.semisup._parts import check, conclude, expect, moved, pull, questions, supervised
from mindrail.semisup._thresholds import Confidence, reached

LEAST = 1e-12  # keeps logarithms and quotients finite


@dataclass(frozen=True)
class FreeMatch:
    """Settings, with units and ranges. Remembers a few numbers per label."""

    heads: ClassVar[int] = 1
    extra_labels: ClassVar[int] = 0
    learns_from: ClassVar[LearnsFrom] = "strong"

    unlabeled_weight: float = 1.0  # times the supervised loss, from 0
    momentum: float = 0.999  # share of the running means that a step keeps, in [0, 1)
    fairness_weight: float = 0.0  # times the supervised loss, from 0; the authors' code has 0.01

    def __post_init__(self) -> None:
        expect(self.unlabeled_weight >= 0, "unlabeled_weight", self.unlabeled_weight, "a number from 0")
        expect(0 <= self.momentum < 1, "momentum", self.momentum, "a share in [0, 1)")
        expect(self.fairness_weight >= 0, "fairness_weight", self.fairness_weight, "a number from 0")

    def init(self, pool: int, labels: int, *, exclusive: bool) -> Confidence:
        """Equal shares for every label."""
        return Confidence.start(labels, exclusive=exclusive)

    def step(self, state: Confidence, logits: StepLogits) -> tuple[StepLosses, Confidence]:
        """Losses and memory after the step. Refuses logits of the wrong shape with BadConfig."""
        check(self, logits)
        guesses = questions(logits.weak.detach(), exclusive=logits.exclusive).softmax(-1)
        strong = questions(logits.strong, exclusive=logits.exclusive)
        state = moved(state, guesses.device).after(guesses, self.momentum)
        probability, label = guesses.max(-1)
        thresholds = state.thresholds()
        counted = reached(probability, label, thresholds)
        more = {"threshold": thresholds.mean()}
        if self.fairness_weight:
            more["fairness"] = fairness_loss(strong, counted, state)
        losses = conclude(
            logits,
            supervised(logits).sum(),
            pull(strong, label, counted.float()),
            self.unlabeled_weight,
            label=label,
            counted=counted,
            **more,
        )
        if self.fairness_weight:
            losses = replace(losses, total=losses.total + self.fairness_weight * more["fairness"])
        return losses, state


def fairness_loss(
    strong: Float[Tensor, "row question option"],
    counted: Bool[Tensor, "row question"],
    seen: Confidence,
) -> Float[Tensor, ""]:
    """L_f = -H(a, b) as published, averaged over the questions; those where no row counted add nothing.

    a is p̃ / h̃; b is the mean probability on the other wording over how often each option is the guess there,
    among the rows that counted. Both are scaled to sum to one. It is largest where b equals a.
    """
    probabilities = strong.softmax(-1)
    kept = counted.float()[..., None]
    mean = (probabilities * kept).sum(0)
    chosen = (one_hot(probabilities.argmax(-1), strong.shape[-1]) * kept).sum(0)
    expected = normalised(seen.each / seen.chosen.clamp(min=LEAST))
    found = normalised(torch.where(chosen > 0, mean / chosen.clamp(min=1), 0))
    fits = (expected * (found + LEAST).log()).sum(-1)
    return torch.where(counted.any(0), fits, 0).mean()


def normalised(values: Float[Tensor, "question option"]) -> Float[Tensor, "question option"]:
    """Scaled to sum to one; zeros stay."""
    return values / values.sum(-1, keepdim=True).clamp(min=LEAST)


ALGORITHM = FreeMatch
