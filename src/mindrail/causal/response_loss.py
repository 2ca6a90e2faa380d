"""How likely a model is to give the right response: the loss of fine-tuning, read at the response alone.

The output matrix of a language model is its largest (49,152 rows in SmolLM2), and only the few places that predict
the response enter the loss, so only these are multiplied with it. What all prompts begin with is read once per step;
the gradient flows through it all the same.
"""

from collections.abc import Sequence
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


def log_likelihoods(model: Any, pairs: Sequence[Pair], prefix: Sequence[int] = ()) -> Float[Tensor, " pair"]:
    """log p(response | prefix, prompt) in nats, summed over the response's tokens, with gradient.

    `prefix` is what every prompt goes on from. Equal to reading each pair alone, up to the last bits. Minus this is
    what transformers calls the loss, times the tokens of the response.
    """
    if prefix and not trusted(model):  # then it is read with every prompt
        return log_likelihoods(model, [Pair((*prefix, *pair.prompt), pair.response) for pair in pairs])
    width = max(len(pair.prompt) + len(pair.response) - 1 for pair in pairs)
    ids = torch.zeros(len(pairs), width, dtype=torch.long)
    wanted = torch.full((len(pairs), width), _IGNORED)
    for row, pair in enumerate(pairs):
        read = (*pair.prompt, *pair.response[:-1])  # nothing is predicted from the last token
        ids[row, : len(read)] = torch.tensor(read)
        wanted[row, len(pair.prompt) - 1 : len(read)] = torch.tensor(pair.response)
    places = (wanted != _IGNORED).any(dim=0).nonzero()[:, 0]
    cache = _begun(model, prefix, len(pairs)) if prefix else None
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


def _begun(model: Any, prefix: Sequence[int], rows: int) -> DynamicCache:
    """What attention keeps of the prefix, for every row."""
    cache = DynamicCache(config=model.config)
    ids = torch.tensor([list(prefix)], device=model.device)
    model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    cache.batch_repeat_interleave(rows)
    return cache
