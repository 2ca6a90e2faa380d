"""BERT's attention as two operators of an exported file, where transformers would write thirty.

Queries, keys and values come from one product, and heads are split and joined inside ONNX's own `Attention`
(opset 23), so copies and the arithmetic of shapes around them go too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class _Attention(torch.autograd.Function):
    """From queries, keys and values side by side, [1, token, 3 x head x width], to [1, token, head x width]."""

    @staticmethod
    def forward(ctx: Any, whole: Tensor, heads: int) -> Tensor:
        query, key, value = (
            part.reshape(*part.shape[:2], heads, -1).transpose(1, 2) for part in whole.chunk(3, dim=-1)
        )
        return scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(graph: Any, whole: Any, heads: int) -> Any:
        parts = graph.op("Split", whole, axis_i=-1, num_outputs_i=3, outputs=3)
        return graph.op("Attention", *parts, q_num_heads_i=heads, kv_num_heads_i=heads).setType(whole.type())


@contextmanager
def fused(model: Any) -> Iterator[None]:
    """While open, every layer of a BERT classifier attends that way; other architectures stay as they are."""
    layers = model.bert.encoder.layer if model.config.model_type == "bert" else []
    for layer in layers:
        own = layer.attention.self
        own.together = _together(own.query, own.key, own.value)
        own.forward = partial(_attend, own)
    try:
        yield
    finally:
        for layer in layers:
            del layer.attention.self.together
            del layer.attention.self.forward  # uncovers the method of its class


def _together(*parts: nn.Linear) -> nn.Linear:
    """One layer that says what several say, side by side."""
    whole = nn.Linear(parts[0].in_features, sum(part.out_features for part in parts))
    whole.load_state_dict(
        {name: torch.cat([getattr(part, name).detach() for part in parts]) for name in ("weight", "bias")}
    )
    return whole


def _attend(own: Any, hidden: Tensor, *_: Any, **__: Any) -> tuple[Tensor, None]:
    """What a layer calls, without a mask: there is no padding in a window."""
    attended: Tensor = _Attention.apply(own.together(hidden), own.num_attention_heads)  # type: ignore[no-untyped-call]
    return attended, None
