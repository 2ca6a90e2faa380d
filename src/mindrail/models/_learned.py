"""The learning part of a language model with an adapter: what is learned, and what a step says of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mindrail.causal.encode import common
from mindrail.causal.response_loss import Pair, Prefix, log_likelihoods
from mindrail.models._noise import Noise, seed_dropout
from mindrail.semisup import StepLogits, StepLosses
from mindrail.semisup._base import LearnsFrom

#: pairs of tokens that may look at one another while a gradient is kept; 3 kB each in SmolLM2, as much again around
AT_ONCE = defaultdict(lambda: 16_000_000, cpu=300_000)


class Learned(nn.Module):
    """What is learned of a model with an adapter, with its dropout; the frozen base is no part of it.

    So checkpoints hold the adapter alone, and only its own dropout is ever on.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.base = (model.get_base_model(),)  # in a tuple, so that it does not count as a part
        self.noise = Noise()
        for name, layer in model.named_modules():
            if hasattr(layer, "lora_A"):
                seed_dropout(layer.lora_dropout, self.noise)
                parts = {"a": layer.lora_A, "b": layer.lora_B, "dropout": layer.lora_dropout}
                self.add_module(name.replace(".", "/"), nn.ModuleDict(parts))


def likelihoods(network: Learned, pairs: Sequence[Pair], seed: int, step: int) -> Float[Tensor, " pair"]:
    """The log-likelihood of each response in one step of training; what all prompts begin with is read once.

    Where the batch is more than fits at once it is read in parts, and each part once more when the gradient is
    computed (gradient checkpointing, arXiv:1604.06174): the memory is that of one part, for a third more time.
    """
    (model,) = network.base
    shared = common(*(pair.prompt[:-1] for pair in pairs))
    network.noise.start(seed, step, [pairs[0].prompt[:shared]])
    prefix = Prefix.read(model, pairs[0].prompt[:shared])
    before = () if prefix.kept else prefix.tokens  # read with every pair
    parts = _parts([Pair(pair.prompt[shared:], pair.response) for pair in pairs], shared, model.device)

    def read(number: int) -> Tensor:
        rows = [(*before, *pair.prompt, *pair.response[:-1]) for pair in parts[number]]
        network.noise.start(seed, step, rows)
        return log_likelihoods(model, parts[number], prefix)

    if len(parts) == 1:
        return read(0)
    again = partial(checkpoint, read, use_reentrant=False, preserve_rng_state=False)
    return torch.cat([again(number) for number in range(len(parts))])


def _parts(pairs: Sequence[Pair], shared: int, device: torch.device) -> list[list[Pair]]:
    """Neighbours, as many as do not let more tokens look at one another than AT_ONCE, padding included."""
    parts: list[list[Pair]] = []
    longest = 0
    for pair in pairs:
        longest = max(longest, len(pair.prompt))
        if not parts or (len(parts[-1]) + 1) * longest * (shared + longest) > AT_ONCE[device.type]:
            parts.append([])
            longest = len(pair.prompt)
        parts[-1].append(pair)
    return parts


@dataclass(frozen=True)
class Likelihood:
    """What the loop minimises: minus the log-likelihood of the right answers, the weighted mean over questions.

    `labeled` holds the log-likelihoods, one column, and `targets` the weights.
    """

    heads: ClassVar[int] = 1
    extra_labels: ClassVar[int] = 0
    learns_from: ClassVar[LearnsFrom] = "labels"

    def init(self, pool: int, labels: int, *, exclusive: bool) -> None:
        """Nothing to remember between steps."""

    def step(self, state: None, logits: StepLogits) -> tuple[StepLosses, None]:
        """The loss over the questions of a step."""
        loss = -(logits.labeled[0] * logits.targets).sum() / logits.targets.sum()
        return StepLosses(loss, {"supervised": loss.item()}), None
