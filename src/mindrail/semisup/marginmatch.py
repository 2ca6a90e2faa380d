"""MarginMatch: trust a guess that led clearly all along (arXiv:2308.09037).

A guess counts where FlexMatch (or FreeMatch) would count it and the average margin of its label on that text
(APM) reaches a cutoff (γ): a fixed one, or one learned from an erroneous class (see `ErroneousClass`).
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mindrail.errors import BadConfig
from mindrail.semisup._base import LearnsFrom, StepLogits, StepLosses
from mindrail.semisup._erroneous import Drawn, ErroneousClass
from mindrail.semisup._margins import Clock, Margins, pseudo_margins
from mindrail.semisup._parts import check, conclude, expect, moved, pull, questions, shape, supervised
from mindrail.semisup._thresholds import Confidence, Learned, reached


@dataclass(frozen=True)
class Memory:
    """What the thresholds, the margins and the erroneous class remember."""

    thresholds: Learned | Confidence
    margins: Margins
    drawn: Drawn | None


@dataclass(frozen=True)
class MarginMatch:
    """Settings, with units and ranges. Remembers a number per text and label."""

    heads: ClassVar[int] = 1
    learns_from: ClassVar[LearnsFrom] = "strong"

    threshold: float = 0.95  # a probability, in (0, 1]; of the FlexMatch mask
    unlabeled_weight: float = 1.0  # times the supervised loss, from 0
    mask: Literal["flexmatch", "freematch"] = "flexmatch"
    momentum: float = 0.999  # share of the running means that a step keeps, in [0, 1); of the FreeMatch mask
    smoothing: float = 0.997  # weight of a text's first margin, in (0, 1]; later ones weigh less (δ)
    clock: Clock = "updates"  # what later means: the times the text was seen, or the epoch
    cutoff: Literal["fixed", "erroneous_class"] = "fixed"
    least_margin: float = 0.0  # logits; the fixed cutoff, or the one until the erroneous class gives one
    erroneous: ErroneousClass = field(default_factory=ErroneousClass)
    overwrite_kept_margins: bool = False  # a bug of one version of the code: a margin that passes becomes 1

    def __post_init__(self) -> None:
        expect(0 < self.threshold <= 1, "threshold", self.threshold, "a probability in (0, 1]")
        expect(self.unlabeled_weight >= 0, "unlabeled_weight", self.unlabeled_weight, "a number from 0")
        expect(0 <= self.momentum < 1, "momentum", self.momentum, "a share in [0, 1)")
        expect(0 < self.smoothing <= 1, "smoothing", self.smoothing, "a weight in (0, 1]")

    @property
    def extra_labels(self) -> int:
        """One with an erroneous class, else none."""
        return int(self.cutoff == "erroneous_class")

    def init(self, pool: int, labels: int, *, exclusive: bool) -> Memory:
        """Nothing is known yet. Refuses an erroneous class where labels do not exclude each other."""
        if self.extra_labels and not exclusive:
            raise BadConfig(
                "cutoff 'erroneous_class' on an axis whose labels do not exclude each other: a text can have none of "
                "them, so an extra label is no wrong answer to any. Expected one label per text. "
                "Do: set cutoff 'fixed', or use multimatch"
            )
        thresholds = (
            Learned.start(pool, labels, exclusive=exclusive)
            if self.mask == "flexmatch"
            else Confidence.start(labels, exclusive=exclusive)
        )
        drawn = Drawn.start(pool, self.least_margin) if self.extra_labels else None
        return Memory(thresholds, Margins.start(pool, *shape(labels, exclusive=exclusive)), drawn)

    def step(self, state: Memory, logits: StepLogits) -> tuple[StepLosses, Memory]:
        """Losses and memory after the step. Refuses logits of the wrong shape with BadConfig."""
        check(self, logits, pool=len(state.margins.seen))
        state = moved(state, logits.weak.device)
        index, options = logits.index, state.margins.average.shape[-1]
        weak = questions(logits.weak.detach(), exclusive=logits.exclusive)
        guesses, lead = weak[..., :options].softmax(-1), pseudo_margins(weak)
        label = guesses.argmax(-1)

        drawn, wrong = state.drawn, torch.zeros_like(index, dtype=torch.bool)
        if drawn is not None:
            drawn = self.erroneous.turn(drawn, options, step=logits.step, steps=logits.steps)
            wrong = drawn.chosen[index]
            drawn = drawn.after(lead[wrong, 0, options], index[wrong], self.smoothing)

        epoch = logits.epoch if self.clock == "epoch" else None
        margins = state.margins.after(lead[~wrong, :, :options], index[~wrong], self.smoothing, epoch=epoch)
        clear = margins.of(label, index) >= self._cutoff(drawn)
        sure, thresholds, memory = self._sure(state.thresholds, guesses, index, ~wrong)
        counted = sure & clear & ~wrong[:, None]
        if self.overwrite_kept_margins:
            margins = margins.overwritten(clear & ~wrong[:, None], label, index)

        # a text that stands for wrong labels weighs as much as the others do on average
        weight = counted.float()
        usual = weight.sum() / (~wrong).sum().clamp(min=1)
        unlabeled = pull(
            questions(logits.strong, exclusive=logits.exclusive),
            torch.where(wrong[:, None], options, label),
            torch.where(wrong[:, None], usual, weight),
        )
        losses = conclude(
            logits,
            supervised(logits).sum(),
            unlabeled,
            self.unlabeled_weight,
            label=label,
            counted=counted,
            threshold=thresholds.mean(),
            cutoff=torch.tensor(self.least_margin if drawn is None else drawn.cutoff, device=label.device),
        )
        return losses, Memory(memory, margins, drawn)

    def _cutoff(self, drawn: Drawn | None) -> float:
        """The least average margin; none before an erroneous class is first drawn."""
        if drawn is None:
            return self.least_margin
        return drawn.cutoff if drawn.draw >= 0 else -torch.inf

    def _sure(
        self,
        memory: Learned | Confidence,
        guesses: Float[Tensor, "row question option"],
        index: Int[Tensor, " row"],
        ordinary: Bool[Tensor, " row"],
    ) -> tuple[Bool[Tensor, "row question"], Float[Tensor, "question option"], Learned | Confidence]:
        """The mask, its thresholds, and the memory after the ordinary rows."""
        probability, label = guesses.max(-1)
        if isinstance(memory, Learned):
            thresholds = memory.thresholds(self.threshold, guesses.shape[-1], warm_up=True)
            sure = (probability >= self.threshold) & ordinary[:, None]
            return reached(probability, label, thresholds), thresholds, memory.after(sure, label, index)
        memory = memory.after(guesses[ordinary], self.momentum)
        thresholds = memory.thresholds()
        return reached(probability, label, thresholds), thresholds, memory


ALGORITHM = MarginMatch
