"""Thresholds that follow how well each option is learned: memory and masks of FlexMatch and of FreeMatch."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import one_hot

from mindrail.semisup._parts import shape


def reached(
    value: Float[Tensor, "row question"],
    label: Int[Tensor, "row question"],
    least: Float[Tensor, "question option"],
) -> Bool[Tensor, "row question"]:
    """Whether what is known of each guess reaches what its option asks for."""
    return value >= least.expand(len(label), -1, -1).gather(-1, label[..., None])[..., 0]


def latest(index: Int[Tensor, " row"]) -> Bool[Tensor, " row"]:
    """Which rows show their text for the last time in this step: a text shown twice is remembered as seen last."""
    return ~(index[:, None] == index).triu(1).any(1)


@dataclass(frozen=True)
class Learned:
    """FlexMatch's memory: the option each text was last sure of, -1 for none so far (arXiv:2110.08263)."""

    option: Int[Tensor, "pool question"]

    @classmethod
    def start(cls, pool: int, labels: int, *, exclusive: bool) -> "Learned":
        """Nothing is learned yet."""
        return cls(torch.full((pool, shape(labels, exclusive=exclusive)[0]), -1))

    def thresholds(
        self, threshold: float, options: int, *, warm_up: bool
    ) -> Float[Tensor, "question option"]:
        """τ · β / (2 - β) for each option, β being its count over the largest count.

        With `warm_up` the texts without any option compete for the largest count, so that thresholds rise
        from 0 as more of the pool is learned.
        """
        asked = self.option.shape[1]
        width = options + 1  # the first: none so far
        cells = self.option + 1 + width * torch.arange(asked, device=self.option.device)
        counts = cells.flatten().bincount(minlength=width * asked).view(asked, width)
        most = counts[:, 0 if warm_up else 1 :].amax(-1, keepdim=True)
        learned = counts[:, 1:] / most.clamp(min=1)
        return threshold * learned / (2 - learned)

    def after(
        self,
        sure: Bool[Tensor, "row question"],
        label: Int[Tensor, "row question"],
        index: Int[Tensor, " row"],
    ) -> "Learned":
        """The memory once the guesses that are `sure` have been seen."""
        last = latest(index)
        rows = index[last]
        return Learned(
            self.option.index_put((rows,), torch.where(sure[last], label[last], self.option[rows]))
        )


@dataclass(frozen=True)
class Confidence:
    """FreeMatch's memory: running means of the guesses, from 1 / options (arXiv:2205.07246)."""

    overall: Float[Tensor, " question"]  # of the largest probability: t
    each: Float[Tensor, "question option"]  # of every probability: p̃
    chosen: Float[Tensor, "question option"]  # of how often each option is the guess: h̃

    @classmethod
    def start(cls, labels: int, *, exclusive: bool, heads: int = 1) -> "Confidence":
        """Equal shares for every option."""
        asked, options = shape(labels, exclusive=exclusive)
        even = torch.full((heads * asked, options), 1 / options)
        return cls(even[:, 0], even, even)

    def thresholds(self) -> Float[Tensor, "question option"]:
        """t · p̃ / max p̃: the overall confidence, scaled down for options that are guessed less."""
        return self.overall[:, None] * self.each / self.each.amax(-1, keepdim=True)

    def after(self, guesses: Float[Tensor, "row question option"], momentum: float) -> "Confidence":
        """The memory once these probabilities have been seen; `momentum` (m) in [0, 1) is kept of the old."""
        if not len(guesses):
            return self
        probability, label = guesses.max(-1)
        chosen = one_hot(label, guesses.shape[-1]).float()
        return replace(
            self,
            overall=momentum * self.overall + (1 - momentum) * probability.mean(0),
            each=momentum * self.each + (1 - momentum) * guesses.mean(0),
            chosen=momentum * self.chosen + (1 - momentum) * chosen.mean(0),
        )
