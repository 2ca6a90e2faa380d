"""How likely a model is to give the right response: the loss of fine-tuning, read at the response alone.

The output matrix of a language model is its largest (49,152 rows in SmolLM2), and only the few places that predict
the response enter the loss, so only these are multiplied with it. What all prompts begin with is read once per step;
the gradient flows through it all the same.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import DynamicCache

from mindrail.causal._forest import trusted

#: what cross-entropy leaves out, as in transformers
_IGNORED = -100


class Pair(NamedTuple):
    """One prompt and the response it should get, as token ids; neither is empty."""

    prompt: tuple[int, ...]
    response: tuple[int, ...]


@dataclass(frozen=True)
class Prefix:
    """What all prompts of a step begin with: its tokens, and what attention keeps of them, with gradient.

    Nothing is kept of no tokens, nor by architectures whose kept prefixes the tests do not cover; these read the
    tokens again with every prompt.
    """

    tokens: tuple[int, ...] = ()
    kept: DynamicCache | None = None

    @classmethod
    def read(cls, model: Any, tokens: Sequence[int]) -> "Prefix":
        """Read it once."""
        if not tokens or not trusted(model):
            return cls(tuple(tokens))
        kept = DynamicCache(config=model.config)
        ids = torch.tensor([list(tokens)], device=model.device)
        model(input_ids=ids, past_key_values=kept, use_cache=True, logits_to_keep=1)
        return cls(tuple(tokens), kept)

    def spread(self, rows: int) -> DynamicCache | None:
        """What is kept, for several rows to go on from; this prefix stays as it is."""
        if self.kept is None:
            return None
        cache = copy.copy(self.kept)
        cache.layers = [copy.copy(layer) for layer in self.kept.layers]
        cache.batch_repeat_interleave(rows)
        return cache


def log_likelihoods(
    model: Any, pairs: Sequence[Pair], prefix: Prefix | None = None
) -> Float[Tensor, " pair"]:
    """log p(response | prefix, prompt) in nats, summed over the response's tokens, with gradient.

    `prefix` is what every prompt goes on from. Equal to reading each pair alone, up to the last bits. Minus this is
    what transformers calls the loss, times the tokens of the response.
    """
    prefix = prefix or Prefix()
    if prefix.kept is None:
        pairs = [Pair((*prefix.tokens, *pair.prompt), pair.response) for pair in pairs]
    width = max(len(pair.prompt) + len(pair.response) - 1 for pair in pairs)
    ids = torch.zeros(len(pairs), width, dtype=torch.long)
    wanted = torch.full((len(pairs), width), _IGNORED)
    for row, pair in enumerate(pairs):
        read = (*pair.prompt, *pair.response[:-1])  # nothing is predicted from the last token
        ids[row, : len(read)] = torch.tensor(read)
        wanted[row, len(pair.prompt) - 1 : len(read)] = torch.tensor(pair.response)
    places = (wanted != _IGNORED).any(dim=0).nonzero()[:, 0]
    cache = prefix.spread(len(pairs))
    # padding stands behind what counts, so no mask is needed: nothing looks ahead
    made = model(
        input_ids=ids.to(model.device),
        past_key_values=cache,
        use_cache=cache is not None,
        logits_to_keep=places.to(model.device),
    )
    return _summed(made.logits.float(), wanted[:, places].to(model.device))


def _summed(
    logits: Float[Tensor, "pair place vocabulary"], wanted: Int[Tensor, "pair place"]
) -> Float[Tensor, " pair"]:
    losses = cross_entropy(logits.transpose(1, 2), wanted, ignore_index=_IGNORED, reduction="none")
    return -losses.sum(dim=1)
