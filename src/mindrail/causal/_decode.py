"""One batch of prompts to the end of its last answer."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import linear
from transformers import DynamicCache

from mindrail import files, seeds
from mindrail.arrays import ndarray
from mindrail.causal.load import Loaded
from mindrail.llm import Reply, Request
from mindrail.llm.chat import Place

#: prompt tokens read at once; bounds the memory that attention needs
CHUNK = 512


@dataclass(frozen=True)
class Prompt:
    """A request as tokens, with its place among all requests."""

    position: int
    request: Request
    ids: tuple[int, ...]

    @property
    def size(self) -> int:
        """Tokens of prompt and longest answer."""
        return len(self.ids) + self.request.max_tokens

    @cached_property
    def draws(self) -> Float[ndarray, " step"]:
        """One random number for each token of the answer; depends on the seed and the prompt alone."""
        return seeds.stream(self.request.seed, "generate", files.digest(self.ids)).random(
            self.request.max_tokens
        )


@dataclass
class _Row:
    """An answer in the making."""

    prompt: Prompt
    ids: list[int] = field(default_factory=list)
    first: dict[str, float] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    reply: Reply | None = None

    @property
    def told(self) -> int:
        """How many likely tokens are told at each place of an answer that may be longer than one token."""
        request = self.prompt.request
        return request.top_logprobs if request.max_tokens > 1 else 0

    def take(self, token: int, loaded: Loaded) -> None:
        """Add one token; the answer is finished by an end token, a stop string or its length."""
        request = self.prompt.request
        self.ids.append(token)
        ended, full = token in loaded.ends, len(self.ids) >= request.max_tokens
        if not (ended or full or request.stop):
            return
        text = loaded.tokenizer.decode(self.ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        cut = min((at for stop in request.stop if stop and (at := text.find(stop)) >= 0), default=None)
        if ended or full or cut is not None:
            whole = ended or cut is not None
            counts = len(self.prompt.ids), len(self.ids)
            self.reply = Reply(
                text[:cut], "stop" if whole else "length", *counts, self.first, places=tuple(self.places)
            )


@torch.inference_mode()
def decode(loaded: Loaded, prompts: Sequence[Prompt]) -> list[Reply]:
    """Answer all prompts, padded on the left to one length; rows that are finished leave the batch."""
    rows = [_Row(prompt) for prompt in prompts]
    alive, device = rows, loaded.device
    cache = DynamicCache(config=loaded.model.config)
    mask, logits = _read(loaded, prompts, cache)
    for row, scores in zip(rows, logits, strict=True):
        row.first = _likeliest(loaded, scores, row.prompt.request.top_logprobs)
    while True:
        tokens = [_choose(row, scores) for row, scores in zip(alive, logits, strict=True)]
        for row, token, scores in zip(alive, tokens, logits, strict=True):
            if row.told and token not in loaded.ends:
                row.places.append(
                    Place(loaded.tokenizer.decode([token]), _likeliest(loaded, scores, row.told))
                )
            row.take(token, loaded)
        keep = [i for i, row in enumerate(alive) if row.reply is None]
        if not keep:
            return [row.reply for row in rows if row.reply is not None]
        if len(keep) < len(alive):
            index = torch.tensor(keep, device=device)
            cache.batch_select_indices(index)
            mask, alive, tokens = mask[index], [alive[i] for i in keep], [tokens[i] for i in keep]
        mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
        with _exact_output(loaded) if any(row.told for row in alive) else nullcontext():
            logits = _forward(loaded, torch.tensor(tokens, device=device)[:, None], mask, cache)


def _read(
    loaded: Loaded, prompts: Sequence[Prompt], cache: DynamicCache
) -> tuple[Int[Tensor, "row place"], Float[Tensor, "row vocabulary"]]:
    """Fill the cache with the prompts; the mask of what is text, and the logits of each first token."""
    width = max(len(prompt.ids) for prompt in prompts)
    ids = torch.zeros(len(prompts), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, prompt in enumerate(prompts):
        ids[i, width - len(prompt.ids) :] = torch.tensor(prompt.ids)
        mask[i, width - len(prompt.ids) :] = 1
    ids, mask = ids.to(loaded.device), mask.to(loaded.device)
    last = (width - 1) // CHUNK * CHUNK
    for start in range(0, last, CHUNK):
        end = start + CHUNK
        _forward(loaded, ids[:, start:end], mask[:, :end], cache)
    with _exact_output(loaded):
        return mask, _forward(loaded, ids[:, last:], mask, cache)


@contextmanager
def _exact_output(loaded: Loaded) -> Iterator[None]:
    """The output layer in float32 for as long as this lasts: in bfloat16, logits near 16 lie 1/8 apart.

    Scores are read from the first token, where ties would hurt; at every token it would cost a third of the speed.
    """
    layer = loaded.model.get_output_embeddings()
    plain = type(layer) is torch.nn.Linear and getattr(layer, "bias", None) is None
    if not plain or layer.weight.dtype == torch.float32:
        yield
        return

    def forward(hidden: Tensor) -> Tensor:
        parts = layer.weight.split(8192)  # a whole float32 copy would be large
        return torch.cat([linear(hidden.float(), part.float()) for part in parts], dim=-1)

    layer.forward = forward
    try:
        yield
    finally:
        del layer.forward


def _forward(
    loaded: Loaded, ids: Int[Tensor, "row new"], mask: Int[Tensor, "row place"], cache: DynamicCache
) -> Float[Tensor, "row vocabulary"]:
    """Logits after the last of the new tokens, in float32."""
    places = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    made = loaded.model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=places,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    logits: Tensor = made.logits[:, -1].float()
    return logits


def _likeliest(loaded: Loaded, scores: Float[Tensor, " vocabulary"], count: int) -> dict[str, float]:
    """The likeliest first tokens as text, with their log-probabilities at temperature 1."""
    found: dict[str, float] = {}
    if count:
        values, tokens = scores.log_softmax(dim=-1).topk(min(count, len(scores)))
        for value, token in zip(values.tolist(), tokens.tolist(), strict=True):
            if math.isfinite(value):
                found.setdefault(loaded.tokenizer.decode([token]), value)
    return found


def _choose(row: _Row, scores: Float[Tensor, " vocabulary"]) -> int:
    """The likeliest token, or one drawn from the smallest set that holds `top_p` of the probability."""
    request = row.prompt.request
    if request.temperature <= 0:
        return int(scores.argmax())
    probabilities = (scores.double() / request.temperature).softmax(dim=-1)
    # all tokens below this weigh less than 1 - top_p together, so none of them is in the set
    likely = (probabilities >= (1 - request.top_p) / len(probabilities)).nonzero()[:, 0]
    weights = probabilities[likely]
    if request.top_p < 1:
        weights, order = weights.sort(descending=True, stable=True)
        likely = likely[order]
        weights = weights[weights.cumsum(dim=0) - weights < request.top_p]
    mass = weights.cumsum(dim=0).cpu().numpy()
    at = int(np.searchsorted(mass, row.prompt.draws[len(row.ids)] * mass[-1], side="right"))
    return int(likely[min(at, len(mass) - 1)])
