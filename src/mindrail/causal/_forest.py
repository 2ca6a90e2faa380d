"""Trees of tokens behind a common prefix, read in one pass of the model."""

import copy
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import linear
from transformers import DynamicCache

from mindrail.arrays import ndarray
from mindrail.causal._cascade import cascading
from mindrail.causal.tree import Tree

#: Architectures that the tests hold against their plain forward.
TESTED = ("gemma", "gemma2", "gemma3_text", "llama", "mistral", "qwen2", "qwen3", "smollm3")
#: rotary embeddings that change with the length of the text, so that nothing may be kept
_RESTLESS = {"dynamic", "longrope"}
#: tokens of all rows that are read at once; bounds the memory that attention needs
CHUNK = 2048

#: for each question and option, the (node, next token) pairs that make the option
Steps = list[list[list[tuple[int, int]]]]


def trusted(model: Any) -> bool:
    """Whether prefixes may be kept and trees read: of other architectures we cannot know what a mask does."""
    config = model.config
    ropes = set(_rope_types(getattr(config, "rope_parameters", None)))
    return config.model_type in TESTED and not ropes & _RESTLESS


@dataclass(frozen=True)
class Prefix:
    """Tokens and what attention keeps of them, for one row; all of it, also where a model's window slides."""

    tokens: tuple[int, ...] = ()
    cache: DynamicCache = field(default_factory=DynamicCache)

    @torch.inference_mode()
    def followed(self, model: Any, tokens: tuple[int, ...]) -> "Prefix":
        """The prefix `tokens`, read on from here where it begins with these."""
        known = self if tokens[: len(self.tokens)] == self.tokens else Prefix()
        cache = DynamicCache()
        cache.layers = [copy.copy(layer) for layer in known.cache.layers]  # layers grow by new tensors
        for start in range(len(known.tokens), len(tokens), CHUNK):
            ids = torch.tensor([tokens[start : start + CHUNK]], device=model.device)
            _forward(model, ids, [], [], past_key_values=cache, use_cache=True)
        for layer in cache.layers:
            layer.keys, layer.values = layer.keys.to(model.dtype), layer.values.to(model.dtype)
        return Prefix(tokens, cache)


