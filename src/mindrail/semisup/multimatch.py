"""MultiMatch: three heads, each taught by the other two (arXiv:2506.07801).

Head h learns, on the other wording, the label that the two others give the text as it is. A head's guess
passes where the average margin of its label on that text (APM) reaches a cutoff (γ). What both give and both
pass is easy and weighs 1. What only one of them passes is difficult and weighs `difficult_weight` (w_d),
whether the other agrees or not. The rest is not learned from; nor is what neither head is sure of by the
thresholds of FreeMatch. During the first epoch there are no cutoffs, and only the labels teach.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mindrail.semisup._base import LearnsFrom, StepLogits, StepLosses
from mindrail.semisup._margins import Clock, Margins, pseudo_margins
from mindrail.semisup._parts import check, conclude, expect, moved, pull, questions, shape, supervised
from mindrail.semisup._thresholds import Confidence, latest, reached

HEADS = 3
OTHERS = ((1, 2), (0, 2), (0, 1))


@dataclass(frozen=True)
class Memory:
    """What each head believed. The axis `asked` runs over the questions of the first head, then the second, ..."""

    confidence: Confidence
    margins: Margins
    guess: Int[Tensor, "pool asked"]  # each head's last guess, -1 for none so far
    cutoffs: Float[Tensor, "head question option"]  # for the head that learns
    epoch: int


@dataclass(frozen=True)
class MultiMatch:
    """Settings, with units and ranges. Remembers a number per text, label and head."""

    heads: ClassVar[int] = HEADS
    extra_labels: ClassVar[int] = 0
    learns_from: ClassVar[LearnsFrom] = "strong"

    unlabeled_weight: float = 1.0  # times the mean over heads of their losses, from 0
    difficult_weight: float = 3.0  # of what one head passes alone, from 0; what both pass weighs 1
    quantile: float = 0.05  # in [0, 1]: the share of margins, where both heads agree, that a cutoff exceeds
    allow_negative_cutoffs: bool = False
    recalibrate_every: int = 0  # steps between new cutoffs; 0: at the end of every epoch
    smoothing: float = 0.997  # weight of a text's first margin, in (0, 1]; later ones weigh less (δ)
    clock: Clock = "updates"  # what later means: the times the text was seen, or the epoch
    momentum: float = 0.999  # share of the running confidence that a step keeps, in [0, 1)
    supervised_losses: Literal["sum", "mean"] = "sum"  # over the heads
    count_confidence_twice: bool = False  # the paper's code: running means move once per head that is taught
    stop_at_missing_label: bool = False  # the paper's code: behind a label without agreement cutoffs stay old

    def __post_init__(self) -> None:
        for name in ("unlabeled_weight", "difficult_weight", "recalibrate_every"):
            expect(getattr(self, name) >= 0, name, getattr(self, name), "a number from 0")
        expect(0 <= self.quantile <= 1, "quantile", self.quantile, "a share in [0, 1]")
        expect(0 < self.smoothing <= 1, "smoothing", self.smoothing, "a weight in (0, 1]")
        expect(0 <= self.momentum < 1, "momentum", self.momentum, "a share in [0, 1)")

    def init(self, pool: int, labels: int, *, exclusive: bool) -> Memory:
        """Nothing is known yet."""
        asked, options = shape(labels, exclusive=exclusive)
        return Memory(
            Confidence.start(labels, exclusive=exclusive, heads=HEADS),
            Margins.start(pool, HEADS * asked, options),
            torch.full((pool, HEADS * asked), -1),
            torch.zeros(HEADS, asked, options),
            0,
        )

    def step(self, state: Memory, logits: StepLogits) -> tuple[StepLosses, Memory]:
        """Losses and memory after the step. Refuses logits of the wrong shape with BadConfig."""
        check(self, logits, pool=len(state.guess))
        state = moved(state, logits.weak.device)
        cutoffs = self.recalibrated(state) if self._due(state, logits) else state.cutoffs
        weak = questions(logits.weak.detach(), exclusive=logits.exclusive)
        guesses, guess = weak.softmax(-1), weak.argmax(-1)

        last, epoch = latest(logits.index), logits.epoch if self.clock == "epoch" else None
        margins = state.margins.after(pseudo_margins(weak), logits.index, self.smoothing, epoch=epoch)
        once = state.confidence.after(guesses, self.momentum)
        twice = once.after(guesses, self.momentum) if self.count_confidence_twice else once
        memory = Memory(
            twice,
            margins,
            state.guess.index_put((logits.index[last],), guess[last]),
            cutoffs,
            logits.epoch,
        )

        sure = [reached(guesses.amax(-1), guess, means.thresholds()) for means in (once, twice)]
        label, easy, difficult = teach(
            by_head(guess),
            by_head(margins.of(guess, logits.index)),
            torch.stack([by_head(mask) for mask in sure]),
            cutoffs,
        )
        weight = (easy + self.difficult_weight * difficult) * (logits.epoch > 0)
        heads = supervised(logits)
        losses = conclude(
            logits,
            heads.sum() if self.supervised_losses == "sum" else heads.mean(),
            pull(questions(logits.strong, exclusive=logits.exclusive), label, weight),
            self.unlabeled_weight,
            label=label,
            counted=weight > 0,
            threshold=twice.thresholds().mean(),
            cutoff=cutoffs.mean(),
            difficult=(difficult & (weight > 0)).float().sum() / max(1, weight.numel()),
        )
        return losses, memory

    def _due(self, state: Memory, logits: StepLogits) -> bool:
        """Whether the cutoffs are computed anew as a step begins."""
        if self.recalibrate_every:
            return logits.step > 0 and logits.step % self.recalibrate_every == 0
        return logits.epoch > state.epoch

    def recalibrated(self, state: Memory) -> Float[Tensor, "head question option"]:
        """For every head and label: a low quantile of the others' margins on the texts where they agree on it."""
        guess, average = by_head(state.guess), by_head(state.margins.average)
        cutoffs = state.cutoffs.clone()
        for head, (one, two) in enumerate(OTHERS):
            for question, options in enumerate(cutoffs[head]):
                for option in range(len(options)):
                    agreed = (guess[:, [one, two], question] == option).all(1)
                    found = average[agreed][:, [one, two], question, option].flatten()
                    if not len(found):
                        options[option] = 0
                        if self.stop_at_missing_label:
                            break
                        continue
                    low = found.quantile(self.quantile)
                    options[option] = low if self.allow_negative_cutoffs else low.clamp(min=0)
        return cutoffs