@dataclass(frozen=True)
class Forest:
    """A batch: one tree for each row, and the steps whose log-probabilities are wanted."""

    trees: Sequence[Tree]
    steps: Sequence[Steps]

    @torch.inference_mode()
    def read(self, model: Any, prefix: Prefix | None) -> list[list[Float[ndarray, " _"]]]:
        """For each row and question the summed log-probabilities of its options.

        Of each option's first token the logit stands for the log-probability: what is missing is the same for all
        options of a question. Without a prefix, every tree must be a single branch, and is read without a mask.
        """
        cache = DynamicCache()
        step = self._width if prefix is None else max(1, CHUNK // len(self.trees))
        parts = []
        for start in range(0, self._width, step):
            end = min(start + step, self._width)
            at = [(row, node - start) for row, node in self._wanted if start <= node < end]
            ids = self._ids[:, start:end].to(model.device)
            if prefix is None:
                with _output(model, at, self._columns):
                    logits = model(input_ids=ids, use_cache=False).logits
            else:
                how = self._attention(model, prefix, start, end)
                with cascading(model):
                    logits = _forward(
                        model, ids, at, self._columns, past_key_values=cache, use_cache=True, **how
                    )
            parts.append(logits.double().cpu())
        return self._summed(torch.cat(parts))

    @cached_property
    def _width(self) -> int:
        return max(len(tree.tokens) for tree in self.trees)

    @cached_property
    def _ids(self) -> Int[Tensor, "row node"]:
        """Padding stands behind what counts, where nothing looks at it."""
        ids = torch.zeros(len(self.trees), self._width, dtype=torch.long)
        for row, tree in enumerate(self.trees):
            ids[row, : len(tree.tokens)] = torch.tensor(tree.tokens)
        return ids

    @cached_property
    def _wanted(self) -> list[tuple[int, int]]:
        """(row, node) of every place that is predicted from, by node."""
        found = {
            (row, node)
            for row, questions in enumerate(self.steps)
            for options in questions
            for steps in options
            for node, _ in steps
        }
        return sorted(found, key=lambda place: (place[1], place[0]))

    @cached_property
    def _columns(self) -> list[int] | None:
        """The tokens that matter; None, for all, where an option has several and needs its probability in full."""
        options = [steps for questions in self.steps for question in questions for steps in question]
        if any(len(steps) > 1 for steps in options):
            return None
        return sorted({token for ((_, token),) in options})

    def _attention(self, model: Any, prefix: Prefix, start: int, end: int) -> dict[str, Any]:
        """Places and masks of the nodes from `start` to `end`, behind a prefix."""
        depth = torch.zeros(len(self.trees), self._width, dtype=torch.long)
        sees = torch.zeros(len(self.trees), end - start, end, dtype=torch.bool)
        for row, tree in enumerate(self.trees):
            size = len(tree.tokens)
            depth[row, :size] = torch.from_numpy(tree.depth)
            inside = torch.from_numpy(tree.sees()[start:end, :end])
            sees[row, : inside.shape[0], : inside.shape[1]] = inside
        return {
            "position_ids": (len(prefix.tokens) + depth[:, start:end]).to(model.device),
            "attention_mask": _masks(model, sees, depth[:, start:end], depth[:, :end], len(prefix.tokens)),
            "prefix": prefix.cache,
        }

    def _summed(self, logits: Float[Tensor, "wanted column"]) -> list[list[Float[ndarray, " _"]]]:
        place = {wanted: i for i, wanted in enumerate(self._wanted)}
        column = None if self._columns is None else {token: i for i, token in enumerate(self._columns)}
        totals = logits.logsumexp(dim=1)

        def total(row: int, steps: list[tuple[int, int]]) -> float:
            (first, token), *rest = ((place[row, node], token) for node, token in steps)
            begun = float(logits[first, token if column is None else column[token]])
            return begun + sum(float(logits[at, token] - totals[at]) for at, token in rest)

        return [
            [np.array([total(row, steps) for steps in options]) for options in questions]
            for row, questions in enumerate(self.steps)
        ]


def _masks(
    model: Any,
    sees: Bool[Tensor, "row node own"],
    depth: Int[Tensor, "row node"],
    others: Int[Tensor, "row own"],
    before: int,
) -> Tensor | dict[str, Tensor]:
    """What is added to attention, for each kind of layer that the model has (`causal._cascade`)."""
    config = model.config
    kinds = set(getattr(config, "layer_types", None) or ())
    window: int | None = getattr(config, "sliding_window", None)

    def added(seen: Bool[Tensor, "row node key"]) -> Tensor:
        mask = torch.zeros(seen.shape, dtype=model.dtype).masked_fill(~seen, torch.finfo(model.dtype).min)
        spread: Tensor = mask[:, None].to(model.device)
        return spread

    def slid() -> Tensor:
        keys = torch.cat([torch.arange(-before, 0).expand(len(sees), -1), others], dim=1)
        whole = torch.cat([torch.ones(*sees.shape[:2], before, dtype=torch.bool), sees], dim=2)
        distance = depth[:, :, None] - keys[:, None]
        return added(whole & (distance < (window or sys.maxsize)))

    if "sliding_attention" in kinds:
        return {"full_attention": added(sees), "sliding_attention": slid()}
    return added(sees) if kinds or window is None else slid()


def _forward(
    model: Any, ids: Int[Tensor, "row new"], at: list[tuple[int, int]], columns: list[int] | None, **how: Any
) -> Tensor:
    """Logits at these places, for these tokens.

    Of a bfloat16 model, what the layers add up is kept in float32: in bfloat16 it would lose what a layer adds to
    large values, and close calls tip. The products, where the time goes, stay in bfloat16.
    """
    rough = model.dtype == torch.bfloat16
    given = {"inputs_embeds": model.get_input_embeddings()(ids).float()} if rough else {"input_ids": ids}
    with torch.autocast(model.device.type, torch.bfloat16, enabled=rough), _output(model, at, columns):
        logits: Tensor = model(**given, **how).logits
    return logits


@contextmanager
def _output(model: Any, at: list[tuple[int, int]], columns: list[int] | None) -> Iterator[None]:
    """The output layer for as long as this lasts: at these places only, in float32, and for these tokens only.

    What the model does to its logits afterwards (soft caps, scales) it does to these.
    """
    layer = model.get_output_embeddings()
    rows, nodes = torch.tensor(at, dtype=torch.long, device=model.device).reshape(-1, 2).T
    plain = type(layer) is torch.nn.Linear
    whole = layer.forward

    def forward(hidden: Tensor) -> Tensor:
        chosen = hidden[rows, nodes]
        if not plain:  # packed in four bits, or with an adapter on it
            logits: Tensor = whole(chosen)
            return logits if columns is None else logits[:, columns]
        weight, bias = layer.weight, layer.bias
        if columns is not None:
            weight, bias = weight[columns], None if bias is None else bias[columns]
        with torch.autocast(hidden.device.type, enabled=False):
            # a whole float32 copy would be large
            parts = [linear(chosen.float(), part.float()) for part in weight.split(8192)]
        logits = torch.cat(parts, dim=-1)
        return logits if bias is None else logits + bias.float()

    layer.forward = forward
    try:
        yield
    finally:
        del layer.forward


def _rope_types(parameters: Any) -> Iterator[str]:
    """The kinds of rotary embeddings; some models have one for each kind of layer."""
    for name, value in parameters.items() if isinstance(parameters, dict) else ():
        if name == "rope_type":
            yield value
        else:
            yield from _rope_types(value)