def teach(
    guess: Int[Tensor, "row head question"],
    lead: Float[Tensor, "row head question"],
    sure: Bool[Tensor, "lesson row head question"],
    cutoffs: Float[Tensor, "head question option"],
) -> tuple[Int[Tensor, "row asked"], Bool[Tensor, "row asked"], Bool[Tensor, "row asked"]]:
    """For each head what the two others teach it: the label, whether it is easy, whether it is difficult.

    `lead` is the average margin of the guess. A head gives two lessons, and `sure` has its mask for each.
    """
    lessons = []
    for head, others in enumerate(OTHERS):
        one, two = (guess[:, other] for other in others)
        first, second = (reached(lead[:, other], guess[:, other], cutoffs[head]) for other in others)
        trusted = torch.stack([sure[OTHERS[other].index(head), :, other] for other in others]).any(0)
        easy = (one == two) & first & second & trusted
        lessons.append((torch.where(first, one, two), easy, (first ^ second) & trusted))
    label, easy, difficult = (torch.stack(parts, dim=1).flatten(1) for parts in zip(*lessons, strict=True))
    return label, easy, difficult


def by_head(asked: Tensor) -> Tensor:
    """An axis for the heads before that of the questions."""
    return asked.reshape(len(asked), HEADS, asked.shape[1] // HEADS, *asked.shape[2:])


ALGORITHM = MultiMatch
